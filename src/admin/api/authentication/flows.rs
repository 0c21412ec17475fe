//! Flows: listed, made, copied, renamed, removed.

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
use super::{MANAGE, VIEW, flow_edit};
use crate::app::App;
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::{Flow, Realm};

const KIND: &str = "AUTH_FLOW";

pub(super) fn routes(base: &str) -> Router<App> {
    // Below a flow its alias is meant, else its id.
    Router::new()
        .route(&format!("{base}/flows"), get(list).post(create))
        .route(&format!("{base}/flows/{{flow}}"), get(read).put(update).delete(remove))
        .route(&format!("{base}/flows/{{flow}}/copy"), post(copy))
}

/// A flow as it is shown, with its steps in their exported form.
fn shown(realm: &Realm, flow: &Flow) -> Value {
    let executions: Vec<Value> = flow
        .executions
        .iter()
        .map(|e| {
            let inner = e.flow_id.as_deref().and_then(|id| realm.flow(id));
            let config = e
                .authenticator_config
                .as_deref()
                .and_then(|id| realm.authenticator_config(id));
            let mut doc = Doc::new();
            if let Some(config) = config {
                doc.insert("authenticatorConfig".into(), json!(config.alias));
            }
            if let Some(authenticator) = &e.authenticator {
                doc.insert("authenticator".into(), json!(authenticator));
            }
            doc.insert("authenticatorFlow".into(), json!(inner.is_some()));
            doc.insert("requirement".into(), json!(e.requirement));
            doc.insert("priority".into(), json!(e.priority));
            // Keycloak spells it so since its beginnings.
            doc.insert("autheticatorFlow".into(), json!(inner.is_some()));
            if let Some(inner) = inner {
                doc.insert("flowAlias".into(), json!(inner.alias));
            }
            doc.insert("userSetupAllowed".into(), json!(false));
            Value::Object(doc)
        })
        .collect();
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(flow.id));
    doc.insert("alias".into(), json!(flow.alias));
    if !flow.description.is_empty() {
        doc.insert("description".into(), json!(flow.description));
    }
    doc.insert("providerId".into(), json!(flow.provider_id));
    doc.insert("topLevel".into(), json!(flow.top_level));
    doc.insert("builtIn".into(), json!(flow.built_in));
    doc.insert("authenticationExecutions".into(), json!(executions));
    Value::Object(doc)
}

async fn list(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    // Keycloak never shows this one, which only SAML clients of their own use.
    let top = admin
        .realm
        .flows
        .iter()
        .filter(|f| f.top_level && f.alias != "saml ecp");
    answer::json(&top.map(|f| shown(&admin.realm, f)).collect::<Vec<_>>())
}

fn by_id<'a>(realm: &'a Realm, id: &str, otherwise: &str) -> Result<&'a Flow, ApiError> {
    realm.flow(id).ok_or_else(|| ApiError::not_found(otherwise))
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let flow = by_id(&admin.realm, &id, "Could not find flow with id")?;
    answer::json(&shown(&admin.realm, flow))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.object("AuthenticationFlowRepresentation")?;
    let Some(alias) = json::text(&given, "alias") else {
        return Err(ApiError::conflict("Failed to create flow with empty alias name"));
    };
    if admin.realm.flow_by_alias(alias).is_some() {
        return Err(ApiError::conflict(&format!("Flow {alias} already exists")));
    }
    let new = Flow {
        id: json::text(&given, "id").map_or_else(crate::random::uuid, str::to_owned),
        alias: alias.to_owned(),
        description: json::text(&given, "description").unwrap_or_default().to_owned(),
        provider_id: json::text(&given, "providerId").unwrap_or("basic-flow").to_owned(),
        top_level: json::flag(&given, "topLevel"),
        built_in: json::flag(&given, "builtIn"),
        executions: Vec::new(),
    };
    if admin.realm.flow(&new.id).is_some() {
        return Err(ApiError::duplicate());
    }
    let mut told = Doc::new();
    told.insert("id".into(), json!(new.id));
    told.extend(given.into_iter().filter(|(_, v)| !v.is_null()));
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save(&mut tx, &admin, &new).await?;
    let path = format!("authentication/flows/{}", new.id);
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told.into())).await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &path))
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.object("AuthenticationFlowRepresentation")?;
    let Some(alias) = json::text(&given, "alias") else {
        return Err(ApiError::conflict("Failed to update flow with empty alias name"));
    };
    let mut changed = by_id(&admin.realm, &id, "Could not find flow with id")?.clone();
    if admin.realm.flow_by_alias(alias).is_some_and(|other| other.id != id) {
        return Err(ApiError::conflict("Flow alias name already exists"));
    }
    if changed.built_in && changed.alias != alias {
        // Bindings and other realms know built-in flows by their names.
        return Err(ApiError::bad("It is illegal to rename a built in flow"));
    }
    alias.clone_into(&mut changed.alias);
    if let Some(description) = given.get("description").and_then(Value::as_str) {
        description.clone_into(&mut changed.description);
    }
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save(&mut tx, &admin, &changed).await?;
    let path = format!("authentication/flows/{id}");
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&given.into())).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// The settings of a realm that name a flow by its alias.
const BINDINGS: &[&str] = &[
    "browserFlow",
    "registrationFlow",
    "directGrantFlow",
    "resetCredentialsFlow",
    "clientAuthenticationFlow",
    "dockerAuthenticationFlow",
    "firstBrokerLoginFlow",
];

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(MANAGE)?;
    let flow = by_id(&admin.realm, &id, "Flow not found")?;
    if flow.built_in {
        return Err(ApiError::error(StatusCode::BAD_REQUEST, "Can't delete built in flow"));
    }
    if BINDINGS
        .iter()
        .any(|b| admin.realm.text(b) == Some(flow.alias.as_str()))
    {
        return Err(ApiError::error(
            StatusCode::BAD_REQUEST,
            "Can't delete a flow that is bound",
        ));
    }
    let mut tx = admin.app.db.begin().await?;
    for inner in flow_edit::with_inner(&admin.realm, flow) {
        for config in inner
            .executions
            .iter()
            .filter_map(|e| e.authenticator_config.as_deref())
        {
            part::remove(&mut tx, &admin.realm.id, Kind::AuthenticatorConfig, config).await?;
        }
        part::remove(&mut tx, &admin.realm.id, Kind::Flow, &inner.id).await?;
    }
    let path = format!("authentication/flows/{id}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn copy(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.map()?;
    let found = admin.realm.flow_by_alias(&alias);
    let flow = found.ok_or_else(|| ApiError::not_found("Flow not found"))?;
    let name = json::text(&given, "newName").map_or_else(|| format!("Copy of {alias}"), str::to_owned);
    let (flows, configs) = flow_edit::copy(&admin.realm, flow, &name);
    if flows.iter().any(|f| admin.realm.flow_by_alias(&f.alias).is_some()) {
        return Err(ApiError::conflict("New flow alias name already exists"));
    }
    let id = flows.first().map(|f| f.id.clone()).unwrap_or_default();
    let mut tx = admin.app.db.begin().await?;
    for config in &configs {
        flow_edit::save_config(&mut tx, &admin, config).await?;
    }
    for copied in &flows {
        flow_edit::save(&mut tx, &admin, copied).await?;
    }
    let path = format!("authentication/flows/{}/copy", answer::segment(&alias));
    let mut told = given;
    told.insert("id".into(), json!(id));
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told.into())).await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &format!("{path}/{id}")))
}
