//! The pages that applications put into hidden frames: is somebody still signed in, and does the browser let frames of
//! another site have cookies? `OpenID` Connect Session Management section 3.2, with what `keycloak-js` expects.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::cors;
use super::door::OfRealm;
use crate::app::App;
use crate::caller::Caller;
use crate::store::client;

const STATUS: &str = include_str!("status.html");
const STEP_1: &str = include_str!("step1.html");
const STEP_2: &str = include_str!("step2.html");

/// A page that any site may frame.
fn page(html: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html;charset=utf-8"),
        (
            header::CACHE_CONTROL,
            "no-cache, must-revalidate, no-transform, no-store",
        ),
        (header::CONTENT_SECURITY_POLICY, "frame-src 'self'; object-src 'none';"),
    ];
    (headers, html).into_response()
}

/// `GET .../login-status-iframe.html`
pub async fn status(OfRealm(_): OfRealm) -> Response {
    page(STATUS)
}

/// `GET .../3p-cookies/step1.html`
pub async fn step_1(OfRealm(_): OfRealm) -> Response {
    page(STEP_1)
}

/// `GET .../3p-cookies/step2.html`
pub async fn step_2(OfRealm(_): OfRealm) -> Response {
    page(STEP_2)
}

/// Who frames the status page.
#[derive(Deserialize)]
pub struct Framed {
    client_id: Option<String>,
    origin: Option<String>,
}

/// `GET .../login-status-iframe.html/init`: 204 if the page that frames belongs to the client.
pub async fn init(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    Query(framed): Query<Framed>,
) -> Response {
    let (Some(client_id), Some(origin)) = (framed.client_id, framed.origin) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    match client::by_client_id(&app.db, &realm.id, &client_id).await {
        Ok(Some(known)) if known.enabled() => {
            let admitted = cors::is_own(&origin, &caller.base) || cors::allowed(&origin, &known);
            let status = if admitted {
                StatusCode::NO_CONTENT
            } else {
                StatusCode::FORBIDDEN
            };
            status.into_response()
        }
        Ok(_) => StatusCode::FORBIDDEN.into_response(),
        Err(failed) => failed.into_response(),
    }
}
