//! `RoleRepresentation`.

use serde_json::{Value, json};

use crate::secret_settings;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::role::Role;

/// A role as lists show it: without attributes.
pub fn brief(realm: &Realm, role: &Role) -> Value {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(role.id));
    doc.insert("name".into(), json!(role.name));
    if let Some(description) = role.doc.get("description").filter(|d| !d.is_null()) {
        doc.insert("description".into(), description.clone());
    }
    doc.insert("composite".into(), json!(!realm.roles.children(&role.id).is_empty()));
    let of_client = !role.client_uuid.is_empty();
    doc.insert("clientRole".into(), json!(of_client));
    let container = if of_client { &role.client_uuid } else { &realm.id };
    doc.insert("containerId".into(), json!(container));
    Value::Object(doc)
}

/// A role with its attributes.
pub fn full(realm: &Realm, role: &Role) -> Value {
    let mut shown = brief(realm, role);
    shown["attributes"] = secret_settings::masked(&role.doc);
    shown
}

/// Roles by their ids as lists show them, by name; those that are gone are left out. `client_uuid`: only roles of that
/// client, `""` only of the realm.
pub fn list<'a>(realm: &Realm, ids: impl IntoIterator<Item = &'a str>, client_uuid: Option<&str>) -> Vec<Value> {
    let mut roles: Vec<&Role> = ids
        .into_iter()
        .filter_map(|id| realm.roles.by_id(id).map(AsRef::as_ref))
        .filter(|r| client_uuid.is_none_or(|c| r.client_uuid == c))
        .collect();
    roles.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    roles.dedup_by(|a, b| a.id == b.id);
    roles.into_iter().map(|r| brief(realm, r)).collect()
}
