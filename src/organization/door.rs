//! The link of a newcomer: it begins with registration, in realms that are closed to others too.

use super::{Invited, Standing, standing};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::login::address;
use crate::login::request::AuthRequest;
use crate::login::session::AuthSession;
use crate::oidc::action_token::{self, Refused};
use crate::store::client::Client;
use crate::store::json::text;
use crate::store::realm::Realm;
use crate::verification::kind;

/// The note of a tab that refers to an invitation.
pub const NOTE: &str = "organization_invitation";
/// The note of a tab that says where it leads in the end.
pub const LEADS_TO: &str = "leads_to";

/// Why a link does not let anybody in.
pub struct Closed {
    /// The message of the page.
    pub message: &'static str,
    /// The event's code.
    pub error: &'static str,
}

const STALE: Closed = Closed {
    message: "staleInviteOrgLink",
    error: "invalid_token",
};

/// Opens the link of a newcomer.
///
/// # Errors
///
/// Those of the database.
pub async fn open(app: &App, caller: &Caller, realm: &Realm, token: &str) -> Result<Result<Invited, Closed>, Error> {
    let claims = match action_token::verify(app, caller, realm, &[kind::ORGANIZATION], token) {
        Ok(claims) => claims,
        Err(Refused::Invalid | Refused::Expired(_) | Refused::OtherKind) => return Ok(Err(STALE)),
    };
    if text(&claims, "sub").is_some() {
        // The link of somebody who is a user is another.
        return Ok(Err(STALE));
    }
    Ok(match standing(app, realm, &claims, None).await? {
        Standing::Open(invited) => Ok(*invited),
        Standing::Disabled => Err(Closed {
            message: "orgDisabledMessage",
            error: "org_disabled",
        }),
        Standing::Stale | Standing::Member(_) => Err(STALE),
    })
}

/// What a tab of a newcomer begins with.
pub fn request(caller: &Caller, client: &Client) -> AuthRequest {
    AuthRequest {
        redirect_uri: address::base_url(caller, client),
        response_type: "code".to_owned(),
        ..AuthRequest::default()
    }
}

/// Notes in a tab for which invitation it registers, and where it leads in the end: to the organization's page, or the
/// application's. Neither is told anything by which it could sign in for somebody.
pub fn mark(session: &mut AuthSession, invited: &Invited) {
    let own = session.request.redirect_uri.clone();
    session.set_note(NOTE, invited.reference());
    session.set_note(LEADS_TO, invited.redirect_url().map_or(own, str::to_owned));
}
