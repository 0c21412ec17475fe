//! A realm comes into being: Keycloak's defaults (26.7), its keys, its place in `master`.

mod administrators;
mod clients;
pub mod command;
mod defaults;
mod keys;
mod master;
pub mod name;

pub use defaults::for_realm as defaults_of;
pub use keys::{
    ClientKey, Fresh, KeyPool, client_key, ensure_signing_key, for_new_realm, make_provider_key, provider_fault,
    provider_key, self_signed,
};
pub use master::{Admin, bootstrap, give_defaults};

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::Error;
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::role::{self, Role};
use crate::store::{Tx, realm};
use defaults::DEFAULTS;

/// What became of a new realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It exists; this is its id.
    Realm(String),
    /// Another realm has the name, or the id.
    NameTaken,
    /// `master` has a client of the name that the one with the realm's administrators would get.
    HolderTaken,
}

/// What becomes of a client `NAME-realm` that `master` has before the realm NAME is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// There must be none.
    New,
    /// One that was made for a realm is taken: an operator replaces a realm, or imported `master` before it.
    Taken,
}

/// What is said of [`Created::HolderTaken`].
pub fn holder_taken(name: &str) -> String {
    format!("Realm {name} cannot be made: realm master has another client {name}-realm")
}

/// Members of a `RealmRepresentation` that are collections with a life of their own, not settings.
pub const COLLECTIONS: &[&str] = &[
    "roles",
    "groups",
    "defaultGroups",
    "defaultRole",
    "users",
    "federatedUsers",
    "scopeMappings",
    "clientScopeMappings",
    "clients",
    "clientScopes",
    "identityProviders",
    "identityProviderMappers",
    "protocolMappers",
    "components",
    "authenticationFlows",
    "authenticatorConfig",
    "requiredActions",
    "localizationTexts",
    "organizations",
    "applications",
    "oauthClients",
    "clientTemplates",
    "keycloakVersion",
];

/// Creates a realm with Keycloak's defaults and the settings of `given`, a `RealmRepresentation`. Of its collections
/// nothing is read here.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if no key can be made.
pub async fn create(app: &App, name: &str, given: &Doc) -> Result<Created, Error> {
    let (keys, defaults) = (keys::for_new_realm(app, name).await?, defaults::for_realm(name)?);
    let mut tx = app.db.begin().await?;
    let created = create_in(&mut tx, app, name, given, &defaults, keys, Holder::New).await?;
    if matches!(created, Created::Realm(_)) {
        tx.commit().await?;
    }
    Ok(created)
}

/// As [`create`], within a transaction and with defaults from which what an import brings has been taken.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if a key cannot be sealed.
pub async fn create_in(
    tx: &mut Tx,
    app: &App,
    name: &str,
    given: &Doc,
    defaults: &Value,
    keys: Fresh,
    holder: Holder,
) -> Result<Created, Error> {
    let id = given.get("id").and_then(Value::as_str).filter(|s| !s.is_empty());
    let id = id.map_or_else(crate::random::uuid, str::to_owned);
    let mut doc = settings(defaults, given);
    if !realm::add(tx, &id, name, &doc).await? {
        return Ok(Created::NameTaken);
    }
    let configs = authenticator_configs(tx, &id, defaults).await?;
    flows(tx, &id, defaults, &configs).await?;
    for action in list(defaults, "requiredActions") {
        let alias = text(action, "alias");
        part::put(tx, &id, Kind::RequiredAction, alias, alias, &object(action)).await?;
    }
    let providers = components(tx, &id, defaults).await?;
    keys.add(tx, app, &id, &providers).await?;
    let default_role = clients::add(tx, app, &id, name, defaults).await?;
    doc.insert("defaultRole".into(), default_role);
    realm::complete(tx, &id, &doc).await?;
    Ok(if master::add_realm(tx, app, &id, name, holder).await? {
        Created::Realm(id)
    } else {
        Created::HolderTaken
    })
}

