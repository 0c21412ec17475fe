//! What Keycloak's Admin REST API has and this server has not yet: answers as from a realm that has none of it.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;

/// The addresses of workflows and client types.
pub fn routes() -> Router<App> {
    let realm = "/realms/{realm}";
    Router::new()
        .route(&format!("{realm}/workflows"), get(workflows).post(change_workflows))
        .route(&format!("{realm}/workflows/scheduled/{{resource}}"), get(workflows))
        .route(
            &format!("{realm}/workflows/{{workflow}}"),
            get(workflow).put(change_workflows).delete(change_workflows),
        )
        .route(&format!("{realm}/client-types"), get(client_types).put(client_types))
}

/// Workflows act on everything in a realm; who sees them administers all of it.
fn require_all(admin: &Admin) -> Result<(), ApiError> {
    let all = [Right::ManageRealm, Right::ManageUsers, Right::ManageClients];
    all.into_iter().try_for_each(|right| admin.require(&[right]))
}

/// Keycloak tells workflows as YAML to those who do not ask for JSON.
async fn workflows(admin: Admin, headers: HeaderMap) -> Result<Response, ApiError> {
    require_all(&admin)?;
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if accept.is_some_and(|a| a.contains("json")) {
        return answer::json_plain(&json!([]));
    }
    Ok(([(header::CONTENT_TYPE, "application/yaml;charset=UTF-8")], "--- []\n").into_response())
}

async fn workflow(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    require_all(&admin)?;
    let text = format!("Not a valid workflow resource: {id}");
    Err(ApiError::error(StatusCode::BAD_REQUEST, &text))
}

async fn change_workflows(admin: Admin) -> Answer {
    require_all(&admin)?;
    Err(ApiError::feature_off())
}

async fn client_types(admin: Admin) -> Answer {
    if admin.has_some() {
        Err(ApiError::feature_off())
    } else {
        Err(ApiError::forbidden())
    }
}
