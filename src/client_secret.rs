//! The secrets of clients: made here, kept as SHA-256, sealed beside it only where one must be read back (contract 5).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode, constant_time_eq, sha256};
use zeroize::Zeroizing;

use crate::app::App;
use crate::error::Error;
use crate::store::client::{Client, Secrets};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The attribute of clients whose secret can be read back.
pub const RECOVERABLE: &str = "client.secret.recoverable";

/// What sealed secrets are bound to, with the client's id.
pub(crate) const PURPOSE: &str = "client-secret";
/// The same, for a replaced secret that had been chosen.
pub(crate) const PREVIOUS_PURPOSE: &str = "client-secret-previous";
/// The member of the document that keeps it.
pub(crate) const PREVIOUS: &str = "_previousSecret";

/// Keycloak's attribute with a replaced secret, in clear: here it is never kept as such.
pub const ROTATED: &str = "client.secret.rotated";

/// The member of a client's document that keeps private keys that were made for it, sealed, by use.
pub(crate) const PRIVATE_KEYS: &str = "_privateKeys";
/// What they are bound to, with the client's id.
pub(crate) const PRIVATE_KEY_PURPOSE: &str = "client-private-key";

/// Whether a secret can be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Only its SHA-256 is there.
    Hashed,
    /// It is encrypted as well.
    Recoverable,
}

/// How a client's secret must be kept: recoverable for methods that need its value, and for clients of administrators,
/// which have the attribute `client.secret.recoverable`.
pub fn kept(doc: &Doc) -> Kept {
    if is_key(doc) || json::attribute(doc, RECOVERABLE) == Some("true") {
        Kept::Recoverable
    } else {
        Kept::Hashed
    }
}

/// Whether the secret of a client is a key, by its method or its algorithms: then its value is needed.
pub fn is_key(doc: &Doc) -> bool {
    let by_value = json::text(doc, "clientAuthenticatorType") == Some("client-secret-jwt");
    let mut algorithms = SIGNED_WITH[..5].iter();
    by_value || algorithms.any(|name| json::attribute(doc, name).is_some_and(|alg| alg.starts_with("HS")))
}

/// The algorithms that a client's secret is the key for.
const SIGNED_WITH: [&str; 6] = [
    "id.token.signed.response.alg",
    "introspection.signed.response.alg",
    "user.info.response.signature.alg",
    "authorization.signed.response.alg",
    "request.object.signature.alg",
    "token.endpoint.auth.signing.alg",
];

/// How many bytes the secret of a client must have: as many as the hash of its algorithms (RFC 7518 section 3.2).
fn bytes_needed(doc: &Doc) -> usize {
    let of = |name: &&str| match json::attribute(doc, name) {
        Some("HS512") => 64,
        Some("HS384") => 48,
        _ => 32,
    };
    SIGNED_WITH.iter().map(of).max().unwrap_or(32)
}

/// Whether the secret of a client that is to sign with it is too short for that.
///
/// # Errors
///
/// [`Error::Key`] if it was sealed with another key.
pub fn is_too_short(app: &App, client: &Client) -> Result<bool, Error> {
    let plain = reveal(app, client)?;
    Ok(plain.is_some_and(|plain| plain.len() < bytes_needed(&client.doc)))
}

/// Makes a new secret for the client with an id, as what the client is has need of it, and puts what is kept of it into
/// `secrets`. The secret itself is to be shown once.
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn make(app: &App, secrets: &mut Secrets, client_uuid: &str, doc: &Doc) -> Result<String, Error> {
    let plain = crate::random::secret(bytes_needed(doc));
    secrets.hash = Some(hash(&plain));
    secrets.sealed = match kept(doc) {
        Kept::Hashed => None,
        Kept::Recoverable => Some(app.db.seal(PURPOSE, client_uuid, plain.as_bytes())?),
    };
    Ok(plain)
}

