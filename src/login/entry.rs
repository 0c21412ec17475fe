//! Who comes back to a tab: whether the address, the browser and the one-time code belong together (Keycloak's rules).

use std::sync::Arc;

use vestibule_oauth::params::Params;

use super::session::{self, AuthSession, FlowKind, Stage};
use super::{Turn, address, expired, lost, record};
use crate::app::App;
use crate::client_registration::cimd;
use crate::error::Error;
use crate::events;
use crate::oidc::authorize::checks;
use crate::page::{self, Caching, Draft, Response, StatusCode};
use crate::registration;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::single_use;
use crate::theme::pages::Severity;
use crate::visitor::Visitor;

/// Which door of `login-actions/` is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Flow(FlowKind),
    RequiredAction,
    Consent,
    Restart,
}

impl Place {
    /// The type of the events at this door.
    pub fn event(self) -> &'static str {
        match self {
            Self::Flow(kind) => record::kind(kind),
            Self::RequiredAction => "CUSTOM_REQUIRED_ACTION",
            Self::Consent => "LOGIN",
            Self::Restart => "RESTART_AUTHENTICATION",
        }
    }

    fn stage(self, session: &AuthSession) -> Stage {
        match self {
            Self::Flow(_) => Stage::Authenticating,
            Self::RequiredAction | Self::Consent => Stage::Actions,
            Self::Restart => session.stage,
        }
    }
}

/// A tab that may go on, and how.
pub enum Entered {
    /// Its page is shown again.
    Look(Turn),
    /// What was sent counts: the one-time code was good, and is used up.
    Act(Turn),
    /// It does not go on; this says why.
    Answer(Response),
}

/// Lets a request in.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn enter(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    query: &Params,
    place: Place,
) -> Result<Entered, Error> {
    let draft = |client: Option<&Client>| {
        let mut draft = Draft::new(app, realm, visitor, client);
        draft.caching = Caching::NoStore;
        draft
    };
    if !realm.enabled() {
        return Ok(Entered::Answer(expired::error(draft(None), "realmNotEnabledMessage")?));
    }
    if !crate::oidc::door::is_secure_enough(realm, &visitor.caller) {
        let answer = draft(None).error(StatusCode::FORBIDDEN, "httpsRequiredMessage", &[])?;
        return Ok(Entered::Answer(answer));
    }
    if place == Place::Flow(FlowKind::ResetCredentials) && !realm.flag("resetPasswordAllowed") {
        let mut event = events::refusal(place.event(), "not_allowed");
        event.ip_address = Some(visitor.caller.ip.to_string());
        events::record_alone(app, realm, &event).await;
        return Ok(Entered::Answer(expired::error(
            draft(None),
            "resetCredentialNotAllowedMessage",
        )?));
    }
    let client = match query.text("client_id") {
        Some(id) => match cimd::find(app, &visitor.caller, realm, id).await? {
            Ok(found) => found,
            Err(refused) => {
                let message = checks::undescribed(refused).message;
                return Ok(Entered::Answer(expired::error(draft(None), &message)?));
            }
        },
        None => None,
    };
    let found = match (&client, query.text("tab_id")) {
        (Some(client), Some(tab)) => session::load(app, visitor, realm, client, tab).await?,
        _ => None,
    };
    let (Some(client), Some(session)) = (client.clone(), found) else {
        return lost::answer(app, visitor, realm, client, query, place).await;
    };
    if !client.enabled() {
        return Ok(Entered::Answer(expired::error(
            draft(Some(&client)),
            "loginRequesterNotEnabledMessage",
        )?));
    }
    let invited = session.note(crate::organization::door::NOTE).is_some();
    if place == Place::Flow(FlowKind::Registration)
        && !invited
        && !registration::settings::is_allowed(realm, Some(&client))
    {
        let mut event = events::refusal(place.event(), "registration_disabled").detail("code_id", &*session.root_id);
        event.client_id = Some(client.client_id.clone());
        event.ip_address = Some(visitor.caller.ip.to_string());
        events::record_alone(app, realm, &event).await;
        return Ok(Entered::Answer(expired::error(
            draft(Some(&client)),
            "registrationNotAllowedMessage",
        )?));
    }
    let mut turn = Turn {
        app: app.clone(),
        visitor: visitor.clone(),
        realm: Arc::clone(realm),
        client,
        session,
    };
    if let Some(chosen) = &visitor.kc_locale {
        turn.session.set_note("locale", &**chosen);
    }
    check(turn, query, place).await
}

