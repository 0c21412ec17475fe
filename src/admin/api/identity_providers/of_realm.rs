//! Providers inside the representation of a realm: what comes with a new one, and what an export shows.

use serde_json::{Value, json};

use super::representation as shown;
use super::{instances, mappers};
use crate::admin::api::auth::Admin;
use crate::admin::api::error::ApiError;
use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::identity_provider::{self, Search};
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;

fn items<'a>(given: &'a Doc, member: &str) -> impl Iterator<Item = &'a Doc> {
    let all = given.get(member).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_object)
}

/// Adds `identityProviders` and `identityProviderMappers`.
///
/// # Errors
///
/// 400 and 409 for what cannot be added.
pub async fn add(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    for sent in items(given, "identityProviders") {
        let mut new = instances::new(admin, sent)?;
        new.seal(tx)?;
        if !identity_provider::add(tx, &admin.realm.id, &new).await? {
            return Err(ApiError::conflict(&format!(
                "Identity Provider {} already exists",
                new.alias
            )));
        }
    }
    for sent in items(given, "identityProviderMappers") {
        let id = text(sent, "id").map_or_else(crate::random::uuid, str::to_owned);
        let new = mappers::of(sent, id)?;
        if !identity_provider::add_mapper(tx, &admin.realm.id, &new).await? {
            return Err(ApiError::duplicate());
        }
    }
    Ok(())
}

/// Both members of a realm's export; secrets are masked.
///
/// # Errors
///
/// Those of the database.
pub async fn exported(app: &App, realm: &Realm) -> Result<Doc, Error> {
    let all = identity_provider::page(&app.db, &realm.id, &Search::default(), 0, i64::MAX).await?;
    let providers = all.iter().map(|p| {
        let mut doc = shown::full(realm, p);
        if let Value::Object(doc) = &mut doc {
            // An export names them with the organization.
            doc.shift_remove("organizationId");
        }
        doc
    });
    let mut doc = Doc::new();
    doc.insert("identityProviders".into(), providers.collect::<Vec<Value>>().into());
    let mappers = identity_provider::mappers(&app.db, &realm.id, None).await?;
    doc.insert(
        "identityProviderMappers".into(),
        json!(mappers.iter().map(shown::mapper).collect::<Vec<Value>>()),
    );
    Ok(doc)
}
