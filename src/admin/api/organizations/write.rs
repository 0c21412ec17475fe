//! Organizations are made, changed and removed.

use serde_json::json;

use super::super::auth::Admin;
use super::super::error::ApiError;
use super::{check, domains};
use crate::store::json::Doc;
use crate::store::organization::{self, Organization};
use crate::store::{Tx, identity_provider, organization_member};

/// What is kept of what was sent, beside columns and domains.
fn document(given: &Doc) -> Doc {
    let mut doc = Doc::new();
    for member in ["description", "redirectUrl", "attributes"] {
        if let Some(value) = given.get(member) {
            doc.insert(member.to_owned(), value.clone());
        }
    }
    if let Some(attributes) = doc.get_mut("attributes").and_then(|a| a.as_object_mut()) {
        attributes.retain(|_, values| values.as_array().is_some_and(|all| !all.is_empty()));
    }
    doc
}

/// Adds an organization.
///
/// # Errors
///
/// 400 and 409 for what cannot be.
pub(super) async fn add(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<Organization, ApiError> {
    check::redirect_url(given)?;
    let name = check::name(given).ok_or_else(|| ApiError::bad("Name can not be null"))?;
    let realm_id = &admin.realm.id;
    let alias = check::alias(given, name)?;
    if organization::by_name(&mut *tx, realm_id, name).await?.is_some() {
        return Err(check::name_taken());
    }
    let new = Organization {
        id: crate::random::uuid(),
        name: name.to_owned(),
        alias: alias.to_owned(),
        enabled: check::is_enabled(given),
        group_id: crate::random::uuid(),
        doc: document(given),
    };
    if !organization::add(tx, realm_id, &new).await? {
        return Err(check::alias_taken());
    }
    domains::put(tx, admin, &new.id, given).await?;
    Ok(new)
}

/// Changes an organization. Its attributes stay where none are sent; everything else is replaced.
///
/// # Errors
///
/// 400 and 409 for what cannot be.
pub(super) async fn update(tx: &mut Tx, admin: &Admin, before: &Organization, given: &Doc) -> Result<(), ApiError> {
    check::redirect_url(given)?;
    let name = check::name(given).ok_or_else(check::name_taken)?;
    let realm_id = &admin.realm.id;
    let other = organization::by_name(&mut *tx, realm_id, name).await?;
    if other.is_some_and(|o| o.id != before.id) {
        return Err(check::name_taken());
    }
    // Who sends none means the name.
    if crate::store::json::text(given, "alias").unwrap_or(name) != before.alias {
        return Err(ApiError::bad("Cannot change the alias"));
    }
    let mut changed = before.clone();
    name.clone_into(&mut changed.name);
    changed.enabled = check::is_enabled(given);
    changed.doc = document(given);
    if !given.contains_key("attributes") {
        let kept = before.doc.get("attributes").cloned().unwrap_or_else(|| json!({}));
        changed.doc.insert("attributes".into(), kept);
    }
    if !organization::update(tx, realm_id, &changed).await? {
        return Err(check::name_taken());
    }
    domains::put(tx, admin, &before.id, given).await?;
    if changed.enabled != before.enabled {
        organization_member::suspend(tx, &before.id).await?;
    }
    Ok(())
}

/// Removes an organization with the users that it manages. Its identity providers stay with the realm.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn remove(tx: &mut Tx, admin: &Admin, id: &str) -> Result<(), ApiError> {
    organization_member::remove_managed_users(tx, id).await?;
    identity_provider::leave_organization(tx, &admin.realm.id, id).await?;
    organization::remove(tx, &admin.realm.id, id).await?;
    Ok(())
}
