//! The roles of a group.

use serde_json::Value;

use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::super::representation::role as shown;
use super::super::{answer, grants, scope_mappings};
use super::Found;
use crate::store::json;
use crate::store::{client, role_member};

/// Whose roles the address speaks of: `""` for the realm's.
async fn of(found: &Found) -> Result<String, ApiError> {
    let uuid = found.param("client");
    if !uuid.is_empty() {
        client::by_id(&found.admin.app.db, &found.admin.realm.id, uuid)
            .await?
            .ok_or_else(|| ApiError::not_found("Client not found"))?;
    }
    Ok(uuid.to_owned())
}

async fn ids(found: &Found) -> Result<Vec<String>, ApiError> {
    Ok(role_member::of_group(&found.admin.app.db, &found.group.id).await?)
}

pub(super) async fn all(found: Found) -> Answer {
    let ids = ids(&found).await?;
    answer::json(&scope_mappings::mappings(&found.admin.app, &found.admin.realm, &ids).await?)
}

pub(super) async fn assigned(found: Found) -> Answer {
    let (of, ids) = (of(&found).await?, ids(&found).await?);
    answer::json(&shown::list(
        &found.admin.realm,
        ids.iter().map(String::as_str),
        Some(&of),
    ))
}

pub(super) async fn available(found: Found) -> Answer {
    let (of, has) = (of(&found).await?, ids(&found).await?);
    let realm = &found.admin.realm;
    let rest = realm.roles.of(&of).map(|r| r.id.as_str());
    let rest = rest.filter(|id| !has.iter().any(|h| h == id));
    answer::json(&shown::list(realm, rest, Some(&of)))
}

pub(super) async fn effective(found: Found) -> Answer {
    let of = of(&found).await?;
    let has = role_member::through_group(&found.admin.app.db, &found.group.id).await?;
    let realm = &found.admin.realm;
    let all = realm.roles.expand(has.iter().map(String::as_str));
    answer::json(&shown::list(realm, all.iter().map(String::as_str), Some(&of)))
}

pub(super) async fn add(found: Found, body: Body) -> Answer {
    change(&found, &body, Operation::Create).await
}

pub(super) async fn remove(found: Found, body: Body) -> Answer {
    change(&found, &body, Operation::Delete).await
}

async fn change(found: &Found, body: &Body, operation: Operation) -> Answer {
    found.require_manage()?;
    let of = of(found).await?;
    let admin = &found.admin;
    let given = body.list("RoleRepresentation")?;
    let ids: Vec<&str> = given.iter().map(|r| json::text(r, "id").unwrap_or_default()).collect();
    for id in &ids {
        if admin.realm.roles.by_id(id).is_none_or(|r| r.client_uuid != of) {
            return Err(ApiError::not_found("Role not found"));
        }
    }
    grants::require(admin, &ids).await?;
    let mut tx = admin.app.db.begin().await?;
    for id in &ids {
        if operation == Operation::Create {
            role_member::grant_to_group(&mut tx, &found.group.id, id).await?;
        } else {
            role_member::revoke_from_group(&mut tx, &found.group.id, id).await?;
        }
    }
    let (kind, path) = if of.is_empty() {
        ("REALM_ROLE_MAPPING", found.path("/role-mappings/realm"))
    } else {
        (
            "CLIENT_ROLE_MAPPING",
            found.path(&format!("/role-mappings/clients/{of}")),
        )
    };
    let told: Value = given.into_iter().map(Value::Object).collect();
    record(&mut tx, admin, operation, kind, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}
