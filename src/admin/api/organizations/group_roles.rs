//! The roles of a group of an organization. They give its members nothing in the realm: only a mapper of tokens tells them.

use serde_json::Value;

use super::super::auth::Right;
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::query::Query;
use super::super::record::{Operation, record};
use super::super::{answer, grants, scope_mappings};
use super::found::CHANGE;
use super::group_found::GroupFound;
use super::representation as shown;
use crate::store::json::text;
use crate::store::{client, organization_group};

/// Whose roles the address speaks of: `""` for the realm's.
async fn holder(found: &GroupFound) -> Result<String, ApiError> {
    let uuid = found.of.param("client");
    if !uuid.is_empty() {
        let admin = &found.of.admin;
        let known = client::by_id(&admin.app.db, &admin.realm.id, uuid).await?;
        known.ok_or_else(|| ApiError::not_found("Client not found"))?;
        admin.require(&[Right::ViewClients, Right::ManageClients])?;
    }
    Ok(uuid.to_owned())
}

async fn ids(found: &GroupFound) -> Result<Vec<String>, ApiError> {
    Ok(organization_group::roles(&found.of.admin.app.db, &found.group.id).await?)
}

pub(super) async fn all(found: GroupFound) -> Answer {
    let (ids, admin) = (ids(&found).await?, &found.of.admin);
    answer::json(&scope_mappings::mappings(&admin.app, &admin.realm, &ids).await?)
}

pub(super) async fn assigned(found: GroupFound) -> Answer {
    let (of, ids) = (holder(&found).await?, ids(&found).await?);
    let realm = &found.of.admin.realm;
    answer::json(&shown::roles(realm, ids.iter().map(String::as_str), &of, true))
}

pub(super) async fn available(found: GroupFound) -> Answer {
    let (of, has) = (holder(&found).await?, ids(&found).await?);
    let realm = &found.of.admin.realm;
    let rest = realm.roles.of(&of).map(|r| r.id.as_str());
    let rest = rest.filter(|id| !has.iter().any(|h| h == id));
    answer::json(&shown::roles(realm, rest, &of, true))
}

pub(super) async fn effective(found: GroupFound, query: Query) -> Answer {
    let (of, has) = (holder(&found).await?, ids(&found).await?);
    let realm = &found.of.admin.realm;
    let all = realm.roles.expand(has.iter().map(String::as_str));
    let brief = query.flag("briefRepresentation") != Some(false);
    answer::json(&shown::roles(realm, all.iter().map(String::as_str), &of, brief))
}

pub(super) async fn add(found: GroupFound, body: Body) -> Answer {
    change(&found, &body, Operation::Create).await
}

pub(super) async fn remove(found: GroupFound, body: Body) -> Answer {
    change(&found, &body, Operation::Delete).await
}

async fn change(found: &GroupFound, body: &Body, operation: Operation) -> Answer {
    let admin = &found.of.admin;
    admin.require(CHANGE)?;
    let of = holder(found).await?;
    let given = body.list("RoleRepresentation")?;
    let ids: Vec<&str> = given.iter().map(|r| text(r, "id").unwrap_or_default()).collect();
    for id in &ids {
        if admin.realm.roles.by_id(id).is_none_or(|r| r.client_uuid != of) {
            return Err(ApiError::not_found("Role not found"));
        }
    }
    grants::require(admin, &ids).await?;
    let mut tx = found.of.begin().await?;
    for id in &ids {
        if operation == Operation::Create {
            organization_group::grant(&mut tx, &found.group.id, id).await?;
        } else {
            organization_group::revoke(&mut tx, &found.group.id, id).await?;
        }
    }
    let (kind, below) = if of.is_empty() {
        ("REALM_ROLE_MAPPING", "/role-mappings/realm".to_owned())
    } else {
        ("CLIENT_ROLE_MAPPING", format!("/role-mappings/clients/{of}"))
    };
    let told: Value = given.into_iter().map(Value::Object).collect();
    record(&mut tx, admin, operation, kind, &found.path(&below), Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}
