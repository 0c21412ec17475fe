//! What can be required of users before they are signed in.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::providers::{self, Action};
use super::{CHANGE, SEE, done, refuse};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::Tx;
use crate::store::json::{Doc, flag, text};
use crate::store::part::{self, Kind};
use crate::store::realm::{self, RequiredAction};

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication";
    let one = format!("{base}/required-actions/{{alias}}");
    Router::new()
        .route(&format!("{base}/unregistered-required-actions"), get(unregistered))
        .route(&format!("{base}/register-required-action"), post(register))
        .route(&format!("{base}/required-actions"), get(list))
        .route(&one, get(read).put(update).delete(remove))
        .route(&format!("{one}/raise-priority"), post(raise))
        .route(&format!("{one}/lower-priority"), post(lower))
        .route(&format!("{one}/config-description"), get(description))
        .route(&format!("{one}/config"), get(config).put(configure).delete(reset))
}

fn unknown() -> ApiError {
    ApiError::not_found("Failed to find required action")
}

async fn list(admin: Admin) -> Answer {
    admin.require(&[
        Right::ViewRealm,
        Right::ManageRealm,
        Right::ViewUsers,
        Right::QueryUsers,
    ])?;
    answer::json(&admin.realm.required_actions)
}

/// `GET ui-ext/authentication-management/required-actions`: the same, with whether there is something to configure.
pub(in crate::admin::api) async fn list_configurable(admin: Admin) -> Answer {
    admin.require(&[
        Right::ViewRealm,
        Right::ManageRealm,
        Right::ViewUsers,
        Right::QueryUsers,
    ])?;
    let mut shown = Vec::new();
    for action in &admin.realm.required_actions {
        let mut doc = serde_json::to_value(action)?;
        doc["configurable"] = json!(settings(action).is_some());
        shown.push(doc);
    }
    answer::json(&shown)
}

async fn read(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    answer::json(admin.realm.required_action(&alias).ok_or_else(unknown)?)
}

/// The actions as they are now, by priority, in the transaction that changes them.
async fn open(admin: &Admin) -> Result<(Tx, Vec<RequiredAction>), ApiError> {
    let mut tx = admin.app.db.begin().await?;
    if !realm::lock(&mut tx, &admin.realm.id).await? {
        return Err(ApiError::not_found("Realm not found."));
    }
    let parts = part::of_kind(&mut tx, &admin.realm.id, Kind::RequiredAction).await?;
    let mut actions = Vec::with_capacity(parts.len());
    for part in parts {
        actions.push(serde_json::from_value::<RequiredAction>(Value::Object(part.doc))?);
    }
    actions.sort_by_key(|a| a.priority);
    Ok((tx, actions))
}

async fn keep(tx: &mut Tx, admin: &Admin, action: &RequiredAction) -> Result<(), ApiError> {
    let Value::Object(doc) = serde_json::to_value(action)? else {
        return Ok(());
    };
    let (realm_id, alias) = (&admin.realm.id, &action.alias);
    Ok(part::put(tx, realm_id, Kind::RequiredAction, alias, alias, &doc).await?)
}

async fn finish(
    mut tx: Tx,
    admin: &Admin,
    operation: Operation,
    kind: &str,
    path: &str,
    told: Option<Doc>,
) -> Result<(), ApiError> {
    let told = told.map(Value::Object);
    record(&mut tx, admin, operation, kind, path, told.as_ref()).await?;
    Ok(tx.commit().await?)
}

async fn update(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("RequiredActionProviderRepresentation")?;
    let (mut tx, actions) = open(&admin).await?;
    let before = actions.iter().find(|a| a.alias == alias).ok_or_else(unknown)?;
    let new_alias = text(&given, "alias").unwrap_or(&alias);
    if new_alias != alias {
        if actions.iter().any(|a| a.alias == new_alias) {
            return Err(ApiError::duplicate());
        }
        part::remove(&mut tx, &admin.realm.id, Kind::RequiredAction, &alias).await?;
    }
    let mut action = RequiredAction {
        alias: new_alias.to_owned(),
        name: text(&given, "name").unwrap_or(&before.name).to_owned(),
        enabled: flag(&given, "enabled"),
        default_action: flag(&given, "defaultAction"),
        priority: given.get("priority").and_then(Value::as_i64).unwrap_or(0),
        ..before.clone()
    };
    if let Some(config) = given.get("config").and_then(Value::as_object) {
        let texts = config
            .iter()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
        action.config = texts.collect();
    }
    keep(&mut tx, &admin, &action).await?;
    let path = format!("authentication/required-actions/{alias}");
    finish(tx, &admin, Operation::Update, "REQUIRED_ACTION", &path, Some(given)).await?;
    answer::nothing()
}

fn not_there() -> ApiError {
    ApiError::not_found("Failed to find required action.")
}

async fn remove(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let (mut tx, _) = open(&admin).await?;
    if !part::remove(&mut tx, &admin.realm.id, Kind::RequiredAction, &alias).await? {
        return Err(not_there());
    }
    let path = format!("authentication/required-actions/{alias}");
    finish(tx, &admin, Operation::Delete, "REQUIRED_ACTION", &path, None).await?;
    answer::nothing()
}

async fn raise(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    change_place(&admin, &alias, "raise-priority").await
}

