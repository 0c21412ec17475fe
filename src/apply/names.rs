//! Names inside a policy: a scope or a role that is not there would make it something else than the file says.

use super::file::Declared;
use crate::client_registration::policy;
use crate::error::Error;
use crate::store::Tx;
use crate::store::client;
use crate::store::json;
use crate::store::realm::{Component, Realm};

/// Which setting of which policy names client scopes, or roles.
const SCOPES: [(&str, &str); 2] = [
    ("allowed-client-templates", "allowed-client-scopes"),
    ("default-scopes", "scopes"),
];
const ROLES: [(&str, &str); 1] = [("assign-roles", "roles")];

/// What a policy names that there is not, told as a sentence. Scopes that the same file declares are there.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn fault(
    tx: &mut Tx,
    realm: &Realm,
    declared: &Declared,
    component: &Component,
) -> Result<Option<String>, Error> {
    let of = |(kind, key): &(&str, &'static str)| (component.provider_id == *kind).then_some(*key);
    for key in SCOPES.iter().filter_map(of) {
        let is_there = |name: &str| {
            let mut all = declared.scopes.iter();
            name == "openid"
                || realm.client_scope(name).is_some()
                || all.any(|scope| json::text(scope, "name") == Some(name))
        };
        if let Some(name) = policy::list(component, key).find(|name| !is_there(name)) {
            return Ok(Some(format!("{key}: there is no client scope {name}")));
        }
    }
    for key in ROLES.iter().filter_map(of) {
        for name in policy::list(component, key) {
            if !is_role(tx, realm, name).await? {
                return Ok(Some(format!("{key}: there is no role {name}")));
            }
        }
    }
    Ok(None)
}

/// Whether there is a role: one of the realm, or `client:role`.
async fn is_role(tx: &mut Tx, realm: &Realm, name: &str) -> Result<bool, Error> {
    let Some((client_id, own)) = name.split_once(':') else {
        return Ok(realm.roles.by_name("", name).is_some());
    };
    let holder = client::read_by_client_id(tx, &realm.id, client_id).await?;
    Ok(holder.is_some_and(|holder| realm.roles.by_name(&holder.id, own).is_some()))
}
