//! Pages in browsers that call the Admin API: those of the Web Origins of the client that their token was issued to.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::oidc::cors;
use crate::store::client::Client;

/// The methods that a page may use, as Keycloak lists them.
const METHODS: &str = "DELETE, POST, GET, PUT";

/// Where it is noted, once the token was read, that the page may read the answer.
#[derive(Clone, Default)]
struct Readable(Arc<OnceLock<()>>);

/// Notes that a page may read the answer, if it is one of the client's.
pub(super) fn admit(parts: &Parts, client: &Client) {
    if let (Some(origin), Some(noted)) = (cors::origin(&parts.headers), parts.extensions.get::<Readable>())
        && cors::allowed(origin, client)
    {
        let _ = noted.0.set(());
    }
}

/// Answers what pages ask before they call, and lets those read answers that may.
pub(super) async fn apply(mut request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let is_page = cors::origin(&headers).is_some();
    if request.method() == Method::OPTIONS {
        return if is_page {
            cors::preflight(&headers, METHODS)
        } else {
            StatusCode::OK.into_response()
        };
    }
    if !is_page {
        return next.run(request).await;
    }
    let noted = Readable::default();
    request.extensions_mut().insert(noted.clone());
    let mut response = next.run(request).await;
    if noted.0.get().is_some() {
        cors::apply_exposing(&mut response, &headers);
    }
    response
}
