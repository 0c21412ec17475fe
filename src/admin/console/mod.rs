//! Our own console: the pages on which administrators let applications register themselves (ADR 20).
//!
//! Pages are rendered here and ask the Admin API of this process with the token of whoever looks at them: what somebody
//! may not do there is not done here. They lie below the address of Keycloak's Admin Console and sign in with its client.

mod activity;
mod bulk;
mod client;
mod clients;
mod desk;
mod inside;
mod pending;
mod pending_bulk;
mod policies;
mod session;
mod settings;
mod shown;
mod spot;
mod token_form;
mod tokens;
mod trial;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::caller::Caller;
use crate::page;
use crate::store::realm::Realm;

/// The client that the console signs in with: the one of Keycloak's Admin Console, which every realm has.
const CLIENT_ID: &str = "security-admin-console";

/// The addresses of the pages: the realm that signs in, then the one that is administered.
pub fn routes() -> Router<App> {
    let at = |path: &str| format!("/{{realm}}/console/{path}");
    Router::new()
        .route(&at("start"), get(desk::start))
        .route(&at("find"), get(desk::find))
        .route(&at("signed-in"), get(session::come_back))
        .route(&at("sign-out"), post(session::sign_out))
        .route(&at("{of}/tokens"), get(tokens::list).post(token_form::create))
        .route(&at("{of}/tokens/new"), get(token_form::form))
        .route(&at("{of}/tokens/{id}"), get(tokens::one))
        .route(&at("{of}/tokens/{id}/revoke"), post(tokens::revoke))
        .route(&at("{of}/policies"), get(policies::list).post(policies::create))
        .route(&at("{of}/policies/try"), post(trial::run))
        .route(&at("{of}/policies/new"), get(policies::form))
        .route(&at("{of}/policies/{id}"), get(policies::one).post(policies::update))
        .route(&at("{of}/policies/{id}/remove"), post(policies::remove))
        .route(&at("{of}/pending"), get(pending::list))
        .route(&at("{of}/pending/bulk"), post(pending_bulk::confirm))
        .route(&at("{of}/pending/bulk/now"), post(pending_bulk::carry_out))
        .route(&at("{of}/pending/{id}"), get(pending::one).post(pending::decide))
        .route(&at("{of}/clients"), get(clients::list))
        .route(&at("{of}/clients/bulk"), post(bulk::confirm))
        .route(&at("{of}/clients/bulk/now"), post(bulk::carry_out))
        .route(&at("{of}/clients/{id}"), get(client::one))
        .route(&at("{of}/clients/{id}/{act}"), post(client::act))
        .route(&at("{of}/settings"), get(settings::form).post(settings::save))
        .route(&at("{of}/activity"), get(activity::list))
        .route(&at("{of}/activity/keep"), post(activity::keep))
}

/// The path below which the pages of those who sign in with a realm lie; also that of their cookies.
fn path(caller: &Caller, home: &str) -> String {
    format!("{}/admin/{}/console", caller.prefix, page::path_part(home))
}

/// Where the console begins for those who sign in with a realm.
pub fn start(caller: &Caller, home: &Realm) -> String {
    format!("{}/start", path(caller, &home.name))
}
