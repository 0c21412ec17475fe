//! Authentication flows with their steps, and what is required of users: Keycloak's `/authentication`.

mod catalog;
mod config;
pub(in crate::admin::api) mod draft;
mod executions;
mod flows;
mod providers;
mod representation;
pub(in crate::admin::api) mod required_actions;
mod subflows;

pub use draft::BINDINGS;
pub use representation::flow as represent_flow;

use axum::Router;
use axum::http::StatusCode;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;

/// Who may see flows.
const SEE: &[Right] = &[Right::ViewRealm, Right::ManageRealm];

/// Who may change them.
const CHANGE: &[Right] = &[Right::ManageRealm];

/// The addresses of flows, steps, their settings and required actions.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(catalog::routes())
        .merge(flows::routes())
        .merge(executions::routes())
        .merge(subflows::routes())
        .merge(config::routes())
        .merge(required_actions::routes())
}

/// 400 `{"error": ...}`: most refusals here.
fn refuse(text: &str) -> ApiError {
    ApiError::error(StatusCode::BAD_REQUEST, text)
}

/// 204, as Keycloak answers here.
fn done() -> Answer {
    answer::uncached(answer::nothing())
}

/// 201, as Keycloak answers here.
fn created(admin: &Admin, path: &str) -> Answer {
    answer::uncached(answer::created(admin, path))
}
