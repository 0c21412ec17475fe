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
    let read = |given: &Doc| {
        let text = Value::Object(given.clone()).to_string();
        Body::from(axum::body::Bytes::from(text)).object(shape)
    };
    // What stands in JSON made of the file says nothing to who wrote it: the member does.
    read(given).map_err(|whole| {
        let alone = |(name, value): (&String, &Value)| {
            let fault = read(&Doc::from_iter([(name.clone(), value.clone())])).err()?;
            Some((name.clone(), fault))
        };
        match given.iter().find_map(alone) {
            Some((name, ApiError::Refused(_, told))) => {
                let text = told.get("error").and_then(Value::as_str).unwrap_or_default();
                let unknown = text
                    .split_once("Unrecognized field \"")
                    .and_then(|(_, rest)| rest.split_once('"'));
                ApiError::bad(&match unknown {
                    Some((member, _)) if member == name => format!("there is no member {name}"),
                    Some((member, _)) => format!("{name}: there is no member {member}"),
                    None => format!("{name}: the value is of another type"),
                })
            }
            _ => whole,
        }
    })
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
    if given.get("defaultRoles").is_some_and(|roles| *roles != json!([])) {
        return Err(ApiError::bad("defaultRoles: roles are not declared here; leave it out"));
    }
    write::check_flows(realm, &given)?;
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
    // Another one would never judge anybody.
    if !matches!(
        component.sub_type.as_deref(),
        Some("anonymous" | "authenticated" | "token")
    ) {
        return Err(ApiError::bad("subType must be anonymous, authenticated or token"));
    }
    settings::check(&component)?;
    settings::fill(&mut component);
    Ok(component)
}
