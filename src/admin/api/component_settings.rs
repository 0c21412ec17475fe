//! What may stand in a component, what of it is secret, and what a provider fills in.

use axum::http::StatusCode;
use serde_json::Value;

use super::error::ApiError;
use super::server_info;
use crate::client_registration::policy::{self, Fault};
use crate::realm_setup;
use crate::secret_settings::MASK;
use crate::store::json::{self, Doc};
use crate::store::realm::Component;

/// The provider type of key providers.
pub const KEYS: &str = "org.keycloak.keys.KeyProvider";

/// Puts what was sent over a component. Lists of its configuration are replaced one by one; an empty one is taken away,
/// and the mask leaves the secret that is there.
pub fn merge(component: &mut Component, given: &Doc) {
    let text = |name: &str| json::text(given, name).map(str::to_owned);
    component.name = text("name").or(component.name.take());
    component.sub_type = text("subType").or(component.sub_type.take());
    component.parent_id = text("parentId").or(component.parent_id.take());
    component.provider_id = text("providerId").unwrap_or_else(|| component.provider_id.clone());
    component.provider_type = text("providerType").unwrap_or_else(|| component.provider_type.clone());
    let Some(config) = given.get("config").and_then(Value::as_object) else {
        return;
    };
    let is_key = component.provider_type == KEYS;
    for (name, values) in config {
        if is_key && !is_declared(component, name) {
            continue;
        }
        // `null` in a list is no value, and instead of a list it takes the setting away.
        let texts = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        let values: Vec<String> = texts.map(str::to_owned).collect();
        if values.iter().all(String::is_empty) {
            component.config.remove(name);
        } else if !(values == [MASK] && is_secret(component, name)) {
            component.config.insert(name.clone(), values);
        }
    }
}

/// Whether a provider declares a setting, so that administrators see it.
pub fn is_declared(component: &Component, name: &str) -> bool {
    property(component, name).is_some()
}

/// Whether a setting is hidden from everybody.
pub fn is_secret(component: &Component, name: &str) -> bool {
    property(component, name).is_some_and(|p| p["secret"] == true) || name.ends_with(".secret")
}

fn properties(component: &Component) -> &'static [Value] {
    let found = server_info::component_type(&component.provider_type, &component.provider_id);
    found
        .and_then(|t| t["properties"].as_array())
        .map_or(&[], Vec::as_slice)
}

fn property(component: &Component, name: &str) -> Option<&'static Value> {
    properties(component).iter().find(|p| p["name"] == name)
}

/// Keycloak's checks of a component.
///
/// # Errors
///
/// 400 with Keycloak's text.
pub fn check(component: &Component) -> Result<(), ApiError> {
    let unknown = || ApiError::error(StatusCode::BAD_REQUEST, Fault::Provider.text());
    if component.provider_type == policy::TYPE {
        return match policy::check(component) {
            Ok(()) => Ok(()),
            Err(Fault::Provider) => Err(unknown()),
            Err(fault @ Fault::Setting(_)) => Err(ApiError::bad(fault.text())),
        };
    }
    if server_info::component_type(&component.provider_type, &component.provider_id).is_none() {
        return Err(unknown());
    }
    if component.provider_type == KEYS {
        check_key(component)?;
    }
    Ok(())
}

/// What people call a setting.
fn label<'a>(component: &Component, name: &'a str) -> &'a str {
    property(component, name)
        .and_then(|p| p["label"].as_str())
        .unwrap_or(name)
}

fn check_key(component: &Component) -> Result<(), ApiError> {
    if component.first("priority").is_some_and(|p| p.parse::<i64>().is_err()) {
        return Err(ApiError::bad(&format!(
            "'{}' should be a number",
            label(component, "priority")
        )));
    }
    for flag in ["enabled", "active"] {
        if component.first(flag).is_some_and(|v| !matches!(v, "true" | "false")) {
            return Err(ApiError::bad(&format!(
                "'{}' should be 'true' or 'false'",
                label(component, flag)
            )));
        }
    }
    for name in [
        "keySize",
        "secretSize",
        "ecdsaEllipticCurveKey",
        "eddsaEllipticCurveKey",
        "ecdhEllipticCurveKey",
    ] {
        let options = property(component, name).map_or(&[][..], |p| p["options"].as_array().map_or(&[], Vec::as_slice));
        let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        if let (Some(value), Some((last, rest))) = (component.first(name), options.split_last())
            && !options.contains(&value)
        {
            let text = format!("'{}' should be {} or {last}", label(component, name), rest.join(", "));
            return Err(ApiError::bad(&text));
        }
    }
    if matches!(component.provider_id.as_str(), "rsa" | "rsa-enc") && component.first("privateKey").is_none() {
        return Err(ApiError::bad("'Private RSA Key' is required"));
    }
    match realm_setup::provider_fault(component) {
        Some(fault) => Err(ApiError::bad(&fault)),
        None => Ok(()),
    }
}

/// Writes the settings that Keycloak's key providers write into themselves.
pub fn fill(component: &mut Component) {
    let (name, value) = match component.provider_id.as_str() {
        "ecdsa-generated" => ("ecdsaEllipticCurveKey", "P-256"),
        "eddsa-generated" => ("eddsaEllipticCurveKey", "Ed25519"),
        "ecdh-generated" => ("ecdhEllipticCurveKey", "P-256"),
        _ => return,
    };
    component
        .config
        .entry(name.to_owned())
        .or_insert_with(|| vec![value.to_owned()]);
}

/// Whether a key provider must make its key anew.
pub fn needs_new_key(before: &Component, after: &Component) -> bool {
    let shaping = [
        "keySize",
        "secretSize",
        "algorithm",
        "ecdsaEllipticCurveKey",
        "eddsaEllipticCurveKey",
    ];
    shaping.iter().any(|name| before.first(name) != after.first(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(provider: &str, config: &Value) -> String {
        let component: Component = serde_json::from_value(json!({
            "id": "x", "providerId": provider, "providerType": KEYS, "config": config
        }))
        .expect("a component");
        match check(&component) {
            Err(ApiError::Refused(_, body)) => body["errorMessage"].as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    #[test]
    fn keys_are_checked_with_keycloaks_words() {
        let size = json!({ "keySize": ["1000"] });
        assert_eq!(
            refusal("rsa-generated", &size),
            "'Key size' should be 1024, 2048, 3072 or 4096"
        );
        let size = json!({ "secretSize": ["3"] });
        let text = "'Secret size' should be 16, 24, 32, 64, 128, 256 or 512";
        assert_eq!(refusal("hmac-generated", &size), text);
        assert_eq!(
            refusal("rsa-generated", &json!({ "priority": ["x"] })),
            "'Priority' should be a number"
        );
        assert_eq!(refusal("rsa", &json!({})), "'Private RSA Key' is required");
    }
}
