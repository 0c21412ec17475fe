//! Requests of the console to the server that it is part of: the token endpoint, and the Admin API.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::path_part;

/// What was answered.
pub struct Said {
    pub status: StatusCode,
    /// The document; null where there is none.
    pub body: Value,
    /// The id of what was made: the last part of `Location`.
    pub made: Option<String>,
}

impl Said {
    /// Why something was not done, in the words of the API.
    pub fn reason(&self) -> String {
        let texts = ["errorMessage", "error_description", "error"];
        let text = texts.iter().find_map(|name| self.body[name].as_str());
        text.map_or_else(|| self.status.to_string(), str::to_owned)
    }
}

/// This server, to ask it several times.
pub fn server(app: &App) -> Router {
    crate::routes::router(app.clone())
}

/// Sends a form to the OpenID Connect endpoint of a realm.
///
/// # Errors
///
/// [`Error::Page`] if the request cannot be made.
pub async fn form(
    server: &Router,
    caller: &Caller,
    realm: &str,
    endpoint: &str,
    fields: &[(&str, &str)],
) -> Result<Said, Error> {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let path = format!(
        "{}/realms/{}/protocol/openid-connect/{endpoint}",
        caller.prefix,
        path_part(realm)
    );
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    send(server.clone(), caller, request).await
}

/// Asks the Admin API, with a token.
///
/// # Errors
///
/// [`Error::Page`] if the request cannot be made.
pub async fn ask(
    server: &Router,
    caller: &Caller,
    token: &str,
    (method, path): (&str, &str),
    body: Option<&Value>,
) -> Result<Said, Error> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}/admin/{path}", caller.prefix))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(body.map_or_else(Body::empty, |b| Body::from(b.to_string())));
    send(server.clone(), caller, request).await
}

async fn send(server: Router, caller: &Caller, request: axum::http::Result<Request>) -> Result<Said, Error> {
    let broken = |e: &dyn std::fmt::Display| Error::Page(e.to_string());
    let mut request = request.map_err(|e| broken(&e))?;
    request.extensions_mut().insert(caller.clone());
    let answer = match server.oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let status = answer.status();
    let location = answer.headers().get(header::LOCATION).and_then(|at| at.to_str().ok());
    let made = location.and_then(|at| at.rsplit('/').next()).map(str::to_owned);
    let bytes = answer.into_body().collect().await.map_err(|e| broken(&e))?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(Said { status, body, made })
}
