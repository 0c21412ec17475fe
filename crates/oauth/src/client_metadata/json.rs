//! Reading JSON as leniently, and refusing it in the words, as Keycloak does.

use super::refuse;
use crate::error::Refusal;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reads the body of a registration. Of a repeated member the last one counts, and what
/// follows the object is overlooked, as in Keycloak.
///
/// # Errors
///
/// Broken syntax is `invalid_request`, another kind of value `unknown_error`, both "Cannot
/// parse the JSON"; nothing at all or `null` is `invalid_client_metadata`.
///
/// ```
/// use vestibule_oauth::client_metadata::read_object;
/// assert!(read_object(br#"{"redirect_uris": []} trailing"#).is_ok());
/// assert_eq!(read_object(b"{").unwrap_err().code, "invalid_request");
/// assert_eq!(read_object(b"[]").unwrap_err().code, "unknown_error");
/// assert_eq!(read_object(b"null").unwrap_err().code, "invalid_client_metadata");
/// ```
pub fn read_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    const WHAT: &str = "Cannot parse the JSON";
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(refuse("The client metadata must be a JSON object"));
    }
    let text = std::str::from_utf8(body).map_err(|_| Refusal::new(400, "HTTP 400 Bad Request", WHAT))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    match Value::deserialize(&mut reader) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Err(refuse("The client metadata must be a JSON object")),
        Ok(_) => Err(wrong_type()),
        Err(_) => Err(Refusal::new(400, "invalid_request", WHAT)),
    }
}

/// A member of the wrong type.
pub(super) fn wrong_type() -> Refusal {
    Refusal::new(400, "unknown_error", "Cannot parse the JSON")
}

/// A member that is there; `null` is not.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A text; numbers and booleans count as what they look like.
pub(super) fn text(value: &Value) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(wrong_type()),
    }
}

/// `true` or `false`, also as a text.
pub(super) fn flag(value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => number.as_i64().map(|n| n != 0).ok_or_else(wrong_type),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(wrong_type()),
    }
}

/// A number of 32 bits, also as a text.
pub(super) fn number(value: &Value) -> Result<i32, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|n| n.trunc() as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.and_then(|n| i32::try_from(n).ok()).ok_or_else(wrong_type)
}

/// A list of texts without its nulls.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, Refusal> {
    let entries = value.as_array().ok_or_else(wrong_type)?;
    entries.iter().filter(|entry| !entry.is_null()).map(text).collect()
}
