//! Secrets among a realm's settings: sealed in the database, open in the snapshot (contract 1).

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode};

use super::db::Tx;
use super::json::Doc;
use crate::error::Error;
use crate::secret_key::SecretKey;

/// Stands before a sealed value.
const MARK: &str = "sealed:";

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
