//! Flows and steps as Keycloak shows them.

use serde_json::{Map, Value, json};

use super::providers::{self, Kind, Provider};
use crate::store::json::Doc;
use crate::store::realm::{AuthenticatorConfig, Execution, Flow};

/// The flows of a realm with the settings of their steps.
#[derive(Clone, Copy)]
pub struct Flows<'a> {
    pub flows: &'a [Flow],
    pub configs: &'a [AuthenticatorConfig],
}

impl<'a> Flows<'a> {
    pub(super) fn flow(self, id: &str) -> Option<&'a Flow> {
        self.flows.iter().find(|f| f.id == id)
    }

    pub(super) fn by_alias(self, alias: &str) -> Option<&'a Flow> {
        self.flows.iter().find(|f| f.alias == alias)
    }

    pub(super) fn config(self, id: &str) -> Option<&'a AuthenticatorConfig> {
        self.configs.iter().find(|c| c.id == id)
    }

    /// A step, with the flow that it is in.
    pub(super) fn execution(self, id: &str) -> Option<(&'a Flow, &'a Execution)> {
        self.flows
            .iter()
            .find_map(|flow| Some((flow, flow.executions.iter().find(|e| e.id == id)?)))
    }

    fn inner(self, execution: &Execution) -> Option<&'a Flow> {
        self.flow(execution.flow_id.as_deref()?)
    }
}

/// Keycloak's `AuthenticationFlowRepresentation`.
pub fn flow(flows: Flows<'_>, flow: &Flow) -> Value {
    let steps: Vec<Value> = flow.executions.iter().map(|e| exported(flows, e)).collect();
    json!({
        "id": flow.id, "alias": flow.alias, "description": flow.description, "providerId": flow.provider_id,
        "topLevel": flow.top_level, "builtIn": flow.built_in, "authenticationExecutions": steps
    })
}

/// Keycloak's `AuthenticationExecutionExportRepresentation`: by names, not ids.
fn exported(flows: Flows<'_>, execution: &Execution) -> Value {
    let config = execution
        .authenticator_config
        .as_deref()
        .and_then(|id| flows.config(id));
    let mut shown = Map::new();
    put(&mut shown, "authenticatorConfig", config.map(|c| c.alias.as_str()));
    common(&mut shown, execution);
    put(
        &mut shown,
        "flowAlias",
        flows.inner(execution).map(|f| f.alias.as_str()),
    );
    shown.insert("userSetupAllowed".into(), json!(false));
    Value::Object(shown)
}

fn common(shown: &mut Doc, execution: &Execution) {
    let is_flow = execution.flow_id.is_some();
    put(shown, "authenticator", execution.authenticator.as_deref());
    shown.insert("authenticatorFlow".into(), json!(is_flow));
    shown.insert("requirement".into(), json!(execution.requirement));
    shown.insert("priority".into(), json!(execution.priority));
    shown.insert("autheticatorFlow".into(), json!(is_flow));
}

/// Keycloak's `AuthenticationExecutionRepresentation`.
pub(super) fn execution(parent: &Flow, execution: &Execution) -> Value {
    let mut shown = Map::new();
    put(
        &mut shown,
        "authenticatorConfig",
        execution.authenticator_config.as_deref(),
    );
    common(&mut shown, execution);
    put(&mut shown, "id", Some(&execution.id));
    put(&mut shown, "flowId", execution.flow_id.as_deref());
    put(&mut shown, "parentFlow", Some(&parent.id));
    Value::Object(shown)
}

/// All steps of a flow and of the flows in it: Keycloak's `AuthenticationExecutionInfoRepresentation`.
pub(super) fn steps(flows: Flows<'_>, flow: &Flow) -> Vec<Value> {
    let mut all = Vec::new();
    walk(flows, flow, 0, &mut all);
    all
}

fn walk(flows: Flows<'_>, flow: &Flow, level: usize, all: &mut Vec<Value>) {
    for (index, execution) in flow.executions.iter().enumerate() {
        let inner = flows.inner(execution);
        let mut shown = match inner {
            Some(inner) => inner_flow(execution, inner),
            None => step(flows, Kind::in_flow(&flow.provider_id), execution),
        };
        shown.insert("level".into(), json!(level));
        shown.insert("index".into(), json!(index));
        shown.insert("priority".into(), json!(execution.priority));
        all.push(Value::Object(shown));
        // A flow cannot be inside itself; an import that says so must not turn us round for ever.
        if let Some(inner) = inner.filter(|_| level < 32) {
            walk(flows, inner, level + 1, all);
        }
    }
}

fn inner_flow(execution: &Execution, inner: &Flow) -> Doc {
    let choices: &[&str] = match inner.provider_id.as_str() {
        "form-flow" => &["REQUIRED", "DISABLED"],
        "client-flow" => &["ALTERNATIVE", "REQUIRED", "DISABLED"],
        _ => &["REQUIRED", "ALTERNATIVE", "DISABLED", "CONDITIONAL"],
    };
    let mut shown = Map::new();
    put(&mut shown, "id", Some(&execution.id));
    put(&mut shown, "requirement", Some(&execution.requirement));
    put(&mut shown, "displayName", Some(&inner.alias));
    // Those that somebody made are told without one, too.
    let description = Some(inner.description.as_str()).filter(|d| !d.is_empty() || !inner.built_in);
    put(&mut shown, "description", description);
    shown.insert("requirementChoices".into(), json!(choices));
    shown.insert("configurable".into(), json!(false));
    shown.insert("authenticationFlow".into(), json!(true));
    put(&mut shown, "providerId", execution.authenticator.as_deref());
    put(
        &mut shown,
        "authenticationConfig",
        execution.authenticator_config.as_deref(),
    );
    put(&mut shown, "flowId", Some(&inner.id));
    shown
}

/// A step of a kind that we do not know, from an import, is shown by its provider's id.
fn step(flows: Flows<'_>, kind: Kind, execution: &Execution) -> Doc {
    let id = execution.authenticator.as_deref().unwrap_or_default();
    let provider = providers::find(kind, id).or_else(|| providers::step(id));
    let config = execution.authenticator_config.as_deref();
    let any = || json!(["REQUIRED", "ALTERNATIVE", "DISABLED"]);
    let mut shown = Map::new();
    put(&mut shown, "id", Some(&execution.id));
    put(&mut shown, "requirement", Some(&execution.requirement));
    put(&mut shown, "displayName", Some(provider.map_or(id, |p| p.name())));
    let configurable = provider.is_some_and(Provider::is_configurable);
    let alias = config.and_then(|id| flows.config(id)).map(|c| c.alias.as_str());
    put(&mut shown, "alias", alias.filter(|_| configurable));
    let choices = provider.map_or_else(any, |p| p.choices().clone());
    shown.insert("requirementChoices".into(), choices);
    shown.insert("configurable".into(), json!(configurable));
    put(&mut shown, "providerId", Some(id));
    put(&mut shown, "authenticationConfig", config);
    shown
}

fn put(shown: &mut Doc, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        shown.insert(key.into(), json!(value));
    }
}
