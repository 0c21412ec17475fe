//! The lists of providers.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Map, Value};

use super::providers::{self, Kind};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::app::App;

/// Who arranges clients sees how they authenticate.
const SEE_CLIENTS: &[Right] = &[
    Right::ViewRealm,
    Right::ManageRealm,
    Right::ViewClients,
    Right::ManageClients,
    Right::QueryClients,
];

pub(super) fn routes() -> Router<App> {
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
}

fn list(kind: Kind) -> Answer {
    answer::json(
        &providers::all(kind)
            .map(providers::Provider::listed)
            .collect::<Vec<_>>(),
    )
}

async fn authenticators(admin: Admin) -> Answer {
    admin.require(super::SEE)?;
    list(Kind::Authenticator)
}

async fn client_authenticators(admin: Admin) -> Answer {
    admin.require(SEE_CLIENTS)?;
    list(Kind::ClientAuthenticator)
}

async fn forms(admin: Admin) -> Answer {
    admin.require(super::SEE)?;
    list(Kind::Form)
}

async fn form_actions(admin: Admin) -> Answer {
    admin.require(super::SEE)?;
    list(Kind::FormAction)
}

async fn per_client(admin: Admin) -> Answer {
    admin.require(SEE_CLIENTS)?;
    let told: Map<String, Value> = providers::all(Kind::ClientAuthenticator)
        .map(|p| (p.id().to_owned(), p.per_client()))
        .collect();
    answer::json(&told)
}

async fn description(admin: Admin, Path((_, provider)): Path<(String, String)>) -> Answer {
    admin.require(super::SEE)?;
    let found = providers::step(&provider);
    answer::json(
        &found
            .ok_or_else(|| ApiError::not_found("Could not find authenticator provider"))?
            .description(),
    )
}
