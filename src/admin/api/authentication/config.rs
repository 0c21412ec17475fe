//! The settings of steps.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::draft::Draft;
use super::providers::{self, Provider};
use super::representation::Flows;
use super::{CHANGE, SEE, created, done, flows};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::secret_settings::MASK;
use crate::store::json::{Doc, text};
use crate::store::realm::AuthenticatorConfig;

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication";
    let of_step = format!("{base}/executions/{{execution}}/config");
    Router::new()
        .route(&of_step, post(create))
        .route(&format!("{of_step}/{{config}}"), get(read_of_step))
        .route(&format!("{base}/config"), post(create_alone))
        .route(
            &format!("{base}/config/{{config}}"),
            get(read).put(update).delete(remove),
        )
}

fn unknown() -> ApiError {
    ApiError::not_found("Could not find authenticator config")
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    show(flows::of(&admin), &id)
}

async fn read_of_step(admin: Admin, Path((_, _, id)): Path<(String, String, String)>) -> Answer {
    admin.require(SEE)?;
    show(flows::of(&admin), &id)
}

fn show(flows: Flows<'_>, id: &str) -> Answer {
    let config = flows.config(id).ok_or_else(unknown)?;
    let mut shown = Doc::new();
    shown.insert("id".into(), json!(config.id));
    if !config.alias.is_empty() {
        shown.insert("alias".into(), json!(config.alias));
    }
    shown.insert("config".into(), masked(provider(flows, id), &config.config));
    answer::json(&shown)
}

/// The provider of the step that has these settings.
fn provider(flows: Flows<'_>, config: &str) -> Option<Provider> {
    let mut steps = flows.flows.iter().flat_map(|f| &f.executions);
    let step = steps.find(|e| e.authenticator_config.as_deref() == Some(config))?;
    providers::step(step.authenticator.as_deref()?)
}

/// Values of secrets, and of settings that the provider does not know and that so may be secrets, are not told.
fn masked(provider: Option<Provider>, values: &BTreeMap<String, String>) -> Value {
    let properties = provider.map_or(&[][..], Provider::properties);
    let open = |key: &str| {
        let known = properties.iter().find(|p| p["name"] == key);
        known.is_some_and(|p| p["secret"] != true && p["type"] != "Password")
    };
    let shown = values
        .iter()
        .map(|(key, value)| (key.clone(), json!(if open(key) { value } else { MASK })));
    Value::Object(shown.collect())
}

/// What was sent; a mask stands for what is there, an empty value for none.
fn values(given: &Doc, before: Option<&AuthenticatorConfig>) -> BTreeMap<String, String> {
    let sent = given.get("config").and_then(Value::as_object).into_iter().flatten();
    sent.filter_map(|(key, value)| {
        let value = value.as_str().filter(|v| !v.is_empty())?;
        let kept = if value == MASK { before?.config.get(key)? } else { value };
        Some((key.clone(), kept.to_owned()))
    })
    .collect()
}

fn named(given: &Doc) -> Result<&str, ApiError> {
    let missing = "Failed to create authentication execution configuration with empty alias name";
    text(given, "alias").ok_or_else(|| ApiError::conflict(missing))
}

/// Gives a step settings, in place of those that it has.
async fn create(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticatorConfigRepresentation")?;
    let mut draft = Draft::open(&admin).await?;
    let (_, mut execution) = draft.parent_of(&id)?;
    let config = AuthenticatorConfig {
        id: crate::random::uuid(),
        alias: named(&given)?.to_owned(),
        config: values(&given, None),
    };
    let config_id = config.id.clone();
    let before = execution.authenticator_config.replace(config_id.clone());
    draft.keep_config(config).await?;
    draft.keep_execution(execution).await?;
    if let Some(before) = before {
        draft.drop_unused_config(&before).await?;
    }
    let path = format!("authentication/executions/{id}/config");
    finish(draft, &admin, Operation::Create, &path, Some((&config_id, &given))).await?;
    created(&admin, &format!("{path}/{config_id}"))
}

/// Settings of no step yet.
async fn create_alone(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticatorConfigRepresentation")?;
    let alias = named(&given)?;
    let mut draft = Draft::open(&admin).await?;
    if draft.flows().configs.iter().any(|c| c.alias == alias) {
        let text = format!("Authentication execution configuration {alias} already exists");
        return Err(ApiError::conflict(&text));
    }
    let config = AuthenticatorConfig {
        id: crate::random::uuid(),
        alias: alias.to_owned(),
        config: values(&given, None),
    };
    let id = config.id.clone();
    draft.keep_config(config).await?;
    let path = format!("authentication/config/{id}");
    finish(draft, &admin, Operation::Create, &path, Some((&id, &given))).await?;
    created(&admin, &path)
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("AuthenticatorConfigRepresentation")?;
    let mut draft = Draft::open(&admin).await?;
    let before = draft.flows().config(&id).ok_or_else(unknown)?;
    let changed = AuthenticatorConfig {
        id: id.clone(),
        alias: text(&given, "alias").unwrap_or(&before.alias).to_owned(),
        config: values(&given, Some(before)),
    };
    draft.keep_config(changed).await?;
    let path = format!("authentication/config/{id}");
    finish(draft, &admin, Operation::Update, &path, Some((&id, &given))).await?;
    done()
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let mut draft = Draft::open(&admin).await?;
    draft.flows().config(&id).ok_or_else(unknown)?;
    draft.drop_config(&id).await?;
    let path = format!("authentication/config/{id}");
    finish(draft, &admin, Operation::Delete, &path, None).await?;
    done()
}

/// Ends a change; the event tells what was sent, as far as it may be told.
async fn finish(
    mut draft: Draft,
    admin: &Admin,
    operation: Operation,
    path: &str,
    told: Option<(&str, &Doc)>,
) -> Result<(), ApiError> {
    let told = told.map(|(id, given)| {
        let mut told = given.clone();
        told.insert("id".into(), json!(id));
        told.insert(
            "config".into(),
            masked(provider(draft.flows(), id), &values(given, None)),
        );
        Value::Object(told)
    });
    let kind = "AUTHENTICATOR_CONFIG";
    record(&mut draft.tx, admin, operation, kind, path, told.as_ref()).await?;
    Ok(draft.tx.commit().await?)
}
