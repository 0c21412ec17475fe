//! What roles are composed of.

use serde_json::Value;

use super::super::answer;
use super::super::auth::Admin;
use super::super::error::{Answer, ApiError};
use super::super::grants;
use super::super::json::Body;
use super::super::query::Query;
use super::super::record::{Operation, record};
use super::super::representation::role as shown;
use super::{RoleHolder, id_of};
use crate::store::client;
use crate::store::json::Doc;
use crate::store::role::{self, Role};

pub(super) async fn all(holder: RoleHolder) -> Answer {
    holder.require_view()?;
    children(&holder.admin, &*holder.role()?, None)
}

pub(super) async fn of_realm(holder: RoleHolder) -> Answer {
    holder.require_view()?;
    children(&holder.admin, &*holder.role()?, Some(""))
}

pub(super) async fn of_client(holder: RoleHolder) -> Answer {
    holder.require_view()?;
    let role = holder.role()?;
    children_of_client(&holder.admin, &role, &holder.other).await
}

pub(super) async fn add(holder: RoleHolder, body: Body) -> Answer {
    holder.require_manage()?;
    let role = holder.role()?;
    let path = holder.path(&format!("{}/composites", answer::segment(&role.name)));
    change(&holder.admin, &role, &body, Operation::Create, holder.kind(), &path).await
}

pub(super) async fn remove(holder: RoleHolder, body: Body) -> Answer {
    holder.require_manage()?;
    let role = holder.role()?;
    let path = holder.path(&format!("{}/composites", answer::segment(&role.name)));
    change(&holder.admin, &role, &body, Operation::Delete, holder.kind(), &path).await
}

/// The direct parts of a role, of any kind or only those of a client (`""`: of the realm).
pub(super) fn children(admin: &Admin, role: &Role, client_uuid: Option<&str>) -> Answer {
    let ids = admin.realm.roles.children(&role.id).iter().map(AsRef::as_ref);
    answer::json(&shown::list(&admin.realm, ids, client_uuid))
}

/// The direct parts whose names hold what is searched for, a page of them.
pub(super) fn search(admin: &Admin, role: &Role, query: &Query) -> Answer {
    let (text, page) = (
        query.text("search").unwrap_or_default().to_lowercase(),
        query.page(i64::MAX)?,
    );
    let roles = &admin.realm.roles;
    let matches = |id: &&str| roles.by_id(id).is_some_and(|r| r.name.to_lowercase().contains(&text));
    let ids = roles.children(&role.id).iter().map(AsRef::as_ref).filter(matches);
    let found = shown::list(&admin.realm, ids, None).into_iter();
    let found: Vec<Value> = found.skip(page.first as usize).take(page.max as usize).collect();
    answer::json(&found)
}

pub(super) async fn children_of_client(admin: &Admin, role: &Role, client_uuid: &str) -> Answer {
    client::by_id(&admin.app.db, &admin.realm.id, client_uuid)
        .await?
        .ok_or_else(|| ApiError::not_found("Could not find client"))?;
    children(admin, role, Some(client_uuid))
}

/// Adds or takes away the roles of the body.
pub(super) async fn change(
    admin: &Admin,
    role: &Role,
    body: &Body,
    operation: Operation,
    kind: &str,
    path: &str,
) -> Answer {
    let given = body.list("RoleRepresentation")?;
    let ids: Vec<&str> = given.iter().map(id_of).collect();
    if ids.iter().any(|id| admin.realm.roles.by_id(id).is_none()) {
        return Err(ApiError::not_found("Could not find composite role"));
    }
    let adds = operation == Operation::Create;
    if adds {
        grants::require(admin, &ids).await?;
    }
    let mut tx = admin.app.db.begin().await?;
    for id in ids {
        if adds {
            role::compose(&mut tx, &admin.realm.id, &role.id, id).await?;
        } else {
            role::decompose(&mut tx, &admin.realm.id, &role.id, id).await?;
        }
    }
    let told = given.into_iter().map(Value::Object).collect::<Value>();
    record(&mut tx, admin, operation, kind, path, Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}

/// The ids of the roles that a new role's `composites` name; unknown names are passed over, as in Keycloak.
pub(super) async fn named(holder: &RoleHolder, given: &Doc) -> Result<Vec<String>, ApiError> {
    let Some(composites) = given.get("composites").and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    let realm = &holder.admin.realm;
    let mut ids = Vec::new();
    for name in strings(composites.get("realm")) {
        ids.extend(realm.roles.by_name("", name).map(|r| r.id.clone()));
    }
    for (client_id, names) in composites
        .get("client")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(c) = client::by_client_id(&holder.admin.app.db, &realm.id, client_id).await? {
            for name in strings(Some(names)) {
                ids.extend(realm.roles.by_name(&c.id, name).map(|r| r.id.clone()));
            }
        }
    }
    Ok(ids)
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
