//! What of a new realm's defaults an import replaces, as Keycloak does.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{items, texts};
use crate::store::json::{Doc, text};

pub(super) const KEYS: &str = "org.keycloak.keys.KeyProvider";

/// The defaults without what `given` brings itself.
pub(super) fn without(mut all: Value, given: &Doc, name: &str) -> Value {
    let roles = given
        .get("roles")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let role_names: HashSet<&str> = items(&roles, "realm").filter_map(|r| text(r, "name")).collect();
    if given.get("clientScopes").is_some_and(Value::is_array) {
        scopes(&mut all, given, &role_names);
    }
    if let Some(Value::Array(clients)) = all.get_mut("clients") {
        let brought: HashSet<&str> = items(given, "clients").filter_map(|c| text(c, "clientId")).collect();
        // The page of accounts comes with the client of accounts.
        let is_brought = |id: &str| brought.contains(id) || id == "account-console" && brought.contains("account");
        clients.retain(|c| !is_brought(c["clientId"].as_str().unwrap_or_default()));
    }
    if let Some(Value::Array(defaults)) = all["roles"].get_mut("realm") {
        let usual = format!("default-roles-{name}");
        let other = default_role(given).is_some_and(|n| n != usual.to_lowercase());
        let is_brought = |n: &str| {
            role_names.contains(n) || n == usual && (other || role_names.contains(usual.to_lowercase().as_str()))
        };
        defaults.retain(|r| !is_brought(r["name"].as_str().unwrap_or_default()));
    }
    if given.get("requiredActions").is_some_and(Value::is_array) {
        all["requiredActions"] = json!([]);
    }
    flows(&mut all, given);
    components(&mut all, given);
    all
}

/// The name of the default role that a representation names.
pub(super) fn default_role(given: &Doc) -> Option<&str> {
    text(given.get("defaultRole")?.as_object()?, "name")
}

/// A realm that brings scopes has those and no others, but for the one of offline access.
fn scopes(all: &mut Value, given: &Doc, roles: &HashSet<&str>) {
    let offline = "offline_access";
    let brought = roles.contains(offline) || items(given, "clientScopes").any(|s| text(s, "name") == Some(offline));
    if let Some(Value::Array(defaults)) = all.get_mut("clientScopes") {
        defaults.retain(|s| !brought && s["name"] == offline);
    }
    all["realm"]["defaultDefaultClientScopes"] = json!([]);
    all["realm"]["defaultOptionalClientScopes"] = if brought { json!([]) } else { json!([offline]) };
}

/// Flows that are brought replace those of the same name, with all that is below them.
fn flows(all: &mut Value, given: &Doc) {
    let brought: HashSet<&str> = items(given, "authenticationFlows")
        .filter_map(|f| text(f, "alias"))
        .collect();
    if brought.is_empty() {
        return;
    }
    let flows = all["flows"].as_array().cloned().unwrap_or_default();
    let mut gone: HashSet<String> = HashSet::new();
    let mut open: Vec<String> = flows
        .iter()
        .filter(|f| f["topLevel"] == true)
        .filter_map(|f| f["alias"].as_str().filter(|a| brought.contains(a)).map(str::to_owned))
        .collect();
    while let Some(alias) = open.pop() {
        if !gone.insert(alias.clone()) {
            continue;
        }
        let inner = flows.iter().filter(|f| f["alias"] == alias.as_str());
        let inner = inner.flat_map(|f| f["executions"].as_array().into_iter().flatten());
        open.extend(inner.filter_map(|e| e["flowAlias"].as_str().map(str::to_owned)));
    }
    let kept: Vec<Value> = flows
        .into_iter()
        .filter(|f| !gone.contains(f["alias"].as_str().unwrap_or_default()))
        .collect();
    let used: HashSet<String> = kept
        .iter()
        .flat_map(|f| f["executions"].as_array().into_iter().flatten())
        .filter_map(|e| e["authenticatorConfig"].as_str().map(str::to_owned))
        .collect();
    if let Some(Value::Array(configs)) = all.get_mut("authenticatorConfigs") {
        configs.retain(|c| used.contains(c["alias"].as_str().unwrap_or_default()));
    }
    all["flows"] = kept.into();
}

/// Components that are brought replace those of their type. This server cannot do without a key for what only it reads,
/// nor without one to sign with.
fn components(all: &mut Value, given: &Doc) {
    let empty = Doc::new();
    let brought = given.get("components").and_then(Value::as_object).unwrap_or(&empty);
    let setting = |c: &Doc, name: &str| {
        let config = c.get("config").and_then(Value::as_object);
        config.and_then(|config| texts(config, name).next().map(str::to_owned))
    };
    let is = |c: &Doc, provider: &str| text(c, "providerId") == Some(provider);
    let has_internal =
        items(brought, KEYS).any(|c| is(c, "hmac-generated") && setting(c, "algorithm").as_deref() == Some("HS512"));
    let has_signing = items(brought, KEYS).any(|c| {
        let provider = text(c, "providerId").unwrap_or_default();
        matches!(
            provider,
            "rsa" | "rsa-generated" | "ecdsa-generated" | "eddsa-generated"
        )
    });
    if let Some(Value::Array(defaults)) = all.get_mut("components") {
        defaults.retain(|c| {
            let kind = c["providerType"].as_str().unwrap_or_default();
            let replaced = brought
                .get(kind)
                .and_then(Value::as_array)
                .is_some_and(|a| !a.is_empty());
            let needed = kind == KEYS
                && (!has_internal && c["providerId"] == "hmac-generated"
                    || !has_signing && c["providerId"] == "rsa-generated");
            !replaced || needed
        });
    }
}
