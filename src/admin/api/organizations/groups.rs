//! Groups inside an organization.

use std::collections::HashSet;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::query::Query;
use super::super::record::{Operation, record};
use super::super::{answer, search_terms};
use super::found::{CHANGE, Found, VIEW};
use super::group_found::{GroupFound, missing};
use super::members::of_length;
use super::representation as shown;
use crate::secret_settings;
use crate::store::Tx;
use crate::store::group::Group;
use crate::store::json::{Doc, text};
use crate::store::organization_group::{self, Search};

const SHAPE: &str = "GroupRepresentation";
const KIND: &str = "ORGANIZATION_GROUP";

/// Groups that are looked at when one searches by attributes, which have no index.
const LOOKED_AT: i64 = 10_000;

pub(super) async fn list(found: Found, query: Query) -> Answer {
    found.require(VIEW)?;
    let page = of_length(&query, i64::MAX)?;
    let attributes = query.text("q").map(search_terms::attributes).unwrap_or_default();
    let search = wanted(&found, &query, attributes.is_empty());
    let (db, id) = (&found.admin.app.db, &found.organization.id);
    let groups = if attributes.is_empty() {
        organization_group::page(db, id, &search, page.first, page.max).await?
    } else {
        let all = organization_group::page(db, id, &search, 0, LOOKED_AT).await?;
        let has = |g: &Group| attributes.iter().all(|(name, value)| has(g, name, value));
        let fitting = all.into_iter().filter(has);
        fitting.skip(page.first as usize).take(page.max as usize).collect()
    };
    answer::json(&described(&found, &groups, &query).await?)
}

/// Without anything to look for: the groups at the top.
fn wanted(found: &Found, query: &Query, by_name_only: bool) -> Search {
    let text = query.text("search").filter(|t| !t.is_empty());
    let top = text.is_none() && by_name_only;
    Search {
        parent_id: top.then(|| found.organization.group_id.clone()),
        text: text.map(str::to_owned),
        exact: query.flag("exact") == Some(true),
    }
}

fn has(g: &Group, name: &str, value: &str) -> bool {
    let values = g
        .doc
        .get("attributes")
        .and_then(|a| a.get(name))
        .and_then(Value::as_array);
    // What is a secret is not found by guessing.
    !secret_settings::is_secret(name) && values.is_some_and(|values| values.iter().any(|v| v == value))
}

pub(super) async fn described(found: &Found, groups: &[Group], query: &Query) -> Result<Vec<Doc>, ApiError> {
    let (admin, id) = (&found.admin, &found.organization.id);
    let brief = query.flag("briefRepresentation") != Some(false);
    let mut all = Vec::new();
    for g in groups {
        let doc = shown::group(&admin.app, &admin.realm, id, g, brief).await?;
        all.push(counted(found, doc, &g.id, query).await?);
    }
    Ok(all)
}

/// Says how many groups are below, if that was asked for.
async fn counted(found: &Found, mut doc: Doc, group_id: &str, query: &Query) -> Result<Doc, ApiError> {
    if query.flag("subGroupsCount") == Some(true) {
        let (db, id) = (&found.admin.app.db, &found.organization.id);
        let count = organization_group::count_children(db, id, group_id).await?;
        let at = doc.keys().position(|k| k == "subGroups").unwrap_or(doc.len());
        doc.shift_insert(at, "subGroupCount".into(), json!(count));
    }
    Ok(doc)
}

pub(super) async fn read(found: GroupFound, query: Query) -> Answer {
    let (of, g) = (&found.of, &found.group);
    let doc = shown::group(&of.admin.app, &of.admin.realm, &of.organization.id, g, false).await?;
    answer::json(&counted(of, doc, &g.id, &query).await?)
}

pub(super) async fn children(found: GroupFound, query: Query) -> Answer {
    let page = of_length(&query, 10)?;
    let search = Search {
        parent_id: Some(found.group.id.clone()),
        text: query.text("search").map(str::to_owned),
        exact: query.flag("exact") == Some(true),
    };
    let (db, id) = (&found.of.admin.app.db, &found.of.organization.id);
    let groups = organization_group::page(db, id, &search, page.first, page.max).await?;
    answer::json(&described(&found.of, &groups, &query).await?)
}

pub(super) async fn by_path(found: Found, query: Query) -> Answer {
    found.require(VIEW)?;
    let (db, id) = (&found.admin.app.db, &found.organization.id);
    let mut at: Option<Group> = None;
    for name in found.param("path").split('/').filter(|n| !n.is_empty()) {
        let parent = at.map_or_else(|| found.organization.group_id.clone(), |g| g.id);
        at = organization_group::by_name(db, id, &parent, name).await?;
        if at.is_none() {
            break;
        }
    }
    let g = at.ok_or_else(|| ApiError::not_found("Group path does not exist"))?;
    let mut all = described(&found, std::slice::from_ref(&g), &query).await?;
    answer::json(&all.pop())
}

fn name(given: &Doc) -> Result<&str, ApiError> {
    let name = text(given, "name").filter(|n| !n.trim().is_empty());
    name.ok_or_else(|| ApiError::bad("Group name is missing"))
}

fn settings(given: &Doc, mut doc: Doc) -> Result<Doc, ApiError> {
    if let Some(value) = given.get("description") {
        doc.insert("description".into(), value.clone());
    }
    if let Some(value) = given.get("attributes") {
        let kept = secret_settings::kept_lists(&doc, value).map_err(|why| ApiError::bad(&why))?;
        doc.insert("attributes".into(), kept);
    }
    Ok(doc)
}

