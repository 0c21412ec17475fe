//! What exports of older versions lack and this server relies on: Keycloak's own migrations, as far as they matter here.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::texts;
use crate::profile;
use crate::store::json::{Doc, attribute, flag, text};

/// The version that wrote a document: major and minor. None for one that was written by hand.
fn version(given: &Doc) -> Option<(u32, u32)> {
    let mut numbers = text(given, "keycloakVersion")?.split('.');
    let mut next = || numbers.next().and_then(|n| n.parse().ok());
    Some((next()?, next().unwrap_or(0)))
}

/// Brings a document up to date. `defaults`: those of a new realm.
pub(super) fn bring_up_to_date(given: &mut Doc, defaults: &Value) {
    own_roles(given, defaults);
    let Some(version) = version(given) else { return };
    if version < (24, 0) {
        unmanaged_attributes(given);
    }
    // What was in every token became the scope `basic`.
    if version < (25, 0) {
        scope(
            given,
            defaults,
            "basic",
            "defaultDefaultClientScopes",
            "defaultClientScopes",
        );
    }
    if version < (26, 0) {
        scope(
            given,
            defaults,
            "organization",
            "defaultOptionalClientScopes",
            "optionalClientScopes",
        );
        light_tokens(given);
    }
}

/// The programs that administer get light tokens since 26, and what their bearer may do is looked up: whatever roles the scope of a
/// client allowed until then.
fn light_tokens(given: &mut Doc) {
    let clients = given.get_mut("clients").and_then(Value::as_array_mut);
    for client in clients.into_iter().flatten().filter_map(Value::as_object_mut) {
        if !matches!(text(client, "clientId"), Some("admin-cli" | "security-admin-console")) {
            continue;
        }
        client.insert("fullScopeAllowed".into(), json!(true));
        if let Value::Object(attributes) = client.entry("attributes").or_insert_with(|| json!({})) {
            attributes.insert("client.use.lightweight.access.token.enabled".into(), json!("true"));
        }
    }
}

/// Before 24 a realm without a declared profile took every attribute.
fn unmanaged_attributes(given: &mut Doc) {
    let declared = attribute(given, "userProfileEnabled") == Some("true");
    if let Some(Value::Object(attributes)) = given.get_mut("attributes") {
        attributes.shift_remove("userProfileEnabled");
    }
    let components = given.entry("components").or_insert_with(|| json!({}));
    let Value::Object(components) = components else { return };
    let there = components.get(profile::config::PROVIDER_TYPE).and_then(Value::as_array);
    if declared || there.is_some_and(|all| !all.is_empty()) {
        return;
    }
    let mut config = profile::config::default_document();
    config.insert("unmanagedAttributePolicy".into(), json!("ENABLED"));
    let component = json!({
        "providerId": "declarative-user-profile", "subComponents": {},
        "config": { (profile::config::SETTING): [Value::Object(config).to_string()] }
    });
    components.insert(profile::config::PROVIDER_TYPE.into(), json!([component]));
}

/// Adds a scope of today to a realm that brings scopes but not this one, and to its clients.
fn scope(given: &mut Doc, defaults: &Value, name: &str, of_realm: &str, of_clients: &str) {
    let default = defaults["clientScopes"].as_array().into_iter().flatten();
    let Some(default) = default.into_iter().find(|s| s["name"] == name).cloned() else {
        return;
    };
    let Some(Value::Array(scopes)) = given.get_mut("clientScopes") else {
        return;
    };
    if scopes.iter().any(|s| s["name"] == name) {
        return;
    }
    scopes.push(default);
    if let Some(Value::Array(names)) = given.get_mut(of_realm) {
        names.push(json!(name));
    }
    let clients = given.get_mut("clients").and_then(Value::as_array_mut);
    for client in clients.into_iter().flatten().filter_map(Value::as_object_mut) {
        let speaks = text(client, "protocol").is_none_or(|p| p == "openid-connect") && !flag(client, "bearerOnly");
        if speaks && let Some(Value::Array(names)) = client.get_mut(of_clients) {
            names.push(json!(name));
        }
    }
}

