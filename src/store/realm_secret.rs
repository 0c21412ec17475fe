//! Secrets among a realm's settings: sealed in the database, open in the snapshot (contract 1).

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode};

use super::db::Tx;
use super::json::Doc;
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

/// Opens what is sealed in a component's document; what cannot be opened is empty.
pub(super) fn open_component(key: &SecretKey, realm_id: &str, doc: &mut Doc) {
    for (name, value) in secrets_of_component(doc) {
        unseal(key, &format!("component-secret/{name}"), realm_id, value);
        if value.is_null() {
            *value = Value::from("");
        }
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

/// Seals a text that is not empty, for a purpose and an owner.
pub(super) fn seal(tx: &Tx, purpose: &str, owner: &str, value: &mut Value) -> Result<(), Error> {
    if let Some(plain) = value.as_str().filter(|s| !s.is_empty()) {
        let sealed = tx.seal(purpose, owner, plain.as_bytes())?;
        *value = Value::String(format!("{MARK}{}", b64url(&sealed)));
    }
    Ok(())
}

/// Opens what [`seal`] made of a text; one that the present key cannot open becomes null, with a line in the log.
pub(super) fn unseal(key: &SecretKey, purpose: &str, owner: &str, value: &mut Value) {
    let Some(text) = value.as_str().and_then(|s| s.strip_prefix(MARK)) else {
        return;
    };
    let sealed = b64url_decode(text).map_err(|e| Error::Key(e.to_string()));
    *value = match sealed.and_then(|sealed| key.open(purpose, owner.as_bytes(), &sealed)) {
        Ok(plain) => Value::String(String::from_utf8_lossy(&plain).into_owned()),
        Err(e) => {
            tracing::warn!("{owner}: the secret {purpose} is left out: {e}");
            Value::Null
        }
    };
}

/// Opens what is sealed in a stored document. What the present secret key cannot open is left out, with a line in the
/// log: the realm works on, and the administrator enters the secret again.
pub(super) fn open(key: &SecretKey, realm_id: &str, doc: &mut Doc) {
    for (place, value) in secrets(doc) {
        unseal(key, &format!("realm-secret/{place}"), realm_id, value);
    }
}
