//! The sessions of a user.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};

use super::{CHANGE, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::record::{Operation, record};
use crate::admin::api::representation::session as represent;
use crate::app::App;
use crate::oidc::logout::backchannel;
use crate::store::client;
use crate::store::session;
use crate::store::user;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users/{id}/sessions", get(list))
        .route("/realms/{realm}/users/{id}/offline-sessions/{client}", get(offline))
        .route("/realms/{realm}/users/{id}/logout", post(logout))
}

async fn list(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let sessions = session::of_user(&admin.app.db, &admin.realm.id, &user.id, false).await?;
    answer::json(&represent::list(&admin.app, &admin.realm, &sessions, None).await?)
}

async fn offline(admin: Admin, Path((_, id, uuid)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let found = client::by_id(&admin.app.db, &admin.realm.id, &uuid).await?;
    let holder = found.ok_or_else(|| ApiError::not_found("Client not found"))?;
    let sessions = session::of_user(&admin.app.db, &admin.realm.id, &user.id, true).await?;
    answer::json(&represent::list(&admin.app, &admin.realm, &sessions, Some(&holder.id)).await?)
}

/// Ends all sessions of a user; tokens from before are void. Offline sessions stay, as in Keycloak.
async fn logout(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let mut tx = admin.app.db.begin().await?;
    backchannel::queue_of_user(&mut tx, &admin.app, &admin.caller, &admin.realm, &user.id).await?;
    session::remove_of_user(&mut tx, &admin.realm.id, &user.id).await?;
    user::set_not_before(&mut tx, &admin.realm.id, &user.id, admin.app.now_seconds()).await?;
    record(
        &mut tx,
        &admin,
        Operation::Action,
        "USER",
        &format!("users/{id}/logout"),
        None,
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}
