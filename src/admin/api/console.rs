//! Where the Admin Console is.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::caller::Caller;

/// The addresses of the console.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

async fn home(caller: Caller) -> Response {
    let location = format!("{}/admin/master/console/", caller.base);
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}
