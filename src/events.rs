//! What happened, told once: to the log, and to the database where the realm keeps events.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::admin_event::{self, AdminEvent};
use crate::store::event::{self, Event};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::webhook;

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
    webhook::tell(tx, realm, event, now).await?;
    if kept(realm, &event.kind) {
        event::add(tx, &realm.id, event, now).await
    } else {
        Ok(())
    }
}

/// Records an event that stands alone: a refusal, a look. It may be lost with the power; what was refused stays refused.
pub async fn record_alone(app: &App, realm: &Realm, event: &Event) {
    log(realm, event);
    let keeps = kept(realm, &event.kind);
    if !keeps && !webhook::is_wanted(realm, &event.kind) {
        return;
    }
    let kept = async {
        let mut tx = app.db.begin().await?;
        webhook::tell(&mut tx, realm, event, app.now()).await?;
        if keeps {
            event::add(&mut tx, &realm.id, event, app.now()).await?;
        }
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

/// An event as Keycloak shows it: `EventRepresentation`.
pub fn represent(realm_id: &str, id: &str, time: i64, event: &Event) -> Value {
    let mut doc = Doc::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            doc.insert(name.into(), json!(value));
        }
    };
    put("id", Some(id));
    put("time", Some(""));
    put("type", Some(&event.kind));
    put("realmId", Some(realm_id));
    put("clientId", event.client_id.as_deref());
    put("userId", event.user_id.as_deref());
    put("sessionId", event.session_id.as_deref());
    put("ipAddress", event.ip_address.as_deref());
    put("error", event.error.as_deref());
    doc["time"] = json!(time);
    if !event.details.is_empty() {
        doc.insert("details".into(), Value::Object(event.details.clone()));
    }
    Value::Object(doc)
}

/// Whether anybody wants to know what an administrator does: the realm keeps it, or a webhook asks for it.
pub fn is_admin_told(realm: &Realm, resource_type: &str, operation: &str) -> bool {
    realm.flag("adminEventsEnabled") || webhook::is_wanted(realm, &webhook::admin_type(resource_type, operation))
}

/// Records what an administrator did.
///
/// # Errors
///
/// Those of the database.
pub async fn record_admin(tx: &mut Tx, realm: &Realm, event: &AdminEvent) -> Result<(), Error> {
    webhook::tell_admin(tx, realm, event).await?;
    if realm.flag("adminEventsEnabled") {
        admin_event::add(tx, &realm.id, event).await?;
    }
    Ok(())
}

/// What an administrator did, as Keycloak shows it: `AdminEventRepresentation`.
pub fn represent_admin(realm_id: &str, e: &AdminEvent) -> Value {
    let mut doc = json!({
        "id": e.id, "time": e.time, "realmId": realm_id,
        "authDetails": {
            "realmId": e.auth_realm_id, "clientId": e.auth_client_id, "userId": e.auth_user_id,
            "ipAddress": e.ip_address
        },
        "operationType": e.operation, "resourceType": e.resource_type
    });
    if !e.resource_path.is_empty() {
        doc["resourcePath"] = json!(e.resource_path);
    }
    if let Some(text) = &e.representation {
        doc["representation"] = json!(text);
    }
    if let Some(text) = &e.error {
        doc["error"] = json!(text);
    }
    if let Some(details) = e.details.as_deref().and_then(|d| serde_json::from_str::<Value>(d).ok()) {
        doc["details"] = details;
    }
    doc
}
