//! Which of a user's roles an application sees.

use serde_json::{Map, Value, json};

use super::scope::Scopes;
use crate::privilege::Passed;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::role::Held;

/// The user's roles that pass to a client: all of them with `fullScopeAllowed`, else the client's own and those
/// of its scope mappings and of its client scopes.
pub fn passed(realm: &Realm, client: &Client, scopes: &Scopes, user_roles: &Held) -> Passed {
    if client.flag("fullScopeAllowed") {
        return Passed::All(user_roles.clone());
    }
    let own = realm.roles.of(&client.id);
    let mapped = client.texts("_scopeRoles");
    let of_scopes = scopes
        .iter(realm)
        .flat_map(|s| s.scope_roles.iter().map(String::as_str));
    let ids = own.map(|role| role.id.as_str()).chain(mapped).chain(of_scopes);
    let mut passed = realm.roles.expand(ids);
    passed.retain(|id| user_roles.contains(id));
    Passed::These(passed)
}

/// Roles by name: of the realm, and of clients by `client_id`.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub realm: Vec<String>,
    /// By `client_id`, in order.
    pub clients: Vec<(String, Vec<String>)>,
}

impl Named {
    /// `realm_access`; none if there are no roles.
    pub fn realm_access(&self) -> Option<Value> {
        (!self.realm.is_empty()).then(|| json!({ "roles": self.realm }))
    }

    /// `resource_access`; none if there are no roles.
    pub fn resource_access(&self) -> Option<Value> {
        let clients = self.clients.iter();
        let access: Map<String, Value> = clients
            .map(|(id, roles)| (id.clone(), json!({ "roles": roles })))
            .collect();
        (!access.is_empty()).then_some(Value::Object(access))
    }
}
