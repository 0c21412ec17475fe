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

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/attack-detection/brute-force/users";
    Router::new()
        .route(root, delete(forget_all))
        .route(&format!("{root}/{{id}}"), get(read).delete(forget))
}

/// Unknown users have no failures either: nobody learns here who exists.
async fn read(admin: Admin, Path((_, _id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    answer::json(&json!({
        "failedLoginNotBefore": 0, "numFailures": 0, "numTemporaryLockouts": 0, "disabled": false,
        "numSecondaryAuthFailures": 0, "lastIPFailure": "n/a", "lastFailure": 0
    }))
}

async fn forget(admin: Admin, Path((_, _id)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    answer::nothing()
}

async fn forget_all(admin: Admin) -> Answer {
    admin.require(CHANGE)?;
    let path = "attack-detection/brute-force/users";
    let mut tx = admin.app.db.begin().await?;
    record(&mut tx, &admin, Operation::Delete, "USER_LOGIN_FAILURE", path, None).await?;
    tx.commit().await?;
    answer::nothing()
}
