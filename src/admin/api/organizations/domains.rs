//! The domains of an organization, as they were sent.

use serde_json::{Value, json};

use super::super::auth::Admin;
use super::super::error::ApiError;
use crate::profile::address;
use crate::store::Tx;
use crate::store::identity_provider::{self, IdentityProvider};
use crate::store::json::{Doc, text};
use crate::store::organization_domain::{self, Domain};

/// Reads and checks the domains of an organization, and writes them in the place of those that it has.
///
/// # Errors
///
/// 400 for what is no domain, or belongs to another organization.
pub(super) async fn put(tx: &mut Tx, admin: &Admin, organization_id: &str, given: &Doc) -> Result<(), ApiError> {
    let sent = given.get("domains").and_then(Value::as_array);
    let mut all: Vec<Domain> = Vec::new();
    for sent in sent.into_iter().flatten().filter_map(Value::as_object) {
        let domain = read(sent)?;
        if all.iter().any(|d| d.name == domain.name) {
            continue;
        }
        if let Some(owner) =
            organization_domain::other_owner(&mut *tx, &admin.realm.id, &domain.name, organization_id).await?
        {
            let (domain, realm) = (&domain.name, &admin.realm.name);
            let text = format!("Domain {domain} is already linked to organization {owner} in realm {realm}");
            return Err(ApiError::bad(&text));
        }
        if let Some(alias) = text(&domain.doc, "identityProviderAlias") {
            let found = identity_provider::by_alias(&mut *tx, &admin.realm.id, alias).await?;
            let linked = |p: IdentityProvider| p.organization_id.as_deref() == Some(organization_id);
            if !found.is_some_and(linked) {
                return Err(ApiError::bad("Identity provider not associated with the organization"));
            }
        }
        all.push(domain);
    }
    Ok(organization_domain::set(tx, &admin.realm.id, organization_id, &all).await?)
}

fn read(sent: &Doc) -> Result<Domain, ApiError> {
    let name = text(sent, "name").ok_or_else(|| ApiError::bad("Domain name cannot be empty"))?;
    // `*.example.org` stands for all domains below.
    let plain = name.strip_prefix("*.").unwrap_or(name);
    if !address::is_valid(&format!("a@{plain}"), None) {
        return Err(ApiError::bad(&format!("Invalid domain format: {name}")));
    }
    let mut doc = Doc::new();
    let verified = sent.get("verified").and_then(Value::as_bool).unwrap_or(false);
    doc.insert("verified".into(), json!(verified));
    for member in ["identityProviderAlias", "autoRedirect"] {
        if let Some(value) = sent.get(member) {
            doc.insert(member.to_owned(), value.clone());
        }
    }
    Ok(Domain {
        name: name.to_lowercase(),
        doc,
    })
}
