//! What Keycloak's Admin Console asks first.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use super::answer;
use super::auth::{Administrator, Right};
use super::error::{Answer, ApiError};
use crate::app::App;
use crate::caller::Caller;
use crate::store::realm;

/// The client of the console.
const CONSOLE: &str = "security-admin-console";

/// The addresses of the console.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/{realm}/console/whoami", get(who_am_i))
}

async fn home(caller: Caller) -> Answer {
    let location = format!("{}/admin/master/console/", caller.base);
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// Who is signed in at the console, and what they may do in which realm.
async fn who_am_i(who: Administrator, Path(name): Path<String>) -> Answer {
    if who.home.name != name {
        return Err(ApiError::unauthorized());
    }
    if who.client.client_id != CONSOLE {
        let text = format!(
            "Token issued for an application that is not the admin console: {}",
            who.client.client_id
        );
        return Err(ApiError::error(StatusCode::FORBIDDEN, &text));
    }
    let mut access: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let names = if name == "master" {
        realm::names(&who.app.db).await?
    } else {
        vec![name]
    };
    for name in names {
        if let Some(found) = realm::by_name(&who.app.db, &name).await? {
            let mut roles: Vec<&str> = who.rights_on(&found).await?.into_iter().map(Right::role).collect();
            roles.sort_unstable();
            if !roles.is_empty() {
                access.insert(name, roles);
            }
        }
    }
    let shown = who.user.full_name().unwrap_or_else(|| who.user.username.clone());
    answer::json(&json!({
        "userId": who.user.id, "realm": who.home.name, "displayName": shown,
        "locale": who.user.attribute("locale").unwrap_or("en"),
        "createRealm": who.has_master_role("create-realm"), "realm_access": access, "temporary": false
    }))
}
