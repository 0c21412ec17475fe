//! What the endpoints of a realm have in common: the realm of the path, forms, and how answers are written.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::{Limits, Params};

use crate::app::App;
use crate::caller::Caller;
use crate::egress::is_public;
use crate::error::Error;
use crate::store::realm::{self, Realm};
use crate::visitor::Visitor;

/// The realm that the path names.
pub struct OfRealm(pub Arc<Realm>);

impl FromRequestParts<App> for OfRealm {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let name = realm_name(parts, app).await?;
        found(realm::by_name(&app.db, &name).await, parts, app).await.map(Self)
    }
}

/// The realm that the path names, as it was last seen while the database is away ([`realm::last_seen`]).
pub struct LastSeen(pub Arc<Realm>);

impl FromRequestParts<App> for LastSeen {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let name = realm_name(parts, app).await?;
        found(realm::last_seen(&app.db, &name).await, parts, app)
            .await
            .map(Self)
    }
}

async fn realm_name(parts: &mut Parts, app: &App) -> Result<String, Response> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(IntoResponse::into_response)?;
    let name = params.iter().find(|(key, _)| *key == "realm");
    Ok(name.map_or_else(String::new, |(_, name)| name.to_owned()))
}

async fn found(asked: Result<Option<Arc<Realm>>, Error>, parts: &mut Parts, app: &App) -> Result<Arc<Realm>, Response> {
    match asked {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(no_such_realm(parts, app).await),
        Err(e) => Err(e.into_response()),
    }
}

/// A browser gets a page, in the look of realm `master`; everybody else JSON.
async fn no_such_realm(parts: &mut Parts, app: &App) -> Response {
    let accept = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html"))
        && let Ok(Some(master)) = realm::by_name(&app.db, "master").await
        && let Ok(visitor) = Visitor::from_request_parts(parts, app).await
        && let Ok(page) = crate::page::not_found(app, &master, &visitor)
    {
        return page;
    }
    no_realm()
}

/// The answer for a realm that there is not.
pub fn no_realm() -> Response {
    json_answer(StatusCode::NOT_FOUND, &json!({ "error": "Realm does not exist" }))
}

/// JSON with a status.
pub fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// A refusal as OAuth writes it. A 401 names the way to authenticate, which RFC 6749 section 5.2 demands for Basic.
pub fn refusal(refused: &Refusal) -> Response {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut body = json!({ "error": refused.code });
    if !refused.description.is_empty() {
        body["error_description"] = json!(refused.description);
    }
    json_answer(status, &body)
}

/// Forbids everybody to keep an answer with tokens.
pub fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Names the way to authenticate to a client that tried it with Basic.
pub fn challenge(response: &mut Response, realm: &Realm, headers: &HeaderMap) {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.get(..6).is_some_and(|s| s.eq_ignore_ascii_case("basic ")));
    if response.status() == StatusCode::UNAUTHORIZED
        && basic
        && let Ok(value) = HeaderValue::from_str(&format!("Basic realm=\"{}\"", realm.name))
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
}

/// The parameters of a form. A body of another type has none, as in Keycloak.
///
/// # Errors
///
/// 400 `invalid_request` if the form cannot be read.
pub fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, Refusal> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Params::default());
    }
    Params::parse(body, Limits::default()).map_err(|fault| Refusal::new(400, "invalid_request", fault.to_string()))
}

/// What every endpoint asks first: https where the realm wants it, and a realm that is enabled.
///
/// # Errors
///
/// 403 with Keycloak's texts.
pub fn admit(realm: &Realm, caller: &Caller) -> Result<(), Refusal> {
    admit_securely(realm, caller)?;
    if !realm.enabled() {
        return Err(Refusal::new(403, "access_denied", "Realm not enabled"));
    }
    Ok(())
}

/// The same where a realm that is disabled answers, too.
///
/// # Errors
///
/// 403 with Keycloak's text.
pub fn admit_securely(realm: &Realm, caller: &Caller) -> Result<(), Refusal> {
    if is_secure_enough(realm, caller) {
        return Ok(());
    }
    Err(Refusal::new(403, "invalid_request", "HTTPS required"))
}

/// Whether a realm's `sslRequired` is met: `external` lets private addresses come without https.
pub fn is_secure_enough(realm: &Realm, caller: &Caller) -> bool {
    let private = |ip: IpAddr| !is_public(ip);
    match realm
        .text("sslRequired")
        .unwrap_or("external")
        .to_ascii_lowercase()
        .as_str()
    {
        "none" => true,
        "all" => caller.https,
        _ => caller.https || private(caller.ip),
    }
}

/// Why a request ends here.
pub enum Stop {
    /// The caller can do something about it.
    Refused(Refusal),
    /// We could not answer.
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refused: Refusal) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Stop {
    fn from(failed: Error) -> Self {
        Self::Failed(failed)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused) => refusal(&refused),
            Self::Failed(failed) => failed.into_response(),
        }
    }
}

/// The answer to a method that an endpoint has not.
pub async fn wrong_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    json_answer(
        StatusCode::METHOD_NOT_ALLOWED,
        &json!({ "error": "HTTP 405 Method Not Allowed" }),
    )
}

/// The answer below a realm to an address that there is not, with Keycloak's texts.
pub async fn nowhere(OfRealm(_): OfRealm, Path((_, rest)): Path<(String, String)>, method: Method) -> Response {
    let protocol = rest.strip_prefix("protocol/").and_then(|rest| rest.split('/').next());
    let text = match protocol {
        Some("openid-connect") if method != Method::GET => return wrong_method(method).await,
        Some(other) if other != "openid-connect" && !other.is_empty() => "Protocol not found",
        _ => "HTTP 404 Not Found",
    };
    json_answer(StatusCode::NOT_FOUND, &json!({ "error": text }))
}

/// The headers that Keycloak puts on the answers of these endpoints; a realm may set them otherwise.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry("x-robots-tag")
        .or_insert(HeaderValue::from_static("none"));
    for (name, value) in [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