/// Takes a secret that somebody chose. It may be guessable, so it is never kept as a fast hash, only sealed.
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn choose(app: &App, secrets: &mut Secrets, client_uuid: &str, chosen: &str) -> Result<(), Error> {
    secrets.hash = None;
    secrets.sealed = Some(app.db.seal(PURPOSE, client_uuid, chosen.as_bytes())?);
    Ok(())
}

/// Makes a new secret for a client, and returns it. The old one stays good for the realm's `clientRegistration.secret.overlap`
/// seconds, but not beyond its own end.
///
/// # Errors
///
/// [`Error::Key`] if one cannot be sealed.
pub fn rotate(app: &App, realm: &Realm, client: &mut Client) -> Result<String, Error> {
    let overlap = realm.attribute("clientRegistration.secret.overlap");
    let overlap: i64 = overlap.and_then(|s| s.parse().ok()).unwrap_or(86_400);
    let old = if overlap > 0 && !expired(app, client) {
        (client.secrets.hash.take(), reveal(app, client)?)
    } else {
        (None, None)
    };
    forget_previous(client);
    let (hash, plain) = old;
    // The hash will do, unless somebody had chosen it, or it is a key.
    let by_value = hash.is_none() || is_key(&client.doc);
    client.secrets.previous_hash = hash;
    if let Some(plain) = plain.filter(|_| by_value) {
        keep_previous(app, client, &plain)?;
    }
    if client.secrets.previous_hash.is_some() || client.doc.contains_key(PREVIOUS) {
        // On the second, as it is told in seconds.
        let until = app.now_seconds().saturating_add(overlap).saturating_mul(1000);
        let own = end(client).map_or(i64::MAX, |seconds| seconds.saturating_mul(1000));
        client.secrets.previous_expires = Some(until.min(own));
    }
    let made = make(app, &mut client.secrets, &client.id, &client.doc)?;
    stamp(&mut client.doc, app.now_seconds());
    if client.doc.contains_key(LIFETIME) {
        renew_end(&mut client.doc, app.now_seconds());
    }
    Ok(made)
}

/// Seals a replaced secret that somebody had chosen, or whose value is needed.
fn keep_previous(app: &App, client: &mut Client, chosen: &[u8]) -> Result<(), Error> {
    let sealed = app.db.seal(PREVIOUS_PURPOSE, &client.id, chosen)?;
    client.doc.insert(PREVIOUS.into(), b64url(&sealed).into());
    Ok(())
}

/// Takes a replaced secret out of the attributes of a client that was brought here, and seals it while it is good.
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn take_rotated(app: &App, client: &mut Client) -> Result<(), Error> {
    let attributes = client.doc.get_mut("attributes").and_then(Value::as_object_mut);
    let Some(Value::String(chosen)) = attributes.and_then(|a| a.shift_remove(ROTATED)) else {
        return Ok(());
    };
    let until = json::written(client.attribute("client.secret.rotated.expiration.time"));
    let until = until.unwrap_or(0) * 1000;
    if until > app.now() {
        keep_previous(app, client, chosen.as_bytes())?;
        client.secrets.previous_expires = Some(until);
    }
    Ok(())
}

/// How attributes that are private keys end, in clear in Keycloak: `saml.signing.private.key`.
pub const PRIVATE_KEY: &str = ".private.key";

/// Takes private keys out of the attributes of a client, and seals them. What is no key is not kept.
///
/// # Errors
///
/// [`Error::Key`] if one cannot be sealed.
pub fn take_private_keys(app: &App, client: &mut Client) -> Result<(), Error> {
    let Some(Value::Object(attributes)) = client.doc.get_mut("attributes") else {
        return Ok(());
    };
    let names: Vec<String> = attributes
        .keys()
        .filter(|k| k.ends_with(PRIVATE_KEY))
        .cloned()
        .collect();
    let taken: Vec<(String, Value)> = names
        .into_iter()
        .filter_map(|name| attributes.shift_remove(&name).map(|value| (name, value)))
        .collect();
    for (name, value) in taken {
        let text = value.as_str().unwrap_or_default();
        let Some(key) = key_in(text) else {
            tracing::warn!("client {:?}: the attribute {name} holds no key", client.client_id);
            continue;
        };
        let sealed = app.db.seal(PRIVATE_KEY_PURPOSE, &client.id, &key)?;
        let keys = client.doc.entry(PRIVATE_KEYS).or_insert_with(|| Doc::new().into());
        if let Value::Object(keys) = keys {
            let of = name.trim_end_matches(PRIVATE_KEY).to_owned();
            keys.insert(of, b64url(&sealed).into());
        }
    }
    Ok(())
}

