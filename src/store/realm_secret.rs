//! Secrets among a realm's settings: sealed in the database, open in the snapshot (contract 1).

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode};

use super::db::{Db, Tx};
use super::json::{self, Doc};
use super::realm;
use crate::error::Error;
use crate::secret_key::SecretKey;

/// Stands before a sealed value.
const MARK: &str = "sealed:";

/// Settings of components that are secrets, as far as a component keeps them itself: keys that this server understands
/// are kept in a table of their own.
const OF_COMPONENTS: &[&str] = &[
    "bindCredential",
    "privateKey",
    "secret",
    "ecdsaPrivateKey",
    "eddsaPrivateKey",
    "ecdhPrivateKey",
    "keystorePassword",
    "keyPassword",
];

/// The secret settings of a component's document.
fn secrets_of_component(doc: &mut Doc) -> impl Iterator<Item = (String, &mut Value)> {
    let config = doc.get_mut("config").and_then(Value::as_object_mut).into_iter();
    let secret = config.flat_map(|c| c.iter_mut().filter(|(name, _)| OF_COMPONENTS.contains(&name.as_str())));
    secret.flat_map(|(name, values)| {
        let values = values.as_array_mut().into_iter().flatten();
        values.map(|value| (name.clone(), value))
    })
}

/// A component's document as it is stored.
pub(super) fn sealed_component(tx: &Tx, realm_id: &str, doc: &Doc) -> Result<Doc, Error> {
    let mut doc = doc.clone();
    for (name, value) in secrets_of_component(&mut doc) {
        // One that was read without being opened is sealed already.
        if !value.as_str().is_some_and(|s| s.starts_with(MARK)) {
            seal(tx, &format!("component-secret/{name}"), realm_id, value)?;
        }
    }
    Ok(doc)
}

/// Opens what is sealed in a component's document.
pub(super) fn open_component(key: &SecretKey, realm_id: &str, doc: &mut Doc) {
    for (name, value) in secrets_of_component(doc) {
        unseal(key, &format!("component-secret/{name}"), realm_id, value);
    }
}

/// The members that are secrets: the mail password, and attributes whose name ends in `.secret`.
fn secrets(doc: &mut Doc) -> impl Iterator<Item = (String, &mut Value)> {
    let mut found = Vec::new();
    for (name, value) in doc.iter_mut() {
        if let Value::Object(map) = value {
            let is_secret = |key: &str| match name.as_str() {
                "smtpServer" => key == "password" || key == "authTokenClientSecret",
                "attributes" => key.ends_with(".secret"),
                _ => false,
            };
            found.extend(
                map.iter_mut()
                    .filter(|(key, _)| is_secret(key))
                    .map(|(key, value)| (format!("{name}/{key}"), value)),
            );
        }
    }
    found.into_iter()
}

/// The document as it is stored.
pub(super) fn sealed(tx: &Tx, realm_id: &str, doc: &Doc) -> Result<Doc, Error> {
    let mut doc = doc.clone();
    for (place, value) in secrets(&mut doc) {
        seal(tx, &format!("realm-secret/{place}"), realm_id, value)?;
    }
    Ok(doc)
}

/// Seals a text that is not empty, for a purpose and an owner. What no key opened ([`unseal`]) is written back as it was.
pub(super) fn seal(tx: &Tx, purpose: &str, owner: &str, value: &mut Value) -> Result<(), Error> {
    if let Some(kept) = value.as_str().and_then(|s| s.strip_prefix(json::UNOPENED)) {
        *value = Value::String(format!("{MARK}{kept}"));
    } else if let Some(plain) = value.as_str().filter(|s| !s.is_empty()) {
        let sealed = tx.seal(purpose, owner, plain.as_bytes())?;
        *value = Value::String(format!("{MARK}{}", b64url(&sealed)));
    }
    Ok(())
}

/// Opens what [`seal`] made of a text; one that the present key cannot open says nothing, with a line in the log, and is kept:
/// the key may be found again.
pub(super) fn unseal(key: &SecretKey, purpose: &str, owner: &str, value: &mut Value) {
    let Some(text) = value.as_str().and_then(|s| s.strip_prefix(MARK)) else {
        return;
    };
    let sealed = b64url_decode(text).map_err(|e| Error::Key(e.to_string()));
    *value = match sealed.and_then(|sealed| key.open(purpose, owner.as_bytes(), &sealed)) {
        Ok(plain) => Value::String(String::from_utf8_lossy(&plain).into_owned()),
        Err(e) => {
            tracing::warn!("{owner}: the secret {purpose} is left out: {e}");
            Value::String(format!("{}{text}", json::UNOPENED))
        }
    };
}

/// Whether something in a stored document was sealed with an earlier key. Not if something else cannot be opened at all: that
/// would be lost if the document were written again.
fn is_old(key: &SecretKey, realm_id: &str, doc: &mut Doc) -> bool {
    let (mut old, mut lost) = (false, false);
    for (place, value) in secrets(doc) {
        let Some(text) = value.as_str().and_then(|s| s.strip_prefix(MARK)) else {
            continue;
        };
        let (purpose, owner) = (format!("realm-secret/{place}"), realm_id.as_bytes());
        let sealed = b64url_decode(text).unwrap_or_default();
        old |= !key.is_newest(&purpose, owner, &sealed);
        lost |= key.open(&purpose, owner, &sealed).is_err();
    }
    old && !lost
}

/// Seals the secrets of realms again that an earlier secret key sealed, and says of how many realms.
///
/// # Errors
///
/// Those of the database.
pub async fn realms_again(db: &Db) -> Result<usize, Error> {
    let mut count = 0;
    for mut row in db.list("select id, doc from realm", &[]).await? {
        let (id, mut doc): (String, Doc) = (row.next()?, json::parse(&row.next::<String>()?)?);
        if is_old(db.secret_key(), &id, &mut doc) {
            let mut tx = db.begin().await?;
            realm::change(&mut tx, &id, |_| {}).await?;
            tx.commit().await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Seals a text again that an earlier key sealed. `false`: there is nothing to do, or no key opens it.
pub(super) fn seal_again(db: &Db, purpose: &str, owner: &str, value: &mut Value) -> bool {
    let sealed = value
        .as_str()
        .and_then(|s| s.strip_prefix(MARK))
        .and_then(|s| b64url_decode(s).ok());
    let Some(sealed) = sealed.filter(|s| !db.is_sealed_with_newest(purpose, owner, s)) else {
        return false;
    };
    let again = db
        .open_sealed(purpose, owner, &sealed)
        .and_then(|plain| db.seal(purpose, owner, &plain));
    match again {
        Ok(again) => {
            *value = Value::String(format!("{MARK}{}", b64url(&again)));
            true
        }
        Err(e) => {
            tracing::warn!("{owner}: {e}");
            false
        }
    }
}

/// Opens what is sealed in a stored document. What the present secret key cannot open is left out, with a line in the
/// log: the realm works on, and the administrator enters the secret again.
pub(super) fn open(key: &SecretKey, realm_id: &str, doc: &mut Doc) {
    for (place, value) in secrets(doc) {
        unseal(key, &format!("realm-secret/{place}"), realm_id, value);
    }
}
