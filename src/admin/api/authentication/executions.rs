//! The steps of a flow, as one list with their depth; added, changed, moved, taken out.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::Admin;
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::{MANAGE, VIEW, catalog, flow_edit};
use crate::app::App;
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::{Execution, Flow, Realm};

const KIND: &str = "AUTH_EXECUTION";

pub(super) fn routes(base: &str) -> Router<App> {
    let one = format!("{base}/executions/{{id}}");
    Router::new()
        .route(&format!("{base}/flows/{{flow}}/executions"), get(list).put(update))
        .route(&format!("{base}/flows/{{flow}}/executions/execution"), post(add))
        .route(&format!("{base}/flows/{{flow}}/executions/flow"), post(add_flow))
        .route(&format!("{base}/executions"), post(create))
        .route(&one, get(read).delete(remove))
        .route(&format!("{one}/raise-priority"), post(raise))
        .route(&format!("{one}/lower-priority"), post(lower))
}

async fn list(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let found = admin.realm.flow_by_alias(&alias);
    let flow = found.ok_or_else(|| ApiError::not_found("Flow not found"))?;
    let mut all = Vec::new();
    walk(&admin.realm, flow, 0, &mut all);
    answer::json(&all)
}

/// Lists the steps of a flow, each followed by those inside it.
fn walk(realm: &Realm, flow: &Flow, level: usize, all: &mut Vec<Value>) {
    // Flows that contain themselves do not come from here, but an import could bring one.
    if level > 20 {
        return;
    }
    for (index, execution) in flow.executions.iter().enumerate() {
        let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
        all.push(shown(realm, flow, execution, inner, level, index));
        if let Some(inner) = inner {
            walk(realm, inner, level + 1, all);
        }
    }
}

fn shown(realm: &Realm, flow: &Flow, e: &Execution, inner: Option<&Flow>, level: usize, index: usize) -> Value {
    let provider = e.authenticator.as_deref();
    let config = e
        .authenticator_config
        .as_deref()
        .and_then(|id| realm.authenticator_config(id));
    let name = match inner {
        Some(inner) => inner.alias.as_str(),
        None => provider.and_then(catalog::name).or(provider).unwrap_or_default(),
    };
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(e.id));
    doc.insert("requirement".into(), json!(e.requirement));
    doc.insert("displayName".into(), json!(name));
    if let Some(config) = config {
        doc.insert("alias".into(), json!(config.alias));
    }
    if let Some(inner) = inner.filter(|i| !i.description.is_empty()) {
        doc.insert("description".into(), json!(inner.description));
    }
    doc.insert("requirementChoices".into(), choices(flow, e, inner));
    let configurable = inner.is_none() && provider.is_some_and(catalog::configurable);
    doc.insert("configurable".into(), json!(configurable));
    if inner.is_some() {
        doc.insert("authenticationFlow".into(), json!(true));
    }
    if let Some(provider) = provider {
        doc.insert("providerId".into(), json!(provider));
    }
    if let Some(config) = config {
        doc.insert("authenticationConfig".into(), json!(config.id));
    }
    if let Some(inner) = inner {
        doc.insert("flowId".into(), json!(inner.id));
    }
    doc.insert("level".into(), json!(level));
    doc.insert("index".into(), json!(index));
    doc.insert("priority".into(), json!(e.priority));
    Value::Object(doc)
}

fn choices(flow: &Flow, e: &Execution, inner: Option<&Flow>) -> Value {
    match (inner, e.authenticator.as_deref()) {
        (Some(inner), _) if inner.provider_id == "form-flow" => json!(["REQUIRED", "DISABLED"]),
        (Some(inner), _) if inner.provider_id == "client-flow" || flow.provider_id == "client-flow" => {
            json!(["ALTERNATIVE", "REQUIRED", "DISABLED"])
        }
        (Some(_), _) => json!(["REQUIRED", "ALTERNATIVE", "DISABLED", "CONDITIONAL"]),
        (None, Some(provider)) => catalog::choices(provider),
        (None, None) => json!([]),
    }
}

