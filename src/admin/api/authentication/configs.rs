//! The settings of steps.

use axum::Router;
use axum::extract::Path;
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
use crate::store::realm::{AuthenticatorConfig, Execution, Realm};

const SHAPE: &str = "AuthenticatorConfigRepresentation";
const KIND: &str = "AUTHENTICATOR_CONFIG";
const MASK: &str = "**********";

pub(super) fn routes(base: &str) -> Router<App> {
    Router::new()
        .route(&format!("{base}/executions/{{id}}/config"), post(create))
        .route(&format!("{base}/executions/{{id}}/config/{{config}}"), get(read_below))
        .route(&format!("{base}/config"), post(create_alone))
        .route(
            &format!("{base}/config/{{config}}"),
            get(read).put(update).delete(remove),
        )
}

/// The step that a config belongs to.
fn step_of<'a>(realm: &'a Realm, config_id: &str) -> Option<&'a Execution> {
    let all = realm.flows.iter().flat_map(|f| &f.executions);
    all.into_iter()
        .find(|e| e.authenticator_config.as_deref() == Some(config_id))
}

/// Settings that the step does not know, or that are secret, are masked.
fn shown(realm: &Realm, config: &AuthenticatorConfig) -> Value {
    let step = step_of(realm, &config.id).and_then(|e| e.authenticator.as_deref());
    json!({ "id": config.id, "alias": config.alias, "config": masked(step, config) })
}

fn masked(step: Option<&str>, config: &AuthenticatorConfig) -> Doc {
    let visible = |name: &str| step.is_none_or(|step| catalog::shows(step, name));
    let settings = config.config.iter();
    settings
        .map(|(name, value)| {
            let value = if visible(name) { json!(value) } else { json!(MASK) };
            (name.clone(), value)
        })
        .collect()
}

fn find<'a>(realm: &'a Realm, id: &str) -> Result<&'a AuthenticatorConfig, ApiError> {
    let found = realm.authenticator_config(id);
    found.ok_or_else(|| ApiError::not_found("Could not find authenticator config"))
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    answer::json(&shown(&admin.realm, find(&admin.realm, &id)?))
}

async fn read_below(admin: Admin, Path((_, _, id)): Path<(String, String, String)>) -> Answer {
    admin.require(VIEW)?;
    answer::json(&shown(&admin.realm, find(&admin.realm, &id)?))
}

fn parse(given: &Doc) -> Result<AuthenticatorConfig, ApiError> {
    let Some(alias) = json::text(given, "alias") else {
        let text = "Failed to create authentication execution configuration with empty alias name";
        return Err(ApiError::conflict(text));
    };
    Ok(AuthenticatorConfig {
        id: crate::random::uuid(),
        alias: alias.to_owned(),
        config: settings(given)?,
    })
}

fn settings(given: &Doc) -> Result<std::collections::BTreeMap<String, String>, ApiError> {
    match given.get("config").and_then(Value::as_object) {
        Some(config) => {
            let texts: Doc = config
                .iter()
                .filter(|(_, v)| v.is_string())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            Ok(serde_json::from_value(Value::Object(texts))?)
        }
        None => Ok(std::collections::BTreeMap::new()),
    }
}

/// Gives a step its settings; those that it had are gone.
async fn create(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let (flow, execution) = flow_edit::find_execution(&admin.realm, &id)?;
    let new = parse(&body.object(SHAPE)?)?;
    let mut changed = flow.clone();
    for e in changed.executions.iter_mut().filter(|e| e.id == id) {
        e.authenticator_config = Some(new.id.clone());
    }
    let told = json!({
        "id": new.id, "alias": new.alias, "config": masked(execution.authenticator.as_deref(), &new)
    });
    let path = format!("authentication/executions/{id}/config");
    let mut tx = admin.app.db.begin().await?;
    if let Some(old) = &execution.authenticator_config {
        part::remove(&mut tx, &admin.realm.id, Kind::AuthenticatorConfig, old).await?;
    }
    flow_edit::save_config(&mut tx, &admin, &new).await?;
    flow_edit::save(&mut tx, &admin, &changed).await?;
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &format!("{path}/{}", new.id)))
}

async fn create_alone(admin: Admin, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.object(SHAPE)?;
    let new = parse(&given)?;
    let path = format!("authentication/config/{}", new.id);
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save_config(&mut tx, &admin, &new).await?;
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&given.into())).await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &path))
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let known = find(&admin.realm, &id)?;
    let given = body.object(SHAPE)?;
    let mut changed = known.clone();
    if let Some(alias) = given.get("alias").and_then(Value::as_str) {
        alias.clone_into(&mut changed.alias);
    }
    changed.config = settings(&given)?;
    for (name, value) in &mut changed.config {
        // The mask written back leaves what is there.
        if value == MASK
            && let Some(kept) = known.config.get(name)
        {
            value.clone_from(kept);
        }
    }
    let step = step_of(&admin.realm, &id).and_then(|e| e.authenticator.as_deref());
    let told = json!({ "id": id, "alias": changed.alias, "config": masked(step, &changed) });
    let mut tx = admin.app.db.begin().await?;
    flow_edit::save_config(&mut tx, &admin, &changed).await?;
    let path = format!("authentication/config/{id}");
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(MANAGE)?;
    find(&admin.realm, &id)?;
    let mut tx = admin.app.db.begin().await?;
    part::remove(&mut tx, &admin.realm.id, Kind::AuthenticatorConfig, &id).await?;
    for flow in &admin.realm.flows {
        let mut changed = flow.clone();
        let used = changed
            .executions
            .iter_mut()
            .filter(|e| e.authenticator_config.as_deref() == Some(&id));
        if used.map(|e| e.authenticator_config = None).count() > 0 {
            flow_edit::save(&mut tx, &admin, &changed).await?;
        }
    }
    let path = format!("authentication/config/{id}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
