//! What Keycloak's Admin Console asks beside the Admin REST API: lists put together for its pages.

mod flows;
mod roles;
mod sessions;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Administrator, Right};
use super::authentication::required_actions;
use super::error::Answer;
use super::json::Body;
use super::query::Query;
use super::users::{list, profile};
use super::{events, realms};
use crate::app::App;
use crate::store::{json, realm_list};

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/ui-ext";
    let at = |path: &str| format!("{root}/{path}");
    Router::new()
        .route(root, axum::routing::put(save_realm))
        .route(&at("info"), get(info))
        .route(&at("available-event-listeners"), get(listeners))
        .route(&at("brute-force-user"), get(list::with_failures))
        .route(&at("realms/names"), get(realm_names))
        .route(
            &at("authentication-management/required-actions"),
            get(required_actions::list_configurable),
        )
        .merge(flows::routes())
        .merge(roles::routes())
        .merge(sessions::routes())
}

/// Saves a realm's settings and its user profile together.
async fn save_realm(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut given = body.object("UIRealmRepresentation")?;
    let profile = match given.shift_remove("upConfig") {
        Some(Value::Object(wanted)) => Some(wanted),
        _ => None,
    };
    if let Some(wanted) = &profile {
        profile::check(&admin, wanted)?;
    }
    realms::change(&admin, &given).await?;
    if profile.is_some() {
        profile::replace(&admin, profile).await?;
    }
    answer::nothing()
}

async fn info(admin: Admin) -> Answer {
    if !admin.knows_realm() {
        return Err(super::error::ApiError::forbidden());
    }
    answer::json_plain(&json!({ "userProfileProvidersEnabled": false }))
}

async fn listeners(admin: Admin) -> Answer {
    admin.require(&[Right::ViewEvents, Right::ManageEvents])?;
    let all: Vec<Value> = events::LISTENERS.iter().map(|id| json!({ "id": id })).collect();
    answer::json_plain(&all)
}

/// The realms that the caller may administer.
async fn realm_names(who: Administrator, query: Query) -> Answer {
    let page = query.page(10)?;
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let mut seen = Vec::new();
    for realm in realm_list::outlines(&who.app.db).await? {
        let shown = json::text(&realm.shown, "displayName");
        let matches = |text: &str| text.to_lowercase().contains(&search);
        if !matches(&realm.name) && !shown.is_some_and(matches) {
            continue;
        }
        if who.knows_of(&realm.id, &realm.name).await? {
            let mut doc = json!({ "name": realm.name });
            if let Some(shown) = shown {
                doc["displayName"] = json!(shown);
            }
            seen.push(doc);
        }
        if seen.len() as i64 >= page.first.saturating_add(page.max) {
            break;
        }
    }
    let part: Vec<Value> = seen
        .into_iter()
        .skip(page.first as usize)
        .take(page.max as usize)
        .collect();
    answer::json(&part)
}
