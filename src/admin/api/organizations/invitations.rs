//! Invitations that were sent and not yet taken up.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::record::{Operation, record};
use super::found::{CHANGE, Found};
use super::members::of_length;
use super::representation as shown;
use crate::store::organization_invitation::{self, Invitation, Search};

pub(super) const KIND: &str = "ORGANIZATION_MEMBERSHIP";

pub(super) fn not_found() -> ApiError {
    ApiError::message(StatusCode::NOT_FOUND, "Invitation not found")
}

pub(super) async fn list(found: Found, query: Query) -> Answer {
    found.require(CHANGE)?;
    let page = of_length(&query, i64::MAX)?;
    let text = |name: &str| query.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let search = Search {
        text: text("search"),
        email: text("email"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        expired: match query.text("status").filter(|t| !t.is_empty()) {
            None => None,
            Some("PENDING") => Some(false),
            Some("EXPIRED") => Some(true),
            Some(_) => return Err(ApiError::no_such_path()),
        },
    };
    let (db, id, now) = (&found.admin.app.db, &found.organization.id, found.admin.app.now());
    let all = organization_invitation::page(db, id, &search, now, page.first, page.max).await?;
    let shown = all.iter().map(|i| shown::invitation(i, now));
    answer::json_plain(&shown.collect::<Vec<Value>>())
}

/// The invitation that an address names.
pub(super) async fn named(found: &Found) -> Result<Invitation, ApiError> {
    found.require(CHANGE)?;
    let (db, id) = (&found.admin.app.db, &found.organization.id);
    let known = organization_invitation::by_id(db, id, found.param("id")).await?;
    known.ok_or_else(not_found)
}

pub(super) async fn read(found: Found) -> Answer {
    let known = named(&found).await?;
    answer::json_plain(&shown::invitation(&known, found.admin.app.now()))
}

/// What an admin event tells of an invitation.
pub(super) fn told(i: &Invitation) -> Value {
    json!({
        "id": i.id, "organizationId": i.organization_id, "email": i.email, "sentDate": 0, "expiresAt": 0
    })
}

pub(super) async fn remove(found: Found) -> Answer {
    let known = named(&found).await?;
    let mut tx = found.begin().await?;
    organization_invitation::remove(&mut tx, &found.organization.id, &known.id).await?;
    let path = found.path(&format!("/invitations/{}", known.id));
    record(
        &mut tx,
        &found.admin,
        Operation::Delete,
        KIND,
        &path,
        Some(&told(&known)),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}
