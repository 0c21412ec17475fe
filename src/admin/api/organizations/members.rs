//! Who is in an organization.

use axum::extract::Path;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::query::{Page, Query};
use super::super::record::{Operation, record_with};
use super::found::{CHANGE, Found, SEE, VIEW, enabled};
use super::{FIND_USERS, MemberPath, SEE_USERS, no_such_member, representation as shown};
use crate::store::organization_member::{self, Search};
use crate::store::user::{self, User};
use crate::store::{organization, organization_group};

const KIND: &str = "ORGANIZATION_MEMBERSHIP";

pub(super) async fn list(found: Found, query: Query) -> Answer {
    found.require(VIEW)?;
    found.require(FIND_USERS)?;
    let page = of_length(&query, 10)?;
    let search = Search {
        text: query.text("search").map(str::to_owned),
        exact: query.flag("exact") == Some(true),
        managed: match query.text("membershipType").filter(|t| !t.is_empty()) {
            Some(kind) => Some(is_managed(&kind.to_uppercase()).ok_or_else(ApiError::no_such_path)?),
            None => None,
        },
        group_id: None,
    };
    let brief = query.flag("briefRepresentation") != Some(false);
    answer::json(&page_of(&found, &search, page, brief).await?)
}

/// A page of members. Who may only look for users sees none of them.
pub(super) async fn page_of(found: &Found, search: &Search, page: Page, brief: bool) -> Result<Vec<Value>, ApiError> {
    let admin = &found.admin;
    let mut all = Vec::new();
    if !admin.has_any(SEE_USERS) {
        return Ok(all);
    }
    let (db, realm_id, id) = (&admin.app.db, &admin.realm.id, &found.organization.id);
    for (user, managed) in organization_member::page(db, realm_id, id, search, page.first, page.max).await? {
        all.push(shown::member(&admin.app, &user, managed, brief).await?);
    }
    Ok(all)
}

/// A page of a list that has a usual length; `max=-1` is all of it.
pub(super) fn of_length(query: &Query, usual: i64) -> Result<Page, ApiError> {
    let page = query.page(usual)?;
    let all = query.number("max")?.is_some_and(|m| m < 0);
    Ok(if all { Page { max: i64::MAX, ..page } } else { page })
}

pub(super) fn is_managed(kind: &str) -> Option<bool> {
    match kind {
        "MANAGED" => Some(true),
        "UNMANAGED" => Some(false),
        _ => None,
    }
}

pub(super) async fn count(found: Found) -> Answer {
    found.require(VIEW)?;
    found.require(FIND_USERS)?;
    answer::json(&organization_member::count(&found.admin.app.db, &found.organization.id).await?)
}

/// The member that an address names, and whether they are managed.
pub(super) async fn member(found: &Found) -> Result<(User, bool), ApiError> {
    let (db, realm_id) = (&found.admin.app.db, &found.admin.realm.id);
    let user = user::by_id(db, realm_id, found.param("member")).await?;
    let user = user.ok_or_else(no_such_member)?;
    let managed = organization_member::managed(db, &found.organization.id, &user.id).await?;
    Ok((user, managed.ok_or_else(no_such_member)?))
}

async fn seen(found: &Found) -> Result<(User, bool), ApiError> {
    found.require(VIEW)?;
    found.require(SEE_USERS)?;
    member(found).await
}

pub(super) async fn read(found: Found) -> Answer {
    let (user, managed) = seen(&found).await?;
    answer::json(&shown::member(&found.admin.app, &user, managed, false).await?)
}

/// The text of a body: bare, or a JSON string.
pub(super) fn plain(body: &Body) -> String {
    let text = String::from_utf8_lossy(body.bytes());
    let text = text.trim();
    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
}

/// What an event tells of whose membership it is.
pub(super) fn who(user: &User) -> Vec<(&'static str, &str)> {
    let email = user.email.as_deref().map(|email| ("email", email));
    let name = [("username", user.username.as_str())];
    email.into_iter().chain(name).collect()
}

async fn tell(
    tx: &mut crate::store::Tx,
    found: &Found,
    operation: Operation,
    below: &str,
    user: &User,
) -> Result<(), ApiError> {
    let told = Value::Object(shown::of(&found.admin.app, &found.organization, true).await?);
    let path = found.path(below);
    let of = (KIND, path.as_str());
    Ok(record_with(tx, &found.admin, operation, of, Some(&told), &who(user)).await?)
}

