//! Which pages in browsers may read the answers of these endpoints: Keycloak's headers, from a client's Web Origins.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vestibule_oauth::web_origin;

use crate::store::client::Client;

/// The headers that a page may send. The last one is what MCP clients send, and what Keycloak does not let them.
const ALLOW_HEADERS: &str = "Origin, Accept, X-Requested-With, Access-Control-Request-Method, \
     Access-Control-Request-Headers, DPoP, Content-Type, Authorization, MCP-Protocol-Version";

/// The origin of the page that calls, if it is one.
pub fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN)?.to_str().ok().filter(|o| !o.is_empty())
}

/// Whether a page of this origin may call on behalf of a client.
pub fn allowed(origin: &str, client: &Client) -> bool {
    web_origin::allows(&client.texts("webOrigins"), &client.texts("redirectUris"), origin)
}

/// Whether a caller may go on: no page, the server's own page, or a page of the client.
pub fn admits(headers: &HeaderMap, base: &str, client: &Client) -> bool {
    origin(headers).is_none_or(|o| is_own(o, base) || allowed(o, client))
}

/// Whether an origin is this server itself.
pub fn is_own(origin: &str, base: &str) -> bool {
    base.strip_suffix("/auth").unwrap_or(base) == origin
}

/// Lets the page that called read the answer. Without an origin it is left as it is.
pub fn apply(response: &mut Response, headers: &HeaderMap) {
    let Some(origin) = headers.get(header::ORIGIN).filter(|o| !o.is_empty()) else {
        return;
    };
    let own = response.headers_mut();
    own.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    own.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    own.append(header::VARY, HeaderValue::from_static("Origin"));
}

/// The same, for endpoints whose page may also see which methods there are.
pub fn apply_exposing(response: &mut Response, headers: &HeaderMap) {
    apply(response, headers);
    if origin(headers).is_some() {
        response.headers_mut().insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Access-Control-Allow-Methods"),
        );
    }
}

/// The same, for endpoints that say in a header how to authenticate.
pub fn apply_exposing_challenge(response: &mut Response, headers: &HeaderMap) {
    apply_exposing(response, headers);
    if origin(headers).is_some() {
        response.headers_mut().insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Access-Control-Allow-Methods, WWW-Authenticate"),
        );
    }
}

/// The answer to `OPTIONS`: any page may ask. `methods` as Keycloak lists them, as `POST, OPTIONS`.
pub fn preflight(headers: &HeaderMap, methods: &'static str) -> Response {
    let mut response = StatusCode::OK.into_response();
    if origin(headers).is_none() {
        return response;
    }
    apply(&mut response, headers);
    let own = response.headers_mut();
    own.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    own.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(ALLOW_HEADERS),
    );
    own.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// The answer to `OPTIONS` where pages may not call: which methods there are.
pub fn methods_only(allow: &'static str) -> Response {
    (StatusCode::OK, [(header::ALLOW, allow)], Body::empty()).into_response()
}

/// The answer to a page that may not call.
pub fn invalid_origin() -> Response {
    let body = r#"{"error":"Invalid origin"}"#;
    (
        StatusCode::FORBIDDEN,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}
