//! Components of an export: by type, those below another inside it, keys in their providers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Extent;
use crate::admin::api::component_settings::{KEYS, is_declared, is_secret};
use crate::error::Error;
use crate::realm_import::keys;
use crate::secret_settings::MASK;
use crate::store::json::Doc;
use crate::store::realm::{Component, Realm};

/// All components.
pub(super) fn all(realm: &Realm, extent: Extent) -> Result<Value, Error> {
    let top = |c: &&Component| {
        let parent = c.parent_id.as_deref().unwrap_or(&realm.id);
        parent == realm.id || !realm.components.iter().any(|o| o.id == parent)
    };
    by_type(realm, extent, realm.components.iter().filter(top))
}

fn by_type<'a>(realm: &Realm, extent: Extent, components: impl Iterator<Item = &'a Component>) -> Result<Value, Error> {
    let mut types: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for c in components {
        let shown = component(realm, extent, c)?;
        types.entry(&c.provider_type).or_default().push(shown);
    }
    Ok(json!(types))
}

fn component(realm: &Realm, extent: Extent, c: &Component) -> Result<Value, Error> {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(c.id));
    if let Some(name) = c.name.as_ref().filter(|n| !n.is_empty()) {
        doc.insert("name".into(), json!(name));
    }
    doc.insert("providerId".into(), json!(c.provider_id));
    if let Some(kind) = &c.sub_type {
        doc.insert("subType".into(), json!(kind));
    }
    let below = realm.components.iter().filter(|o| o.parent_id.as_ref() == Some(&c.id));
    doc.insert("subComponents".into(), by_type(realm, extent, below)?);
    let mut config: Map<String, Value> = c.config.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    if c.provider_type == KEYS
        && let Some((key, ..)) = realm.keys.all().find(|(k, ..)| k.component_id == c.id)
    {
        keys::put(&c.provider_id, &mut config, key)?;
    }
    if !extent.shows_secrets() {
        // What a provider wrote into itself is nobody's business; what was typed in is known to be there.
        config.retain(|name, _| c.provider_type != KEYS || is_declared(c, name));
        for (name, values) in &mut config {
            if is_secret(c, name) {
                *values = json!([MASK]);
            }
        }
    }
    doc.insert("config".into(), config.into());
    Ok(doc.into())
}
