//! An invitation is written: its row, and the mail with its link.

use serde_json::json;

use super::{INVITATION, ORGANIZATION};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::mail::{self, Envelope};
use crate::oidc::action_token;
use crate::page::path_part;
use crate::store::json::{Doc, text};
use crate::store::organization::Organization;
use crate::store::organization_invitation::Invitation;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::theme::pages::User as Named;
use crate::theme::pages::mail::OrganizationInviteMail;
use crate::verification::{self, kind};

/// Who is invited.
#[derive(Debug, Clone, Default)]
pub struct Invitee {
    /// In lower case.
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// If they are a user.
    pub user: Option<User>,
}

/// Writes an invitation and its mail; neither is kept yet. `client_id`: the application whose registration a newcomer
/// comes through.
///
/// # Errors
///
/// [`Error::Page`] if a template is wrong, [`Error::Key`] if the realm cannot sign.
pub fn write(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    organization: &Organization,
    invitee: &Invitee,
    client_id: &str,
) -> Result<(Invitation, Envelope), Error> {
    let usual = realm.number("actionTokenGeneratedByAdminLifespan");
    let seconds = if usual > 0 { usual } else { 43_200 };
    let now = app.now();
    let invitation = Invitation {
        id: crate::random::uuid(),
        organization_id: organization.id.clone(),
        email: invitee.email.clone(),
        first_name: invitee.first_name.clone(),
        last_name: invitee.last_name.clone(),
        user_id: invitee.user.as_ref().map(|u| u.id.clone()),
        sent: now,
        expires: now + seconds * 1000,
    };
    let mut claims = Doc::new();
    claims.insert("jti".into(), json!(invitation.id));
    claims.insert(INVITATION.into(), json!(invitation.id));
    claims.insert(ORGANIZATION.into(), json!(organization.id));
    claims.insert("eml".into(), json!(invitation.email));
    claims.insert("azp".into(), json!(client_id));
    if let Some(uri) = text(&organization.doc, "redirectUrl") {
        claims.insert("reduri".into(), json!(uri));
    }
    let root = format!("{}/realms/{}", caller.base, path_part(&realm.name));
    let link = if let Some(user) = &invitee.user {
        claims.insert("sub".into(), json!(user.id));
        let key = action_token::sign(app, caller, realm, kind::ORGANIZATION, seconds, &claims)?;
        format!("{root}/login-actions/action-token?key={key}")
    } else {
        let token = action_token::sign(app, caller, realm, kind::ORGANIZATION, seconds, &claims)?;
        let client_id = path_part(client_id);
        format!("{root}/protocol/openid-connect/registrations?response_type=code&client_id={client_id}&token={token}")
    };
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let mail = OrganizationInviteMail {
        organization: organization.name.clone(),
        link,
        link_expiration: seconds / 60,
        user: Named {
            email: invitee.email.clone(),
            first_name: named(&invitee.first_name),
            last_name: named(&invitee.last_name),
            ..Named::default()
        },
        ..OrganizationInviteMail::default()
    };
    let locale = match &invitee.user {
        Some(user) => verification::locale_of(realm, user),
        None => realm.text("defaultLocale").unwrap_or("en").to_owned(),
    };
    let mail = mail::write(app, realm, &locale, &invitation.email, &mail)?;
    Ok((invitation, mail))
}
