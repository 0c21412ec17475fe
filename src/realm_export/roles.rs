//! Roles of an export, with what they are composed of.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Extent, Names, lists};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::role::Role;

/// The roles of the realm, and of its clients.
pub(super) fn all(realm: &Realm, names: &Names, extent: Extent) -> Value {
    let shown = |r: &Role| role(realm, names, r, extent);
    let of_realm: Vec<Value> = realm.roles.of("").map(|r| shown(r)).collect();
    if !extent.clients() {
        return json!({ "realm": of_realm });
    }
    let mut of_client: HashMap<&str, Vec<&Role>> = HashMap::new();
    for role in realm.roles.all().filter(|r| !r.client_uuid.is_empty()) {
        of_client.entry(&role.client_uuid).or_default().push(role);
    }
    let mut clients = Map::new();
    for (id, client_id) in &names.clients {
        let mut roles = of_client.remove(id.as_str()).unwrap_or_default();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        let roles: Vec<Value> = roles.into_iter().map(shown).collect();
        clients.insert(client_id.clone(), roles.into());
    }
    json!({ "realm": of_realm, "client": clients })
}

fn role(realm: &Realm, names: &Names, role: &Role, extent: Extent) -> Value {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(role.id));
    doc.insert("name".into(), json!(role.name));
    if let Some(description) = role.doc.get("description").filter(|d| !d.is_null()) {
        doc.insert("description".into(), description.clone());
    }
    let parts = realm.roles.children(&role.id);
    doc.insert("composite".into(), json!(!parts.is_empty()));
    if !parts.is_empty() {
        let (of_realm, of_clients) = names.roles(realm, parts);
        let mut composites = Doc::new();
        if !of_realm.is_empty() {
            composites.insert("realm".into(), json!(of_realm));
        }
        if !of_clients.is_empty() {
            composites.insert("client".into(), json!(of_clients));
        }
        doc.insert("composites".into(), composites.into());
    }
    let of_client = !role.client_uuid.is_empty();
    doc.insert("clientRole".into(), json!(of_client));
    let container = if of_client { &role.client_uuid } else { &realm.id };
    doc.insert("containerId".into(), json!(container));
    doc.insert("attributes".into(), lists(&role.doc, extent));
    for (name, value) in &role.doc {
        doc.entry(name.clone()).or_insert_with(|| value.clone());
    }
    doc.into()
}
