//! A file with the key of a provider, read into the settings that hold it.

use axum::extract::Request;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_jose::digest::{b64, b64url_decode};

use super::{CHANGE, der};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::upload::Upload;

fn refuse(text: &str) -> ApiError {
    ApiError::error(StatusCode::BAD_REQUEST, text)
}

/// Nothing of that kind is in the file. (Keycloak's text, its slip of the pen included.)
fn not_found() -> ApiError {
    let text = "Certificate or key error loding from uploaded file";
    ApiError::described(StatusCode::BAD_REQUEST, "certificate-not-found", text)
}

pub(super) async fn upload(admin: Admin, request: Request) -> Answer {
    admin.require(CHANGE)?;
    answer::json_plain(&read(request).await?)
}

/// The key in a file that is sent with its format: the certificate, the public key or the set of keys.
///
/// # Errors
///
/// 400 if there is none, 415 if no file is sent.
pub async fn read(request: Request) -> Result<Value, ApiError> {
    let sent = Upload::read(request).await?;
    let format = sent
        .text("keystoreFormat")
        .ok_or_else(|| refuse("keystoreFormat cannot be null"))?;
    let file = sent.file.as_deref().filter(|f| !f.is_empty());
    let file = file.ok_or_else(|| refuse("file cannot be empty"))?;
    let text = String::from_utf8_lossy(file);
    let read = match format {
        "Certificate PEM" => certificate(&text),
        "Public Key PEM" => text.contains("PUBLIC KEY-----").then(|| json!({ "publicKey": text })),
        "JSON Web Key Set" => key_set(&text),
        // Key stores are files of Java programs.
        "JKS" | "PKCS12" | "BCFKS" => return Err(refuse("error loading keystore")),
        _ => None,
    };
    read.ok_or_else(not_found)
}

fn certificate(text: &str) -> Option<Value> {
    let lines = text.lines().filter(|l| !l.starts_with("-----"));
    let plain: String = lines.flat_map(|l| l.chars().filter(|c| !c.is_whitespace())).collect();
    let certificate = STANDARD.decode(&plain).ok()?;
    let key = vestibule_jose::x509::public_key_of(&certificate)?;
    Some(json!({ "publicKey": b64(key), "certificate": plain }))
}

/// The first key of a set that verifies signatures.
fn key_set(text: &str) -> Option<Value> {
    let set: Value = serde_json::from_str(text).ok()?;
    let keys = set["keys"].as_array()?;
    let key = keys.iter().find(|k| k["use"] == "sig")?;
    let part = |name: &str| b64url_decode(key[name].as_str()?).ok();
    let public = match key["kty"].as_str()? {
        "RSA" => der::rsa(&part("n")?, &part("e")?),
        "EC" => der::ec(key["crv"].as_str()?, &part("x")?, &part("y")?)?,
        _ => return None,
    };
    Some(json!({ "publicKey": b64(&public), "kid": key["kid"], "jwks": text }))
}