/// The bytes of a key in base64, with or without the lines around PEM.
fn key_in(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    let plain: String = lines.flat_map(|l| l.chars().filter(|c| !c.is_whitespace())).collect();
    let key = STANDARD.decode(plain).ok().filter(|key| !key.is_empty());
    key.map(Zeroizing::new)
}

/// The private keys of a client, by use, in base64.
///
/// # Errors
///
/// [`Error::Key`] if one was sealed with another key.
pub fn private_keys(app: &App, client: &Client) -> Result<Vec<(String, String)>, Error> {
    let Some(Value::Object(keys)) = client.doc.get(PRIVATE_KEYS) else {
        return Ok(Vec::new());
    };
    let mut opened = Vec::new();
    for (of, sealed) in keys {
        let sealed = b64url_decode(sealed.as_str().unwrap_or_default());
        let sealed = sealed.map_err(|e| Error::Corrupt(e.to_string()))?;
        let plain = app.db.open_sealed(PRIVATE_KEY_PURPOSE, &client.id, &sealed)?;
        opened.push((of.clone(), STANDARD.encode(&*plain)));
    }
    Ok(opened)
}

/// The member of a client's document with the seconds that each of its secrets is good for.
const LIFETIME: &str = "_secretLifetime";

/// Lets a secret that is made now, and those after it, expire after so many seconds, or never.
pub fn limit(doc: &mut Doc, now_seconds: i64, lifetime: Option<i64>) {
    match lifetime {
        Some(seconds) => doc.insert(LIFETIME.into(), seconds.into()),
        None => doc.shift_remove(LIFETIME),
    };
    renew_end(doc, now_seconds);
}

/// A new secret has its own time.
fn renew_end(doc: &mut Doc, now_seconds: i64) {
    let lifetime = doc.get(LIFETIME).and_then(Value::as_i64).map(json::moderate);
    let Some(attributes) = doc.get_mut("attributes").and_then(Value::as_object_mut) else {
        return;
    };
    match lifetime {
        Some(seconds) => attributes.insert(END.into(), (now_seconds + seconds).to_string().into()),
        None => attributes.shift_remove(END),
    };
}

/// When a secret ends, in epoch seconds: Keycloak's attribute.
const END: &str = "client.secret.expiration.time";

/// Says in the client when its secret was made.
pub fn stamp(doc: &mut Doc, now_seconds: i64) {
    let attributes = doc.entry("attributes").or_insert_with(|| Doc::new().into());
    if let Some(attributes) = attributes.as_object_mut() {
        attributes.insert("client.secret.creation.time".into(), now_seconds.to_string().into());
    }
}

/// Ends the overlap: what was replaced is dead.
pub fn forget_previous(client: &mut Client) {
    client.secrets.previous_hash = None;
    client.secrets.previous_expires = None;
    client.doc.shift_remove(PREVIOUS);
}

/// Whether a replaced secret is still good.
pub fn has_previous(app: &App, client: &Client) -> bool {
    let kept = client.secrets.previous_hash.is_some() || client.doc.contains_key(PREVIOUS);
    kept && client.secrets.previous_expires.is_some_and(|until| app.now() < until)
}

/// When a client's secret ends, in epoch seconds; `None`: never.
pub fn end(client: &Client) -> Option<i64> {
    client
        .attribute(END)
        .and_then(|at| at.parse().ok())
        .filter(|end| *end != 0)
}

