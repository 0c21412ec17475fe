//! Groups are made, moved and changed.

use std::collections::HashSet;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::super::auth::Admin;
use super::super::error::{Answer, ApiError};
use super::super::grants;
use super::super::record::{Operation, record};
use super::{Found, KIND};
use crate::secret_settings;
use crate::store::Tx;
use crate::store::group::{self, Group};
use crate::store::json::{self, Doc};
use crate::store::realm;

/// What became of a group that was sent to a place.
pub(super) enum Put {
    Made(Group),
    /// It was there, somewhere else.
    Moved,
}

/// Makes a group, or moves the one with the id that was sent, to the top or below `parent`.
pub(super) async fn put(admin: &Admin, parent: Option<&Group>, given: &Doc, path: &str) -> Result<Put, ApiError> {
    let name = name(given)?;
    let parent_id = parent.map_or("", |p| p.id.as_str());
    let realm_id = &admin.realm.id;
    let mut tx = admin.app.db.begin().await?;
    // Of two moves at once the second sees where the first has put its group: together they make no circle. And nothing comes
    // below a group that goes.
    realm::lock(&mut tx, realm_id).await?;
    if parent.is_some() && group::by_id(&mut tx, realm_id, parent_id).await?.is_none() {
        return Err(ApiError::not_found("Could not find group by id"));
    }
    let result = if let Some(id) = json::text(given, "id") {
        let known = group::by_id(&mut tx, realm_id, id).await?;
        let mut moved = known.ok_or_else(|| ApiError::not_found("Could not find child by id"))?;
        if moved.parent_id != parent_id {
            check_no_circle(&mut tx, admin, parent_id, id).await?;
            // Its members, and those of the groups below it, get the roles of the groups that are now above.
            grants::require_groups(&mut tx, admin, &[parent_id]).await?;
            parent_id.clone_into(&mut moved.parent_id);
            if !group::update(&mut tx, realm_id, &moved).await? {
                return Err(taken(parent.is_some(), name));
            }
        }
        record(&mut tx, admin, Operation::Update, KIND, path, Some(&told(given, id))).await?;
        Put::Moved
    } else {
        let new = Group {
            id: crate::random::uuid(),
            parent_id: parent_id.to_owned(),
            name: name.to_owned(),
            doc: settings(given, Doc::new())?,
        };
        if !group::add(&mut tx, realm_id, &new).await? {
            return Err(taken(parent.is_some(), name));
        }
        let path = if parent.is_some() {
            path.to_owned()
        } else {
            format!("groups/{}", new.id)
        };
        record(
            &mut tx,
            admin,
            Operation::Create,
            KIND,
            &path,
            Some(&told(given, &new.id)),
        )
        .await?;
        Put::Made(new)
    };
    tx.commit().await?;
    Ok(result)
}

/// A group cannot come below itself.
async fn check_no_circle(tx: &mut Tx, admin: &Admin, parent_id: &str, id: &str) -> Result<(), ApiError> {
    let mut above = parent_id.to_owned();
    let mut seen = HashSet::new();
    while !above.is_empty() && seen.insert(above.clone()) {
        if above == id {
            return Err(ApiError::bad("A group cannot be moved below itself"));
        }
        let next = group::by_id(&mut *tx, &admin.realm.id, &above).await?;
        above = next.map(|g| g.parent_id).unwrap_or_default();
    }
    Ok(())
}

/// Changes name, description and, where they are given, the attributes.
pub(super) async fn update(found: &Found, given: &Doc) -> Result<(), ApiError> {
    let (admin, name) = (&found.admin, name(given)?);
    if json::text(given, "id").is_some_and(|id| id != found.group.id) {
        return Err(ApiError::bad("Invalid group id"));
    }
    let realm_id = &admin.realm.id;
    let mut tx = admin.app.db.begin().await?;
    // It stays where it is now, and keeps what it has now.
    realm::lock(&mut tx, realm_id).await?;
    let known = group::by_id(&mut tx, realm_id, &found.group.id).await?;
    let mut changed = known.ok_or_else(|| ApiError::not_found("Could not find group by id"))?;
    name.clone_into(&mut changed.name);
    changed.doc.remove("description");
    changed.doc = settings(given, changed.doc)?;
    if !group::update(&mut tx, realm_id, &changed).await? {
        return Err(taken(true, name));
    }
    let mut told = Doc::new();
    copy(&mut told, given);
    record(
        &mut tx,
        admin,
        Operation::Update,
        KIND,
        &found.path(""),
        Some(&told.into()),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

fn name(given: &Doc) -> Result<&str, ApiError> {
    let name = json::text(given, "name").filter(|n| !n.trim().is_empty());
    name.ok_or_else(|| ApiError::bad("Group name is missing"))
}

fn taken(below: bool, name: &str) -> ApiError {
    let kind = if below { "Sibling" } else { "Top level" };
    ApiError::conflict(&format!("{kind} group named '{name}' already exists."))
}

fn settings(given: &Doc, mut doc: Doc) -> Result<Doc, ApiError> {
    if let Some(value) = given.get("description").filter(|v| !v.is_null()) {
        doc.insert("description".into(), value.clone());
    }
    if let Some(attributes) = given.get("attributes").filter(|v| !v.is_null()) {
        let kept = secret_settings::kept_lists(&doc, attributes).map_err(|why| ApiError::bad(&why))?;
        doc.insert("attributes".into(), json::without_empty(&kept));
    }
    Ok(doc)
}

/// What an admin event tells of a group.
fn told(given: &Doc, id: &str) -> Value {
    let mut told = Doc::new();
    told.insert("id".into(), json!(id));
    copy(&mut told, given);
    told.into()
}

fn copy(told: &mut Doc, given: &Doc) {
    for member in ["name", "description"] {
        if let Some(value) = given.get(member).filter(|v| !v.is_null()) {
            told.insert(member.into(), value.clone());
        }
    }
    told.insert("subGroups".into(), json!([]));
    if let Some(attributes) = given.get("attributes").filter(|v| !v.is_null()) {
        told.insert("attributes".into(), attributes.clone());
    }
}

/// 201 with the group that was made.
pub(super) fn created(admin: &Admin, id: &str, doc: &Doc) -> Answer {
    let realm = super::super::answer::segment(&admin.realm.name);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (
            header::LOCATION,
            format!("{}/admin/realms/{realm}/groups/{id}", admin.caller.base),
        ),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, serde_json::to_string(doc)?).into_response())
}
