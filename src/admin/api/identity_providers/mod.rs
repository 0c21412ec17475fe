//! Identity providers: what an administrator writes about them, and their mappers.

mod catalog;
pub mod certificate;
mod check;
mod der;
mod import_config;
mod instances;
mod mappers;
pub mod representation;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use serde_json::Value;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;
use crate::store::identity_provider::{self, IdentityProvider};
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// Who sees providers.
pub const SEE: &[Right] = &[Right::ViewIdentityProviders, Right::ManageIdentityProviders];
/// Who changes them.
pub const CHANGE: &[Right] = &[Right::ManageIdentityProviders];

const SHAPE: &str = "IdentityProviderRepresentation";

/// Goes on if all providers in a representation are of kinds that are known, and may be in the realm, if it is there.
///
/// # Errors
///
/// 400.
pub fn check_all(realm: Option<&Realm>, given: &Doc) -> Result<(), ApiError> {
    let all = given.get("identityProviders").and_then(Value::as_array);
    let mut sent = all.into_iter().flatten().filter_map(Value::as_object);
    sent.try_for_each(|p| {
        let kind = instances::provider_id(p)?;
        realm.map_or(Ok(()), |realm| check::config(realm, kind, p))
    })
}

/// The addresses below `identity-provider`.
pub fn routes() -> Router<App> {
    let root = "/realms/{realm}/identity-provider";
    let one = format!("{root}/instances/{{alias}}");
    Router::new()
        .route(
            &format!("{root}/instances"),
            get(instances::list).post(instances::create),
        )
        .route(
            &one,
            get(instances::read).put(instances::update).delete(instances::remove),
        )
        .route(&format!("{one}/export"), get(instances::export))
        .route(&format!("{one}/reload-keys"), get(instances::reload_keys))
        .route(&format!("{one}/management/permissions"), any(permissions))
        .route(&format!("{one}/mapper-types"), get(mappers::types))
        .route(&format!("{one}/mappers"), get(mappers::list).post(mappers::create))
        .route(
            &format!("{one}/mappers/{{id}}"),
            get(mappers::read).put(mappers::update).delete(mappers::remove),
        )
        .route(&format!("{root}/import-config"), post(import_config::import))
        .route(&format!("{root}/upload-certificate"), post(certificate::upload))
        .route(&format!("{root}/providers/{{provider}}"), get(kind))
}

/// The provider that an address names.
async fn find(admin: &Admin, alias: &str) -> Result<IdentityProvider, ApiError> {
    let found = identity_provider::by_alias(&admin.app.db, &admin.realm.id, alias).await?;
    found.ok_or_else(ApiError::no_such_path)
}

async fn permissions(admin: Admin) -> Answer {
    admin.require(SEE)?;
    Err(ApiError::feature_off())
}

async fn kind(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    match catalog::kind(&id) {
        Some(kind) => answer::json(kind),
        None => Err(ApiError::error(StatusCode::BAD_REQUEST, "HTTP 400 Bad Request")),
    }
}
