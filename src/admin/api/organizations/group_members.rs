//! Members of an organization in its groups.

use axum::http::StatusCode;
use serde_json::Value;

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::record::{Operation, record_with};
use super::FIND_USERS;
use super::found::CHANGE;
use super::group_found::GroupFound;
use super::members::{of_length, page_of, who};
use super::representation as shown;
use crate::store::organization_member::{self, Search};
use crate::store::user::{self, User};
use crate::store::{Tx, organization_group};

const KIND: &str = "ORGANIZATION_GROUP_MEMBERSHIP";

pub(super) async fn list(found: GroupFound, query: Query) -> Answer {
    found.of.require(FIND_USERS)?;
    let search = Search {
        group_id: Some(found.group.id.clone()),
        ..Search::default()
    };
    let page = of_length(&query, 100)?;
    let brief = query.flag("briefRepresentation") == Some(true);
    answer::json(&page_of(&found.of, &search, page, brief).await?)
}

async fn of_realm(found: &GroupFound) -> Result<User, ApiError> {
    found.of.require(CHANGE)?;
    let admin = &found.of.admin;
    let user = user::by_id(&admin.app.db, &admin.realm.id, found.of.param("member")).await?;
    user.ok_or_else(|| ApiError::message(StatusCode::NOT_FOUND, "User does not exist"))
}

async fn tell(tx: &mut Tx, found: &GroupFound, operation: Operation, user: &User) -> Result<(), ApiError> {
    let (admin, id) = (&found.of.admin, &found.of.organization.id);
    let told = shown::group(&admin.app, &admin.realm, id, &found.group, true).await?;
    let path = found.path(&format!("/members/{}", user.id));
    let of = (KIND, path.as_str());
    let told = Value::Object(told);
    Ok(record_with(tx, admin, operation, of, Some(&told), &who(user)).await?)
}

pub(super) async fn join(found: GroupFound) -> Answer {
    let user = of_realm(&found).await?;
    let mut tx = found.of.begin().await?;
    let member = organization_member::managed(&mut tx, &found.of.organization.id, &user.id).await?;
    if member.is_none() {
        return Err(ApiError::bad("User is not member of the organization"));
    }
    if !organization_group::join(&mut tx, &found.group.id, &user.id).await? {
        return Err(ApiError::conflict("User is already a member of the group"));
    }
    tell(&mut tx, &found, Operation::Create, &user).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

pub(super) async fn leave(found: GroupFound) -> Answer {
    let user = of_realm(&found).await?;
    let mut tx = found.of.begin().await?;
    organization_group::leave(&mut tx, &found.group.id, &user.id).await?;
    tell(&mut tx, &found, Operation::Delete, &user).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
