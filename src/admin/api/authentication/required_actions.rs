//! Required actions: which there are, in which order, whether new users get them.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::{MANAGE, VIEW, catalog};
use crate::app::App;
use crate::store::Tx;
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::RequiredAction;

/// Who may see them: whoever looks up users needs their names.
const LIST: &[Right] = &[
    Right::ViewRealm,
    Right::ManageRealm,
    Right::QueryUsers,
    Right::ViewUsers,
];
const KIND: &str = "REQUIRED_ACTION";

pub(super) fn routes(base: &str) -> Router<App> {
    let one = format!("{base}/required-actions/{{alias}}");
    Router::new()
        .route(&format!("{base}/required-actions"), get(list))
        .route(&format!("{base}/unregistered-required-actions"), get(unregistered))
        .route(&format!("{base}/register-required-action"), post(register))
        .route(&one, get(read).put(update).delete(remove))
        .route(&format!("{one}/raise-priority"), post(raise))
        .route(&format!("{one}/lower-priority"), post(lower))
        .route(&format!("{one}/config-description"), get(description))
        .route(&format!("{one}/config"), get(config).put(configure).delete(unconfigure))
}

async fn list(admin: Admin) -> Answer {
    admin.require(LIST)?;
    answer::json(&admin.realm.required_actions)
}

fn find<'a>(admin: &'a Admin, alias: &str) -> Result<&'a RequiredAction, ApiError> {
    let found = admin.realm.required_action(alias);
    found.ok_or_else(|| ApiError::not_found("Failed to find required action"))
}

async fn read(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(LIST)?;
    answer::json(find(&admin, &alias)?)
}

async fn save(tx: &mut Tx, admin: &Admin, action: &RequiredAction) -> Result<(), ApiError> {
    if let Value::Object(doc) = serde_json::to_value(action)? {
        part::put(
            tx,
            &admin.realm.id,
            Kind::RequiredAction,
            &action.alias,
            &action.alias,
            &doc,
        )
        .await?;
    }
    Ok(())
}

/// Replaces name, switches and order. The alias stays: users are told by it what to do.
async fn update(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let mut changed = find(&admin, &alias)?.clone();
    let given = body.object("RequiredActionProviderRepresentation")?;
    if let Some(name) = json::text(&given, "name") {
        name.clone_into(&mut changed.name);
    }
    changed.enabled = json::flag(&given, "enabled");
    changed.default_action = json::flag(&given, "defaultAction");
    changed.priority = json::number(&given, "priority");
    if let Some(config) = given.get("config").filter(|c| c.is_object()) {
        changed.config = serde_json::from_value(config.clone())?;
    }
    let mut tx = admin.app.db.begin().await?;
    save(&mut tx, &admin, &changed).await?;
    let path = format!("authentication/required-actions/{alias}");
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&given.into())).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn remove(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(MANAGE)?;
    let mut tx = admin.app.db.begin().await?;
    if !part::remove(&mut tx, &admin.realm.id, Kind::RequiredAction, &alias).await? {
        return Err(ApiError::not_found("Failed to find required action."));
    }
    let path = format!("authentication/required-actions/{alias}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn unregistered(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    let missing = catalog::actions().filter(|(id, _)| admin.realm.required_action(id).is_none());
    let shown: Vec<Value> = missing
        .map(|(id, name)| json!({ "providerId": id, "name": name }))
        .collect();
    answer::json(&shown)
}

async fn register(admin: Admin, body: Body) -> Answer {
    admin.require(MANAGE)?;
    let given = body.map()?;
    let wanted = json::text(&given, "providerId").unwrap_or_default();
    let Some((id, name)) = catalog::actions().find(|(id, _)| *id == wanted) else {
        let text = "Required Action Provider with given providerId not found";
        return Err(ApiError::error(StatusCode::BAD_REQUEST, text));
    };
    if admin.realm.required_action(id).is_some() {
        return Err(ApiError::duplicate());
    }
    let last = admin
        .realm
        .required_actions
        .iter()
        .map(|a| a.priority)
        .max()
        .unwrap_or(0);
    let new = RequiredAction {
        alias: id.to_owned(),
        name: json::text(&given, "name").unwrap_or(name).to_owned(),
        provider_id: id.to_owned(),
        enabled: true,
        default_action: false,
        priority: last + 1,
        config: std::collections::BTreeMap::new(),
    };
    let mut tx = admin.app.db.begin().await?;
    save(&mut tx, &admin, &new).await?;
    let path = "authentication/register-required-action";
    record(&mut tx, &admin, Operation::Create, KIND, path, Some(&given.into())).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn raise(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    swap(&admin, &alias, "raise").await
}

async fn lower(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    swap(&admin, &alias, "lower").await
}

/// Changes places with the one before or after; they are in the order of their priorities.
async fn swap(admin: &Admin, alias: &str, way: &str) -> Answer {
    admin.require(MANAGE)?;
    let all = &admin.realm.required_actions;
    let at = all.iter().position(|a| a.alias == alias);
    let at = at.ok_or_else(|| ApiError::not_found("Failed to find required action."))?;
    let other = if way == "raise" {
        at.checked_sub(1)
    } else {
        Some(at + 1).filter(|o| *o < all.len())
    };
    let mut tx = admin.app.db.begin().await?;
    if let Some(other) = other {
        let (mut one, mut two) = (all[at].clone(), all[other].clone());
        std::mem::swap(&mut one.priority, &mut two.priority);
        save(&mut tx, admin, &one).await?;
        save(&mut tx, admin, &two).await?;
    }
    let path = format!("authentication/required-actions/{alias}/{way}-priority");
    record(&mut tx, admin, Operation::Update, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn description(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let found = catalog::action_settings(&alias);
    let properties = found.ok_or_else(|| ApiError::not_found("Could not find configurable RequiredAction provider"))?;
    answer::json(&json!({ "properties": properties }))
}

fn settings(alias: &str) -> Result<&'static Value, ApiError> {
    let found = catalog::action_settings(alias);
    found.ok_or_else(|| ApiError::error(StatusCode::BAD_REQUEST, "RequiredAction is not configurable"))
}

async fn config(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    settings(&alias)?;
    answer::json(&json!({ "config": find(&admin, &alias)?.config }))
}

async fn configure(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(MANAGE)?;
    settings(&alias)?;
    let given = body.object("RequiredActionConfigRepresentation")?;
    let config = given
        .get("config")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for name in ["max_auth_age", "emailResendCooldownSeconds", "warning_threshold"] {
        let value = config.get(name).and_then(Value::as_str).filter(|v| !v.is_empty());
        if value.is_some_and(|v| v.parse::<u32>().is_err()) {
            let told = json!({ "field": name, "errorMessage": "error-invalid-value", "params": [name] });
            return Err(ApiError::Refused(StatusCode::BAD_REQUEST, told));
        }
    }
    write_config(&admin, &alias, config, Operation::Update, Some(&given.into())).await
}

async fn unconfigure(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(MANAGE)?;
    settings(&alias)?;
    write_config(&admin, &alias, Doc::new(), Operation::Delete, None).await
}

async fn write_config(admin: &Admin, alias: &str, config: Doc, operation: Operation, told: Option<&Value>) -> Answer {
    let mut changed = find(admin, alias)?.clone();
    changed.config = serde_json::from_value(Value::Object(config))?;
    let mut tx = admin.app.db.begin().await?;
    save(&mut tx, admin, &changed).await?;
    let path = format!("authentication/required-actions/{alias}/config");
    record(&mut tx, admin, operation, "REQUIRED_ACTION_CONFIG", &path, told).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
