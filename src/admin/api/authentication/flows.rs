//! Flows as a whole.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::draft::{self, Draft};
use super::representation::{self, Flows};
use super::{CHANGE, SEE, created, done, refuse};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::client;
use crate::store::identity_provider;
use crate::store::json::{Doc, flag, text};
use crate::store::realm::{AuthenticatorConfig, Execution, Flow};

/// Characters that mean something in addresses.
const RESERVED: &str = ":/?#@!$&()*+,;=[]\\";

/// Every realm has this one, and no list shows it.
const HIDDEN: &str = "saml ecp";

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication/flows";
    Router::new()
        .route(base, get(list).post(create))
        .route(&format!("{base}/{{flow}}"), get(read).put(update).delete(remove))
        .route(&format!("{base}/{{flow}}/copy"), post(copy))
}

async fn list(admin: Admin) -> Answer {
    admin.require(&[
        Right::ViewRealm,
        Right::ManageRealm,
        Right::ViewClients,
        Right::QueryClients,
    ])?;
    let flows = of(&admin);
    let top = flows.flows.iter().filter(|f| f.top_level && f.alias != HIDDEN);
    answer::json(&top.map(|f| representation::flow(flows, f)).collect::<Vec<_>>())
}

/// The flows of the administered realm, as they were when the request came.
pub(super) fn of(admin: &Admin) -> Flows<'_> {
    Flows {
        flows: &admin.realm.flows,
        configs: &admin.realm.authenticator_configs,
    }
}

fn unknown() -> ApiError {
    ApiError::not_found("Could not find flow with id")
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let flows = of(&admin);
    answer::json(&representation::flow(flows, flows.flow(&id).ok_or_else(unknown)?))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticationFlowRepresentation")?;
    let alias =
        text(&given, "alias").ok_or_else(|| ApiError::conflict("Failed to create flow with empty alias name"))?;
    if let Some(bad) = alias.chars().find(|c| RESERVED.contains(*c)) {
        return Err(refuse(&format!("Character '{bad}' not allowed.")));
    }
    let mut draft = Draft::open(&admin).await?;
    if draft.flows().by_alias(alias).is_some() {
        return Err(ApiError::conflict(&format!("Flow {alias} already exists")));
    }
    let id = text(&given, "id").map_or_else(crate::random::uuid, str::to_owned);
    let provider = text(&given, "providerId").filter(|_| draft.flows().flow(&id).is_none());
    let flow = Flow {
        alias: alias.to_owned(),
        description: text(&given, "description").unwrap_or_default().to_owned(),
        provider_id: provider.ok_or_else(ApiError::duplicate)?.to_owned(),
        top_level: flag(&given, "topLevel"),
        built_in: flag(&given, "builtIn"),
        executions: Vec::new(),
        id,
    };
    let path = format!("authentication/flows/{}", flow.id);
    let mut told = Doc::new();
    told.insert("id".into(), json!(flow.id));
    told.extend(given.clone());
    draft.keep(flow).await?;
    finish(draft, &admin, Operation::Create, &path, Some(told)).await?;
    created(&admin, &path)
}

