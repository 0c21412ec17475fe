//! Clients and client scopes of an export, and which roles they may pass on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::PAGE;
use super::{Extent, Names};
use crate::admin::api::representation;
use crate::app::App;
use crate::client_secret::{self, RECOVERABLE};
use crate::error::Error;
use crate::realm_import::registration;
use crate::secret_settings::{MASK, is_secret};
use crate::store::client::{self, Client};
use crate::store::realm::{ClientScope, Realm};
use crate::store::{approval, client_registration};

/// All clients, by `clientId`.
pub(super) async fn all(app: &App, realm: &Realm, extent: Extent) -> Result<Value, Error> {
    let mut shown: Vec<Value> = Vec::new();
    loop {
        let page = client::search(&app.db, &realm.id, "", shown.len() as i64, PAGE).await?;
        let last = page.len() < PAGE as usize;
        for c in page {
            shown.push(one(app, realm, extent, &c).await?);
        }
        if last {
            return Ok(shown.into());
        }
    }
}

async fn one(app: &App, realm: &Realm, extent: Extent, client: &Client) -> Result<Value, Error> {
    let plain = match extent {
        Extent::Whole => client_secret::reveal(app, client)?.map(|p| String::from_utf8_lossy(&p).into_owned()),
        Extent::Part { .. } => client_secret::exists(&client.secrets).then(|| MASK.to_owned()),
    };
    let mut doc = representation::client::full(realm, client, plain.as_deref());
    for (name, value) in &client.doc {
        // What an import brought and nobody understands.
        if !name.starts_with('_') && !doc.contains_key(name) && name != "protocolMappers" && !value.is_null() {
            doc.insert(name.clone(), value.clone());
        }
    }
    let Some(Value::Object(attributes)) = doc.get_mut("attributes") else {
        return Ok(doc.into());
    };
    if plain.is_some() && attributes.get(RECOVERABLE).is_some_and(|v| v == "true") {
        // An import that finds the secret knows it.
        attributes.shift_remove(RECOVERABLE);
    }
    if extent.shows_secrets() {
        attributes.extend(in_clear(client.doc.get("attributes")));
        for (of, key) in client_secret::private_keys(app, client)? {
            attributes.insert(format!("{of}{}", client_secret::PRIVATE_KEY), json!(key));
        }
        if let (None, Some(hash)) = (&plain, &client.secrets.hash) {
            attributes.insert(registration::SECRET_HASH.into(), json!(hash));
        }
        let registered = client_registration::of_client(&app.db, &realm.id, &client.id).await?;
        let waits = match &registered {
            Some(_) => approval::read(&app.db, &realm.id, &client.id).await?,
            None => None,
        };
        if let Some(kept) = registration::kept(client, registered.as_ref(), waits.as_ref())? {
            attributes.insert(registration::REGISTRATION.into(), json!(kept));
        }
    }
    Ok(doc.into())
}

/// The attributes that are secrets, as they are.
fn in_clear(attributes: Option<&Value>) -> Map<String, Value> {
    let all = attributes.and_then(Value::as_object).into_iter().flatten();
    let secrets = all.filter(|(name, value)| is_secret(name) && value.is_string());
    secrets.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Client scopes with their mappers.
pub(super) fn scopes(realm: &Realm, extent: Extent) -> Value {
    let one = |scope: &ClientScope| {
        let mut shown = representation::client_scope::full(scope);
        if let Some(Value::Object(attributes)) = shown.get_mut("attributes").filter(|_| extent.shows_secrets()) {
            attributes.extend(in_clear(Some(&json!(scope.attributes))));
        }
        shown
    };
    realm.client_scopes.iter().map(one).collect()
}

/// Roles of one owner (`""`: the realm) that clients and scopes may pass on, by their name.
fn passed<'a>(realm: &'a Realm, names: &'a Names, owner: &str, ids: &'a [String]) -> Vec<&'a str> {
    let roles = ids.iter().filter_map(|id| realm.roles.by_id(id));
    let of_owner = roles.filter(|r| names.owner(r) == Some(owner));
    of_owner.map(|r| r.name.as_str()).collect()
}

/// Roles of the realm that clients and client scopes may pass on.
pub(super) fn scope_mappings(realm: &Realm, names: &Names, of_clients: bool) -> Value {
    let mut all = Vec::new();
    for (id, client_id) in names.clients.iter().filter(|_| of_clients) {
        let roles = names
            .passed
            .get(id)
            .map_or_else(Vec::new, |ids| passed(realm, names, "", ids));
        if !roles.is_empty() {
            all.push(json!({ "client": client_id, "roles": roles }));
        }
    }
    for scope in &realm.client_scopes {
        let roles = passed(realm, names, "", &scope.scope_roles);
        if !roles.is_empty() {
            all.push(json!({ "clientScope": scope.name, "roles": roles }));
        }
    }
    all.into()
}

/// The same for roles of clients, by the `clientId` of whose they are.
pub(super) fn client_scope_mappings(realm: &Realm, names: &Names) -> Value {
    let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let clients = names.clients.iter().filter_map(|(id, client_id)| {
        let ids = names.passed.get(id)?;
        Some(("client", client_id.as_str(), ids.as_slice()))
    });
    let scopes = realm
        .client_scopes
        .iter()
        .map(|s| ("clientScope", s.name.as_str(), s.scope_roles.as_slice()));
    for (kind, name, ids) in clients.chain(scopes) {
        let (_, of_clients) = names.roles(realm, ids);
        for (owner, roles) in of_clients {
            let mut mapping = Map::new();
            mapping.insert(kind.into(), json!(name));
            mapping.insert("roles".into(), json!(roles));
            all.entry(owner).or_default().push(mapping.into());
        }
    }
    json!(all)
}
