//! Authentication flows of an export: named by alias there, by id here.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::store::json::Doc;
use crate::store::realm::{Execution, Flow, Realm};

/// All flows, by alias.
pub(super) fn all(realm: &Realm) -> Value {
    let aliases: HashMap<&str, &str> = realm.flows.iter().map(|f| (f.id.as_str(), f.alias.as_str())).collect();
    let configs: HashMap<&str, &str> = realm
        .authenticator_configs
        .iter()
        .map(|c| (c.id.as_str(), c.alias.as_str()))
        .collect();
    let mut flows: Vec<&Flow> = realm.flows.iter().collect();
    flows.sort_by(|a, b| a.alias.cmp(&b.alias));
    flows
        .into_iter()
        .map(|f| {
            let inner: Vec<Value> = f.executions.iter().map(|e| execution(e, &aliases, &configs)).collect();
            let mut doc = Doc::new();
            doc.insert("id".into(), json!(f.id));
            doc.insert("alias".into(), json!(f.alias));
            if !f.description.is_empty() {
                doc.insert("description".into(), json!(f.description));
            }
            doc.insert("providerId".into(), json!(f.provider_id));
            doc.insert("topLevel".into(), json!(f.top_level));
            doc.insert("builtIn".into(), json!(f.built_in));
            doc.insert("authenticationExecutions".into(), inner.into());
            Value::Object(doc)
        })
        .collect()
}

fn execution(e: &Execution, flows: &HashMap<&str, &str>, configs: &HashMap<&str, &str>) -> Value {
    let mut doc = Doc::new();
    let named = |id: &Option<String>, all: &HashMap<&str, &str>| {
        id.as_deref().and_then(|id| all.get(id).map(|alias| json!(alias)))
    };
    if let Some(alias) = named(&e.authenticator_config, configs) {
        doc.insert("authenticatorConfig".into(), alias);
    }
    if let Some(authenticator) = &e.authenticator {
        doc.insert("authenticator".into(), json!(authenticator));
    }
    doc.insert("authenticatorFlow".into(), json!(e.flow_id.is_some()));
    doc.insert("requirement".into(), json!(e.requirement));
    doc.insert("priority".into(), json!(e.priority));
    // Keycloak's members have a misspelt twin, which old versions read.
    doc.insert("autheticatorFlow".into(), json!(e.flow_id.is_some()));
    if let Some(alias) = named(&e.flow_id, flows) {
        doc.insert("flowAlias".into(), alias);
    }
    doc.insert("userSetupAllowed".into(), json!(e.user_setup_allowed));
    doc.into()
}

/// The configurations of steps, by alias.
pub(super) fn configs(realm: &Realm) -> Value {
    let mut configs: Vec<_> = realm.authenticator_configs.iter().collect();
    configs.sort_by(|a, b| a.alias.cmp(&b.alias));
    configs
        .into_iter()
        .map(|c| json!({ "id": c.id, "alias": c.alias, "config": c.config }))
        .collect()
}
