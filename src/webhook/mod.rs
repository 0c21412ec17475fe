//! Webhooks and *after* hooks: addresses of administrators are told what has happened, signed as hooks are.
//!
//! A message is written to the outbox in the transaction of what it tells of, and delivered afterwards by any node
//! ([`deliver`]), again and again for a day. An address that does not answer holds up nobody else.

mod deliver;
pub mod kept;

pub use deliver::{deliver_due, send, start};

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::rules::About;
use crate::rules::hook::{self, Question};
use crate::store::Tx;
use crate::store::admin_event::{self, AdminEvent};
use crate::store::event::Event;
use crate::store::outbox::{self, HOOKS, Outgoing};
use crate::store::realm::Realm;
use crate::store::webhook::{self, Webhook};

/// What a message in the outbox is sealed for.
use crate::mail::SEALED_FOR;

/// Begins the types of what administrators did.
const ADMIN: &str = "admin";

/// What admin events tell no more of a representation, in bytes.
const LARGEST: usize = 64 * 1024;

/// Whether a webhook can ask for events of a type: one of users and applications (`REGISTER`), one of administrators
/// (`admin.USER.CREATE`, `admin.USER.*`, `admin.*`), or `*`.
pub fn is_type(name: &str) -> bool {
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("*"), None, ..) | (Some(ADMIN), Some("*"), None, _) => true,
        (Some(ADMIN), Some(resource), Some(operation), None) => {
            admin_event::RESOURCE_TYPES.contains(&resource)
                && matches!(operation, "*" | "CREATE" | "UPDATE" | "DELETE" | "ACTION")
        }
        (Some(kind), None, ..) => events::is_type(kind),
        _ => false,
    }
}

/// Types that one may name.
const MOST_TYPES: usize = 200;

/// What an address must be that we call.
pub const PUBLIC: &str =
    "must begin with https:// and lead to a public address; private ones need --allow-private-hooks";

/// What is wrong with the address of a webhook or the types that it names.
pub fn fault(app: &App, webhook: &Webhook) -> Option<String> {
    if webhook.url.len() > 2_000 || app.egress.check_hook(&webhook.url).is_err() {
        return Some(format!("url {PUBLIC}"));
    }
    if let Some(unknown) = webhook.events.iter().find(|name| !is_type(name)) {
        let shown: String = unknown.chars().take(40).collect();
        return Some(format!("There are no events of type {shown:?}"));
    }
    (webhook.events.len() > MOST_TYPES).then(|| format!("events may name {MOST_TYPES} types"))
}

/// Whether a webhook asks for events of a type.
fn wants(webhook: &Webhook, kind: &str) -> bool {
    let asks = |asked: &String| match asked.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => asked == kind,
    };
    webhook.enabled && (webhook.events.is_empty() || webhook.events.iter().any(asks))
}

/// Whether anybody is told of events of a type.
pub fn is_wanted(realm: &Realm, kind: &str) -> bool {
    realm.webhooks.iter().any(|webhook| wants(webhook, kind))
}

/// The type of what administrators do to something.
pub fn admin_type(resource_type: &str, operation: &str) -> String {
    format!("{ADMIN}.{resource_type}.{operation}")
}

/// Tells of an event of users or applications.
///
/// # Errors
///
/// Those of the database.
pub async fn tell(tx: &mut Tx, realm: &Realm, event: &Event, now: i64) -> Result<(), Error> {
    if !is_wanted(realm, &event.kind) {
        return Ok(());
    }
    let data = events::represent(&realm.id, &crate::random::row_id(), now, event);
    queue_for_all(tx, realm, &event.kind, &data, now).await
}

