//! Identity providers of an organization.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::identity_providers::{CHANGE as CHANGE_PROVIDERS, SEE as SEE_PROVIDERS, representation};
use super::super::json::Body;
use super::super::query::Query;
use super::found::{CHANGE, Found, VIEW};
use super::groups;
use super::members::{of_length, plain};
use crate::store::Tx;
use crate::store::identity_provider::{self, IdentityProvider, Search};
use crate::store::organization_group;

const UNKNOWN: &str = "Identity provider not found with the given alias";

fn see(found: &Found) -> Result<(), ApiError> {
    found.require(VIEW)?;
    found.require(SEE_PROVIDERS)
}

fn change(found: &Found) -> Result<(), ApiError> {
    found.require(CHANGE)?;
    found.require(CHANGE_PROVIDERS)
}

pub(super) async fn list(found: Found) -> Answer {
    see(&found)?;
    let admin = &found.admin;
    let search = Search {
        organization_id: Some(found.organization.id.clone()),
        ..Search::default()
    };
    let all = identity_provider::page(&admin.app.db, &admin.realm.id, &search, 0, i64::MAX).await?;
    let shown = all.iter().map(|p| representation::full(&admin.realm, p));
    answer::json(&shown.collect::<Vec<Value>>())
}

/// The provider that an address names, if it is the organization's.
async fn linked(found: &Found) -> Result<Option<IdentityProvider>, ApiError> {
    let admin = &found.admin;
    let known = identity_provider::by_alias(&admin.app.db, &admin.realm.id, found.param("alias")).await?;
    Ok(known.filter(|p| p.organization_id.as_ref() == Some(&found.organization.id)))
}

async fn seen(found: &Found) -> Result<IdentityProvider, ApiError> {
    see(found)?;
    let text = "Identity provider not associated with the organization";
    linked(found)
        .await?
        .ok_or_else(|| ApiError::message(StatusCode::NOT_FOUND, text))
}

pub(super) async fn read(found: Found) -> Answer {
    let provider = seen(&found).await?;
    answer::json(&representation::full(&found.admin.realm, &provider))
}

pub(super) async fn groups(found: Found, query: Query) -> Answer {
    seen(&found).await?;
    let page = of_length(&query, i64::MAX)?;
    let text = query.text("search").filter(|t| !t.is_empty());
    let search = organization_group::Search {
        parent_id: text.is_none().then(|| found.organization.group_id.clone()),
        text: text.map(str::to_owned),
        exact: query.flag("exact") == Some(true),
    };
    let (db, id) = (&found.admin.app.db, &found.organization.id);
    let all = organization_group::page(db, id, &search, page.first, page.max).await?;
    answer::json(&groups::described(&found, &all, &query).await?)
}

/// Reads a provider in a transaction.
async fn latest(tx: &mut Tx, found: &Found, alias: &str) -> Result<Option<IdentityProvider>, ApiError> {
    Ok(identity_provider::by_alias(tx, &found.admin.realm.id, alias).await?)
}

pub(super) async fn link(found: Found, body: Body) -> Answer {
    change(&found)?;
    let mut tx = found.begin().await?;
    let known = latest(&mut tx, &found, &plain(&body)).await?;
    let mut provider = known.ok_or_else(|| ApiError::bad(UNKNOWN))?;
    match &provider.organization_id {
        Some(id) if *id == found.organization.id => {
            return Err(ApiError::conflict(
                "Identity provider already associated to the organization",
            ));
        }
        Some(_) => {
            let text = "Identity provider already associated with a different organization";
            return Err(ApiError::bad(text));
        }
        None => provider.organization_id = Some(found.organization.id.clone()),
    }
    identity_provider::update(&mut tx, &found.admin.realm.id, &provider).await?;
    tx.commit().await?;
    answer::nothing()
}

/// How people become members who come through the provider (Keycloak 26.8).
pub(super) async fn update(found: Found, body: Body) -> Answer {
    change(&found)?;
    let given = body.object("OrganizationIdentityProviderLinkRepresentation")?;
    let missing = || ApiError::message(StatusCode::NOT_FOUND, UNKNOWN);
    linked(&found).await?.ok_or_else(missing)?;
    let mut tx = found.begin().await?;
    let mut provider = latest(&mut tx, &found, found.param("alias"))
        .await?
        .ok_or_else(missing)?;
    let mut links = given;
    links.insert("organizationId".into(), json!(found.organization.id));
    provider.doc.insert("organizationLinks".into(), json!([links]));
    identity_provider::update(&mut tx, &found.admin.realm.id, &provider).await?;
    tx.commit().await?;
    answer::nothing()
}

pub(super) async fn unlink(found: Found) -> Answer {
    change(&found)?;
    let missing = || ApiError::message(StatusCode::NOT_FOUND, UNKNOWN);
    linked(&found).await?.ok_or_else(missing)?;
    let mut tx = found.begin().await?;
    let mut provider = latest(&mut tx, &found, found.param("alias"))
        .await?
        .ok_or_else(missing)?;
    provider.organization_id = None;
    provider.doc.shift_remove("organizationLinks");
    if let Some(Value::Object(config)) = provider.doc.get_mut("config") {
        config.shift_remove("kc.org.domain");
    }
    identity_provider::update(&mut tx, &found.admin.realm.id, &provider).await?;
    tx.commit().await?;
    answer::nothing()
}