async fn check(mut turn: Turn, query: &Params, place: Place) -> Result<Entered, Error> {
    if place.stage(&turn.session) != turn.session.stage {
        // It is known who this is, and they have something to do: there.
        return match turn.session.stage {
            Stage::Actions => Ok(Entered::Answer(back(&turn))),
            Stage::Authenticating => Ok(Entered::Answer(expired::page(&mut turn)?)),
        };
    }
    if matches!(place, Place::Restart | Place::Consent) {
        return Ok(Entered::Look(turn));
    }
    let execution = query.text("execution");
    let same = execution == turn.session.execution.as_deref();
    match query.get("session_code") {
        None => look(turn, execution, same, place),
        Some(code) if !turn.session.is_code(code) => {
            if !same {
                return Ok(Entered::Answer(expired::page(&mut turn)?));
            }
            turn.session.forward(Severity::Error, "expiredActionMessage");
            session::save(&turn.app, &mut turn.session).await?;
            Ok(Entered::Answer(back(&turn)))
        }
        Some(_) if !same || matches!(place, Place::Flow(kind) if kind != turn.session.flow) => {
            Ok(Entered::Answer(expired::page(&mut turn)?))
        }
        Some(code) => {
            if place == Place::RequiredAction && !is_first(&turn, code).await? {
                return Ok(Entered::Answer(back(&turn)));
            }
            turn.session.code = None;
            Ok(Entered::Act(turn))
        }
    }
}

/// Uses the code of a form up, for all who sent it at the same time. Steps of a flow need no such thing: what they take is good
/// once, and so is the tab at its end.
async fn is_first(turn: &Turn, code: &str) -> Result<bool, Error> {
    let mut tx = turn.app.db.begin().await?;
    let expires = turn.session.expires;
    let first = single_use::spend(&mut tx, &turn.realm.id, "session-code", code, expires).await?;
    // As the tab itself, it need not outlive a crash.
    tx.commit_lazily().await?;
    Ok(first)
}

/// Without a code: the page again, or another flow's first page ("Register" on the login page).
fn look(mut turn: Turn, execution: Option<&str>, same: bool, place: Place) -> Result<Entered, Error> {
    if let (None, Place::Flow(kind)) = (execution, place) {
        if kind != turn.session.flow {
            turn.session.begin_again(kind);
        }
        return Ok(Entered::Look(turn));
    }
    if execution.is_none() || same {
        return Ok(Entered::Look(turn));
    }
    Ok(Entered::Answer(expired::page(&mut turn)?))
}

/// To where the tab is.
fn back(turn: &Turn) -> Response {
    let here = address::here(&turn.visitor.caller, &turn.realm, &turn.client, &turn.session);
    page::redirect(&turn.realm, &here, &turn.session.set_cookies)
}

/// Begins a tab's flow from its start; who was signed in with this browser is signed out, unless `skip_logout`.
///
/// # Errors
///
/// Those of the database.
pub async fn restart(mut turn: Turn, skip_logout: bool) -> Result<Response, Error> {
    let event = record::plain(&turn, "RESTART_AUTHENTICATION").detail("auth_method", "openid-connect");
    events::record_alone(&turn.app, &turn.realm, &event).await;
    if !skip_logout {
        let cookies = super::identity::sign_out(&turn.app, &turn.visitor, &turn.realm).await?;
        turn.session.set_cookies.extend(cookies);
    }
    turn.session.begin_again(turn.session.flow);
    session::save(&turn.app, &mut turn.session).await?;
    Ok(back(&turn))
}
