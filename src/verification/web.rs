//! `login-actions/action-token`: a link from a mail is opened.
//!
//! Opening changes nothing by itself (mail scanners open links too): the browser that asked for the mail goes on where it
//! was, another one gets a page on which its owner confirms, and a password is only changed by a form.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::opened::{self, Opened};
use super::{email_change, kind, membership, send::STAMP};
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::login::session::{self, FlowKind};
use crate::login::web::{open_realm, query};
use crate::login::{Turn, address, flow};
use crate::oidc::action_token::{self, Refused};
use crate::page::{Caching, Draft};
use crate::registration;
use crate::required_actions::stamp;
use crate::store::client::{self, Client};
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::user::{self, User};
use crate::theme::pages::Severity;
use crate::visitor::Visitor;

/// A link that is good, so far as its token says.
pub(super) struct Link {
    pub(super) app: App,
    pub(super) visitor: Visitor,
    pub(super) realm: Arc<Realm>,
    /// Through which application it came.
    pub(super) client: Arc<Client>,
    /// The link or its address names the application.
    known: bool,
    pub(super) claims: Doc,
}

/// The error page of a link, and the event's code.
pub(super) struct Fault(pub(super) &'static str, pub(super) &'static str);

impl Link {
    pub(super) fn text(&self, claim: &str) -> &str {
        json::text(&self.claims, claim).unwrap_or_default()
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.claims.get("confirmed") == Some(&Value::Bool(true))
    }

    /// A page that belongs to no tab.
    pub(super) fn draft(&self) -> Draft<'_> {
        let mut draft = Draft::new(&self.app, &self.realm, &self.visitor, Some(&self.client));
        draft.caching = Caching::NoStore;
        draft
    }

    pub(super) async fn refuse(&self, fault: &Fault) -> Result<Response, Error> {
        let mut event = events::refusal(self.doing(), fault.1)
            .detail("reason", fault.0)
            .detail("auth_method", "openid-connect")
            .detail("token_id", self.text("jti"))
            .detail("action", self.text("typ"))
            .detail("response_type", "code")
            .detail(
                "redirect_uri",
                format!("{}/account/", address::realm_url(&self.visitor.caller, &self.realm)),
            )
            .detail("remember_me", "false")
            .detail("response_mode", "query");
        event.client_id = Some(self.client.client_id.clone());
        self.tell(event, fault).await
    }

    /// A link that is over, or none at all: nothing is known of an application.
    async fn refuse_token(&self, fault: &Fault, reason: &str) -> Result<Response, Error> {
        let mut event = events::refusal("EXECUTE_ACTION_TOKEN", fault.1).detail("reason", reason);
        for (detail, claim) in [("token_id", "jti"), ("action", "typ")] {
            if let Some(text) = json::text(&self.claims, claim) {
                event = event.detail(detail, text);
            }
        }
        self.tell(event, fault).await
    }

    async fn tell(&self, mut event: Event, fault: &Fault) -> Result<Response, Error> {
        event.ip_address = Some(self.visitor.caller.ip.to_string());
        event.user_id = json::text(&self.claims, "sub").map(str::to_owned);
        events::record_alone(&self.app, &self.realm, &event).await;
        if !self.known {
            // Whoever made this up did not come from an application.
            return unknown(&self.app, &self.realm, &self.visitor).error(StatusCode::BAD_REQUEST, fault.0, &[]);
        }
        self.draft().error(StatusCode::BAD_REQUEST, fault.0, &[])
    }

    /// The type of the events of what the link is for.
    fn doing(&self) -> &'static str {
        match self.text("typ") {
            kind::VERIFY_EMAIL => "VERIFY_EMAIL",
            kind::RESET => "RESET_PASSWORD",
            kind::EXECUTE_ACTIONS | kind::UPDATE_EMAIL => "EXECUTE_ACTIONS",
            _ => "EXECUTE_ACTION_TOKEN",
        }
    }

    /// The tab that asked for the mail, if this is its browser and it still waits.
    pub(super) async fn own_tab(&self) -> Result<Option<Turn>, Error> {
        let mut ids = self.text("asid").split('.');
        let (Some(root_id), Some(tab_id)) = (ids.next(), ids.next()) else {
            return Ok(None);
        };
        if session::root_of(&self.visitor, &self.realm).as_deref() != Some(root_id) {
            return Ok(None);
        }
        let tab = session::by_id(&self.app, &self.realm, root_id, tab_id).await?;
        Ok(tab
            .filter(|t| t.client_uuid == self.client.id)
            .map(|session| self.turn(session)))
    }

    pub(super) fn turn(&self, session: session::AuthSession) -> Turn {
        Turn {
            app: self.app.clone(),
            visitor: self.visitor.clone(),
            realm: self.realm.clone(),
            client: self.client.clone(),
            session,
        }
    }
}

