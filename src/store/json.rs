//! Reading Keycloak's JSON documents: members of a map that may be missing or, in old exports, of another type.

use serde_json::{Map, Value};

/// A JSON object with its members in order.
pub type Doc = Map<String, Value>;

/// Before a sealed value that no secret key opened: it is kept as it is and means nothing to anybody. Nobody types such a text.
pub(super) const UNOPENED: &str = "\u{1}sealed:";

/// Parses a stored document.
///
/// # Errors
///
/// [`crate::error::Error::Corrupt`] if it is not a JSON object.
pub fn parse(text: &str) -> Result<Doc, crate::error::Error> {
    Ok(serde_json::from_str(text)?)
}

/// Whether a switch is on. Absent is off; `"true"` counts, as exports of old versions have it.
pub fn flag(doc: &Doc, key: &str) -> bool {
    match doc.get(key) {
        Some(Value::Bool(b)) => *b,
        Some(Value::String(s)) => s == "true",
        _ => false,
    }
}

/// A whole number, or 0; not larger than can be reckoned with ([`moderate`]).
pub fn number(doc: &Doc, key: &str) -> i64 {
    moderate(match doc.get(key) {
        Some(Value::Number(n)) => n.as_i64().unwrap_or(0),
        Some(Value::String(s)) => s.parse().unwrap_or(0),
        _ => 0,
    })
}

/// A number of seconds that somebody wrote, as far as it can be added to others and counted in milliseconds: what is beyond
/// 35 million years is as good as that.
pub fn moderate(number: i64) -> i64 {
    const MOST: i64 = 1 << 50;
    number.clamp(-MOST, MOST)
}

/// A whole number that was written as text, such as an attribute with seconds; as [`number`], but none where there is none.
pub fn written(text: Option<&str>) -> Option<i64> {
    text?.parse().ok().map(moderate)
}

/// Attributes without those that have no values.
pub fn without_empty(attributes: &Value) -> Value {
    let mut kept = attributes.clone();
    if let Some(all) = kept.as_object_mut() {
        all.retain(|_, values| values.as_array().is_none_or(|values| !values.is_empty()));
    }
    kept
}

/// A text that is there and not empty.
pub fn text<'a>(doc: &'a Doc, key: &str) -> Option<&'a str> {
    doc.get(key).and_then(Value::as_str).filter(|s| says_something(s))
}

fn says_something(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(UNOPENED)
}

/// A list of texts; absent is empty.
pub fn texts<'a>(doc: &'a Doc, key: &str) -> Vec<&'a str> {
    doc.get(key)
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |a| a.iter().filter_map(Value::as_str).collect())
}

/// A member of the member `attributes` that is a text and not empty.
pub fn attribute<'a>(doc: &'a Doc, key: &str) -> Option<&'a str> {
    doc.get("attributes")
        .and_then(|a| a.get(key))
        .and_then(Value::as_str)
        .filter(|s| says_something(s))
}