/// Changes the requirement and order of a step that the list showed.
async fn update(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.object("AuthenticationExecutionInfoRepresentation")?;
    let realm = &admin.realm;
    realm
        .flow_by_alias(&alias)
        .ok_or_else(|| ApiError::not_found("Flow not found"))?;
    let id = json::text(&given, "id").unwrap_or_default();
    let (flow, _) = flow_edit::find_execution(realm, id)?;
    let requirement = json::text(&given, "requirement");
    if requirement.is_some_and(|r| !matches!(r, "REQUIRED" | "ALTERNATIVE" | "CONDITIONAL" | "DISABLED")) {
        return Err(ApiError::bad("Unknown requirement"));
    }
    let mut changed = flow.clone();
    for execution in changed.executions.iter_mut().filter(|e| e.id == id) {
        if let Some(requirement) = requirement {
            requirement.clone_into(&mut execution.requirement);
        }
        // As Keycloak: a step that is sent without its priority goes to the front.
        execution.priority = json::number(&given, "priority");
    }
    let path = format!("authentication/flows/{}/executions", answer::segment(&alias));
    save(&admin, &changed, Operation::Update, KIND, &path, Some(&given.into())).await?;
    answer::uncached(answer::nothing())
}

async fn save(
    admin: &Admin,
    flow: &Flow,
    operation: Operation,
    kind: &str,
    path: &str,
    told: Option<&Value>,
) -> Result<(), ApiError> {
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save(&mut tx, admin, flow).await?;
    record(&mut tx, admin, operation, kind, path, told).await?;
    tx.commit().await?;
    Ok(())
}

fn bad(text: &str) -> ApiError {
    ApiError::error(StatusCode::BAD_REQUEST, text)
}

/// The flow that something is to be added to.
fn parent<'a>(realm: &'a Realm, alias: &str, what: &str) -> Result<&'a Flow, ApiError> {
    let flow = realm
        .flow_by_alias(alias)
        .ok_or_else(|| bad("Parent flow doesn't exist"))?;
    if flow.built_in {
        return Err(bad(&format!("It is illegal to add {what} to a built in flow")));
    }
    Ok(flow)
}

fn next_priority(flow: &Flow, given: &Doc) -> i64 {
    let after = flow.executions.iter().map(|e| e.priority + 1).max().unwrap_or(0);
    given.get("priority").and_then(Value::as_i64).unwrap_or(after)
}

async fn add(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.any()?;
    let flow = parent(&admin.realm, &alias, "execution")?;
    let provider = json::text(&given, "provider").unwrap_or_default();
    if !catalog::has(provider) {
        return Err(bad(&format!("No authentication provider found for id: {provider}")));
    }
    let new = Execution {
        id: crate::random::uuid(),
        authenticator: Some(provider.to_owned()),
        authenticator_config: None,
        flow_id: None,
        requirement: "DISABLED".into(),
        priority: next_priority(flow, &given),
    };
    let id = new.id.clone();
    let mut changed = flow.clone();
    changed.executions.push(new);
    let mut told = given;
    told.insert("id".into(), json!(id));
    let path = format!("authentication/flows/{}/executions/execution", answer::segment(&alias));
    save(&admin, &changed, Operation::Create, KIND, &path, Some(&told.into())).await?;
    answer::uncached(answer::created(&admin, &format!("authentication/executions/{id}")))
}

async fn add_flow(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.any()?;
    let name = json::text(&given, "alias").unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::conflict("Failed to create flow with empty alias name"));
    }
    if admin.realm.flow_by_alias(name).is_some() {
        return Err(ApiError::conflict("New flow alias name already exists"));
    }
    let flow = parent(&admin.realm, &alias, "sub-flow")?;
    let kind = json::text(&given, "type").unwrap_or("basic-flow");
    let inner = Flow {
        id: crate::random::uuid(),
        alias: name.to_owned(),
        description: json::text(&given, "description").unwrap_or_default().to_owned(),
        provider_id: kind.to_owned(),
        top_level: false,
        built_in: false,
        executions: Vec::new(),
    };
    let form = Some(kind)
        .filter(|k| *k == "form-flow")
        .and(json::text(&given, "provider"));
    let execution = Execution {
        id: crate::random::uuid(),
        authenticator: form.map(str::to_owned),
        authenticator_config: None,
        flow_id: Some(inner.id.clone()),
        requirement: "DISABLED".into(),
        priority: next_priority(flow, &given),
    };
    let mut told = given.clone();
    told.insert("id".into(), json!(execution.id));
    let mut changed = flow.clone();
    changed.executions.push(execution);
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save(&mut tx, &admin, &inner).await?;
    flow_edit::save(&mut tx, &admin, &changed).await?;
    let path = format!("authentication/flows/{}/executions/flow", answer::segment(&alias));
    record(
        &mut tx,
        &admin,
        Operation::Create,
        "AUTH_EXECUTION_FLOW",
        &path,
        Some(&told.into()),
    )
    .await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &format!("authentication/flows/{}", inner.id)))
}