/// Roles of `realm-management` that a document lacks: those of later versions, and our own (contract 4). Who administers
/// the realm has them.
fn own_roles(given: &mut Doc, defaults: &Value) {
    const HOLDER: &str = "realm-management";
    let is_old = version(given).is_some_and(|v| v < (26, 7));
    let Some(Value::Array(roles)) = given
        .get_mut("roles")
        .and_then(|r| r.get_mut("client")?.get_mut(HOLDER))
    else {
        return;
    };
    if roles.is_empty() {
        return;
    }
    let there: HashSet<String> = roles
        .iter()
        .filter_map(|r| r["name"].as_str().map(str::to_owned))
        .collect();
    let ours = |name: &str| matches!(name, "create-users" | "view-registrations" | "manage-registrations");
    let mut added = Vec::new();
    for default in defaults["roles"]["client"][HOLDER].as_array().into_iter().flatten() {
        let name = default["name"].as_str().unwrap_or_default();
        if !there.contains(name) && (is_old || ours(name)) && name != "realm-admin" {
            roles.push(default.clone());
            added.push(name.to_owned());
        }
    }
    let all = roles.iter_mut().filter_map(Value::as_object_mut);
    let Some(admin) = all.into_iter().find(|r| text(r, "name") == Some("realm-admin")) else {
        return;
    };
    let parts = admin.entry("composites").or_insert_with(|| json!({}));
    let Some(parts) = parts.as_object_mut() else { return };
    let of_clients = parts.entry("client").or_insert_with(|| json!({}));
    let names: Vec<String> = of_clients
        .as_object()
        .into_iter()
        .flat_map(|c| texts(c, HOLDER))
        .map(str::to_owned)
        .collect();
    if let Value::Object(of_clients) = of_clients {
        of_clients.insert(HOLDER.into(), json!([names, added].concat()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::items;
    use super::*;

    #[test]
    fn clients_of_an_old_realm_get_the_scope_that_says_who_somebody_is() {
        let mut given = json!({
            "keycloakVersion": "20.0.5", "clientScopes": [{ "name": "profile" }], "defaultDefaultClientScopes": ["profile"],
            "clients": [{ "clientId": "a", "defaultClientScopes": ["profile"] },
                        { "clientId": "s", "protocol": "saml", "defaultClientScopes": [] }]
        });
        let defaults = crate::realm_setup::defaults_of("x").unwrap();
        let given = given.as_object_mut().unwrap();
        bring_up_to_date(given, &defaults);
        assert_eq!(given["defaultDefaultClientScopes"], json!(["profile", "basic"]));
        assert_eq!(given["clients"][0]["defaultClientScopes"], json!(["profile", "basic"]));
        assert_eq!(given["clients"][1]["defaultClientScopes"], json!([]));
        let names: Vec<&str> = items(given, "clientScopes").filter_map(|s| text(s, "name")).collect();
        assert_eq!(names, ["profile", "basic", "organization"]);
        assert!(given["components"].to_string().contains("ENABLED"));
    }

    #[test]
    fn programs_that_administer_an_old_realm_may_look_its_roles_up() {
        let defaults = crate::realm_setup::defaults_of("x").unwrap();
        for (version, is_old) in [("24.0.1", true), ("25.0.6", true), ("26.0.0", false)] {
            let mut given = json!({
                "keycloakVersion": version, "clients": [
                    { "clientId": "admin-cli", "fullScopeAllowed": false, "attributes": { "a": "b" } },
                    { "clientId": "security-admin-console", "fullScopeAllowed": false },
                    { "clientId": "app", "fullScopeAllowed": false }]
            });
            let given = given.as_object_mut().unwrap();
            bring_up_to_date(given, &defaults);
            let said: Vec<(bool, bool)> = items(given, "clients")
                .map(|c| {
                    let light = attribute(c, "client.use.lightweight.access.token.enabled") == Some("true");
                    (flag(c, "fullScopeAllowed"), light)
                })
                .collect();
            assert_eq!(said, [(is_old, is_old), (is_old, is_old), (false, false)], "{version}");
            assert_eq!(given["clients"][0]["attributes"]["a"], "b");
        }
    }

    #[test]
    fn administrators_of_an_imported_realm_see_registrations() {
        let mut given = json!({
            "keycloakVersion": "26.7.4",
            "roles": { "client": { "realm-management": [{ "name": "realm-admin", "composites": { "client": { "realm-management": ["view-users"] } } }] } }
        });
        let defaults = crate::realm_setup::defaults_of("x").unwrap();
        let given = given.as_object_mut().unwrap();
        bring_up_to_date(given, &defaults);
        let roles = given["roles"]["client"]["realm-management"].as_array().unwrap();
        assert_eq!(roles.len(), 4);
        let parts = &roles[0]["composites"]["client"]["realm-management"];
        assert_eq!(
            parts,
            &json!([
                "view-users",
                "create-users",
                "manage-registrations",
                "view-registrations"
            ])
        );
    }
}
