//! `IdentityProviderRepresentation`.

use serde_json::{Value, json};

use super::catalog;
use crate::admin::api::error::ApiError;
use crate::admin::api::json::members;
use crate::secret_settings::MASK;
use crate::store::identity_provider::{FIRST_FLOW, IdentityProvider, Mapper, POST_FLOW, SECRET};
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;

/// Members that name a flow, and where its id is kept.
pub(super) const FLOWS: [(&str, &str); 2] = [
    ("firstBrokerLoginFlowAlias", FIRST_FLOW),
    ("postBrokerLoginFlowAlias", POST_FLOW),
];

/// A provider as an administrator sees it.
pub fn full(realm: &Realm, p: &IdentityProvider) -> Value {
    let mut shown = Doc::new();
    for member in members(super::SHAPE) {
        let flow = FLOWS.iter().find(|(name, _)| *name == member);
        let value = match (member, flow) {
            ("alias", _) => json!(p.alias),
            ("internalId", _) => json!(p.id),
            ("providerId", _) => json!(p.provider_id),
            ("organizationId", _) => json!(p.organization_id),
            ("config", _) => config(p),
            ("organizationLinks", _) if p.organization_id.is_none() => Value::Null,
            ("types", _) => json!(catalog::types(&p.provider_id)),
            (_, Some((_, kept))) => {
                let flow = text(&p.doc, kept).and_then(|id| realm.flow(id));
                json!(flow.map(|f| f.alias.as_str()))
            }
            _ => p.doc.get(member).cloned().unwrap_or_default(),
        };
        if member == "config"
            && let Some(id) = &p.organization_id
        {
            // Keycloak 26.7 has it before the settings.
            shown.insert("organizationId".into(), json!(id));
        }
        let is_there = member == "organizationId" && shown.contains_key(member);
        if !value.is_null() && !is_there {
            shown.insert(member.to_owned(), value);
        }
    }
    Value::Object(shown)
}

fn config(p: &IdentityProvider) -> Value {
    let mut config = match p.doc.get("config") {
        Some(Value::Object(config)) => config.clone(),
        _ => Doc::new(),
    };
    if let Some(secret) = config.get_mut(SECRET) {
        *secret = json!(MASK);
    }
    if let Some(issuer) = catalog::issuer(&p.provider_id)
        && text(&config, "issuer").is_none()
    {
        config.insert("issuer".into(), json!(issuer));
    }
    Value::Object(config)
}

/// What lists show with `briefRepresentation`.
pub fn brief(p: &IdentityProvider) -> Value {
    let mut shown = Doc::new();
    shown.insert("alias".into(), json!(p.alias));
    if let Some(name) = p.doc.get("displayName") {
        shown.insert("displayName".into(), name.clone());
    }
    shown.insert("internalId".into(), json!(p.id));
    shown.insert("providerId".into(), json!(p.provider_id));
    shown.insert("enabled".into(), p.doc.get("enabled").cloned().unwrap_or(json!(true)));
    shown.insert("config".into(), json!({}));
    Value::Object(shown)
}

/// A mapper.
pub fn mapper(m: &Mapper) -> Value {
    json!({
        "id": m.id, "name": m.name, "identityProviderAlias": m.alias,
        "identityProviderMapper": m.doc.get("identityProviderMapper"), "config": m.doc.get("config")
    })
}

/// What was sent as it is told in admin events: secrets masked, with what was decided for it.
pub(super) fn told(given: &Doc, id: &str) -> Value {
    let mut told = Doc::new();
    for member in members(super::SHAPE) {
        let value = match member {
            "internalId" => Some(json!(id)),
            "enabled" => Some(given.get(member).cloned().unwrap_or(json!(true))),
            "config" => Some(given.get(member).cloned().unwrap_or_else(|| json!({}))),
            _ => given.get(member).cloned(),
        };
        if let Some(value) = value {
            told.insert(member.to_owned(), value);
        }
    }
    if let Some(secret) = told.get_mut("config").and_then(|c| c.get_mut(SECRET)) {
        *secret = json!(MASK);
    }
    Value::Object(told)
}

/// The document that is kept of what was sent.
///
/// # Errors
///
/// 400 for a flow that is not there.
pub(super) fn kept(realm: &Realm, given: &Doc) -> Result<Doc, ApiError> {
    const COLUMNS: [&str; 6] = [
        "alias",
        "internalId",
        "providerId",
        "organizationId",
        "types",
        "organizationLinks",
    ];
    const OLD: [&str; 2] = ["updateProfileFirstLoginMode", "updateProfileFirstLogin"];
    let mut doc = Doc::new();
    for (member, value) in given {
        let skipped = COLUMNS.contains(&member.as_str()) || OLD.contains(&member.as_str());
        if skipped || FLOWS.iter().any(|(name, _)| name == member) {
            continue;
        }
        doc.insert(member.clone(), value.clone());
    }
    doc.entry("enabled").or_insert(json!(true));
    for (member, kept) in FLOWS {
        if let Some(alias) = text(given, member) {
            let flow = realm.flow_by_alias(alias);
            let flow =
                flow.ok_or_else(|| ApiError::bad(&format!("No available authentication flow with alias: {alias}")))?;
            doc.insert(kept.to_owned(), json!(flow.id));
        }
    }
    let config = doc.entry("config").or_insert_with(|| json!({}));
    if let Value::Object(config) = config {
        config.retain(|_, value| value.as_str().is_some_and(|text| !text.is_empty()));
        // An old place of a switch.
        if let Some(hidden) = config.shift_remove("hideOnLoginPage")
            && hidden == "true"
        {
            doc.insert("hideOnLogin".into(), json!(true));
        }
    }
    Ok(doc)
}
