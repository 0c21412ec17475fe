//! Providers, listed, written, read and removed.

use std::collections::BTreeMap;

use axum::extract::Path;
use serde_json::{Value, json};

use super::representation as shown;
use super::{CHANGE, SEE, SHAPE, catalog, check, find};
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record};
use crate::admin::api::{answer, reserved};
use crate::secret_settings::MASK;
use crate::store::identity_provider::{self, IdentityProvider, SECRET, Search};
use crate::store::json::{Doc, text};
use crate::store::{Tx, organization_domain};

const KIND: &str = "IDENTITY_PROVIDER";

pub(super) async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    let page = query.page(i64::MAX)?;
    let search = Search {
        alias: query.text("search").map(str::to_owned),
        realm_only: query.flag("realmOnly") == Some(true),
        kinds: kinds(&query)?,
        organization_id: None,
    };
    let found = identity_provider::page(&admin.app.db, &admin.realm.id, &search, page.first, page.max).await?;
    let brief = query.flag("briefRepresentation") == Some(true);
    let all = found.iter().map(|p| {
        if brief {
            shown::brief(p)
        } else {
            shown::full(&admin.realm, p)
        }
    });
    answer::json(&all.collect::<Vec<Value>>())
}

fn kinds(query: &Query) -> Result<Vec<String>, ApiError> {
    let by_type = match query.text("type").filter(|t| !t.is_empty()) {
        Some(wanted) => catalog::kinds_of_type(wanted).ok_or_else(ApiError::no_such_path)?,
        None => Vec::new(),
    };
    let Some(wanted) = query.text("capability").filter(|t| !t.is_empty()) else {
        return Ok(by_type);
    };
    let able = catalog::kinds_of_capability(wanted).ok_or_else(ApiError::no_such_path)?;
    Ok(if by_type.is_empty() {
        able
    } else {
        by_type.into_iter().filter(|kind| able.contains(kind)).collect()
    })
}

pub(super) async fn read(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    answer::json(&shown::full(&admin.realm, &find(&admin, &alias).await?))
}

/// The kind that was sent, which must be one.
pub(super) fn provider_id(given: &Doc) -> Result<&str, ApiError> {
    let named = given.get("providerId").and_then(Value::as_str);
    let told = || ApiError::bad(&format!("Invalid identity provider id [{}]", named.unwrap_or("null")));
    named.filter(|id| catalog::kind(id).is_some()).ok_or_else(told)
}

/// A provider of what was sent, checked.
///
/// # Errors
///
/// 400 for what cannot be.
pub(super) fn new(admin: &Admin, given: &Doc) -> Result<IdentityProvider, ApiError> {
    let kind = provider_id(given)?;
    let alias = text(given, "alias").ok_or_else(|| ApiError::bad("path is null"))?;
    reserved::check_alias(alias)?;
    check::config(&admin.realm, kind, given)?;
    let mut doc = shown::kept(&admin.realm, given)?;
    if let Some(Value::Object(config)) = doc.get_mut("config")
        && config.get(SECRET).is_some_and(|s| s == MASK)
    {
        config.remove(SECRET);
    }
    hide(kind, &mut doc);
    Ok(IdentityProvider {
        id: text(given, "internalId").map_or_else(crate::random::uuid, str::to_owned),
        alias: alias.to_owned(),
        provider_id: kind.to_owned(),
        organization_id: None,
        doc,
    })
}

/// Nobody signs in by a provider of the machines of a cluster.
fn hide(kind: &str, doc: &mut Doc) {
    if kind == "kubernetes" {
        doc.insert("hideOnLogin".into(), json!(true));
    }
}

pub(super) async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let mut new = new(&admin, &given)?;
    let mut tx = admin.app.db.begin().await?;
    new.seal(&tx)?;
    if !identity_provider::add(&mut tx, &admin.realm.id, &new).await? {
        return Err(ApiError::conflict(&format!(
            "Identity Provider {} already exists",
            new.alias
        )));
    }
    let path = format!("identity-provider/instances/{}", new.alias);
    let told = shown::told(&given, &new.id);
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::created(
        &admin,
        &format!("identity-provider/instances/{}", answer::segment(&new.alias)),
    )
}

