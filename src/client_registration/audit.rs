//! Events: who registered or changed what, with which token, from where; and why not.

use serde_json::Value;

use super::Request;
use super::access::Access;
use super::blame::{bounded, tellable};
use super::refusal::Refusal;
use crate::alerts::{self, Came, Who};
use crate::app::App;
use crate::caller::Caller;
use crate::events;
use crate::store::event::Event;
use crate::store::realm::Realm;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Register,
    Read,
    Update,
    /// Its own secret is replaced.
    Renew,
    Delete,
}

impl Act {
    /// Keycloak's type of event.
    fn kind(self) -> &'static str {
        match self {
            Self::Register => "CLIENT_REGISTER",
            Self::Read => "CLIENT_INFO",
            Self::Update => "CLIENT_UPDATE",
            // Ours (contract 7).
            Self::Renew => "CLIENT_SECRET_ROTATED",
            Self::Delete => "CLIENT_DELETE",
        }
    }
}

/// The event of something done.
pub(super) fn done(request: &Request<'_>, act: Act, client_id: &str) -> Event {
    let mut event = Event::new(act.kind());
    event.client_id = Some(client_id.to_owned());
    who(event, request)
}

/// Records that something was refused.
pub(super) async fn refused(request: &Request<'_>, act: Act, client_id: Option<&str>, refusal: &Refusal) {
    let mut event = events::refusal(act.kind(), refusal.event_error());
    event.client_id = client_id.map(str::to_owned);
    let event = details(refusal)
        .into_iter()
        .fold(event, |event, (name, value)| event.detail(name, value));
    events::record_alone(request.app, request.realm, &who(event, request)).await;
    if act == Act::Register {
        came(request, Came::ToNothing).await;
    }
}

/// What an event says of a refusal: no secrets, and nothing at length.
pub(super) fn details(refusal: &Refusal) -> Vec<(&'static str, String)> {
    let said = said(refusal).into_iter();
    said.map(|(name, value)| (name, bounded(&value))).collect()
}

fn said(refusal: &Refusal) -> Vec<(&'static str, String)> {
    match refusal {
        Refusal::Token(text) => vec![("reason", (*text).to_owned())],
        Refusal::Metadata(fault) => vec![("reason", fault.description.to_string())],
        Refusal::Member(blamed) => {
            let mut details = vec![
                ("reason", blamed.fault.description.to_string()),
                ("field", blamed.field.clone()),
            ];
            details.extend(shown(&blamed.value).map(|value| ("value", value)));
            details
        }
        Refusal::Policy(rejected) => {
            let objection = &rejected.objection;
            let mut details = vec![
                // Keycloak's name, and ours (contract 7).
                ("client_registration_policy", rejected.policy.clone()),
                ("policy", rejected.policy.clone()),
                ("reason", objection.text.to_string()),
            ];
            details.extend(objection.field.as_deref().map(|field| ("field", field.to_owned())));
            let field = objection.field.as_deref().unwrap_or_default();
            let value = objection.value.as_ref().map(|value| tellable(field, value));
            details.extend(value.map(|value| ("value", shown(&value).unwrap_or_default())));
            details
        }
        Refusal::ClientPolicy(refused) => refused.details(),
        Refusal::Quota { of, most } => vec![("reason", (*of).to_owned()), ("value", most.to_string())],
        Refusal::Unavailable(_) => vec![("policy", super::hook::NAME.to_owned())],
        Refusal::Origin(origin) => vec![("reason", "Invalid origin".to_owned()), ("value", origin.clone())],
        Refusal::Unsupported => vec![("reason", "The body is of another type".to_owned())],
        Refusal::TooLarge(most) => vec![("reason", format!("The body is larger than {most} bytes"))],
        Refusal::Forbidden | Refusal::BuiltIn | Refusal::ClientNotFound | Refusal::Meanwhile => Vec::new(),
    }
}

/// A value as an event repeats it; of what is not there nothing.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// What became of a registration, for who watches how many there are.
pub(super) async fn came(request: &Request<'_>, came: Came) {
    alerts::registration(request.app, request.realm, Who::Applications, request.caller.ip, came).await;
}

/// Records a registration that was turned away before it was looked at: the realm takes none, or none this way.
pub(super) async fn turned_away(app: &App, realm: &Realm, caller: &Caller, error: &str, reason: &str) {
    let mut event = events::refusal(Act::Register.kind(), error).detail("reason", reason);
    event.ip_address = Some(caller.ip.to_string());
    events::record_alone(app, realm, &event).await;
    alerts::registration(app, realm, Who::Applications, caller.ip, Came::ToNothing).await;
}

/// Says who did it, and from where.
pub(super) fn who(mut event: Event, request: &Request<'_>) -> Event {
    event.ip_address = Some(request.caller.ip.to_string());
    match &request.access {
        Access::Initial { token, .. } => event.detail("token", &*token.id),
        Access::Bearer(rights) => {
            event.user_id = Some(rights.user_id.clone());
            event
        }
        Access::Anonymous | Access::Registration { .. } => event,
    }
}
