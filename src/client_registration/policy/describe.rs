//! What administrators are told of policies, and what they may write into one.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Kind, expression, gifts, list, on_by_default, trusted_hosts};
use vestibule_oauth::authorize::ResponseType;
use vestibule_oauth::client_metadata::AuthMethod;

use crate::client_policy::whole;
use crate::rules::{self, About, Gives};
use crate::store::realm::{Component, Realm};

/// Keycloak's description of its eight providers, and ours beside them.
static PROVIDERS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("providers.json")).unwrap_or_default());

/// The answer of `client-registration-policy/providers`.
pub fn providers(realm: &Realm) -> Value {
    let mut all = PROVIDERS.clone();
    let mut scopes: Vec<&str> = realm.client_scopes.iter().map(|scope| scope.name.as_str()).collect();
    scopes.push("openid");
    let properties = all
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(|one| one["properties"].as_array_mut());
    for property in properties.flatten().filter(|p| p["name"] == "allowed-client-scopes") {
        property["options"] = json!(scopes);
    }
    all
}

/// Checks a policy that an administrator wrote.
///
/// # Errors
///
/// Keycloak's text: `error` for an unknown provider, `errorMessage` for a setting.
pub fn check(component: &Component) -> Result<(), Fault> {
    let kind = Kind::of(component);
    // Keycloak takes anything for its own.
    if kind.is_ours()
        && !component
            .sub_type
            .as_deref()
            .is_some_and(|whose| WHOSE.contains(&whose))
    {
        return Err(setting("subType must be anonymous, authenticated or token"));
    }
    match kind {
        Kind::Unknown => Err(Fault::Provider),
        Kind::MaxClients => match component
            .first("max-clients")
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            None => Err(setting("'Max Clients Per Realm' is required")),
            Some(text) if text.parse::<i32>().is_err() => Err(setting("'Max Clients Per Realm' should be a number")),
            Some(text) if text.starts_with('-') => Err(setting("'Max Clients Per Realm' must not be negative")),
            Some(_) => Ok(()),
        },
        Kind::TrustedHosts => {
            for (key, label) in TRUSTED_SWITCHES {
                match component.first(key).filter(|value| !value.is_empty()) {
                    Some("true" | "false") => {}
                    None => return Err(Fault::Setting(format!("'{label}' is required").into())),
                    Some(_) => return Err(Fault::Setting(format!("'{label}' should be 'true' or 'false'").into())),
                }
            }
            if !TRUSTED_SWITCHES.iter().any(|(key, _)| on_by_default(component, key)) {
                return Err(setting(
                    "At least one of hosts verification or client URIs validation must be enabled",
                ));
            }
            hosts(component, "trusted-hosts")
        }
        Kind::RedirectUris => {
            let patterns: Vec<_> = list(component, "patterns").collect();
            if patterns.iter().any(|pattern| whole(pattern).is_none()) {
                return Err(setting("'patterns' must be regular expressions"));
            }
            hosts(component, "hosts")?;
            let some = !patterns.is_empty() || list(component, "hosts").next().is_some();
            some.then_some(())
                .ok_or_else(|| setting("'hosts' or 'patterns' is required"))
        }
        Kind::GrantTypes => {
            entry(component, "grant-types", "'grant-types' is required")?;
            known(component, "grant-types", |name| GRANTS.contains(&name))
        }
        Kind::ResponseTypes => {
            entry(component, "response-types", "'response-types' is required")?;
            known(component, "response-types", |name| ResponseType::parse(name).is_some())
        }
        Kind::Authentication => {
            entry(component, "methods", "'methods' is required")?;
            known(component, "methods", |name| AuthMethod::parse(name).is_some())
        }
        Kind::Roles => entry(component, "roles", "'roles' is required"),
        Kind::DefaultScopes => entry(component, "scopes", "'scopes' is required"),
        Kind::Name => match component.first("pattern").map(whole) {
            Some(Some(_)) => Ok(()),
            Some(None) => Err(setting("'pattern' must be a regular expression")),
            None => Err(setting("'pattern' is required")),
        },
        Kind::SecretLifetime => match gifts::seconds(component) {
            Some(_) => Ok(()),
            None => Err(setting("'seconds' must be a number greater than 0")),
        },
        Kind::Expression => match expression::rule(component).trim() {
            "" => Err(setting("'rule' is required")),
            rule => rules::check(rule, About::Client, Gives::Truth)
                .map_err(|why| Fault::Setting(format!("'rule' cannot be used: {why}").into())),
        },
        _ => Ok(()),
    }
}

fn setting(text: &'static str) -> Fault {
    Fault::Setting(text.into())
}

/// What `trusted-hosts` looks at, with Keycloak's names.
const TRUSTED_SWITCHES: [(&str, &str); 2] = [
    (
        "host-sending-registration-request-must-match",
        "Host Sending Client Registration Request Must Match",
    ),
    ("client-uris-must-match", "Client URIs Must Match"),
];

/// Whether all entries of a list of hosts mean something.
fn hosts(component: &Component, key: &str) -> Result<(), Fault> {
    match list(component, key).find(|entry| !trusted_hosts::is_sound(entry)) {
        None => Ok(()),
        Some(entry) => Err(Fault::Setting(
            format!(
                "'{key}': {entry:?} is no host (a name, *.name, an address or a range of them), and no scheme of programs such \
                 as com.example.app:"
            )
            .into(),
        )),
    }
}

/// For whom a policy can be.
const WHOSE: [&str; 3] = ["anonymous", "authenticated", "token"];

/// Whether a list has an entry.
fn entry(component: &Component, key: &str, text: &'static str) -> Result<(), Fault> {
    list(component, key).next().map(drop).ok_or_else(|| setting(text))
}

/// The grants that an application can be registered for.
const GRANTS: [&str; 9] = [
    "authorization_code",
    "implicit",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
];

/// Whether every entry of a list means something.
fn known(component: &Component, key: &str, is_known: impl Fn(&str) -> bool) -> Result<(), Fault> {
    match list(component, key).find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => Err(Fault::Setting(format!("'{key}': {name:?} is not known").into())),
    }
}

/// Why a policy cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such provider.
    Provider,
    /// A setting is missing or wrong.
    Setting(Cow<'static, str>),
}

impl Fault {
    /// Keycloak's text.
    pub fn text(&self) -> &str {
        match self {
            Self::Provider => "Invalid provider type or no such provider",
            Self::Setting(text) => text,
        }
    }
}
