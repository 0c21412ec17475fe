//! Webhooks in an export and back. Keycloak has no member for them, so they stand in an attribute of the realm.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fault;
use crate::app::App;
use crate::error::Error;
use crate::rules::hook::signature;
use crate::secret_settings::MASK;
use crate::store::Tx;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::webhook::{self, MOST, Webhook};

/// The attribute with the webhooks of a realm: JSON, as the Admin API shows them.
pub const ATTRIBUTE: &str = "webhooks";

/// The value of the attribute; none where a realm has no webhooks.
///
/// # Errors
///
/// [`Error::Corrupt`] if it cannot be written.
pub fn kept(realm: &Realm, shows_secrets: bool) -> Result<Option<String>, Error> {
    let one = |hook: &Webhook| {
        let secret = if shows_secrets { &hook.secret } else { MASK };
        json!({
            "url": hook.url, "events": hook.events, "secret": secret, "enabled": hook.enabled,
            "createdTimestamp": hook.created
        })
    };
    let all: Vec<Value> = realm.webhooks.iter().map(one).collect();
    Ok(if all.is_empty() {
        None
    } else {
        Some(serde_json::to_string(&all)?)
    })
}

/// Takes the webhooks out of a realm's representation. One without its secret gets a new one, which nobody knows, and is switched
/// off until an administrator gives it another.
///
/// # Errors
///
/// What is wrong with them.
pub fn take(app: &App, given: &mut Doc) -> Result<Vec<Webhook>, String> {
    let attributes = given.get_mut("attributes").and_then(Value::as_object_mut);
    let Some(kept) = attributes.and_then(|all| all.shift_remove(ATTRIBUTE)) else {
        return Ok(Vec::new());
    };
    let broken = || format!("The attribute {ATTRIBUTE} is broken");
    let all: Vec<Doc> = serde_json::from_str(kept.as_str().unwrap_or_default()).map_err(|_| broken())?;
    if all.len() > usize::try_from(MOST).unwrap_or_default() {
        return Err(format!("A realm may have {MOST} webhooks"));
    }
    all.iter().map(|doc| read(app, doc)).collect()
}

/// The representation of a realm that is there, without the webhooks that an export has among its attributes: their
/// secrets would stand there in clear, and they are changed where they are kept.
pub fn without(given: &Doc) -> Cow<'_, Doc> {
    let attributes = given.get("attributes").and_then(Value::as_object);
    if !attributes.is_some_and(|all| all.contains_key(ATTRIBUTE)) {
        return Cow::Borrowed(given);
    }
    let mut given = given.clone();
    if let Some(Value::Object(attributes)) = given.get_mut("attributes") {
        attributes.shift_remove(ATTRIBUTE);
    }
    Cow::Owned(given)
}

fn read(app: &App, doc: &Doc) -> Result<Webhook, String> {
    let secret = json::text(doc, "secret").filter(|secret| signature::is_secret(secret));
    let hook = Webhook {
        id: crate::random::uuid(),
        url: json::text(doc, "url").unwrap_or_default().to_owned(),
        events: json::texts(doc, "events").into_iter().map(str::to_owned).collect(),
        enabled: secret.is_some() && json::flag(doc, "enabled"),
        secret: secret.map_or_else(signature::new_secret, str::to_owned),
        created: doc
            .get("createdTimestamp")
            .and_then(Value::as_i64)
            .unwrap_or_else(|| app.now()),
    };
    match fault(app, &hook) {
        Some(wrong) => Err(format!("The webhook {}: {wrong}", hook.url)),
        None => Ok(hook),
    }
}

/// Adds those of a realm that was just made.
///
/// # Errors
///
/// Those of the database.
pub async fn restore(tx: &mut Tx, realm_id: &str, all: &[Webhook]) -> Result<(), Error> {
    for hook in all {
        webhook::add(tx, realm_id, hook).await?;
    }
    Ok(())
}
