//! Failed logins of users, as Keycloak's brute force detection counts them.

use axum::Router;
use axum::extract::Path;
use axum::routing::{delete, get};
use serde_json::json;

use super::{CHANGE, SEE};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::Answer;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::brute_force;
use crate::store::login_failure;

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/attack-detection/brute-force/users";
    Router::new()
        .route(root, delete(forget_all))
        .route(&format!("{root}/{{id}}"), get(read).delete(forget))
}

/// Unknown users have no failures either: nobody learns here who exists.
async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let status = brute_force::status(&admin.app, &admin.realm, &id).await?;
    let known = status.known;
    answer::json(&json!({
        "failedLoginNotBefore": status.not_before,
        "numFailures": known.failures,
        "numTemporaryLockouts": known.lockouts,
        "disabled": status.disabled,
        "numSecondaryAuthFailures": known.secondary,
        "lastIPFailure": known.last_address.as_deref().unwrap_or("n/a"),
        "lastFailure": known.last_failure
    }))
}

async fn forget(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let known = login_failure::of_user(&admin.app.db, &admin.realm.id, &id).await?;
    if known.is_none() {
        return answer::nothing();
    }
    let mut tx = admin.app.db.begin().await?;
    login_failure::remove(&mut tx, &admin.realm.id, &id).await?;
    let path = format!("attack-detection/brute-force/users/{id}");
    record(&mut tx, &admin, Operation::Delete, "USER_LOGIN_FAILURE", &path, None).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn forget_all(admin: Admin) -> Answer {
    admin.require(CHANGE)?;
    let path = "attack-detection/brute-force/users";
    let mut tx = admin.app.db.begin().await?;
    login_failure::remove_all(&mut tx, &admin.realm.id).await?;
    record(&mut tx, &admin, Operation::Delete, "USER_LOGIN_FAILURE", path, None).await?;
    tx.commit().await?;
    answer::nothing()
}
