//! The keys of a realm, as administrators see them.

use axum::Router;
use axum::routing::get;
use serde_json::{Map, Value, json};
use vestibule_jose::digest::b64;

use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::Answer;
use crate::app::App;
use crate::store::key::{RealmKey, Status};

/// How long a certificate beside a realm key is good: ten years, as Keycloak's.
const CERTIFICATE_MS: i64 = 10 * 365 * 86_400_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/realms/{realm}/keys", get(list))
}

async fn list(admin: Admin) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    let mut active = Map::new();
    let mut keys = Vec::new();
    for (key, priority, status) in admin.realm.keys.all() {
        if status == Status::Active {
            active.entry(key.algorithm.clone()).or_insert_with(|| json!(key.kid));
        }
        keys.push(represent(key, priority, status));
    }
    active.sort_keys();
    keys.sort_by_key(|k| k["algorithm"].as_str().unwrap_or_default().to_owned());
    answer::json(&json!({ "active": active, "keys": keys }))
}

fn represent(key: &RealmKey, priority: i64, status: Status) -> Value {
    let kind = match key.public_der() {
        None => "OCT",
        Some(_) if key.algorithm.starts_with("ES") || key.algorithm.starts_with("ECDH") => "EC",
        Some(_) if key.algorithm == "EdDSA" => "OKP",
        Some(_) => "RSA",
    };
    let status = match status {
        Status::Active => "ACTIVE",
        Status::Passive => "PASSIVE",
        Status::Disabled => "DISABLED",
    };
    let mut shown = json!({
        "providerId": key.component_id, "providerPriority": priority, "kid": key.kid, "status": status,
        "type": kind, "algorithm": key.algorithm
    });
    if let Some(der) = key.public_der() {
        shown["publicKey"] = json!(b64(der));
    }
    if let Some(der) = &key.certificate {
        shown["certificate"] = json!(b64(der));
    }
    shown["use"] = json!(key.key_use().to_uppercase());
    if key.certificate.is_some() {
        shown["validTo"] = json!(key.created + CERTIFICATE_MS);
    }
    shown
}
