//! The steps that flows can be made of, as Keycloak describes them, and the required actions that there are.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::super::server_info;
use crate::store::json::Doc;

static CATALOG: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("catalog.json")).unwrap_or_default());

/// The kinds of steps.
const KINDS: [&str; 4] = ["authenticator", "form-action", "form", "client-authenticator"];

/// The steps of a kind, as lists show them.
pub fn providers(kind: &str) -> Vec<Doc> {
    let all = CATALOG["providers"][kind].as_array().into_iter().flatten();
    let shown = all.filter_map(Value::as_object).map(|step| {
        let own = step
            .iter()
            .filter(|(k, _)| !matches!(k.as_str(), "choices" | "configurable"));
        own.map(|(k, v)| (k.clone(), v.clone())).collect()
    });
    shown.collect()
}

fn step(id: &str) -> Option<&'static Value> {
    KINDS
        .iter()
        .find_map(|kind| CATALOG["providers"][kind].as_array()?.iter().find(|s| s["id"] == id))
}

/// Whether there is a step with an id.
pub fn has(id: &str) -> bool {
    step(id).is_some()
}

/// The name of a step for people.
pub fn name(id: &str) -> Option<&'static str> {
    step(id)?["displayName"].as_str()
}

/// Which requirements a step can have.
pub fn choices(id: &str) -> Value {
    let known = step(id).map(|s| s["choices"].clone()).filter(|c| !c.is_null());
    known.unwrap_or_else(|| json!(["REQUIRED", "ALTERNATIVE", "DISABLED"]))
}

/// Whether a step has settings.
pub fn configurable(id: &str) -> bool {
    step(id).is_some_and(|s| s["configurable"] == true)
}

/// The component types under which the settings of steps are described.
const TYPES: [&str; 3] = [
    "org.keycloak.authentication.Authenticator",
    "org.keycloak.authentication.FormAction",
    "org.keycloak.authentication.ClientAuthenticator",
];

/// What the settings of a step are: `AuthenticatorConfigInfoRepresentation`.
pub fn describe(id: &str) -> Option<Value> {
    let described = TYPES.iter().find_map(|t| server_info::component_type(t, id))?;
    let mut doc = Doc::new();
    doc.insert("name".into(), json!(name(id)?));
    doc.insert("providerId".into(), json!(id));
    if let Some(help) = described.get("helpText").filter(|h| !h.is_null()) {
        doc.insert("helpText".into(), help.clone());
    }
    doc.insert("properties".into(), described["properties"].clone());
    Some(Value::Object(doc))
}

/// Whether a setting of a step is known and no secret, so that its value may be shown.
pub fn shows(step: &str, setting: &str) -> bool {
    let described = TYPES.iter().find_map(|t| server_info::component_type(t, step));
    let properties = described.and_then(|d| d["properties"].as_array());
    properties.is_some_and(|all| all.iter().any(|p| p["name"] == setting && p["secret"] != true))
}

/// The settings of a required action; `None` if it has none.
pub fn action_settings(alias: &str) -> Option<&'static Value> {
    Some(&CATALOG["requiredActions"][alias]).filter(|p| p.is_array())
}

/// The required actions that there are, with their names.
pub fn actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    const NAMES: [(&str, &str); 14] = [
        ("TERMS_AND_CONDITIONS", "Terms and Conditions"),
        ("UPDATE_PROFILE", "Update Profile"),
        ("VERIFY_EMAIL", "Verify Email"),
        ("CONFIGURE_TOTP", "Configure OTP"),
        ("UPDATE_PASSWORD", "Update Password"),
        ("delete_account", "Delete Account"),
        ("UPDATE_EMAIL", "Update Email"),
        ("webauthn-register", "Webauthn Register"),
        ("webauthn-register-passwordless", "Webauthn Register Passwordless"),
        ("VERIFY_PROFILE", "Verify Profile"),
        ("delete_credential", "Delete Credential"),
        ("idp_link", "Linking Identity Provider"),
        ("CONFIGURE_RECOVERY_AUTHN_CODES", "Recovery Authentication Codes"),
        ("update_user_locale", "Update User Locale"),
    ];
    NAMES.into_iter()
}

/// The settings that client authenticators have at each client.
pub fn per_client() -> &'static Value {
    &CATALOG["perClient"]
}

/// The client profiles that every realm has.
pub fn global_profiles() -> &'static Value {
    &CATALOG["globalProfiles"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_described_as_keycloak_does() {
        let told = describe("reset-credential-email").expect("a known step");
        assert_eq!(told["name"], "Send Reset Email");
        assert_eq!(told["properties"][0]["name"], "force-login");
        assert!(shows("reset-credential-email", "force-login") && !shows("reset-credential-email", "x"));
        assert_eq!(choices("reset-credentials-choose-user"), json!(["REQUIRED"]));
        assert_eq!(providers("form").len(), 1);
    }
}
