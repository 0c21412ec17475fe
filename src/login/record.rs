//! Events of signing in, with Keycloak's details.

use super::session::FlowKind;
use super::steps::otp::SELECTED;
use super::{Turn, address};
use crate::events;
use crate::required_actions::{ACTED, CREDENTIAL_TYPE};
use crate::store::event::Event;

/// The type of the events of a flow.
pub fn kind(flow: FlowKind) -> &'static str {
    match flow {
        FlowKind::Browser => "LOGIN",
        FlowKind::Registration => "REGISTER",
        FlowKind::ResetCredentials => "RESET_PASSWORD",
        FlowKind::Logout => "LOGOUT",
    }
}

fn base(turn: &Turn, mut event: Event) -> Event {
    event.client_id = Some(turn.client.client_id.clone());
    event.ip_address = Some(turn.visitor.caller.ip.to_string());
    event
}

/// An event of a tab, without details.
pub fn plain(turn: &Turn, kind: &str) -> Event {
    base(turn, Event::new(kind))
}

/// An event of a tab whose flow runs.
pub fn event(turn: &Turn, kind: &str) -> Event {
    details(turn, plain(turn, kind))
}

/// What was refused in a tab whose flow runs.
pub fn refusal(turn: &Turn, kind: &str, code: &str) -> Event {
    let mut event = details(turn, base(turn, events::refusal(kind, code)));
    event.user_id.clone_from(&turn.session.user_id);
    event
}

fn details(turn: &Turn, event: Event) -> Event {
    let session = &turn.session;
    let event = event.detail("auth_method", "openid-connect");
    let event = match session.flow {
        FlowKind::Browser => event.detail("auth_type", "code"),
        FlowKind::Registration => event.detail("register_method", "form"),
        _ => event,
    };
    let event = match session.note(SELECTED) {
        Some(id) => event.detail("selected_credential_id", id),
        None => event,
    };
    let event = told(turn, event)
        .detail("redirect_uri", redirect_uri(turn))
        .detail("code_id", &*session.root_id);
    match session.note("username").filter(|name| !name.is_empty()) {
        Some(name) => event.detail("username", name),
        None => event,
    }
}

/// What was done in this request.
fn told(turn: &Turn, event: Event) -> Event {
    let told = turn.session.told.iter();
    told.fold(event, |event, (name, value)| event.detail(name, &**value))
}

/// Where a tab leads in the end: one that began with a link, and not in an application, to the account.
fn redirect_uri(turn: &Turn) -> String {
    let asked = &turn.session.request.redirect_uri;
    if asked.is_empty() {
        format!("{}/account/", address::realm_url(&turn.visitor.caller, &turn.realm))
    } else {
        asked.clone()
    }
}

/// An event after the flow: of required actions, of consent, of the end.
pub fn settled(turn: &Turn, event: Event) -> Event {
    let (session, request) = (&turn.session, &turn.session.request);
    let mut event = event;
    if let Some(kind) = session.note(CREDENTIAL_TYPE) {
        event = event.detail("credential_type", kind);
    }
    event = event.detail("auth_method", "openid-connect");
    if let Some(alias) = session.note(ACTED) {
        event = event.detail("custom_required_action", alias);
    }
    event.client_id = Some(turn.client.client_id.clone());
    event.ip_address = Some(turn.visitor.caller.ip.to_string());
    event.user_id.clone_from(&session.user_id);
    let hopped = session.note("hopped").is_some();
    if session.flow == FlowKind::Browser && !hopped {
        event = event.detail("auth_type", "code");
        if let Some(id) = session.note(SELECTED) {
            event = event.detail("selected_credential_id", id);
        }
    }
    event = told(turn, event)
        .detail("response_type", &*request.response_type)
        .detail("redirect_uri", redirect_uri(turn));
    if hopped || session.note("remember_me").is_some() {
        event = event.detail("remember_me", session.note("remember_me").unwrap_or("false"));
    }
    event = event
        .detail("code_id", &*session.root_id)
        .detail("response_mode", request.mode().as_str());
    match session.note("username") {
        Some(name) => event.detail("username", name),
        None => event,
    }
}
