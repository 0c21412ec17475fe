//! Components of an import: with those below them, and with their keys.

use serde_json::{Map, Value, json};

use super::defaults::KEYS;
use super::{Refused, id_of, keys};
use crate::app::App;
use crate::realm_setup;
use crate::secret_settings::MASK;
use crate::store::json::{Doc, text};
use crate::store::part::{self, Kind};
use crate::store::realm::Component;
use crate::store::{Tx, key};

/// Adds all of them.
pub(super) async fn add(tx: &mut Tx, app: &App, realm_id: &str, name: &str, given: &Doc) -> Result<(), Refused> {
    let Some(all) = given.get("components").and_then(Value::as_object) else {
        return Ok(());
    };
    below(tx, app, (realm_id, name), realm_id, all).await
}

/// Those below a parent, by their types; how deep is bounded by the depth of JSON.
async fn below(
    tx: &mut Tx,
    app: &App,
    realm: (&str, &str),
    parent: &str,
    all: &Map<String, Value>,
) -> Result<(), Refused> {
    for (kind, components) in all {
        for sent in components.as_array().into_iter().flatten().filter_map(Value::as_object) {
            let (id, mut doc) = (id_of(sent), sent.clone());
            let inner = doc.remove("subComponents");
            doc.insert("id".into(), json!(id));
            doc.insert("providerType".into(), json!(kind));
            doc.insert("parentId".into(), json!(parent));
            if kind == KEYS {
                with_key(tx, app, realm, &id, &mut doc).await?;
            }
            let name = text(sent, "name").unwrap_or_default();
            part::put(tx, realm.0, Kind::Component, &id, name, &doc).await?;
            if let Some(Value::Object(inner)) = inner {
                Box::pin(below(tx, app, realm, &id, &inner)).await?;
            }
        }
    }
    Ok(())
}

/// The key that a provider brings, or a new one where it brings none, as in a partial export.
async fn with_key(tx: &mut Tx, app: &App, realm: (&str, &str), id: &str, doc: &mut Doc) -> Result<(), Refused> {
    let provider = text(doc, "providerId").unwrap_or_default().to_owned();
    let config = doc.entry("config").or_insert_with(|| json!({}));
    let Value::Object(config) = config else {
        return Err(Refused::Bad(format!(
            "The configuration of the key provider {provider} is no object"
        )));
    };
    if let Some(mut brought) = keys::take(&provider, config, app.now()) {
        id.clone_into(&mut brought.component_id);
        key::add(tx, &app.db, realm.0, &brought).await?;
    } else if keys::brings_one(config) {
        tracing::warn!(
            "realm {:?}: the key of the provider {provider} is kept, but this server cannot use it",
            realm.1
        );
    } else {
        config.retain(|_, values| !values.as_array().is_some_and(|v| v.iter().any(|v| v == MASK)));
        let component: Component = serde_json::from_value(Value::Object(doc.clone()))
            .map_err(|e| Refused::Bad(format!("The key provider {provider} cannot be read: {e}")))?;
        if let Some(fault) = realm_setup::provider_fault(&component) {
            return Err(Refused::Bad(fault));
        }
        realm_setup::make_provider_key(tx, app, realm, &component).await?;
    }
    Ok(())
}
