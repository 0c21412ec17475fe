//! What a realm can have in Keycloak and cannot have here so far: these are asked for early by admin clients, and are empty.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;

/// The addresses of identity providers and organizations.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/identity-provider/instances", get(identity_providers))
        .route("/realms/{realm}/organizations", get(organizations))
        .route("/realms/{realm}/organizations/count", get(organization_count))
}

async fn identity_providers(admin: Admin) -> Answer {
    admin.require(&[Right::ViewIdentityProviders, Right::ManageIdentityProviders])?;
    answer::json(&Vec::<Value>::new())
}

fn enabled(admin: &Admin) -> Result<(), ApiError> {
    admin.require(&[
        Right::ViewOrganizations,
        Right::ManageOrganizations,
        Right::QueryOrganizations,
        Right::ViewRealm,
        Right::ManageRealm,
    ])?;
    if admin.realm.flag("organizationsEnabled") {
        Ok(())
    } else {
        let text = "Organizations not enabled for this realm.";
        Err(ApiError::message(StatusCode::NOT_FOUND, text))
    }
}

async fn organizations(admin: Admin) -> Answer {
    enabled(&admin)?;
    answer::json(&Vec::<Value>::new())
}

async fn organization_count(admin: Admin) -> Answer {
    enabled(&admin)?;
    answer::json(&json!(0))
}
