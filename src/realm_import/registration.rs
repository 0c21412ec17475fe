//! What this server keeps beside a client and Keycloak has no member for: written into attributes by an export, and taken
//! out of them again.

use serde_json::{Value, json};

use super::{Refused, approval};
use crate::error::Error;
use crate::store::approval::Approval;
use crate::store::client::{Client, Standing};
use crate::store::client_registration::Registration;
use crate::store::json::Doc;

/// The attribute with the SHA-256 of a secret that cannot be read back.
pub const SECRET_HASH: &str = "client.secret.hash";

/// The attribute with how the client came to be, and the hash of the token with which it manages itself: JSON.
pub const REGISTRATION: &str = "client.registration";

/// What is taken out of a client's attributes.
#[derive(Default)]
pub(super) struct Restored {
    pub registration: Option<Registration>,
    /// What waits for approval, or waited.
    pub approval: Option<Approval>,
}

/// Takes it out of a client's attributes.
pub(super) fn restore(client: &mut Client) -> Result<Restored, Refused> {
    let attributes = client.doc.get_mut("attributes").and_then(Value::as_object_mut);
    let Some(Value::String(kept)) = attributes.and_then(|a| a.shift_remove(REGISTRATION)) else {
        return Ok(Restored::default());
    };
    let bad = |_| {
        Refused::Bad(format!(
            "The attribute {REGISTRATION} of the client {} is broken",
            client.client_id
        ))
    };
    let kept: Doc = serde_json::from_str(&kept).map_err(bad)?;
    let text = |key: &str| kept.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| kept.get(key).and_then(Value::as_i64);
    client.secrets.rat_hash = text("tokenHash");
    client.secrets.rat_auth = text("tokenAuth");
    client.secrets.previous_rat_hash = text("previousTokenHash");
    client.secrets.previous_hash = text("previousSecretHash");
    client.secrets.previous_expires = number("previousSecretExpires");
    if let Some(standing) = text("standing") {
        client.standing = Standing::parse(&standing);
        client
            .doc
            .insert("enabled".into(), json!(kept.get("enabled") != Some(&json!(false))));
    }
    let approval = kept.get("approval").and_then(Value::as_object);
    let approval = approval.map(|doc| approval::restored(client, doc));
    if client.standing != Standing::Live && approval.is_none() {
        // Nobody could ever decide on it.
        return Err(Refused::Bad(format!(
            "The attribute {REGISTRATION} of the client {} says that it waits, and not for what",
            client.client_id
        )));
    }
    let registration = text("source").map(|source| {
        let created = number("created").unwrap_or(client.created);
        Registration {
            token_id: text("tokenId"),
            owner: text("owner"),
            ip_address: text("ipAddress"),
            created,
            last_used: number("lastUsed"),
            active: number("lastUsed").unwrap_or(created),
            terms: kept
                .get("terms")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            ..Registration::new(client, &source)
        }
    });
    Ok(Restored { registration, approval })
}

/// The attribute's value; none where there is nothing to keep.
///
/// # Errors
///
/// [`Error::Corrupt`] if it cannot be written.
pub fn kept(
    client: &Client,
    registered: Option<&Registration>,
    waits: Option<&Approval>,
) -> Result<Option<String>, Error> {
    // That an administrator made it goes without saying.
    let registered = registered.filter(|r| r.source != "admin");
    let secrets = &client.secrets;
    let standing = Some(client.standing).filter(|standing| *standing != Standing::Live);
    let all = [
        ("standing", json!(standing.map(Standing::as_str))),
        ("enabled", json!(standing.and_then(|_| client.doc.get("enabled")))),
        ("approval", json!(waits.map(approval::kept))),
        ("tokenHash", json!(secrets.rat_hash)),
        ("tokenAuth", json!(secrets.rat_auth)),
        ("previousTokenHash", json!(secrets.previous_rat_hash)),
        ("previousSecretHash", json!(secrets.previous_hash)),
        ("previousSecretExpires", json!(secrets.previous_expires)),
        ("source", json!(registered.map(|r| &r.source))),
        ("tokenId", json!(registered.and_then(|r| r.token_id.as_ref()))),
        ("owner", json!(registered.and_then(|r| r.owner.as_ref()))),
        ("ipAddress", json!(registered.and_then(|r| r.ip_address.as_ref()))),
        ("created", json!(registered.map(|r| r.created))),
        ("lastUsed", json!(registered.and_then(|r| r.last_used))),
        (
            "terms",
            json!(registered.map(|r| &r.terms).filter(|terms| !terms.is_empty())),
        ),
    ];
    let there: Doc = all
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    Ok(if there.is_empty() {
        None
    } else {
        Some(serde_json::to_string(&there)?)
    })
}