/// The defaults with what was given over them.
fn settings(defaults: &Value, given: &Doc) -> Doc {
    let mut doc = object(&defaults["realm"]);
    doc.insert("enabled".into(), json!(false));
    for (key, value) in given {
        if value.is_null() || COLLECTIONS.contains(&key.as_str()) || key == "id" || key == "realm" {
            continue;
        }
        if key == "attributes" || key == "browserSecurityHeaders" {
            if let (Some(Value::Object(under)), Value::Object(over)) = (doc.get_mut(key), value) {
                under.extend(over.clone());
            }
            continue;
        }
        doc.insert(key.clone(), value.clone());
    }
    doc
}

async fn authenticator_configs(tx: &mut Tx, realm_id: &str, defaults: &Value) -> Result<Map<String, Value>, Error> {
    let mut ids = Map::new();
    for config in list(defaults, "authenticatorConfigs") {
        let (id, alias) = (crate::random::uuid(), text(config, "alias"));
        let mut doc = object(config);
        doc.insert("id".into(), json!(id));
        part::put(tx, realm_id, Kind::AuthenticatorConfig, &id, alias, &doc).await?;
        ids.insert(alias.to_owned(), json!(id));
    }
    Ok(ids)
}

async fn flows(tx: &mut Tx, realm_id: &str, defaults: &Value, configs: &Map<String, Value>) -> Result<(), Error> {
    let flows = list(defaults, "flows");
    let ids: Map<String, Value> = flows
        .iter()
        .map(|f| (text(f, "alias").to_owned(), json!(crate::random::uuid())))
        .collect();
    for flow in flows {
        let alias = text(flow, "alias");
        let mut doc = object(flow);
        doc.insert("id".into(), ids[alias].clone());
        for execution in doc
            .get_mut("executions")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let Some(execution) = execution.as_object_mut() else {
                continue;
            };
            execution.insert("id".into(), json!(crate::random::uuid()));
            if let Some(alias) = execution.remove("flowAlias") {
                execution.insert("flowId".into(), ids[alias.as_str().unwrap_or_default()].clone());
            }
            if let Some(alias) = execution
                .get("authenticatorConfig")
                .and_then(Value::as_str)
                .map(str::to_owned)
            {
                execution.insert("authenticatorConfig".into(), configs[&alias].clone());
            }
        }
        part::put(
            tx,
            realm_id,
            Kind::Flow,
            ids[alias].as_str().unwrap_or_default(),
            alias,
            &doc,
        )
        .await?;
    }
    Ok(())
}

/// Adds the components; gives the ids of the key providers by provider.
async fn components(tx: &mut Tx, realm_id: &str, defaults: &Value) -> Result<Map<String, Value>, Error> {
    let mut providers = Map::new();
    for component in list(defaults, "components") {
        let id = crate::random::uuid();
        let mut doc = object(component);
        doc.insert("id".into(), json!(id));
        doc.insert("parentId".into(), json!(realm_id));
        part::put(tx, realm_id, Kind::Component, &id, text(component, "name"), &doc).await?;
        if text(component, "providerType") == "org.keycloak.keys.KeyProvider" {
            providers.insert(text(component, "providerId").to_owned(), json!(id));
        }
    }
    Ok(providers)
}

/// Adds a role with a description and returns its id.
async fn add_role(
    tx: &mut Tx,
    realm_id: &str,
    client_uuid: &str,
    name: &str,
    description: &str,
) -> Result<String, Error> {
    let mut doc = Doc::new();
    doc.insert("description".into(), json!(description));
    let new = Role {
        id: crate::random::uuid(),
        client_uuid: client_uuid.to_owned(),
        name: name.to_owned(),
        doc,
    };
    role::add(tx, realm_id, &new).await?;
    Ok(new.id)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn object(value: &Value) -> Doc {
    value.as_object().cloned().unwrap_or_default()
}

/// The settings of a realm that a setting's removal falls back to.
pub fn default_setting(key: &str) -> Option<&'static Value> {
    DEFAULTS.get("realm")?.get(key)
}
