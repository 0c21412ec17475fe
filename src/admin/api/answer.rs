//! Answers of the Admin REST API that are not errors.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::auth::Admin;
use super::error::{Answer, ApiError};

/// 200 with a document or list.
///
/// # Errors
///
/// [`ApiError::Failed`] if it cannot be written as JSON.
pub fn json(body: &impl Serialize) -> Answer {
    let text = serde_json::to_string(body)?;
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, text).into_response())
}

/// 201 with an empty body. `path` is below the realm, as `users/ID`.
///
/// # Errors
///
/// None; the type is that of handlers.
pub fn created(admin: &Admin, path: &str) -> Answer {
    let location = format!("{}/admin/realms/{}/{path}", admin.caller.base, admin.realm.name);
    created_at(&location)
}

/// 201 with an empty body, for a whole address.
///
/// # Errors
///
/// [`ApiError::Failed`] if the address has characters that no header may have.
pub fn created_at(location: &str) -> Answer {
    let value = header::HeaderValue::from_str(location)
        .map_err(|_| ApiError::Failed(crate::error::Error::Corrupt("an address cannot be a header".into())))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, value)]).into_response())
}

/// 204.
///
/// # Errors
///
/// None; the type is that of handlers.
pub fn nothing() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// 200 with a document that Keycloak says nothing about to caches.
///
/// # Errors
///
/// As [`json`].
pub fn json_plain(body: &impl Serialize) -> Answer {
    let text = serde_json::to_string(body)?;
    Ok(([(header::CONTENT_TYPE, "application/json;charset=UTF-8")], text).into_response())
}

/// Forbids caches an answer, as Keycloak does for some resources.
///
/// # Errors
///
/// Those of the answer.
pub fn uncached(answer: Answer) -> Answer {
    let mut response = answer?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Forbids caches to keep an answer at all: it holds a secret or token that was just made.
///
/// # Errors
///
/// Those of the answer.
pub fn unkept(answer: Answer) -> Answer {
    let mut response = answer?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A name as a part of a path.
pub fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    name.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