async fn lower(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    change_place(&admin, &alias, "lower-priority").await
}

async fn change_place(admin: &Admin, alias: &str, how: &str) -> Answer {
    admin.require(CHANGE)?;
    let (mut tx, mut actions) = open(admin).await?;
    let at = actions.iter().position(|a| a.alias == alias).ok_or_else(not_there)?;
    let other = if how == "raise-priority" {
        at.checked_sub(1)
    } else {
        Some(at + 1)
    };
    if let Some(other) = other.filter(|o| *o < actions.len()) {
        let (mine, theirs) = (actions[at].priority, actions[other].priority);
        (actions[at].priority, actions[other].priority) = (theirs, mine);
        keep(&mut tx, admin, &actions[at]).await?;
        keep(&mut tx, admin, &actions[other]).await?;
    }
    let path = format!("authentication/required-actions/{alias}/{how}");
    finish(tx, admin, Operation::Update, "REQUIRED_ACTION", &path, None).await?;
    done()
}

async fn unregistered(admin: Admin) -> Answer {
    admin.require(SEE)?;
    let registered = |a: &Action| admin.realm.required_actions.iter().any(|r| r.provider_id == a.id());
    let missing = providers::actions().filter(|a| !registered(a));
    let shown = missing.map(|a| json!({ "providerId": a.id(), "name": a.name() }));
    answer::json(&shown.collect::<Vec<_>>())
}

async fn register(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.map()?;
    let provider = providers::action(text(&given, "providerId").unwrap_or_default());
    let provider = provider.ok_or_else(|| refuse("Required Action Provider with given providerId not found"))?;
    let (mut tx, actions) = open(&admin).await?;
    if actions.iter().any(|a| a.alias == provider.id()) {
        let text = "A Required Action Provider with given alias already exists.";
        return Err(ApiError::described(StatusCode::CONFLICT, "conflict", text));
    }
    let action = RequiredAction {
        alias: provider.id().to_owned(),
        name: text(&given, "name").unwrap_or(provider.name()).to_owned(),
        provider_id: provider.id().to_owned(),
        enabled: true,
        default_action: false,
        priority: actions.last().map_or(0, |a| a.priority + 1),
        config: std::collections::BTreeMap::new(),
    };
    keep(&mut tx, &admin, &action).await?;
    let path = "authentication/register-required-action";
    finish(tx, &admin, Operation::Create, "REQUIRED_ACTION", path, Some(given)).await?;
    done()
}

async fn description(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let found = admin.realm.required_action(&alias).and_then(settings);
    let properties = found.ok_or_else(|| ApiError::not_found("Could not find configurable RequiredAction provider"))?;
    answer::json(&json!({ "properties": properties }))
}

/// The settings that an action can have.
fn settings(action: &RequiredAction) -> Option<Vec<&'static Value>> {
    providers::action(&action.provider_id)?.properties()
}

fn not_configurable() -> ApiError {
    refuse("RequiredAction is not configurable")
}

async fn config(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let action = admin.realm.required_action(&alias).filter(|a| settings(a).is_some());
    answer::json(&json!({ "config": action.ok_or_else(not_configurable)?.config }))
}

async fn configure(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object("RequiredActionConfigRepresentation")?;
    let (mut tx, actions) = open(&admin).await?;
    let action = actions.into_iter().find(|a| a.alias == alias);
    let mut action = action.ok_or_else(not_configurable)?;
    let known = settings(&action).ok_or_else(not_configurable)?;
    let sent = given.get("config").and_then(Value::as_object);
    action.config.clear();
    for property in known {
        let name = property["name"].as_str().unwrap_or_default();
        let value = sent.and_then(|c| c.get(name)?.as_str()).filter(|v| !v.is_empty());
        if let Some(value) = value {
            check(property, name, value)?;
            action.config.insert(name.to_owned(), value.to_owned());
        }
    }
    keep(&mut tx, &admin, &action).await?;
    let path = format!("authentication/required-actions/{alias}/config");
    let kind = "REQUIRED_ACTION_CONFIG";
    finish(tx, &admin, Operation::Update, kind, &path, Some(given)).await?;
    done()
}

/// Keycloak's words for a number that is none, or negative.
fn check(property: &Value, name: &str, value: &str) -> Result<(), ApiError> {
    if property["type"] == "boolean" {
        return Ok(());
    }
    let (key, params) = match value.trim().parse::<i32>() {
        Ok(number) if number >= 0 => return Ok(()),
        Ok(_) => ("error-number-out-of-range-too-small", json!([name, 0])),
        Err(_) => ("error-invalid-value", json!([name])),
    };
    let body = json!({ "field": name, "errorMessage": key, "params": params });
    Err(ApiError::Refused(StatusCode::BAD_REQUEST, body))
}

async fn reset(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let (mut tx, actions) = open(&admin).await?;
    let action = actions.into_iter().find(|a| a.alias == alias);
    let mut action = action.filter(|a| settings(a).is_some()).ok_or_else(not_configurable)?;
    action.config.clear();
    keep(&mut tx, &admin, &action).await?;
    let path = format!("authentication/required-actions/{alias}/config");
    finish(tx, &admin, Operation::Delete, "REQUIRED_ACTION_CONFIG", &path, None).await?;
    done()
}
