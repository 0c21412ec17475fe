//! A user's accounts at identity providers.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{CHANGE, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::federated_identity::{self, FederatedIdentity};
use crate::store::json::text;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users/{id}/federated-identity", get(list))
        .route(
            "/realms/{realm}/users/{id}/federated-identity/{provider}",
            post(add).delete(remove),
        )
}

async fn list(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    answer::json(&shown(&admin, &user.id).await?)
}

/// The links of a user as an administrator sees them.
pub(super) async fn shown(admin: &Admin, user_id: &str) -> Result<Vec<Value>, ApiError> {
    let links = federated_identity::of_user(&admin.app.db, &admin.realm.id, user_id).await?;
    let represent = |l: &FederatedIdentity| {
        let mut doc = json!({ "identityProvider": l.provider });
        if !l.external_id.is_empty() {
            doc["userId"] = json!(l.external_id);
        }
        if let Some(name) = &l.username {
            doc["userName"] = json!(name);
        }
        doc
    };
    Ok(links.iter().map(represent).collect())
}

async fn add(admin: Admin, Path((_, id, provider)): Path<(String, String, String)>, body: Body) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let given = body.object("FederatedIdentityRepresentation")?;
    let link = FederatedIdentity {
        provider: provider.clone(),
        external_id: text(&given, "userId").unwrap_or_default().to_owned(),
        username: text(&given, "userName").map(str::to_owned),
    };
    let mut tx = admin.app.db.begin().await?;
    if !federated_identity::add(&mut tx, &admin.realm.id, &user.id, &link).await? {
        return Err(ApiError::conflict("User is already linked with provider"));
    }
    let path = format!("users/{id}/federated-identity/{provider}");
    record(
        &mut tx,
        &admin,
        Operation::Create,
        "USER",
        &path,
        Some(&Value::Object(given)),
    )
    .await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn remove(admin: Admin, Path((_, id, provider)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let mut tx = admin.app.db.begin().await?;
    if !federated_identity::remove(&mut tx, &user.id, &provider).await? {
        return Err(ApiError::not_found("Link not found"));
    }
    let path = format!("users/{id}/federated-identity/{provider}");
    record(&mut tx, &admin, Operation::Delete, "USER", &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
