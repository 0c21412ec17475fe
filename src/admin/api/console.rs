//! Where the Admin Console is.

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::error::ApiError;
use crate::admin::console as own;
use crate::app::App;
use crate::caller::Caller;
use crate::console;
use crate::oidc::door::OfRealm;
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

/// Scheme and authority.
fn origin(caller: &Caller) -> &str {
    caller.base.strip_suffix(caller.prefix).unwrap_or(&caller.base)
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
        return Ok(found(&format!("{}{home}", origin(&visitor.caller))));
    }
    match console::web::admin(&app, &realm, &visitor)? {
        Some(page) => Ok(page),
        // Without Keycloak's, ours.
        None => Ok(found(&format!(
            "{}{}",
            origin(&visitor.caller),
            own::start(&visitor.caller, &realm)
        ))),
    }
}
