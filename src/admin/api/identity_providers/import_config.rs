//! Settings of a provider, read from what it says about itself.

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{CHANGE, catalog};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::upload::Upload;
use crate::store::json::{Doc, text};

/// Members of a discovery document, and the settings that they become.
const SETTINGS: [(&str, &str); 7] = [
    ("issuer", "issuer"),
    ("authorization_endpoint", "authorizationUrl"),
    ("token_endpoint", "tokenUrl"),
    ("userinfo_endpoint", "userInfoUrl"),
    ("end_session_endpoint", "logoutUrl"),
    ("introspection_endpoint", "tokenIntrospectionUrl"),
    ("jwks_uri", "jwksUrl"),
];

fn bad() -> ApiError {
    ApiError::error(StatusCode::BAD_REQUEST, "HTTP 400 Bad Request")
}

/// What is wrong with a document that was named or sent. Keycloak says 500 there.
fn unreadable() -> ApiError {
    ApiError::described(StatusCode::BAD_REQUEST, "invalid_request", "Cannot parse the JSON")
}

/// Whether a kind has a discovery document that we read.
fn discovers(kind: &str) -> bool {
    matches!(kind, "oidc" | "keycloak-oidc")
}

fn known(kind: &str) -> Result<(), ApiError> {
    match catalog::kind(kind) {
        // SAML is not spoken here.
        Some(_) if kind == "saml" => Err(ApiError::feature_off()),
        Some(_) => Ok(()),
        None => Err(bad()),
    }
}

pub(super) async fn import(admin: Admin, request: Request) -> Answer {
    admin.require(CHANGE)?;
    let said = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    if said.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let sent = Upload::read(request).await?;
        let (Some(kind), Some(file)) = (sent.text("providerId"), &sent.file) else {
            return Err(bad());
        };
        known(kind)?;
        return answer::json_plain(&if discovers(kind) { read(file)? } else { Doc::new() });
    }
    let given = Body::from_request(request, &()).await?.any()?;
    let (Some(kind), Some(address)) = (text(&given, "providerId"), text(&given, "fromUrl")) else {
        return Err(bad());
    };
    known(kind)?;
    let fetched = admin.app.egress.get(address).await;
    let fetched = fetched.map_err(|why| ApiError::bad(&format!("Cannot read {address}: {why}")))?;
    let mut config = if discovers(kind) { read(&fetched)? } else { Doc::new() };
    config.insert("metadataDescriptorUrl".into(), json!(address));
    answer::json_plain(&config)
}

fn read(document: &[u8]) -> Result<Doc, ApiError> {
    let Ok(Value::Object(said)) = serde_json::from_slice::<Value>(document) else {
        return Err(unreadable());
    };
    let mut config = Doc::new();
    for (member, setting) in SETTINGS {
        if let Some(value) = text(&said, member) {
            config.insert(setting.to_owned(), json!(value));
        }
    }
    if config.contains_key("jwksUrl") {
        config.insert("validateSignature".into(), json!("true"));
        config.insert("useJwksUrl".into(), json!("true"));
    }
    Ok(config)
}
