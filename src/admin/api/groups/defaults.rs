//! The groups that new users come into.

use axum::extract::Path;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::grants;
use super::super::record::{Operation, record};
use super::super::representation::group as shown;
use super::KIND;
use crate::store::{group, realm};

pub(super) async fn list(admin: Admin) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    let mut all = Vec::new();
    for id in admin.realm.texts("defaultGroups") {
        if let Some(g) = group::by_id(&admin.app.db, &admin.realm.id, id).await? {
            all.push(shown::brief(&admin.app, &admin.realm, &g).await?);
        }
    }
    answer::json(&all)
}

pub(super) async fn add(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, Operation::Create).await
}

pub(super) async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, Operation::Delete).await
}

async fn change(admin: &Admin, id: &str, operation: Operation) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut tx = admin.app.db.begin().await?;
    if group::by_id(&mut tx, &admin.realm.id, id).await?.is_none() {
        return Err(ApiError::not_found("Group not found"));
    }
    if operation == Operation::Create {
        grants::require_groups(&mut tx, admin, &[id]).await?;
    }
    realm::change(&mut tx, &admin.realm.id, |doc| {
        if let Value::Array(ids) = doc.entry("defaultGroups").or_insert_with(|| json!([])) {
            ids.retain(|known| known != id);
            if operation == Operation::Create {
                ids.push(json!(id));
            }
        }
    })
    .await?;
    record(&mut tx, admin, operation, KIND, &format!("default-groups/{id}"), None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
