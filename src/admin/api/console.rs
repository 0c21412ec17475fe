//! Where the Admin Console is.

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::console;
use crate::oidc::door::OfRealm;
use crate::page;
use crate::visitor::Visitor;

/// The addresses of the console.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(home)).route("/{realm}/console", get(show))
}

async fn home(caller: Caller) -> Response {
    found(&format!("{}/admin/master/console/", caller.base))
}

fn found(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// The console's page; its addresses are relative to one with a slash at the end.
async fn show(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    OriginalUri(uri): OriginalUri,
    visitor: Visitor,
) -> Result<Response, ApiError> {
    if !uri.path().ends_with('/') {
        let home = console::web::admin_path(&visitor.caller, &realm);
        let origin = visitor.caller.base.strip_suffix(visitor.caller.prefix);
        return Ok(found(&format!("{}{home}", origin.unwrap_or(&visitor.caller.base))));
    }
    match console::web::admin(&app, &realm, &visitor)? {
        Some(page) => Ok(page),
        None => Ok(page::not_found(&app, &realm, &visitor)?),
    }
}
