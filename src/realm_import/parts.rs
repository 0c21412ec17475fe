//! Small sets of an import: required actions, texts, client scopes.

use serde_json::{Value, json};

use super::{Refused, id_of, items, required};
use crate::secret_settings::{MASK, is_secret};
use crate::store::Tx;
use crate::store::json::{Doc, text};
use crate::store::part::{self, Kind};

/// Adds them.
pub(super) async fn add(tx: &mut Tx, realm_id: &str, given: &Doc) -> Result<(), Refused> {
    for sent in items(given, "requiredActions") {
        let alias = required(sent, "alias", "The alias of a required action")?;
        let mut doc = sent.clone();
        for (key, value) in [
            ("name", json!(alias)),
            ("providerId", json!(alias)),
            ("enabled", json!(false)),
            ("defaultAction", json!(false)),
            ("priority", json!(0)),
            ("config", json!({})),
        ] {
            doc.entry(key).or_insert(value);
        }
        part::put(tx, realm_id, Kind::RequiredAction, alias, alias, &doc).await?;
    }
    let texts = given.get("localizationTexts").and_then(Value::as_object);
    for (locale, messages) in texts.into_iter().flatten() {
        if let Some(messages) = messages.as_object() {
            part::put(tx, realm_id, Kind::Localization, locale, locale, messages).await?;
        }
    }
    for sent in items(given, "clientScopes") {
        let (id, name) = (id_of(sent), required(sent, "name", "Client scope name")?);
        let mut doc = sent.clone();
        doc.insert("id".into(), json!(id));
        if text(sent, "protocol").is_none() {
            doc.insert("protocol".into(), json!("openid-connect"));
        }
        without_null(&mut doc, "attributes");
        mappers(&mut doc);
        part::put(tx, realm_id, Kind::ClientScope, &id, name, &doc).await?;
    }
    Ok(())
}

/// Gives ids to protocol mappers that have none.
pub(super) fn mappers(doc: &mut Doc) {
    let all = doc.get_mut("protocolMappers").and_then(Value::as_array_mut);
    for mapper in all.into_iter().flatten().filter_map(Value::as_object_mut) {
        if text(mapper, "id").is_none() {
            mapper.insert("id".into(), json!(crate::random::uuid()));
        }
        mapper.entry("consentRequired").or_insert_with(|| json!(false));
        without_null(mapper, "config");
    }
}

/// A map of texts without those that are null.
pub(super) fn without_null(doc: &mut Doc, member: &str) {
    if let Some(Value::Object(map)) = doc.get_mut(member) {
        // Stars stand for a secret that was not given away, and nothing is here that they could mean.
        map.retain(|name, value| !(value.is_null() || is_secret(name) && *value == MASK));
    }
}
