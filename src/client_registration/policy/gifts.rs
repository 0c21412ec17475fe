//! `default-scopes`, `assign-roles` and `secret-lifetime`: what a registered client gets without asking. They refuse nobody.

use serde_json::{Value, json};

use super::list;
use crate::store::json::Doc;
use crate::store::realm::{Component, Realm};

/// The scopes, as far as the realm has them.
pub(super) fn scopes<'a>(component: &'a Component, realm: &Realm) -> impl Iterator<Item = &'a str> {
    list(component, "scopes").filter(|name| realm.client_scope(name).is_some())
}

/// Makes a scope one that the client has without asking for it.
pub fn give_scope(doc: &mut Doc, name: &str) {
    if let Some(Value::Array(scopes)) = doc.get_mut("defaultClientScopes")
        && !scopes.contains(&json!(name))
    {
        scopes.push(json!(name));
    }
    if let Some(Value::Array(scopes)) = doc.get_mut("optionalClientScopes") {
        scopes.retain(|scope| scope != name);
    }
}

/// Roles for its service account: of the realm, or `client:role`.
pub(super) fn roles(component: &Component) -> impl Iterator<Item = &str> {
    list(component, "roles")
}

/// Seconds that its secret is good for.
pub(super) fn seconds(component: &Component) -> Option<i64> {
    component.first("seconds")?.trim().parse().ok().filter(|n| *n > 0)
}
