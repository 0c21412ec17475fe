//! The steps of flows.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::draft::Draft;
use super::providers::{self, Kind, Provider};
use super::{CHANGE, SEE, created, done, flows, refuse, representation};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::json::{Doc, text};
use crate::store::realm::{Execution, Flow};

/// What a step can ask for.
const REQUIREMENTS: [&str; 4] = ["REQUIRED", "ALTERNATIVE", "CONDITIONAL", "DISABLED"];

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication";
    let one = format!("{base}/executions/{{execution}}");
    Router::new()
        .route(&format!("{base}/flows/{{flow}}/executions"), get(list).put(update))
        .route(&format!("{base}/executions"), post(create))
        .route(&one, get(read).delete(remove))
        .route(&format!("{one}/raise-priority"), post(raise))
        .route(&format!("{one}/lower-priority"), post(lower))
}

async fn list(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let all = flows::of(&admin);
    let flow = all
        .by_alias(&alias)
        .ok_or_else(|| ApiError::not_found("Flow not found"))?;
    answer::json(&representation::steps(all, flow))
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let found = flows::of(&admin).execution(&id);
    let (flow, execution) = found.ok_or_else(|| ApiError::not_found("Illegal execution"))?;
    answer::json(&representation::execution(flow, execution))
}

/// Changes a step, and the name of a flow that is one.
async fn update(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticationExecutionInfoRepresentation")?;
    let mut draft = Draft::open(&admin).await?;
    if draft.flows().by_alias(&alias).is_none() {
        return Err(ApiError::not_found("flow not found"));
    }
    let (_, mut execution) = draft.parent_of(text(&given, "id").unwrap_or_default())?;
    execution.requirement = requirement(&given)?;
    execution.priority = given.get("priority").and_then(Value::as_i64).unwrap_or(0);
    if let Some(inner) = execution.flow_id.clone() {
        rename(&mut draft, &inner, &given).await?;
    }
    draft.keep_execution(execution).await?;
    let path = format!("authentication/flows/{alias}/executions");
    finish(draft, &admin, Operation::Update, &path, Some(given)).await?;
    done()
}

/// Keycloak fails with 500 where there is none, or an unknown one.
fn requirement(given: &Doc) -> Result<String, ApiError> {
    let wanted = text(given, "requirement").unwrap_or_default();
    if REQUIREMENTS.contains(&wanted) {
        Ok(wanted.to_owned())
    } else {
        Err(refuse(&format!("Unknown requirement: {wanted}")))
    }
}

async fn rename(draft: &mut Draft, id: &str, given: &Doc) -> Result<(), ApiError> {
    let Some(mut flow) = draft.flows().flow(id).cloned() else {
        return Ok(());
    };
    if let Some(name) = text(given, "displayName").filter(|name| *name != flow.alias) {
        if draft.flows().by_alias(name).is_some() {
            return Err(ApiError::conflict("Flow alias name already exists"));
        }
        name.clone_into(&mut flow.alias);
    }
    if let Some(description) = given.get("description").and_then(Value::as_str) {
        description.clone_into(&mut flow.description);
    }
    Ok(draft.keep(flow).await?)
}

async fn finish(
    mut draft: Draft,
    admin: &Admin,
    operation: Operation,
    path: &str,
    told: Option<Doc>,
) -> Result<(), ApiError> {
    let told = told.map(Value::Object);
    record(&mut draft.tx, admin, operation, "AUTH_EXECUTION", path, told.as_ref()).await?;
    Ok(draft.tx.commit().await?)
}