/// Opens a link.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn action_token(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Result<Response, Error> {
    let realm = match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(answer),
    };
    let query = query(q);
    let named = query.get("client_id").unwrap_or("account");
    let Some(key) = query.get("key").filter(|k| !k.is_empty()) else {
        let key = "invalidRequestMessage";
        let mut event = events::refusal("EXECUTE_ACTION_TOKEN", "not_allowed").detail("reason", key);
        event.ip_address = Some(visitor.caller.ip.to_string());
        events::record_alone(&app, &realm, &event).await;
        return unknown(&app, &realm, &visitor).error(StatusCode::BAD_REQUEST, key, &[]);
    };
    let (claims, expired) = match action_token::verify(&app, &visitor.caller, &realm, &kind::ALL, key) {
        Ok(claims) => (claims, false),
        Err(Refused::Expired(claims)) => (claims, true),
        Err(Refused::Invalid | Refused::OtherKind) => (Doc::new(), false),
    };
    let client_id = json::text(&claims, "azp").unwrap_or(named).to_owned();
    let client = match client::by_client_id(&app.db, &realm.id, &client_id)
        .await?
        .filter(|c| c.enabled())
    {
        Some(client) => client,
        None => match client::by_client_id(&app.db, &realm.id, "account").await? {
            Some(account) => account,
            None => {
                return Draft::new(&app, &realm, &visitor, None).error(
                    StatusCode::BAD_REQUEST,
                    "clientNotFoundMessage",
                    &[],
                );
            }
        },
    };
    let link = Link {
        app,
        visitor,
        realm,
        client,
        known: !claims.is_empty() || query.has("client_id"),
        claims,
    };
    if link.claims.is_empty() {
        let fault = Fault("invalidCodeMessage", "invalid_code");
        return link.refuse_token(&fault, "Failed to parse JWT").await;
    }
    if expired {
        return over(link).await;
    }
    follow(link).await
}

/// An expired link: in the browser that asked for the mail one can ask again.
async fn over(link: Link) -> Result<Response, Error> {
    let Some(mut turn) = link.own_tab().await? else {
        let fault = Fault("expiredActionTokenNoSessionMessage", "expired_code");
        return link.refuse_token(&fault, "Token is not active").await;
    };
    turn.session
        .forward(Severity::Error, "expiredActionTokenSessionExistsMessage");
    if turn.session.note(registration::web::NOTE).is_some() {
        return registration::proof::run(turn, None).await;
    }
    let again = if link.text("typ") == kind::RESET {
        FlowKind::ResetCredentials
    } else {
        FlowKind::Browser
    };
    let message = turn.session.forwarded.take();
    turn.session.begin_again(again);
    turn.session.forwarded = message;
    flow::run(turn, None).await
}

async fn follow(link: Link) -> Result<Response, Error> {
    if link.claims.get("registration") == Some(&Value::Bool(true)) {
        return opened::registration(link).await;
    }
    let user = match subject(&link).await? {
        Ok(user) => user,
        Err(fault) => return link.refuse(&fault).await,
    };
    match link.text("typ") {
        kind::VERIFY_EMAIL => opened::address(link, user).await,
        kind::RESET => opened::reset(link, user).await,
        kind::ORGANIZATION => membership::open(link, user).await,
        kind::UPDATE_EMAIL => email_change::opened(link, user).await,
        _ => opened::actions(link, user).await,
    }
}

/// For whom a link is: somebody who is there, with the address that it was sent to and, for a new password, the old one.
async fn subject(link: &Link) -> Result<Result<User, Fault>, Error> {
    let found = user::by_id(&link.app.db, &link.realm.id, link.text("sub")).await?;
    let Some(user) = found.filter(|u| u.service_client.is_none()) else {
        return Ok(Err(Fault("invalidUserMessage", "user_not_found")));
    };
    if !user.enabled {
        return Ok(Err(Fault("accountDisabledMessage", "user_disabled")));
    }
    if user.email.as_deref() != Some(link.text("eml")) {
        return Ok(Err(Fault("staleEmailVerificationLink", "invalid_email")));
    }
    if let Some(stamp) = json::text(&link.claims, STAMP)
        && stamp::for_link(&link.app, &user.id).await? != stamp
    {
        return Ok(Err(Fault("expiredActionMessage", "expired_code")));
    }
    Ok(Ok(user))
}

/// A page for who came from nowhere.
fn unknown<'a>(app: &'a App, realm: &'a Realm, visitor: &'a Visitor) -> Draft<'a> {
    let mut draft = Draft::new(app, realm, visitor, None);
    draft.caching = Caching::NoStore;
    draft
}

/// What opening came to, for [`opened`].
pub(super) fn same_browser(turn: Option<Turn>, link: &Link) -> Opened {
    match turn {
        Some(turn) if link.is_confirmed() => Opened::Confirmed(Box::new(turn)),
        Some(turn) => Opened::Here(Box::new(turn)),
        None => Opened::Elsewhere,
    }
}
