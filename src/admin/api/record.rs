//! Admin events: what an administrator did, kept in the transaction that did it.

use serde_json::Value;

use super::auth::{Admin, Administrator};
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::secret_settings::MASK;
use crate::store::Tx;
use crate::store::admin_event::AdminEvent;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Action,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Action => "ACTION",
        }
    }
}

/// Records what was done to something of the administered realm. `path` is below the realm, as `users/ID`;
/// `representation` is what was sent, and is kept where the realm wants details, without its secrets.
///
/// # Errors
///
/// Those of the database.
pub async fn record(
    tx: &mut Tx,
    admin: &Admin,
    operation: Operation,
    resource_type: &str,
    path: &str,
    representation: Option<&Value>,
) -> Result<(), Error> {
    record_in(
        tx,
        &admin.who,
        &admin.realm,
        operation,
        resource_type,
        path,
        representation,
    )
    .await
}

/// As [`record`], with details: texts by name.
///
/// # Errors
///
/// Those of the database.
pub async fn record_with(
    tx: &mut Tx,
    admin: &Admin,
    operation: Operation,
    (resource_type, path): (&str, &str),
    representation: Option<&Value>,
    details: &[(&str, &str)],
) -> Result<(), Error> {
    if !events::is_admin_told(&admin.realm, resource_type, operation.as_str()) {
        return Ok(());
    }
    let representation = representation.filter(|_| admin.realm.flag("adminEventsDetailsEnabled"));
    let text = representation.map(|v| masked(v).to_string());
    let mut event = event(&admin.who, operation, resource_type, path, text);
    let details: Doc = details
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Value::from(*v)))
        .collect();
    event.details = Some(Value::Object(details).to_string());
    events::record_admin(tx, &admin.realm, &event).await
}

/// As [`record`], for a realm that the address does not name.
///
/// # Errors
///
/// Those of the database.
pub async fn record_in(
    tx: &mut Tx,
    who: &Administrator,
    realm: &Realm,
    operation: Operation,
    resource_type: &str,
    path: &str,
    representation: Option<&Value>,
) -> Result<(), Error> {
    if !events::is_admin_told(realm, resource_type, operation.as_str()) {
        return Ok(());
    }
    let representation = representation.filter(|_| realm.flag("adminEventsDetailsEnabled"));
    let text = representation.map(|v| masked(v).to_string());
    events::record_admin(tx, realm, &event(who, operation, resource_type, path, text)).await
}

/// As [`record`], for whoever runs a command on the server, who is no user.
///
/// # Errors
///
/// Those of the database.
pub async fn record_by_operator(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    operation: Operation,
    (resource_type, path): (&str, &str),
    representation: Option<&Value>,
) -> Result<(), Error> {
    if !events::is_admin_told(realm, resource_type, operation.as_str()) {
        return Ok(());
    }
    let representation = representation.filter(|_| realm.flag("adminEventsDetailsEnabled"));
    let event = AdminEvent {
        id: crate::random::row_id(),
        time: app.now(),
        auth_realm_id: None,
        auth_client_id: None,
        auth_user_id: None,
        ip_address: None,
        operation: operation.as_str().to_owned(),
        resource_type: resource_type.to_owned(),
        resource_path: path.to_owned(),
        representation: representation.map(|v| masked(v).to_string()),
        error: None,
        details: None,
    };
    events::record_admin(tx, realm, &event).await
}

/// An admin event of this instant.
pub fn event(
    who: &Administrator,
    operation: Operation,
    resource_type: &str,
    path: &str,
    representation: Option<String>,
) -> AdminEvent {
    AdminEvent {
        id: crate::random::row_id(),
        time: who.app.now(),
        auth_realm_id: Some(who.home.id.clone()),
        auth_client_id: Some(who.client.id.clone()),
        auth_user_id: Some(who.user.id.clone()),
        ip_address: Some(who.caller.ip.to_string()),
        operation: operation.as_str().to_owned(),
        resource_type: resource_type.to_owned(),
        resource_path: path.to_owned(),
        representation,
        error: None,
        details: None,
    }
}

/// A representation without what only its owner may know.
fn masked(value: &Value) -> Value {
    const SECRETS: &[&str] = &[
        "secret",
        "password",
        "registrationAccessToken",
        "secretData",
        "bindCredential",
        "clientSecret",
        "privateKey",
        "client.secret.rotated",
    ];
    match value {
        Value::Object(map) => {
            // The value of a credential, or of a client's secret: `{"type", "value"}`.
            let holds_value = map.contains_key("temporary") || map.contains_key("type") && map.contains_key("value");
            let hide = |key: &str| {
                SECRETS.contains(&key)
                    || key.ends_with(".secret")
                    || key.ends_with(".private.key")
                    || key == "value" && holds_value
            };
            let kept = map.iter().map(|(key, value)| {
                let value = match value {
                    Value::String(_) if hide(key) => MASK.into(),
                    // Whatever a credential is made of, and settings of components, which are lists.
                    Value::Array(all) if key == "credentials" || hide(key) && all.iter().all(Value::is_string) => {
                        Value::Array(all.iter().map(|_| MASK.into()).collect())
                    }
                    _ => masked(value),
                };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(masked).collect()),
        other => other.clone(),
    }
}