/// Adds a step to a flow that its id names.
async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticationExecutionRepresentation")?;
    let parent = text(&given, "parentFlow").ok_or_else(|| refuse("parent flow not set on new execution"))?;
    let mut draft = Draft::open(&admin).await?;
    let parent = draft.flows().flow(parent).cloned();
    let mut parent = parent.ok_or_else(|| refuse("execution parent flow does not exist"))?;
    if parent.built_in {
        return Err(refuse("It is illegal to add execution to a built in flow"));
    }
    let provider = text(&given, "authenticator");
    if let Some(id) = provider {
        known(&parent, id)?;
    }
    let inner = text(&given, "flowId");
    if inner.is_some_and(|id| draft.flows().flow(id).is_none()) || inner.is_none() && provider.is_none() {
        return Err(refuse("Execution without an authenticator or a flow"));
    }
    let own = |key: &str| text(&given, key).map(str::to_owned);
    let execution = Execution {
        user_setup_allowed: false,
        id: own("id").unwrap_or_else(crate::random::uuid),
        authenticator: own("authenticator"),
        authenticator_config: own("authenticatorConfig").filter(|id| draft.flows().config(id).is_some()),
        flow_id: own("flowId"),
        requirement: requirement(&given)?,
        priority: priority(&given, &parent),
    };
    if draft.flows().execution(&execution.id).is_some() {
        return Err(ApiError::duplicate());
    }
    let path = format!("authentication/executions/{}", execution.id);
    parent.executions.push(execution);
    draft.keep(parent).await?;
    finish(draft, &admin, Operation::Create, &path, Some(given)).await?;
    created(&admin, &path)
}

/// The provider of that name, if it can be a step of a flow.
///
/// # Errors
///
/// 400.
pub(super) fn known(flow: &Flow, provider: &str) -> Result<Provider, ApiError> {
    let found = providers::find(Kind::in_flow(&flow.provider_id), provider);
    found.ok_or_else(|| refuse(&format!("No authentication provider found for id: {provider}")))
}

/// The place that is asked for, or the last.
pub(super) fn priority(given: &Doc, parent: &Flow) -> i64 {
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str()?.parse().ok());
    let asked = given.get("priority").and_then(number);
    let last = parent.executions.iter().map(|e| e.priority).max();
    asked.unwrap_or_else(|| last.map_or(0, |last| last + 1))
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let mut draft = Draft::open(&admin).await?;
    let (mut parent, execution) = draft.parent_of(&id)?;
    if parent.built_in {
        return Err(refuse("It is illegal to remove execution from a built in flow"));
    }
    parent.executions.retain(|e| e.id != id);
    draft.keep(parent).await?;
    if let Some(inner) = &execution.flow_id {
        draft.drop_flow(inner).await?;
    }
    if let Some(config) = &execution.authenticator_config {
        draft.drop_unused_config(config).await?;
    }
    let path = format!("authentication/executions/{id}");
    finish(draft, &admin, Operation::Delete, &path, None).await?;
    done()
}

async fn raise(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change_place(&admin, &id, "raise-priority").await
}

async fn lower(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change_place(&admin, &id, "lower-priority").await
}

async fn change_place(admin: &Admin, id: &str, how: &str) -> Answer {
    admin.require(CHANGE)?;
    let mut draft = Draft::open(admin).await?;
    let (mut parent, _) = draft.parent_of(id)?;
    if parent.built_in {
        return Err(refuse("It is illegal to modify execution in a built in flow"));
    }
    let steps = &mut parent.executions;
    let at = steps.iter().position(|e| e.id == id).unwrap_or(0);
    let other = if how == "raise-priority" {
        at.checked_sub(1)
    } else {
        Some(at + 1)
    };
    if let Some(other) = other.filter(|o| *o < steps.len()) {
        if steps[at].priority == steps[other].priority {
            // Steps with one priority stand in no order: give them one, or nothing would move.
            for (place, step) in steps.iter_mut().enumerate() {
                step.priority = place as i64;
            }
        }
        let (mine, theirs) = (steps[at].priority, steps[other].priority);
        (steps[at].priority, steps[other].priority) = (theirs, mine);
        steps.swap(at, other);
        draft.keep(parent).await?;
    }
    let path = format!("authentication/executions/{id}/{how}");
    finish(draft, admin, Operation::Update, &path, None).await?;
    done()
}

/// What was sent, with the id that came of it, for the admin event.
pub(super) fn with_id(given: &Doc, id: &str) -> Value {
    let mut told = given.clone();
    told.insert("id".into(), json!(id));
    Value::Object(told)
}