/// Adds a step to the flow with an id.
async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.object("AuthenticationExecutionRepresentation")?;
    let found = json::text(&given, "parentFlow").and_then(|id| admin.realm.flow(id));
    let flow = found.ok_or_else(|| bad("execution parent flow does not exist"))?;
    if flow.built_in {
        return Err(bad("It is illegal to add execution to a built in flow"));
    }
    let text = |name: &str| json::text(&given, name).map(str::to_owned);
    let new = Execution {
        id: crate::random::uuid(),
        authenticator: text("authenticator"),
        authenticator_config: text("authenticatorConfig"),
        flow_id: text("flowId"),
        requirement: text("requirement").unwrap_or_else(|| "DISABLED".into()),
        priority: next_priority(flow, &given),
    };
    let path = format!("authentication/executions/{}", new.id);
    let mut changed = flow.clone();
    changed.executions.push(new);
    save(&admin, &changed, Operation::Create, KIND, &path, Some(&given.into())).await?;
    answer::uncached(answer::created(&admin, &path))
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let (flow, e) = flow_edit::find_execution(&admin.realm, &id)?;
    let mut doc = Doc::new();
    if let Some(config) = &e.authenticator_config {
        doc.insert("authenticatorConfig".into(), json!(config));
    }
    if let Some(authenticator) = &e.authenticator {
        doc.insert("authenticator".into(), json!(authenticator));
    }
    doc.insert("authenticatorFlow".into(), json!(e.flow_id.is_some()));
    doc.insert("requirement".into(), json!(e.requirement));
    doc.insert("priority".into(), json!(e.priority));
    doc.insert("autheticatorFlow".into(), json!(e.flow_id.is_some()));
    doc.insert("id".into(), json!(e.id));
    if let Some(inner) = &e.flow_id {
        doc.insert("flowId".into(), json!(inner));
    }
    doc.insert("parentFlow".into(), json!(flow.id));
    answer::json(&doc)
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(MANAGE)?;
    let (flow, execution) = flow_edit::find_execution(&admin.realm, &id)?;
    if flow.built_in {
        return Err(bad("It is illegal to remove execution from a built in flow"));
    }
    let mut changed = flow.clone();
    changed.executions.retain(|e| e.id != id);
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save(&mut tx, &admin, &changed).await?;
    if let Some(config) = &execution.authenticator_config {
        part::remove(&mut tx, &admin.realm.id, Kind::AuthenticatorConfig, config).await?;
    }
    let inner = execution.flow_id.as_deref().and_then(|id| admin.realm.flow(id));
    for gone in inner
        .map(|f| flow_edit::with_inner(&admin.realm, f))
        .unwrap_or_default()
    {
        part::remove(&mut tx, &admin.realm.id, Kind::Flow, &gone.id).await?;
    }
    let path = format!("authentication/executions/{id}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn raise(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    swap(&admin, &id, "raise").await
}

async fn lower(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    swap(&admin, &id, "lower").await
}

/// Changes places with the step before or after.
async fn swap(admin: &Admin, id: &str, way: &str) -> Answer {
    admin.require(MANAGE)?;
    let (flow, _) = flow_edit::find_execution(&admin.realm, id)?;
    if flow.built_in {
        return Err(bad("It is illegal to modify execution in a built in flow"));
    }
    let mut changed = flow.clone();
    let at = changed.executions.iter().position(|e| e.id == id).unwrap_or(0);
    let other = if way == "raise" {
        at.checked_sub(1)
    } else {
        Some(at + 1)
    };
    if let Some(other) = other.filter(|o| *o < changed.executions.len()) {
        let priority = changed.executions[at].priority;
        changed.executions[at].priority = changed.executions[other].priority;
        changed.executions[other].priority = priority;
    }
    let path = format!("authentication/executions/{id}/{way}-priority");
    save(admin, &changed, Operation::Update, KIND, &path, None).await?;
    answer::uncached(answer::nothing())
}
