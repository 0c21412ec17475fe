//! Protocol mappers of clients and of client scopes.

use serde_json::{Value, json};

use crate::store::json::{self, Doc};

/// A mapper as it is kept: the members we know, with an id.
pub fn stored(given: &Doc, id: &str) -> Doc {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(id));
    for member in ["name", "protocol", "protocolMapper"] {
        doc.insert(member.into(), json!(json::text(given, member).unwrap_or_default()));
    }
    doc.insert("consentRequired".into(), json!(json::flag(given, "consentRequired")));
    let config = given
        .get("config")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let config: Doc = config.into_iter().filter(|(_, v)| v.is_string()).collect();
    doc.insert("config".into(), Value::Object(config));
    doc
}
