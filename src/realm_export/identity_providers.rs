//! Identity providers of an export, and their mappers.

use serde_json::{Value, json};

use super::Extent;
use crate::admin::api::identity_providers::representation;
use crate::app::App;
use crate::error::Error;
use crate::store::identity_provider::{self, SECRET, Search};
use crate::store::realm::Realm;

/// All providers, by alias.
pub(super) async fn all(app: &App, realm: &Realm, extent: Extent) -> Result<Value, Error> {
    let mut shown = Vec::new();
    for p in identity_provider::page(&app.db, &realm.id, &Search::default(), 0, i64::MAX).await? {
        let mut doc = representation::full(realm, &p);
        if extent.shows_secrets()
            && let Some(secret) = p.secret(&app.db)?
        {
            doc["config"][SECRET] = json!(*secret);
        }
        if let Value::Object(doc) = &mut doc {
            // An export names them with the organization.
            doc.shift_remove("organizationId");
            doc.shift_remove("organizationLinks");
            for (name, value) in &p.doc {
                // What an import brought and nobody understands.
                if !name.starts_with('_') && !value.is_null() && name != "organizationLinks" {
                    doc.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        shown.push(doc);
    }
    Ok(shown.into())
}

/// The mappers of all providers.
pub(super) async fn mappers(app: &App, realm: &Realm) -> Result<Value, Error> {
    let all = identity_provider::mappers(&app.db, &realm.id, None).await?;
    Ok(all.iter().map(representation::mapper).collect())
}
