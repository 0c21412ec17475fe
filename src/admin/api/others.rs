//! What Keycloak's Admin REST API has and this server has not: authorization services, workflows, client types. Whoever may use
//! it is told that it is off.

use axum::Router;
use axum::http::Method;
use axum::routing::{any, get};

use super::auth::{Admin, Right};
use super::clients::Found;
use super::error::{Answer, ApiError};
use crate::app::App;

/// The addresses.
pub fn routes() -> Router<App> {
    let (realm, client) = ("/realms/{realm}", "/realms/{realm}/clients/{client}");
    Router::new()
        .route(&format!("{client}/authz"), any(authorization))
        .route(&format!("{client}/authz/{{*path}}"), any(authorization))
        .route(&format!("{realm}/workflows"), any(workflows))
        .route(&format!("{realm}/workflows/scheduled/{{resource}}"), any(workflows))
        .route(&format!("{realm}/workflows/migrate"), any(workflows))
        .route(&format!("{realm}/workflows/{{workflow}}"), any(workflows))
        .route(
            &format!("{realm}/workflows/{{workflow}}/{{turn}}/{{type}}/{{resource}}"),
            any(workflows),
        )
        .route(&format!("{realm}/client-types"), get(client_types).put(client_types))
}

/// Authorization services of a client.
async fn authorization(found: Found, method: Method) -> Answer {
    let rights: &[Right] = if method == Method::GET {
        &[Right::ViewAuthorization, Right::ManageAuthorization]
    } else {
        &[Right::ManageAuthorization]
    };
    found.admin.require(rights)?;
    Err(ApiError::feature_off())
}

/// Workflows act on everything in a realm; who sees them administers all of it.
fn require_all(admin: &Admin) -> Result<(), ApiError> {
    let all = [Right::ManageRealm, Right::ManageUsers, Right::ManageClients];
    all.into_iter().try_for_each(|right| admin.require(&[right]))
}

async fn workflows(admin: Admin) -> Answer {
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
