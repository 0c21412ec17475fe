//! What a new realm of Keycloak 26.7.4 holds (`defaults.json`, recorded from one).

use std::sync::LazyLock;

use serde_json::Value;

use crate::error::Error;

const TEXT: &str = include_str!("defaults.json");

/// The defaults, with `{realm}` where the realm's name stands.
pub(super) static DEFAULTS: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The defaults of a realm with a name, in the shape of `defaults.json`.
///
/// # Errors
///
/// [`Error::Corrupt`] if they are no JSON.
pub fn for_realm(name: &str) -> Result<Value, Error> {
    let mut all: Value = serde_json::from_str(TEXT)?;
    put_name(&mut all, name);
    Ok(all)
}

fn put_name(value: &mut Value, name: &str) {
    match value {
        Value::String(text) if text.contains("{realm}") => *text = text.replace("{realm}", name),
        Value::Array(all) => all.iter_mut().for_each(|v| put_name(v, name)),
        Value::Object(map) => map.values_mut().for_each(|v| put_name(v, name)),
        _ => {}
    }
}
