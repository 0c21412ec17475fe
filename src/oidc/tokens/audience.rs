//! The claim `aud`: a text when there is one, a list when there are more.

use serde_json::Value;

use crate::store::json::Doc;

/// The audiences of a token.
pub fn of(claims: &Doc) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The claim for these audiences; none for none.
pub fn claim(mut audiences: Vec<String>) -> Option<Value> {
    match audiences.len() {
        0 => None,
        1 => audiences.pop().map(Value::String),
        _ => Some(Value::from(audiences)),
    }
}
