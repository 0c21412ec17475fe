//! Authentication: flows and their steps, their settings, required actions.

pub mod catalog;
mod configs;
mod executions;
mod flow_edit;
mod flows;
mod required_actions;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;

/// Who may see how people sign in.
const VIEW: &[Right] = &[Right::ViewRealm, Right::ManageRealm];
/// Who may change it.
const MANAGE: &[Right] = &[Right::ManageRealm];

/// The addresses of authentication.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/authentication";
    Router::new()
        .route(&format!("{base}/authenticator-providers"), get(authenticators))
        .route(
            &format!("{base}/client-authenticator-providers"),
            get(client_authenticators),
        )
        .route(&format!("{base}/form-providers"), get(forms))
        .route(&format!("{base}/form-action-providers"), get(form_actions))
        .route(&format!("{base}/per-client-config-description"), get(per_client))
        .route(&format!("{base}/config-description/{{provider}}"), get(description))
        .merge(flows::routes(base))
        .merge(executions::routes(base))
        .merge(configs::routes(base))
        .merge(required_actions::routes(base))
}

async fn authenticators(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    answer::json(&catalog::providers("authenticator"))
}

async fn client_authenticators(admin: Admin) -> Answer {
    admin.require(&[
        Right::ViewRealm,
        Right::ManageRealm,
        Right::ViewClients,
        Right::ManageClients,
    ])?;
    answer::json(&catalog::providers("client-authenticator"))
}

async fn forms(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    answer::json(&catalog::providers("form"))
}

async fn form_actions(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    answer::json(&catalog::providers("form-action"))
}

async fn per_client(admin: Admin) -> Answer {
    admin.require(&[
        Right::ViewRealm,
        Right::ManageRealm,
        Right::ViewClients,
        Right::ManageClients,
    ])?;
    answer::json(catalog::per_client())
}

async fn description(admin: Admin, Path((_, provider)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let found = catalog::describe(&provider);
    answer::json(&found.ok_or_else(|| ApiError::not_found("Could not find authenticator provider"))?)
}
