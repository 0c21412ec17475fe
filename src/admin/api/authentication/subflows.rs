//! Steps and flows that are added to a flow, which its alias names.

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use serde_json::Value;

use super::draft::Draft;
use super::executions::{known, priority, with_id};
use super::{CHANGE, created, refuse};
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::json::{Doc, text};
use crate::store::realm::{Execution, Flow};

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication/flows/{flow}/executions";
    Router::new()
        .route(&format!("{base}/execution"), post(add_step))
        .route(&format!("{base}/flow"), post(add_flow))
}

async fn add_step(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.map()?;
    let mut draft = Draft::open(&admin).await?;
    let parent = draft.flows().by_alias(&alias).cloned();
    let mut parent = parent.ok_or_else(|| refuse("Parent flow doesn't exist"))?;
    if parent.built_in {
        return Err(refuse("It is illegal to add execution to a built in flow"));
    }
    let provider = given.get("provider").and_then(Value::as_str).unwrap_or("null");
    let provider = known(&parent, provider)?;
    let mut added = step(Some(provider.id().to_owned()), None, priority(&given, &parent));
    if !provider.may_be_disabled() {
        "REQUIRED".clone_into(&mut added.requirement);
    }
    let id = added.id.clone();
    parent.executions.push(added);
    draft.keep(parent).await?;
    let path = format!("authentication/flows/{alias}/executions/execution");
    let told = with_id(&given, &id);
    record(
        &mut draft.tx,
        &admin,
        Operation::Create,
        "AUTH_EXECUTION",
        &path,
        Some(&told),
    )
    .await?;
    draft.tx.commit().await?;
    created(&admin, &format!("authentication/executions/{id}"))
}

/// A new step does nothing until it is told what is required, but one that cannot be switched off.
fn step(authenticator: Option<String>, flow_id: Option<String>, priority: i64) -> Execution {
    Execution {
        user_setup_allowed: false,
        id: crate::random::uuid(),
        authenticator,
        authenticator_config: None,
        flow_id,
        requirement: "DISABLED".to_owned(),
        priority,
    }
}

async fn add_flow(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.map()?;
    let mut draft = Draft::open(&admin).await?;
    let parent = draft.flows().by_alias(&alias).cloned();
    let mut parent = parent.ok_or_else(|| ApiError::bad("Parent flow doesn't exist"))?;
    if parent.built_in {
        return Err(refuse("It is illegal to add sub-flow to a built in flow"));
    }
    let flow = inner(&given)?;
    if draft.flows().by_alias(&flow.alias).is_some() {
        return Err(ApiError::conflict("New flow alias name already exists"));
    }
    let is_form = flow.provider_id == "form-flow";
    let form = text(&given, "provider").filter(|_| is_form).map(str::to_owned);
    let added = step(form, Some(flow.id.clone()), priority(&given, &parent));
    let (id, execution) = (flow.id.clone(), added.id.clone());
    parent.executions.push(added);
    draft.keep(flow).await?;
    draft.keep(parent).await?;
    let path = format!("authentication/flows/{alias}/executions/flow");
    let told = with_id(&given, &execution);
    let kind = "AUTH_EXECUTION_FLOW";
    record(&mut draft.tx, &admin, Operation::Create, kind, &path, Some(&told)).await?;
    draft.tx.commit().await?;
    created(&admin, &format!("authentication/flows/{id}"))
}

/// The flow that is described. Without an alias or a type Keycloak makes one that it cannot show any more, or fails with 500.
fn inner(given: &Doc) -> Result<Flow, ApiError> {
    let alias =
        text(given, "alias").ok_or_else(|| ApiError::conflict("Failed to create flow with empty alias name"))?;
    let kind = text(given, "type").ok_or_else(|| ApiError::bad("The type of the flow is missing"))?;
    Ok(Flow {
        id: crate::random::uuid(),
        alias: alias.to_owned(),
        description: text(given, "description").unwrap_or_default().to_owned(),
        provider_id: kind.to_owned(),
        top_level: false,
        built_in: false,
        executions: Vec::new(),
    })
}
