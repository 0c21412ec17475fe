//! Acting as a user.

use axum::Router;
use axum::extract::Path;
use axum::routing::post;

use super::find;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/realms/{realm}/users/{id}/impersonation", post(impersonate))
}

/// An administrator's browser would be signed in as somebody else; this is not offered yet.
async fn impersonate(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, &[Right::Impersonation]).await?;
    if !user.enabled {
        return Err(ApiError::bad("User is disabled"));
    }
    Err(ApiError::feature_off())
}