/// Tells of what an administrator did.
///
/// # Errors
///
/// Those of the database.
pub async fn tell_admin(tx: &mut Tx, realm: &Realm, event: &AdminEvent) -> Result<(), Error> {
    let kind = admin_type(&event.resource_type, &event.operation);
    if !is_wanted(realm, &kind) {
        return Ok(());
    }
    let mut data = events::represent_admin(&realm.id, event);
    if event.representation.as_ref().is_some_and(|text| text.len() > LARGEST)
        && let Value::Object(members) = &mut data
    {
        members.shift_remove("representation");
    }
    queue_for_all(tx, realm, &kind, &data, event.time).await
}

async fn queue_for_all(tx: &mut Tx, realm: &Realm, kind: &str, data: &Value, now: i64) -> Result<(), Error> {
    let body = json!({ "type": kind, "realm": realm.name, "data": data }).to_string();
    for webhook in realm.webhooks.iter().filter(|webhook| wants(webhook, kind)) {
        queue(tx, realm, webhook::receiver(&webhook.id), kind, &body, now).await?;
    }
    Ok(())
}

/// Tells the realm's *after* hook, if it has one, that somebody has registered, or an application has changed.
///
/// # Errors
///
/// Those of the database.
pub async fn after(tx: &mut Tx, realm: &Realm, question: &Question<'_>, now: i64) -> Result<(), Error> {
    if hook::setting(realm, question.about, "after").is_none() {
        return Ok(());
    }
    let about = question.about.as_str();
    let receiver = format!("{HOOKS}{about}/{}", realm.id);
    let body = question.body(realm, "after").to_string();
    queue(tx, realm, receiver, &format!("{about}.after"), &body, now).await
}

async fn queue(tx: &mut Tx, realm: &Realm, receiver: String, kind: &str, body: &str, now: i64) -> Result<(), Error> {
    let id = crate::random::row_id();
    let message = Outgoing {
        doc: tx.seal(SEALED_FOR, &id, body.as_bytes())?,
        id,
        realm_id: realm.id.clone(),
        kind: kind.to_owned(),
        created: now,
        attempts: 0,
        receiver: Some(receiver),
    };
    outbox::add(tx, &message, false).await
}

/// Where a message goes, and with which secret it is signed; `None` where that is gone or switched off.
fn address<'a>(realm: &'a Realm, receiver: &str) -> Option<(&'a str, Option<&'a str>)> {
    let (kind, id) = receiver.strip_prefix(HOOKS)?.split_once('/')?;
    let about = match kind {
        "webhook" => {
            let found = realm
                .webhooks
                .iter()
                .find(|webhook| webhook.id == id && webhook.enabled)?;
            return Some((&found.url, Some(&found.secret)));
        }
        "registration" => About::Registration,
        _ => About::Client,
    };
    Some((
        hook::setting(realm, about, "after")?,
        hook::setting(realm, about, "secret"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(events: &[&str]) -> Webhook {
        Webhook {
            id: String::new(),
            url: String::new(),
            events: events.iter().map(|e| (*e).to_owned()).collect(),
            secret: String::new(),
            enabled: true,
            created: 0,
        }
    }

    #[test]
    fn a_webhook_asks_by_type() {
        for known in [
            "*",
            "REGISTER",
            "REGISTER_ERROR",
            "CLIENT_REGISTER",
            "admin.*",
            "admin.USER.CREATE",
            "admin.CLIENT.*",
        ] {
            assert!(is_type(known), "{known}");
        }
        for unknown in [
            "",
            "register",
            "REGISTER.*",
            "admin",
            "admin.USER",
            "admin.THING.CREATE",
            "admin.USER.LOOK",
            "a.b.c.d",
        ] {
            assert!(!is_type(unknown), "{unknown}");
        }
        assert!(wants(&of(&[]), "LOGIN") && wants(&of(&["*"]), "admin.USER.CREATE"));
        assert!(wants(&of(&["admin.USER.*"]), "admin.USER.CREATE") && !wants(&of(&["admin.*"]), "LOGIN"));
        assert!(wants(&of(&["LOGIN"]), "LOGIN") && !wants(&of(&["LOGIN"]), "LOGIN_ERROR"));
    }
}
