//! Bounds on every request: what is too big or too slow ends here, before any handler reads it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::Error;

/// The largest body. Administrators' documents are the largest that anybody has reason to send.
pub const BODY_BYTES: usize = 4 * 1024 * 1024;

/// The largest body to what strangers may call.
pub const STRANGERS_BODY_BYTES: usize = 256 * 1024;

/// The longest path with its query.
const URI_BYTES: usize = 8 * 1024;

/// All names and values of headers.
const HEADER_BYTES: usize = 16 * 1024;

/// What every message of a webhook or hook has, ours or anybody's (Standard Webhooks).
const HOOK_HEADERS: [&str; 2] = ["webhook-id", "webhook-timestamp"];

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    let body = serde_json::json!({ "error": error, "error_description": description }).to_string();
    (
        status,
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONNECTION, "close"),
        ],
        body,
    )
        .into_response()
}

/// Reads the whole body within bounds and hands the request on.
pub async fn apply(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "There is more than one Host header.",
        );
    }
    if request
        .uri()
        .path_and_query()
        .is_some_and(|p| p.as_str().len() > URI_BYTES)
    {
        return refuse(
            StatusCode::URI_TOO_LONG,
            "invalid_request",
            "The address is longer than 8192 bytes.",
        );
    }
    let headers: usize = request.headers().iter().map(|(n, v)| n.as_str().len() + v.len()).sum();
    if headers > HEADER_BYTES {
        return refuse(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "invalid_request",
            "The headers are larger than 16384 bytes.",
        );
    }
    if path.contains(';') {
        // Keycloak 26.6 and later: matrix parameters have fooled too many checks.
        let text = "Request path contains invalid character ';'";
        let mut refused = refuse(StatusCode::BAD_REQUEST, "invalidCharacter", text);
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        refused.headers_mut().insert(header::CONTENT_TYPE, kind);
        return refused;
    }
    if HOOK_HEADERS.iter().all(|name| request.headers().contains_key(*name)) {
        // A webhook that leads to this server would be told of what it causes itself, without end.
        let text = "This is a message of a webhook, and this server takes none.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", text);
    }
    if request.method() == Method::TRACE || request.method() == Method::CONNECT {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "HTTP 405 Method Not Allowed",
            "TRACE and CONNECT are not served.",
        );
    }
    if request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|v| v != "identity")
    {
        let text = "A compressed body is not accepted.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", text);
    }
    let inner = path.strip_prefix("/auth").unwrap_or(path);
    let most = if inner.starts_with("/admin/") {
        BODY_BYTES
    } else {
        STRANGERS_BODY_BYTES
    };
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let told = tells_itself(inner);
    let (parts, body) = request.into_parts();
    if length.is_some_and(|n| n > most as u64) {
        return refuse_large(next, parts, most, told).await;
    }
    if body.is_end_stream() {
        return answer(next, Request::from_parts(parts, Body::empty())).await;
    }
    let body = match tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Ok(Ok(read)) => read.to_bytes(),
        Ok(Err(e)) if e.is::<LengthLimitError>() => return refuse_large(next, parts, most, told).await,
        Ok(Err(_)) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "The body could not be read.",
            );
        }
        Err(_) => {
            return refuse(
                StatusCode::REQUEST_TIMEOUT,
                "invalid_request",
                "The body took longer than 15 seconds.",
            );
        }
    };
    answer(next, Request::from_parts(parts, Body::from(body))).await
}

/// A bug in one handler must cost one answer, not the connection and what else is asked on it.
async fn answer(next: Next, request: Request) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| Error::Corrupt("a handler panicked".into()).into_response())
}

/// In the extensions of a request whose body had more than so many bytes, and was left unread.
#[derive(Debug, Clone, Copy)]
pub struct TooLarge(pub usize);

/// Whether what answers here refuses a body that is too large by itself: refused registrations of applications leave an event,
/// and pages may read why.
fn tells_itself(path: &str) -> bool {
    path.starts_with("/realms/") && path.contains("/clients-registrations/")
}

async fn refuse_large(next: Next, mut parts: Parts, most: usize, told: bool) -> Response {
    if !told {
        return too_large(most);
    }
    parts.extensions.insert(TooLarge(most));
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut refused = answer(next, Request::from_parts(parts, Body::empty())).await;
    let close = HeaderValue::from_static("close");
    refused.headers_mut().insert(header::CONNECTION, close);
    refused
}

/// The answer to a body of more than so many bytes.
pub fn too_large(most: usize) -> Response {
    let text = format!("The body is larger than {most} bytes.");
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", &text)
}
