//! The roles, client scopes and clients of a new realm.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{add_role, list, object, text};
use crate::app::App;
use crate::error::Error;
use crate::store::client::{self, Client, Secrets, Source};
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::{Tx, role};

/// Ids of roles by client (`""`: the realm) and name.
type RoleIds = HashMap<(String, String), String>;

/// Adds them and gives the realm's `defaultRole`.
pub(super) async fn add(tx: &mut Tx, app: &App, realm_id: &str, name: &str, defaults: &Value) -> Result<Value, Error> {
    let uuids = add_clients(tx, app, realm_id, name, defaults).await?;
    let roles = add_roles(tx, realm_id, name, defaults, &uuids).await?;
    add_client_scopes(tx, realm_id, defaults, &roles).await?;
    scope_mappings(tx, realm_id, defaults, &uuids, &roles).await?;
    let default_role = format!("default-roles-{}", name.to_lowercase());
    let id = roles
        .get(&(String::new(), default_role.clone()))
        .cloned()
        .unwrap_or_default();
    Ok(json!({
        "id": id, "name": default_role, "description": "${role_default-roles}",
        "composite": true, "clientRole": false, "containerId": realm_id
    }))
}

async fn add_clients(
    tx: &mut Tx,
    app: &App,
    realm_id: &str,
    name: &str,
    defaults: &Value,
) -> Result<HashMap<String, String>, Error> {
    let mut uuids = HashMap::new();
    for c in list(defaults, "clients") {
        let client_id = text(c, "clientId");
        if name == "master" && client_id == "realm-management" {
            // In master every realm has a client of its own instead: `master-realm`.
            continue;
        }
        let mut doc = object(c);
        doc.remove("clientId");
        for mapper in doc
            .get_mut("protocolMappers")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            mapper["id"] = json!(crate::random::uuid());
        }
        let new = Client {
            id: crate::random::uuid(),
            realm_id: realm_id.to_owned(),
            client_id: client_id.to_owned(),
            doc,
            secrets: Secrets::default(),
            created: app.now(),
            standing: crate::store::client::Standing::Live,
            source: Source::Admin,
            life: crate::store::client::Life::default(),
        };
        client::add(tx, &new).await?;
        uuids.insert(new.client_id, new.id);
    }
    Ok(uuids)
}

async fn add_roles(
    tx: &mut Tx,
    realm_id: &str,
    name: &str,
    defaults: &Value,
    uuids: &HashMap<String, String>,
) -> Result<RoleIds, Error> {
    let mut ids = RoleIds::new();
    let mut all: Vec<(&str, String, &Value)> = Vec::new();
    for r in list(&defaults["roles"], "realm") {
        // Keycloak lower-cases the realm's name here.
        let plain = text(r, "name");
        let role_name = if plain.starts_with("default-roles-") {
            plain.to_lowercase()
        } else {
            plain.to_owned()
        };
        all.push(("", role_name, r));
    }
    for (client, roles) in defaults["roles"]["client"].as_object().into_iter().flatten() {
        if uuids.contains_key(client) {
            all.extend(
                roles
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|r| (client.as_str(), text(r, "name").to_owned(), r)),
            );
        }
    }
    if name == "master" {
        ids.insert(
            (String::new(), "admin".into()),
            add_role(tx, realm_id, "", "admin", "${role_admin}").await?,
        );
        let id = add_role(tx, realm_id, "", "create-realm", "${role_create-realm}").await?;
        ids.insert((String::new(), "create-realm".into()), id);
    }
    for (client, role_name, r) in &all {
        let uuid = uuids.get(*client).map_or("", String::as_str);
        let id = add_role(tx, realm_id, uuid, role_name, text(r, "description")).await?;
        ids.insert(((*client).to_owned(), role_name.clone()), id);
    }
    for (client, role_name, r) in &all {
        let parent = &ids[&((*client).to_owned(), role_name.clone())];
        for child in list(&r["composites"], "realm") {
            if let Some(child) = ids.get(&(String::new(), child.as_str().unwrap_or_default().to_owned())) {
                role::compose(tx, realm_id, parent, child).await?;
            }
        }
        for (owner, children) in r["composites"]["client"].as_object().into_iter().flatten() {
            for child in children.as_array().into_iter().flatten().filter_map(Value::as_str) {
                if let Some(child) = ids.get(&(owner.clone(), child.to_owned())) {
                    role::compose(tx, realm_id, parent, child).await?;
                }
            }
        }
    }
    Ok(ids)
}

async fn add_client_scopes(tx: &mut Tx, realm_id: &str, defaults: &Value, roles: &RoleIds) -> Result<(), Error> {
    for scope in list(defaults, "clientScopes") {
        let (id, scope_name) = (crate::random::uuid(), text(scope, "name"));
        let mut doc = Doc::new();
        doc.insert("id".into(), json!(id));
        doc.extend(object(scope));
        for mapper in doc
            .get_mut("protocolMappers")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            mapper["id"] = json!(crate::random::uuid());
        }
        let mapped = list(defaults, "scopeMappings")
            .iter()
            .filter(|m| text(m, "clientScope") == scope_name);
        let mapped: Vec<&String> = mapped
            .flat_map(|m| list(m, "roles"))
            .filter_map(|r| roles.get(&(String::new(), r.as_str()?.to_owned())))
            .collect();
        doc.insert("_scopeRoles".into(), json!(mapped));
        part::put(tx, realm_id, Kind::ClientScope, &id, scope_name, &doc).await?;
    }
    Ok(())
}

/// Roles that a client without full scope may pass on, by id under `_scopeRoles`.
async fn scope_mappings(
    tx: &mut Tx,
    realm_id: &str,
    defaults: &Value,
    uuids: &HashMap<String, String>,
    roles: &RoleIds,
) -> Result<(), Error> {
    for (owner, mappings) in defaults["clientScopeMappings"].as_object().into_iter().flatten() {
        for mapping in mappings.as_array().into_iter().flatten() {
            let Some(uuid) = uuids.get(text(mapping, "client")) else {
                continue;
            };
            let Some(mut c) = client::read(&mut *tx, realm_id, uuid).await? else {
                continue;
            };
            let ids: Vec<&String> = list(mapping, "roles")
                .iter()
                .filter_map(|r| roles.get(&(owner.clone(), r.as_str()?.to_owned())))
                .collect();
            c.doc.insert("_scopeRoles".into(), json!(ids));
            client::update(tx, &c).await?;
        }
    }
    Ok(())
}