pub(super) async fn add(found: Found, body: Body) -> Answer {
    found.require(CHANGE)?;
    found.require(&[Right::ManageUsers])?;
    let (db, realm_id) = (&found.admin.app.db, &found.admin.realm.id);
    let user = user::by_id(db, realm_id, &plain(&body)).await?;
    let user = user.ok_or_else(no_such_member)?;
    let mut tx = found.begin().await?;
    if !organization_member::add(&mut tx, &found.organization.id, &user.id, false).await? {
        return Err(ApiError::conflict("User is already a member of the organization."));
    }
    tell(&mut tx, &found, Operation::Create, "/members", &user).await?;
    tx.commit().await?;
    answer::created(&found.admin, &found.path(&format!("/members/{}", user.id)))
}

/// Ends a membership. A user whom the organization manages goes with it.
pub(super) async fn remove(found: Found) -> Answer {
    found.require(CHANGE)?;
    found.require(FIND_USERS)?;
    let (user, managed) = member(&found).await?;
    found.require(&[Right::ManageUsers])?;
    let mut tx = found.begin().await?;
    organization_member::remove(&mut tx, &found.organization.id, &user.id).await?;
    if managed {
        user::remove(&mut tx, &found.admin.realm.id, &user.id).await?;
    }
    let below = format!("/members/{}", user.id);
    tell(&mut tx, &found, Operation::Delete, &below, &user).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn of_user(admin: &Admin, user_id: &str, query: &Query) -> Answer {
    let brief = query.flag("briefRepresentation") != Some(false);
    let mut all = Vec::new();
    for o in organization::of_user(&admin.app.db, &admin.realm.id, user_id).await? {
        all.push(shown::of(&admin.app, &o, brief).await?);
    }
    answer::json(&all)
}

pub(super) async fn organizations(found: Found, query: Query) -> Answer {
    let (user, _) = seen(&found).await?;
    of_user(&found.admin, &user.id, &query).await
}

pub(super) async fn organizations_of_user(admin: Admin, Path(path): MemberPath, query: Query) -> Answer {
    admin.require(SEE)?;
    enabled(&admin)?;
    admin.require(SEE_USERS)?;
    let id = path.get("member").map_or("", String::as_str);
    let user = user::by_id(&admin.app.db, &admin.realm.id, id).await?;
    of_user(&admin, &user.ok_or_else(no_such_member)?.id, &query).await
}

pub(super) async fn groups(found: Found, query: Query) -> Answer {
    let (user, _) = seen(&found).await?;
    let (admin, id) = (&found.admin, &found.organization.id);
    let page = query.page(i64::MAX)?;
    let brief = query.flag("briefRepresentation") != Some(false);
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let mut all = Vec::new();
    let joined = organization_group::of_user(&admin.app.db, id, &user.id).await?;
    let fitting = joined.iter().filter(|g| g.name.to_lowercase().contains(&search));
    for g in fitting.skip(page.first as usize).take(page.max as usize) {
        all.push(shown::group(&admin.app, &admin.realm, id, g, brief).await?);
    }
    answer::json(&all)
}

/// Makes a member a managed one, or no longer (Keycloak 26.8).
pub(super) async fn set_type(found: Found, body: Body) -> Answer {
    found.require(CHANGE)?;
    found.require(FIND_USERS)?;
    let (user, _) = member(&found).await?;
    found.require(&[Right::ManageUsers])?;
    let wanted = is_managed(&plain(&body)).ok_or_else(|| {
        let status = axum::http::StatusCode::BAD_REQUEST;
        ApiError::described(status, "unknown_error", "Cannot parse the JSON")
    })?;
    let mut tx = found.begin().await?;
    organization_member::set_managed(&mut tx, &found.organization.id, &user.id, wanted).await?;
    let below = format!("/members/{}/membership-type", user.id);
    let told = json!(shown::membership(wanted));
    let path = found.path(&below);
    let of = (KIND, path.as_str());
    record_with(&mut tx, &found.admin, Operation::Update, of, Some(&told), &who(&user)).await?;
    tx.commit().await?;
    answer::nothing()
}