fn expired(app: &App, client: &Client) -> bool {
    end(client).is_some_and(|end| app.now_seconds() >= end)
}

/// Leaves a client without secret.
pub fn remove(secrets: &mut Secrets) {
    secrets.hash = None;
    secrets.sealed = None;
    secrets.previous_hash = None;
    secrets.previous_expires = None;
}

/// Whether a client has a secret.
pub fn exists(secrets: &Secrets) -> bool {
    secrets.hash.is_some() || secrets.sealed.is_some()
}

/// The secret of a client, where it can be read back.
///
/// # Errors
///
/// [`Error::Key`] if it was sealed with another key.
pub fn reveal(app: &App, client: &Client) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let sealed = client.secrets.sealed.as_deref();
    sealed
        .map(|sealed| app.db.open_sealed(PURPOSE, &client.id, sealed))
        .transpose()
}

/// Whether this is the client's secret, or the one before while it is still good. An expired secret is dead.
///
/// # Errors
///
/// [`Error::Key`] if the secret was sealed with another key.
pub fn matches(app: &App, client: &Client, given: &str) -> Result<bool, Error> {
    let (secrets, given_hash) = (&client.secrets, hash(given));
    let same = |kept: &str| constant_time_eq(kept.as_bytes(), given_hash.as_bytes());
    if !expired(app, client) {
        let current = match (&secrets.hash, chosen(app, client)?) {
            (Some(kept), _) => same(kept),
            (None, Some(kept)) => constant_time_eq(&kept, &sha256(given.as_bytes())),
            (None, None) => false,
        };
        if current {
            return Ok(true);
        }
    }
    if !has_previous(app, client) {
        return Ok(false);
    }
    if let Some(kept) = secrets.previous_hash.as_deref() {
        return Ok(same(kept));
    }
    let chosen = previous(app, client)?;
    Ok(chosen.is_some_and(|chosen| constant_time_eq(&sha256(&chosen), &sha256(given.as_bytes()))))
}

/// The secret before this one, where its value is kept and still good.
fn previous(app: &App, client: &Client) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some(sealed) = json::text(&client.doc, PREVIOUS).filter(|_| has_previous(app, client)) else {
        return Ok(None);
    };
    let sealed = b64url_decode(sealed).map_err(|e| Error::Corrupt(e.to_string()))?;
    app.db.open_sealed(PREVIOUS_PURPOSE, &client.id, &sealed).map(Some)
}

/// The secrets with which a client may sign now: its own unless that has expired, and the one before while it is good.
///
/// # Errors
///
/// [`Error::Key`] if one was sealed with another key.
pub fn keys(app: &App, client: &Client) -> Result<Vec<Zeroizing<Vec<u8>>>, Error> {
    let own = if expired(app, client) {
        None
    } else {
        reveal(app, client)?
    };
    Ok(own.into_iter().chain(previous(app, client)?).collect())
}

/// SHA-256 of secrets that were opened, by what is stored of them: no two are sealed alike. Here only, for as long as this
/// process lives.
static OPENED: LazyLock<Cache<Vec<u8>, [u8; 32]>> = LazyLock::new(|| Cache::new(10_000));

/// SHA-256 of a secret that somebody chose.
fn chosen(app: &App, client: &Client) -> Result<Option<[u8; 32]>, Error> {
    let Some(sealed) = client.secrets.sealed.as_ref().filter(|_| client.secrets.hash.is_none()) else {
        return Ok(None);
    };
    if let Some(known) = OPENED.get(sealed) {
        return Ok(Some(known));
    }
    let opened = reveal(app, client)?.map(|plain| sha256(&plain));
    if let Some(opened) = opened {
        OPENED.insert(sealed.clone(), opened);
    }
    Ok(opened)
}

fn hash(secret: &str) -> String {
    b64url(&sha256(secret.as_bytes()))
}
