//! What happened, told once: to the log, and to the database where the realm keeps events.

use std::sync::LazyLock;

use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::event::{self, Event};
use crate::store::realm::Realm;

/// Types that Keycloak does not keep unless the realm lists them.
const NOT_BY_DEFAULT: &[&str] = &[
    "REFRESH_TOKEN",
    "VALIDATE_ACCESS_TOKEN",
    "INTROSPECT_TOKEN",
    "INVALID_SIGNATURE",
    "REGISTER_NODE",
    "UNREGISTER_NODE",
    "USER_INFO_REQUEST",
    "IDENTITY_PROVIDER_RESPONSE",
    "IDENTITY_PROVIDER_RETRIEVE_TOKEN",
    "CLIENT_INFO",
    "PUSHED_AUTHORIZATION_REQUEST",
    "USER_SESSION_DELETED",
];

/// All types that a realm keeps if it lists none, as `GET events/config` shows them.
pub static KEPT_BY_DEFAULT: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = include_str!("events_kept.txt");
    text.split_whitespace().map(str::to_owned).collect()
});

/// Types of ours, beside Keycloak's (contract 7).
const OURS: &[&str] = &[
    "REGISTRATION_SUBMITTED",
    "REGISTRATION_PROVED",
    "REGISTRATION_APPROVED",
    "REGISTRATION_REFUSED",
    "REGISTRATION_EXPIRED",
    "CLIENT_REGISTRATION_PENDING",
    "CLIENT_REGISTRATION_APPROVED",
    "CLIENT_REGISTRATION_REFUSED",
    "CLIENT_SECRET_ROTATED",
    "CLIENT_EXPIRED",
    "ALERT",
];

/// Whether there are events of a type.
pub fn is_type(kind: &str) -> bool {
    let plain = kind.strip_suffix("_ERROR").unwrap_or(kind);
    NOT_BY_DEFAULT.contains(&plain) || OURS.contains(&plain) || KEPT_BY_DEFAULT.iter().any(|k| k == kind)
}

/// Whether a realm keeps events of a type.
pub fn kept(realm: &Realm, kind: &str) -> bool {
    if !realm.flag("eventsEnabled") {
        return false;
    }
    let listed = realm.texts("enabledEventTypes");
    if listed.is_empty() {
        let plain = kind.strip_suffix("_ERROR").unwrap_or(kind);
        return !NOT_BY_DEFAULT.contains(&plain);
    }
    listed.contains(&kind)
}

/// Tells the log, as Keycloak's `jboss-logging` does: refusals as warnings. Values are the sender's: quoted, one line.
fn log(realm: &Realm, event: &Event) {
    if event.error.is_none() && !tracing::enabled!(target: "vestibule::events", tracing::Level::DEBUG) {
        return;
    }
    let details: Vec<String> = event
        .details
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "username" | "email" | "first_name" | "last_name"))
        .filter_map(|(name, value)| Some(format!("{name}={:?}", value.as_str()?)))
        .collect();
    let (kind, client, error) = (
        &event.kind,
        event.client_id.as_deref().unwrap_or("-"),
        event.error.as_deref(),
    );
    let details = details.join(", ");
    match error {
        Some(error) => {
            tracing::warn!(target: "vestibule::events", "type={kind} realm={:?} client={client:?} error={error:?} {details}", realm.name);
        }
        None => {
            tracing::debug!(target: "vestibule::events", "type={kind} realm={:?} client={client:?} {details}", realm.name);
        }
    }
}

/// Records an event in the transaction of what it tells of.
///
/// # Errors
///
/// Those of the database.
pub async fn record(tx: &mut Tx, realm: &Realm, event: &Event, now: i64) -> Result<(), Error> {
    log(realm, event);
    if kept(realm, &event.kind) {
        event::add(tx, &realm.id, event, now).await
    } else {
        Ok(())
    }
}

/// Records an event that stands alone: a refusal, a look. It may be lost with the power; what was refused stays refused.
pub async fn record_alone(app: &App, realm: &Realm, event: &Event) {
    log(realm, event);
    if !kept(realm, &event.kind) {
        return;
    }
    let kept = async {
        let mut tx = app.db.begin().await?;
        event::add(&mut tx, &realm.id, event, app.now()).await?;
        tx.commit_lazily().await
    };
    if let Err(e) = kept.await {
        tracing::warn!("an event could not be kept: {e}");
    }
}

/// An event of a refusal: the type with `_ERROR` and the code.
pub fn refusal(kind: &str, error: &str) -> Event {
    let mut event = Event::new(&format!("{kind}_ERROR"));
    event.error = Some(error.to_owned());
    event
}

/// The details of an event as JSON, absent when there are none.
pub fn details(event: &Event) -> Option<Value> {
    (!event.details.is_empty()).then(|| Value::Object(event.details.clone()))
}
