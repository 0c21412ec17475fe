//! Keys and certificates of a client: what it signs its assertions with.
//!
//! A private key that is made here is kept sealed, beside the client's attributes and not in them.

use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};
use vestibule_jose::digest::{b64, b64url};

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::identity_providers::certificate;
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::Found;
use crate::client_registration::approval;
use crate::client_secret::{self, PRIVATE_KEY_PURPOSE as PURPOSE, PRIVATE_KEYS as KEYS};
use crate::realm_setup;
use crate::secret_settings::MASK;
use crate::store::Tx;
use crate::store::client::{self, Client};

fn attribute(of: &str) -> String {
    format!("{of}.certificate")
}

pub(super) async fn read(found: Found) -> Answer {
    answer::json(&described(&found, &found.client)?)
}

/// The certificate, and for those who may change the client the private key that was made for it.
fn described(found: &Found, client: &Client) -> Result<Value, ApiError> {
    let of = found.param("of");
    let mut doc = crate::store::json::Doc::new();
    if found.manageable()
        && let Some((_, key)) = client_secret::private_keys(&found.admin.app, client)?
            .into_iter()
            .find(|(known, _)| known == of)
    {
        doc.insert("privateKey".into(), json!(key));
    }
    if let Some(certificate) = client.attribute(&attribute(of)) {
        doc.insert("certificate".into(), json!(certificate));
    }
    Ok(doc.into())
}

pub(super) async fn generate(found: Found) -> Answer {
    found.require_manage()?;
    let (admin, of) = (&found.admin, found.param("of"));
    let made = realm_setup::client_key(&found.client.client_id).await?;
    let sealed = admin.app.db.seal(PURPOSE, &found.client.id, &made.pkcs1)?;
    let mut tx = found.admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    put(&mut changed, KEYS, of, &b64url(&sealed));
    put(&mut changed, "attributes", &attribute(of), &b64(&made.certificate));
    let told = described(&found, &changed)?;
    save(
        tx,
        &found,
        &changed,
        &format!("/certificates/{of}/generate"),
        Some(&masked(&told)),
    )
    .await?;
    answer::json(&told)
}

/// Takes a certificate that was made elsewhere, in a file, as base64 of its DER or as PEM. SAML, which has keys of its own, is
/// not spoken here.
pub(super) async fn upload(found: Found, request: Request) -> Answer {
    found.require_manage()?;
    let of = found.param("of");
    if of.starts_with("saml.") {
        return Err(ApiError::feature_off());
    }
    let given = certificate::read(request).await?;
    let Some(certificate) = given.get("certificate").and_then(Value::as_str) else {
        let text = "only certificates are kept: a set of keys is an attribute of its own, jwks.string";
        return Err(ApiError::error(StatusCode::BAD_REQUEST, text));
    };
    let mut tx = found.admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    if let Some(Value::Object(keys)) = changed.doc.get_mut(KEYS) {
        keys.shift_remove(of);
    }
    put(&mut changed, "attributes", &attribute(of), certificate);
    let told = described(&found, &changed)?;
    save(
        tx,
        &found,
        &changed,
        &format!("/certificates/{of}/upload-certificate"),
        Some(&told),
    )
    .await?;
    answer::json(&told)
}

/// Key stores are files of Java programs. We write none.
pub(super) async fn download(found: Found, body: Body) -> Answer {
    found.require_manage()?;
    let given = body.object("KeyStoreConfig")?;
    let format = given.get("format").and_then(Value::as_str).unwrap_or_default();
    if matches!(format, "JKS" | "PKCS12" | "BCFKS") {
        return Err(ApiError::feature_off());
    }
    let text = "Not supported keystore format. Supported keystore formats: [BCFKS, JKS, PKCS12]";
    Err(ApiError::error(StatusCode::NOT_ACCEPTABLE, text))
}

fn put(client: &mut Client, map: &str, key: &str, value: &str) {
    if let Value::Object(map) = client.doc.entry(map).or_insert_with(|| json!({})) {
        map.insert(key.to_owned(), json!(value));
    }
}

fn masked(told: &Value) -> Value {
    let mut told = told.clone();
    if told.get("privateKey").is_some() {
        told["privateKey"] = json!(MASK);
    }
    told
}

async fn save(mut tx: Tx, found: &Found, changed: &Client, below: &str, told: Option<&Value>) -> Result<(), ApiError> {
    let admin = &found.admin;
    client::update(&mut tx, changed).await?;
    approval::ask_again(&mut tx, &admin.app, &admin.realm, &admin.caller.base, changed).await?;
    let path = found.path(below);
    record(&mut tx, admin, Operation::Action, "CLIENT", &path, told).await?;
    tx.commit().await?;
    Ok(())
}