pub(super) async fn update(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let known = find(&admin, &alias).await?;
    provider_id(&given)?;
    if text(&given, "alias").is_some_and(|a| a != alias) {
        return Err(ApiError::bad("Identity Provider alias cannot be changed"));
    }
    // What kind of provider it is stays, whatever was sent.
    check::config(&admin.realm, &known.provider_id, &given)?;
    let mut doc = shown::kept(&admin.realm, &given)?;
    hide(&known.provider_id, &mut doc);
    let mut tx = admin.app.db.begin().await?;
    let before = identity_provider::by_alias(&mut tx, &admin.realm.id, &alias).await?;
    let mut changed = before.ok_or_else(ApiError::no_such_path)?;
    let links = changed.doc.get("organizationLinks").cloned();
    let before = std::mem::replace(&mut changed.doc, doc);
    if let Some(links) = links {
        changed.doc.insert("organizationLinks".into(), links);
    }
    check_domain(&mut tx, &changed).await?;
    put_secret(&tx, &mut changed, before.get("config"))?;
    identity_provider::update(&mut tx, &admin.realm.id, &changed).await?;
    let path = format!("identity-provider/instances/{alias}");
    let told = shown::told(&given, &changed.id);
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// A mask that was sent back means the secret that is there, as long as it goes where it went; another one is sealed.
fn put_secret(tx: &Tx, changed: &mut IdentityProvider, before: Option<&Value>) -> Result<(), ApiError> {
    let Some(Value::Object(config)) = changed.doc.get_mut("config") else {
        return Ok(());
    };
    if config.get(SECRET).is_none_or(|s| s != MASK) {
        return Ok(changed.seal(tx)?);
    }
    let before = before.and_then(Value::as_object);
    let kept = before
        .filter(|before| goes_to(before) == goes_to(config))
        .and_then(|before| before.get(SECRET));
    match kept {
        Some(kept) => config.insert(SECRET.into(), kept.clone()),
        None => config.remove(SECRET),
    };
    Ok(())
}

/// Where a provider's secret goes, and for whom.
fn goes_to(config: &Doc) -> BTreeMap<&str, &Value> {
    let is_place = |key: &str| key.ends_with("Url") || matches!(key, "clientId" | "issuer");
    let said = config.iter().filter(|(key, value)| is_place(key) && *value != "");
    said.map(|(key, value)| (key.as_str(), value)).collect()
}

/// A domain that leads to the provider must be one of its organization.
async fn check_domain(tx: &mut Tx, p: &IdentityProvider) -> Result<(), ApiError> {
    let (Some(organization), Some(domain)) = (&p.organization_id, p.config("kc.org.domain")) else {
        return Ok(());
    };
    if domain == "ANY" || domain.is_empty() {
        return Ok(());
    }
    let all = organization_domain::of(tx, organization).await?;
    if all.iter().any(|d| d.name == domain) {
        return Ok(());
    }
    Err(ApiError::bad("Domain does not match any domain from the organization"))
}

pub(super) async fn remove(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let mut tx = admin.app.db.begin().await?;
    if !identity_provider::remove(&mut tx, &admin.realm.id, &alias).await? {
        return Err(ApiError::no_such_path());
    }
    let path = format!("identity-provider/instances/{alias}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// What a provider must be told about us. Only those of SAML have a document for it, and SAML is not spoken here.
pub(super) async fn export(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    if find(&admin, &alias).await?.provider_id == "saml" {
        return Err(ApiError::feature_off());
    }
    answer::uncached(answer::nothing())
}

/// Forgets the keys that were fetched from a provider. `true`: there were some to forget.
pub(super) async fn reload_keys(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(CHANGE)?;
    let found = find(&admin, &alias).await?;
    let address = found
        .config("jwksUrl")
        .filter(|_| found.config("useJwksUrl") == Some("true"));
    let forgotten = address.is_some_and(|address| admin.app.egress.forget(address));
    answer::json(&forgotten)
}
