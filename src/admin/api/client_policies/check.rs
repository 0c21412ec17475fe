//! What client policies and profiles must be, in Keycloak's words.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::admin::api::error::ApiError;
use crate::admin::api::server_info::component_type;
use crate::store::json::{Doc, texts};

const CONDITION: &str = "org.keycloak.services.clientpolicy.condition.ClientPolicyConditionProvider";
const EXECUTOR: &str = "org.keycloak.services.clientpolicy.executor.ClientPolicyExecutorProvider";

/// A profile with its members in Keycloak's order, without those that say nothing.
pub(super) fn profile_in_order(given: &Doc) -> Doc {
    let mut profile = said(given, &["name", "description"]);
    if let Some(Value::Array(executors)) = given.get("executors") {
        profile.insert("executors".into(), in_order(executors, "executor"));
    }
    profile
}

/// A policy with its members in Keycloak's order and with its defaults.
pub(super) fn policy_in_order(given: &Doc) -> Doc {
    let mut policy = said(given, &["name", "description"]);
    policy.insert("enabled".into(), json!(given.get("enabled") == Some(&json!(true))));
    policy.extend(said(given, &["mode"]));
    let conditions = given.get("conditions").and_then(Value::as_array);
    let conditions = conditions.map_or_else(|| json!([]), |c| in_order(c, "condition"));
    policy.insert("conditions".into(), conditions);
    policy.insert("profiles".into(), json!(texts(given, "profiles")));
    policy
}

fn said(given: &Doc, keys: &[&str]) -> Doc {
    let there = keys.iter().filter_map(|key| {
        let value = given.get(*key).filter(|v| !v.is_null())?;
        Some(((*key).to_owned(), value.clone()))
    });
    there.collect()
}

/// Conditions or executors. Where there is no configuration of an executor Keycloak fails, and here that is an empty one.
fn in_order(all: &[Value], kind: &str) -> Value {
    let one = |value: &Value| {
        let configuration = value.get("configuration").filter(|c| !c.is_null()).cloned();
        match configuration.or_else(|| (kind == "executor").then(|| json!({}))) {
            Some(configuration) => json!({ kind: value.get(kind), "configuration": configuration }),
            None => json!({ kind: value.get(kind) }),
        }
    };
    all.iter().map(one).collect()
}

fn name(doc: &Doc) -> Option<&str> {
    doc.get("name").and_then(Value::as_str)
}

/// Profiles of a realm.
///
/// # Errors
///
/// 400 with what is wrong.
pub(super) fn profiles(profiles: &[Doc], global: &[Value]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for profile in profiles {
        let name = name(profile).filter(|n| !n.is_empty());
        let name = name.ok_or_else(|| ApiError::bad("client profile without its name not allowed."))?;
        if global.iter().any(|g| g["name"] == name) {
            let text = format!("Proposed profile name '{name}' is duplicated as a global profile");
            return Err(ApiError::bad(&text));
        }
        if !seen.insert(name) {
            return Err(ApiError::bad("proposed client profile name duplicated."));
        }
        let executors = profile.get("executors").and_then(Value::as_array).into_iter().flatten();
        for executor in executors {
            let found = component_type(EXECUTOR, executor["executor"].as_str().unwrap_or_default());
            if !found.is_some_and(|kind| fits(kind, &executor["configuration"])) {
                return Err(ApiError::bad(
                    "proposed client profile contains the executor, which does not have valid provider, or has invalid \
                     configuration.",
                ));
            }
        }
    }
    Ok(())
}

/// Whether the values of a configuration have the types that their settings want. Unknown settings are kept.
fn fits(kind: &Value, configuration: &Value) -> bool {
    let Some(configuration) = configuration.as_object() else {
        return false;
    };
    let settings = kind["properties"].as_array().into_iter().flatten();
    settings
        .filter_map(|s| Some((s["type"].as_str()?, configuration.get(s["name"].as_str()?)?)))
        .all(|(kind, value)| match (kind, value) {
            (_, Value::Null) => true,
            ("boolean", Value::String(text)) => matches!(text.as_str(), "" | "true" | "false"),
            ("boolean", value) => value.is_boolean(),
            ("MultivaluedString" | "MultivaluedList", value) => value.is_array(),
            (_, value) => !value.is_object(),
        })
}

/// Policies of a realm whose profiles have these names.
///
/// # Errors
///
/// 400 with what is wrong.
pub(super) fn policies(policies: &[Doc], profiles: &[&str]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for policy in policies {
        let name = name(policy).ok_or_else(|| ApiError::bad("client policy without name not allowed"))?;
        if !seen.insert(name) {
            return Err(ApiError::bad("proposed client policy name duplicated"));
        }
        let fault = condition(policy)
            .or_else(|| applied(policy, profiles))
            .or_else(|| mode(policy));
        if let Some(fault) = fault {
            return Err(ApiError::bad(&format!("Policy {name} {fault}")));
        }
    }
    Ok(())
}

fn condition(policy: &Doc) -> Option<String> {
    let conditions = policy.get("conditions").and_then(Value::as_array).into_iter().flatten();
    for condition in conditions {
        let id = condition["condition"].as_str().unwrap_or("null");
        if component_type(CONDITION, id).is_none() {
            return Some(format!("contains invalid condition {id}"));
        }
    }
    None
}

fn applied(policy: &Doc, profiles: &[&str]) -> Option<String> {
    let wanted = texts(policy, "profiles");
    let mut seen = HashSet::new();
    if !wanted.iter().all(|name| seen.insert(*name)) {
        return Some("contains duplicated profiles".to_owned());
    }
    let unknown = wanted.into_iter().find(|name| !profiles.contains(name))?;
    Some(format!("contains invalid profile {unknown}"))
}

fn mode(policy: &Doc) -> Option<String> {
    let mode = policy.get("mode")?.as_str().unwrap_or_default();
    (!matches!(mode, "DEFAULT" | "STRICT")).then(|| "has invalid mode".to_owned())
}
