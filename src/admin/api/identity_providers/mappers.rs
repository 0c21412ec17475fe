//! Mappers of a provider.

use axum::extract::Path;
use serde_json::{Value, json};

use super::{CHANGE, SEE, catalog, find, representation as shown};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::store::identity_provider::{self, Mapper};
use crate::store::json::{Doc, text};

const KIND: &str = "IDENTITY_PROVIDER_MAPPER";
const SHAPE: &str = "IdentityProviderMapperRepresentation";

fn not_found() -> ApiError {
    ApiError::not_found("Model not found")
}

/// The types that a provider can have.
pub(super) async fn types(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    let found = find(&admin, &alias).await?;
    answer::json(&catalog::mapper_types(&found.provider_id))
}

pub(super) async fn list(admin: Admin, Path((_, alias)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    find(&admin, &alias).await?;
    let all = identity_provider::mappers(&admin.app.db, &admin.realm.id, Some(&alias)).await?;
    answer::json(&all.iter().map(shown::mapper).collect::<Vec<Value>>())
}

pub(super) async fn read(admin: Admin, Path((_, alias, id)): Path<(String, String, String)>) -> Answer {
    admin.require(SEE)?;
    find(&admin, &alias).await?;
    let found = identity_provider::mapper_by_id(&admin.app.db, &admin.realm.id, &id).await?;
    answer::json(&shown::mapper(&found.ok_or_else(not_found)?))
}

/// A mapper of what was sent. Without name, type or provider it cannot be kept; Keycloak's database says so.
pub(super) fn of(given: &Doc, id: String) -> Result<Mapper, ApiError> {
    let member = |name: &str| {
        let value = given.get(name).and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(ApiError::duplicate)
    };
    let mut doc = Doc::new();
    let kind = member("identityProviderMapper")?;
    doc.insert("identityProviderMapper".into(), json!(kind));
    let mut config = given.get("config").cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(config) = &mut config {
        config.retain(|_, value| !value.is_null());
    }
    doc.insert("config".into(), config);
    Ok(Mapper {
        id,
        alias: member("identityProviderAlias")?,
        name: member("name")?,
        doc,
    })
}

pub(super) async fn create(admin: Admin, Path((_, alias)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let provider = find(&admin, &alias).await?;
    let new = of(
        &given,
        text(&given, "id").map_or_else(crate::random::uuid, str::to_owned),
    )?;
    let mut tx = admin.app.db.begin().await?;
    if !identity_provider::add_mapper(&mut tx, &admin.realm.id, &new).await? {
        return Err(ApiError::bad(&format!(
            "Failed to add mapper '{}' to identity provider [{}].",
            new.name, provider.provider_id
        )));
    }
    let path = format!("identity-provider/instances/{alias}/mappers/{}", new.id);
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told(given))).await?;
    tx.commit().await?;
    let below = format!(
        "identity-provider/instances/{}/mappers/{}",
        answer::segment(&alias),
        answer::segment(&new.id)
    );
    answer::created(&admin, &below)
}

fn told(mut given: Doc) -> Value {
    given.entry("config").or_insert_with(|| json!({}));
    Value::Object(given)
}

pub(super) async fn update(admin: Admin, Path((_, alias, id)): Path<(String, String, String)>, body: Body) -> Answer {
    admin.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    find(&admin, &alias).await?;
    let mut tx = admin.app.db.begin().await?;
    identity_provider::mapper_by_id(&mut tx, &admin.realm.id, &id)
        .await?
        .ok_or_else(not_found)?;
    let changed = of(&given, id.clone())?;
    if !identity_provider::update_mapper(&mut tx, &admin.realm.id, &changed).await? {
        return Err(ApiError::duplicate());
    }
    let path = format!("identity-provider/instances/{alias}/mappers/{id}");
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&told(given))).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

pub(super) async fn remove(admin: Admin, Path((_, alias, id)): Path<(String, String, String)>) -> Answer {
    admin.require(CHANGE)?;
    find(&admin, &alias).await?;
    let mut tx = admin.app.db.begin().await?;
    if !identity_provider::remove_mapper(&mut tx, &admin.realm.id, &id).await? {
        return Err(not_found());
    }
    let path = format!("identity-provider/instances/{alias}/mappers/{id}");
    record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