/// What an admin event tells of a group.
fn told(given: &Doc, id: Option<&str>) -> Value {
    let mut told = Doc::new();
    if let Some(id) = id {
        told.insert("id".into(), json!(id));
    }
    for member in ["name", "description"] {
        if let Some(value) = given.get(member) {
            told.insert(member.to_owned(), value.clone());
        }
    }
    told.insert("subGroups".into(), json!([]));
    if let Some(value) = given.get("attributes") {
        told.insert("attributes".into(), value.clone());
    }
    Value::Object(told)
}

/// Makes a group under `parent_id`, or moves the one whose id was sent there.
async fn put(found: &Found, parent_id: &str, given: &Doc, path: &str, taken: &str) -> Result<Option<Group>, ApiError> {
    let name = name(given)?;
    let (admin, id) = (&found.admin, &found.organization.id);
    let mut tx = found.begin().await?;
    // Nothing comes below a group that has gone meanwhile.
    let is_top = parent_id == found.organization.group_id;
    if !is_top && organization_group::by_id(&mut tx, id, parent_id).await?.is_none() {
        return Err(missing());
    }
    let made = match text(given, "id") {
        Some(moved) => {
            relocate(&mut tx, id, moved, parent_id, taken).await?;
            record(
                &mut tx,
                admin,
                Operation::Update,
                KIND,
                path,
                Some(&told(given, Some(moved))),
            )
            .await?;
            None
        }
        None => {
            let new = Group {
                id: crate::random::uuid(),
                parent_id: parent_id.to_owned(),
                name: name.to_owned(),
                doc: settings(given, Doc::new())?,
            };
            if !organization_group::add(&mut tx, id, &new).await? {
                return Err(ApiError::conflict(taken));
            }
            let told = told(given, Some(&new.id));
            record(&mut tx, admin, Operation::Create, KIND, path, Some(&told)).await?;
            Some(new)
        }
    };
    tx.commit().await?;
    Ok(made)
}

async fn relocate(tx: &mut Tx, organization_id: &str, id: &str, parent_id: &str, taken: &str) -> Result<(), ApiError> {
    let known = organization_group::by_id(&mut *tx, organization_id, id).await?;
    let mut moved = known.ok_or_else(|| ApiError::not_found("Could not find group by id"))?;
    let mut above = Some(parent_id.to_owned());
    let mut seen = HashSet::new();
    while let Some(at) = above.filter(|at| seen.insert(at.clone())) {
        if at == id {
            return Err(ApiError::bad("A group cannot be moved below itself"));
        }
        above = organization_group::by_id(&mut *tx, organization_id, &at)
            .await?
            .map(|g| g.parent_id);
    }
    parent_id.clone_into(&mut moved.parent_id);
    if organization_group::update(tx, organization_id, &moved).await? {
        Ok(())
    } else {
        Err(ApiError::conflict(taken))
    }
}

fn created(found: &Found, below: &str, doc: &Doc) -> Answer {
    let admin = &found.admin;
    let realm = answer::segment(&admin.realm.name);
    let path = found.path(below);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (
            header::LOCATION,
            format!("{}/admin/realms/{realm}/{path}", admin.caller.base),
        ),
    ];
    Ok((StatusCode::CREATED, headers, serde_json::to_string(doc)?).into_response())
}

pub(super) async fn create(found: Found, body: Body) -> Answer {
    found.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let taken = "Group with the given name already exists.";
    let parent = found.organization.group_id.clone();
    match put(&found, &parent, &given, &found.path("/groups"), taken).await? {
        Some(made) => {
            let (app, realm) = (&found.admin.app, &found.admin.realm);
            let doc = shown::group(app, realm, &found.organization.id, &made, true).await?;
            created(&found, &format!("/groups/{}", made.id), &doc)
        }
        None => answer::nothing(),
    }
}

pub(super) async fn create_child(found: GroupFound, body: Body) -> Answer {
    let of = &found.of;
    of.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let taken = "Sibling group with the given name already exists";
    let answered = match put(of, &found.group.id, &given, &found.path("/children"), taken).await? {
        Some(made) => {
            let doc = shown::group(&of.admin.app, &of.admin.realm, &of.organization.id, &made, false).await?;
            created(of, &format!("/groups/{}/children/{}", found.group.id, made.id), &doc)
        }
        None => answer::nothing(),
    };
    answer::uncached(answered)
}

pub(super) async fn update(found: GroupFound, body: Body) -> Answer {
    let of = &found.of;
    of.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let name = name(&given)?;
    let mut tx = of.begin().await?;
    let known = organization_group::by_id(&mut tx, &of.organization.id, &found.group.id).await?;
    let mut changed = known.ok_or_else(missing)?;
    name.clone_into(&mut changed.name);
    changed.doc = settings(&given, changed.doc)?;
    if !organization_group::update(&mut tx, &of.organization.id, &changed).await? {
        return Err(ApiError::duplicate());
    }
    let told = told(&given, None);
    record(
        &mut tx,
        &of.admin,
        Operation::Update,
        KIND,
        &found.path(""),
        Some(&told),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

pub(super) async fn remove(found: GroupFound) -> Answer {
    let of = &found.of;
    of.require(CHANGE)?;
    let mut tx = of.begin().await?;
    organization_group::remove(&mut tx, &of.organization.id, &found.group.id).await?;
    record(&mut tx, &of.admin, Operation::Delete, KIND, &found.path(""), None).await?;
    tx.commit().await?;
    answer::nothing()
}
