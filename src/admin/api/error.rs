//! How the Admin REST API says no: Keycloak's shapes and texts.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::error::Error;

/// What a handler of the Admin REST API gives.
pub type Answer = Result<Response, ApiError>;

/// Why a request was not done.
#[derive(Debug)]
pub enum ApiError {
    /// The caller can act on it.
    Refused(StatusCode, Value),
    /// We could not.
    Failed(Error),
}

impl ApiError {
    /// `{"error": ...}`: the shape of what was not found, and of what the framework refuses.
    pub fn error(status: StatusCode, error: &str) -> Self {
        Self::Refused(status, json!({ "error": error }))
    }

    /// `{"error": ..., "error_description": ...}`.
    pub fn described(status: StatusCode, error: &str, description: &str) -> Self {
        Self::Refused(status, json!({ "error": error, "error_description": description }))
    }

    /// `{"errorMessage": ...}`: the shape of most refusals of values.
    pub fn message(status: StatusCode, text: &str) -> Self {
        Self::Refused(status, json!({ "errorMessage": text }))
    }

    /// 400 `{"errorMessage": ...}`.
    pub fn bad(text: &str) -> Self {
        Self::message(StatusCode::BAD_REQUEST, text)
    }

    /// 409 `{"errorMessage": ...}`.
    pub fn conflict(text: &str) -> Self {
        Self::message(StatusCode::CONFLICT, text)
    }

    /// 409 of a name or id that is taken, where Keycloak lets the database say so.
    pub fn duplicate() -> Self {
        Self::described(StatusCode::CONFLICT, "conflict", "Duplicate resource error")
    }

    /// 404 `{"error": ...}`, as `User not found`.
    pub fn not_found(text: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, text)
    }

    /// 404 without a word of its own: an unknown path, or a parameter that is not of its type.
    pub fn no_such_path() -> Self {
        Self::not_found("HTTP 404 Not Found")
    }

    /// 401: no token, or none that is good here.
    pub fn unauthorized() -> Self {
        Self::error(StatusCode::UNAUTHORIZED, "HTTP 401 Unauthorized")
    }

    /// 403: the roles do not suffice.
    pub fn forbidden() -> Self {
        Self::error(StatusCode::FORBIDDEN, "HTTP 403 Forbidden")
    }

    /// 501 for what Keycloak has behind a switch that is off.
    pub fn feature_off() -> Self {
        let text = "For more on this error consult the server log.";
        Self::described(StatusCode::NOT_IMPLEMENTED, "Feature not enabled", text)
    }
}

impl From<Error> for ApiError {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl From<crate::client_policy::Refused> for ApiError {
    fn from(refused: crate::client_policy::Refused) -> Self {
        Self::described(StatusCode::BAD_REQUEST, refused.code, &refused.text)
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(e: serde_json::Error) -> Self {
        Self::Failed(e.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status, body) => {
                let mut answer =
                    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
                if status == StatusCode::UNAUTHORIZED {
                    let scheme = header::HeaderValue::from_static("Bearer");
                    answer.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
                }
                answer
            }
            Self::Failed(e) => e.into_response(),
        }
    }
}
