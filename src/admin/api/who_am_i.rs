//! Who is signed in at Keycloak's own admin console.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Administrator, Right};
use super::error::{Answer, ApiError};
use crate::app::App;
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};

/// The address that the console asks first.
pub fn routes() -> Router<App> {
    Router::new().route("/{realm}/console/whoami", get(read))
}

async fn read(who: Administrator, Path(name): Path<String>, query: super::query::Query) -> Answer {
    if who.home.name != name {
        return Err(ApiError::unauthorized());
    }
    if who.client.client_id != "security-admin-console" {
        let text = format!(
            "Token issued for an application that is not the admin console: {}",
            who.client.client_id
        );
        return Err(ApiError::error(StatusCode::FORBIDDEN, &text));
    }
    let mut access = Doc::new();
    let asked = query.text("currentRealm").unwrap_or(&name);
    if let Some(realm) = realm::by_name(&who.app.db, asked).await? {
        access.insert(realm.name.clone(), rights(&who, &realm).await?);
    }
    let display = who.user.full_name().unwrap_or_else(|| who.user.username.clone());
    answer::json(&json!({
        "userId": who.user.id, "realm": who.home.name, "displayName": display,
        "locale": who.user.attribute("locale").unwrap_or("en"), "createRealm": who.has_master_role("create-realm"),
        "realm_access": access, "temporary": false
    }))
}

async fn rights(who: &Administrator, realm: &Realm) -> Result<Value, ApiError> {
    let rights = who.rights_on(realm).await?;
    Ok(Right::ALL
        .into_iter()
        .filter(|r| rights.contains(r))
        .map(Right::role)
        .collect())
}
