//! Key providers whose key an administrator brings: `rsa` and `rsa-enc`.

use serde_json::{Map, Value, json};
use vestibule_jose::digest::b64;
use vestibule_jose::x509;

use super::component_settings::KEYS;
use super::error::ApiError;
use crate::app::App;
use crate::error::Error;
use crate::realm_import::keys;
use crate::realm_setup;
use crate::store::key::RealmKey;
use crate::store::realm::{Component, Realm};

const PRIVATE: &str = "privateKey";
const CERTIFICATE: &str = "certificate";

/// Whether a component is such a provider.
pub fn is_brought(component: &Component) -> bool {
    component.provider_type == KEYS && matches!(component.provider_id.as_str(), "rsa" | "rsa-enc")
}

/// A component with its key, which an import has put away: what is sent for it is laid over all of it.
///
/// # Errors
///
/// [`Error::Key`] if the library cannot write the key.
pub fn whole(realm: &Realm, component: &Component) -> Result<Component, Error> {
    let mut whole = component.clone();
    if !is_brought(component) || component.first(PRIVATE).is_some() {
        return Ok(whole);
    }
    let Some((key, ..)) = realm.keys.all().find(|(key, ..)| key.component_id == component.id) else {
        return Ok(whole);
    };
    let mut config = Map::new();
    keys::put(&component.provider_id, &mut config, key)?;
    whole
        .config
        .extend(serde_json::from_value::<std::collections::BTreeMap<_, _>>(
            Value::Object(config),
        )?);
    Ok(whole)
}

/// Reads the key that stands in a component, and makes it a certificate if it brings none.
///
/// # Errors
///
/// 400 with Keycloak's texts for what cannot be read or does not fit together.
pub fn read(app: &App, realm: &Realm, component: &mut Component) -> Result<RealmKey, ApiError> {
    let Value::Object(mut config) = json!(component.config) else {
        return Err(ApiError::bad("A configuration is an object"));
    };
    let read = keys::take(&component.provider_id, &mut config, app.now());
    let mut key = read.ok_or_else(|| ApiError::bad("Failed to decode private key"))?;
    key.component_id.clone_from(&component.id);
    if component.first(CERTIFICATE).is_some() {
        let public = key.certificate.as_deref().and_then(x509::public_key_of);
        let public = public.ok_or_else(|| ApiError::bad("Failed to decode certificate"))?;
        if key.public_der() != Some(public) {
            return Err(ApiError::bad("Certificate does not match private key"));
        }
    } else {
        let made = realm_setup::self_signed(&realm.name, &key)?;
        component.config.insert(CERTIFICATE.into(), vec![b64(&made)]);
        key.certificate = Some(made);
    }
    Ok(key)
}

/// Whether another key, or the same for something else, is to be kept.
pub fn is_changed(before: &Component, after: &Component) -> bool {
    let shaping = [PRIVATE, CERTIFICATE, "algorithm", "keyUse"];
    shaping.iter().any(|name| before.first(name) != after.first(name))
}
