//! How this door says what happened: RFC codes in Keycloak's words.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::error::BearerError;

use super::asked::Form;
use super::refusal::Refusal;
use super::sent_as;
use crate::limits;
use crate::oidc::cors;
use crate::store::realm::Realm;

/// A refusal in Keycloak's words.
pub(super) fn refused(realm: &Realm, form: Form, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = match refusal {
        Refusal::Metadata(fault) => error(status, fault.code, &fault.description),
        Refusal::Member(blamed) => error(status, blamed.fault.code, &blamed.fault.description),
        Refusal::Token(text) => {
            let mut answer = error(status, BearerError::InvalidToken.as_str(), text);
            let challenge = BearerError::InvalidToken.challenge(&realm.name, text);
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            answer
        }
        Refusal::Forbidden => error(status, BearerError::InsufficientScope.as_str(), "Forbidden"),
        Refusal::BuiltIn => http_error(status),
        Refusal::Origin(_) => cors::invalid_origin(),
        Refusal::Unsupported => unsupported_type(),
        Refusal::TooLarge(most) => limits::too_large(*most),
        Refusal::ClientNotFound => error(status, "invalid_request", "Client not found"),
        Refusal::Policy(rejected) => {
            let mut body = json!({
                "error": BearerError::InsufficientScope.as_str(), "error_description": rejected.description(),
                "policy": rejected.policy, "policyId": rejected.policy_id
            });
            if let Some(field) = rejected.objection.field.as_deref() {
                body["field"] = json!(sent_as::field(form, field));
                body["value"] = json!(rejected.objection.value);
            }
            written(status, &body)
        }
        Refusal::Meanwhile => error(status, "conflict", &refusal.told()),
        Refusal::Quota { .. } => error(status, "quota_exceeded", &refusal.told()),
        Refusal::Unavailable(seconds) => {
            let mut answer = error(
                status,
                "temporarily_unavailable",
                "Registration is not possible at the moment",
            );
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            answer
        }
        Refusal::ClientPolicy(refused) => {
            // Keycloak tells the code only; what is wrong is beside it.
            let mut body = json!({
                "error": BearerError::InsufficientScope.as_str(), "error_description": refused.code,
                "policy": refused.policy, "message": refused.text
            });
            if let Some(field) = refused.field {
                let value = refused.value.as_deref();
                body["field"] = json!(sent_as::field(form, field));
                body["value"] = json!(value.map(|value| sent_as::value(form, field, value)));
            }
            written(status, &body)
        }
    };
    no_store(&mut answer);
    answer
}

/// Nobody keeps what tells secrets. RFC 7591 §3.2.1.
pub(super) fn no_store(answer: &mut Response) {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// `{"error", "error_description"}`; an empty description is left out.
pub(super) fn error(status: StatusCode, code: &str, description: &str) -> Response {
    let mut body = json!({ "error": code });
    if !description.is_empty() {
        body["error_description"] = json!(description);
    }
    written(status, &body)
}

fn written(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The body is of another type than the only one.
fn unsupported_type() -> Response {
    let text = "The content-type header value did not match the value in @Consumes";
    error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text, "")
}

/// 405 with the methods that there are. RFC 9110 section 15.5.6.
pub(super) fn not_allowed(methods: &'static str) -> Response {
    let mut answer = http_error(StatusCode::METHOD_NOT_ALLOWED);
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(methods));
    answer
}

/// What Keycloak's framework says of a path or method that is not there.
pub(super) fn http_error(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    error(status, &format!("HTTP {} {reason}", status.as_u16()), "")
}
