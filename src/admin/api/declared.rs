//! What a file declares (`vestibule apply`) goes through the same checks as what is sent here.

use serde_json::{Value, json};

use super::clients::{validate, write};
use super::component_settings as settings;
use super::error::ApiError;
use super::json::Body;
use super::{client_scopes, protocol_mappers};
use crate::app::App;
use crate::client_policy::Judge;
use crate::client_registration::policy;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::{ClientScope, Component, Realm};

/// A representation with its values in their types; members that it does not have are a fault.
fn checked(given: &Doc, shape: &str) -> Result<Doc, ApiError> {
    let text = Value::Object(given.clone()).to_string();
    Body::from(axum::body::Bytes::from(text)).object(shape)
}

/// The client that is declared: a new one, or one that is `known` as it becomes. Its client scopes are the caller's to set.
///
/// # Errors
///
/// As `POST` and `PUT` of clients.
pub fn client(
    app: &App,
    realm: &Realm,
    judge: &Judge<'_>,
    known: Option<&Client>,
    given: &Doc,
) -> Result<Client, ApiError> {
    let given = checked(given, "ClientRepresentation")?;
    match known {
        Some(known) => {
            validate::changed(app, &realm.doc, &given, known)?;
            write::update(app, realm, Some(judge), known, &given)
        }
        None => {
            validate::created(app, &realm.doc, &given)?;
            write::create(app, realm, Some(judge), &given)
        }
    }
}

/// The client scope that is declared.
///
/// # Errors
///
/// As `POST` and `PUT` of client scopes.
pub fn scope(realm: &Realm, known: Option<&ClientScope>, given: &Doc) -> Result<ClientScope, ApiError> {
    let mut given = checked(given, "ClientScopeRepresentation")?;
    let name = json::text(&given, "name").unwrap_or_default();
    client_scopes::check_name(realm, name, known.map(|known| known.id.as_str()).unwrap_or_default())?;
    if known.is_none() || given.contains_key("protocol") {
        client_scopes::check_protocol(json::text(&given, "protocol"))?;
    }
    if known.is_none() {
        given.insert("id".into(), json!(crate::random::uuid()));
    }
    let mut scope = client_scopes::merged(known, &given)?;
    // The API has an address of their own for those of a scope that is there.
    if let (Some(known), Some(Value::Array(mappers))) = (known, given.get("protocolMappers")) {
        let id = |name: Option<&Value>| {
            let same = known.protocol_mappers.iter().find(|m| Some(&json!(m.name)) == name);
            same.map_or_else(crate::random::uuid, |mapper| mapper.id.clone())
        };
        let all = mappers.iter().filter_map(Value::as_object);
        let all = all.map(|m| Value::Object(protocol_mappers::stored(m, &id(m.get("name")))));
        scope.protocol_mappers =
            serde_json::from_value(Value::Array(all.collect())).map_err(crate::error::Error::from)?;
    }
    Ok(scope)
}

/// The client registration policy that is declared.
///
/// # Errors
///
/// As `POST` and `PUT` of components.
pub fn policy(realm: &Realm, known: Option<&Component>, given: &Doc) -> Result<Component, ApiError> {
    let mut given = given.clone();
    if let Some(Value::Object(config)) = given.get_mut("config") {
        // In a file one value need not be a list.
        for value in config
            .values_mut()
            .filter(|value| !value.is_array() && !value.is_null())
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *value = json!([text]);
        }
    }
    let given = checked(&given, "ComponentRepresentation")?;
    let mut component = known.cloned().unwrap_or_else(|| Component {
        id: crate::random::uuid(),
        name: None,
        provider_id: String::new(),
        provider_type: policy::TYPE.to_owned(),
        parent_id: Some(realm.id.clone()),
        sub_type: Some("anonymous".to_owned()),
        config: std::collections::BTreeMap::new(),
    });
    settings::merge(&mut component, &given);
    if component.provider_type != policy::TYPE {
        return Err(ApiError::bad("Only client registration policies are declared here"));
    }
    settings::check(&component)?;
    settings::fill(&mut component);
    Ok(component)
}