async fn finish(
    mut draft: Draft,
    admin: &Admin,
    operation: Operation,
    path: &str,
    told: Option<Doc>,
) -> Result<(), ApiError> {
    let told = told.map(Value::Object);
    record(&mut draft.tx, admin, operation, "AUTH_FLOW", path, told.as_ref()).await?;
    Ok(draft.tx.commit().await?)
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticationFlowRepresentation")?;
    let mut draft = Draft::open(&admin).await?;
    let mut flow = draft.flows().flow(&id).ok_or_else(unknown)?.clone();
    let alias =
        text(&given, "alias").ok_or_else(|| ApiError::conflict("Failed to update flow with empty alias name"))?;
    if alias != flow.alias && draft.flows().by_alias(alias).is_some() {
        return Err(ApiError::conflict("Flow alias name already exists"));
    }
    if alias != flow.alias {
        draft.rebind(&flow.alias, alias).await?;
        alias.clone_into(&mut flow.alias);
    }
    if let Some(description) = given.get("description").and_then(Value::as_str) {
        description.clone_into(&mut flow.description);
    }
    if let Some(provider) = text(&given, "providerId") {
        provider.clone_into(&mut flow.provider_id);
    }
    let switch = |key: &str, is: bool| given.get(key).and_then(Value::as_bool).unwrap_or(is);
    flow.top_level = switch("topLevel", flow.top_level);
    flow.built_in = switch("builtIn", flow.built_in);
    draft.keep(flow).await?;
    let path = format!("authentication/flows/{id}");
    finish(draft, &admin, Operation::Update, &path, Some(given)).await?;
    done()
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let mut draft = Draft::open(&admin).await?;
    let flow = draft
        .flows()
        .flow(&id)
        .ok_or_else(|| ApiError::not_found("Flow not found"))?;
    if flow.built_in {
        return Err(refuse("Can't delete built in flow"));
    }
    // Keycloak fails here with 500; whoever reads this knows what to change first.
    let bound = draft::bindings(&admin.realm, &flow.alias);
    if let Some(binding) = bound.first() {
        let text = format!("Cannot remove authentication flow, it is currently in use: the realm's {binding}");
        return Err(refuse(&text));
    }
    if let Some(client) = client::with_flow(&mut draft.tx, &admin.realm.id, &id).await?.first() {
        let text = format!("Cannot remove authentication flow, it is currently in use: client {client}");
        return Err(refuse(&text));
    }
    if !identity_provider::with_flow(&mut draft.tx, &admin.realm.id, &id)
        .await?
        .is_empty()
    {
        let text = "Cannot remove authentication flow, it is currently in use: an identity provider";
        return Err(refuse(text));
    }
    let parent = draft.flows().flows.iter();
    let holding = |f: &&Flow| f.executions.iter().any(|e| e.flow_id.as_deref() == Some(&id));
    if let Some(mut parent) = parent.clone().find(holding).cloned() {
        parent.executions.retain(|e| e.flow_id.as_deref() != Some(&id));
        draft.keep(parent).await?;
    }
    draft.drop_flow(&id).await?;
    let path = format!("authentication/flows/{id}");
    finish(draft, &admin, Operation::Delete, &path, None).await?;
    done()
}

async fn copy(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.map()?;
    let mut draft = Draft::open(&admin).await?;
    let name = text(&given, "newName").unwrap_or_default();
    if draft.flows().by_alias(name).is_some() {
        return Err(ApiError::conflict("New flow alias name already exists"));
    }
    let original = draft.flows().by_alias(&alias).cloned();
    let original = original.ok_or_else(|| ApiError::not_found("Flow not found"))?;
    if name.is_empty() {
        return Err(ApiError::conflict("Failed to create flow with empty alias name"));
    }
    let id = copy_flow(&mut draft, &original, name).await?;
    let segment = answer::segment(&alias);
    let mut told = given.clone();
    told.insert("id".into(), json!(id));
    let path = format!("authentication/flows/{alias}/copy");
    finish(draft, &admin, Operation::Create, &path, Some(told)).await?;
    created(&admin, &format!("authentication/flows/{segment}/copy/{id}"))
}

/// Copies a flow and the flows in it, which are named after it. Gives the new flow's id.
async fn copy_flow(draft: &mut Draft, original: &Flow, name: &str) -> Result<String, ApiError> {
    let top = crate::random::uuid();
    let mut waiting = vec![(original.clone(), top.clone(), name.to_owned())];
    let mut depth = 0;
    while let Some((flow, id, alias)) = waiting.pop() {
        depth += 1;
        if depth > 1000 {
            return Err(refuse("The flow contains itself"));
        }
        let mut executions = Vec::new();
        for old in &flow.executions {
            let mut step = Execution {
                id: crate::random::uuid(),
                ..old.clone()
            };
            if let Some(inner) = old.flow_id.as_deref().and_then(|id| draft.flows().flow(id)).cloned() {
                let inner_id = crate::random::uuid();
                step.flow_id = Some(inner_id.clone());
                let inner_alias = free(draft.flows(), &format!("{name} {}", inner.alias));
                waiting.push((inner, inner_id, inner_alias));
            }
            if let Some(config) = old
                .authenticator_config
                .as_deref()
                .and_then(|id| draft.flows().config(id))
            {
                let copied = AuthenticatorConfig {
                    id: crate::random::uuid(),
                    alias: format!("{name} {}", config.alias),
                    config: config.config.clone(),
                };
                step.authenticator_config = Some(copied.id.clone());
                draft.keep_config(copied).await?;
            }
            executions.push(step);
        }
        let copied = Flow {
            id,
            alias,
            built_in: false,
            executions,
            ..flow
        };
        draft.keep(copied).await?;
    }
    Ok(top)
}

/// An alias that no flow has yet: addresses name flows by it.
fn free(flows: Flows<'_>, wanted: &str) -> String {
    let mut alias = wanted.to_owned();
    let mut number = 2;
    while flows.by_alias(&alias).is_some() {
        alias = format!("{wanted} {number}");
        number += 1;
    }
    alias
}
