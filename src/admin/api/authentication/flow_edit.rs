//! Flows as they are changed: finding, writing and copying them.

use std::collections::HashMap;

use serde_json::Value;

use super::super::auth::Admin;
use super::super::error::ApiError;
use crate::store::Tx;
use crate::store::part::{self, Kind};
use crate::store::realm::{AuthenticatorConfig, Execution, Flow, Realm};

/// Writes a flow with its executions.
pub(super) async fn save(tx: &mut Tx, admin: &Admin, flow: &Flow) -> Result<(), ApiError> {
    if let Value::Object(doc) = serde_json::to_value(flow)? {
        part::put(tx, &admin.realm.id, Kind::Flow, &flow.id, &flow.alias, &doc).await?;
    }
    Ok(())
}

/// Writes the settings of a step.
pub(super) async fn save_config(tx: &mut Tx, admin: &Admin, config: &AuthenticatorConfig) -> Result<(), ApiError> {
    if let Value::Object(doc) = serde_json::to_value(config)? {
        part::put(
            tx,
            &admin.realm.id,
            Kind::AuthenticatorConfig,
            &config.id,
            &config.alias,
            &doc,
        )
        .await?;
    }
    Ok(())
}

/// The execution with an id, and the flow that it is in.
pub(super) fn find_execution<'a>(realm: &'a Realm, id: &str) -> Result<(&'a Flow, &'a Execution), ApiError> {
    let found = realm
        .flows
        .iter()
        .find_map(|f| Some((f, f.executions.iter().find(|e| e.id == id)?)));
    found.ok_or_else(|| ApiError::not_found("Illegal execution"))
}

/// A flow and all flows inside it, the outermost first.
pub(super) fn with_inner<'a>(realm: &'a Realm, flow: &'a Flow) -> Vec<&'a Flow> {
    let mut all = vec![flow];
    let mut at = 0;
    while at < all.len() {
        for inner in all[at]
            .executions
            .iter()
            .filter_map(|e| realm.flow(e.flow_id.as_deref()?))
        {
            if !all.iter().any(|f| f.id == inner.id) {
                all.push(inner);
            }
        }
        at += 1;
    }
    all
}

/// A copy of a flow under a new name, with copies of all flows inside it and of the settings of their steps. The first
/// is the copy of the flow itself.
pub(super) fn copy(realm: &Realm, flow: &Flow, name: &str) -> (Vec<Flow>, Vec<AuthenticatorConfig>) {
    let originals = with_inner(realm, flow);
    let ids: HashMap<&str, String> = originals
        .iter()
        .map(|f| (f.id.as_str(), crate::random::uuid()))
        .collect();
    let mut configs = Vec::new();
    let copies = originals.iter().map(|original| {
        let mut copied = Flow::clone(original);
        copied.id.clone_from(&ids[original.id.as_str()]);
        copied.built_in = false;
        copied.alias = if original.id == flow.id {
            name.to_owned()
        } else {
            format!("{name} {}", original.alias)
        };
        for execution in &mut copied.executions {
            execution.id = crate::random::uuid();
            if let Some(inner) = &execution.flow_id {
                execution.flow_id = ids.get(inner.as_str()).cloned();
            }
            let config = execution
                .authenticator_config
                .as_deref()
                .and_then(|id| realm.authenticator_config(id));
            execution.authenticator_config = config.map(|config| {
                let mut config = config.clone();
                config.id = crate::random::uuid();
                config.alias = format!("{name} {}", config.alias);
                let id = config.id.clone();
                configs.push(config);
                id
            });
        }
        copied
    });
    let copies = copies.collect();
    (copies, configs)
}
