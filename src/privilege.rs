//! Roles that administer: who has one has a way into the Admin API.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Error;
use crate::store::client;
use crate::store::db::Query;
use crate::store::realm::Realm;
use crate::store::role::{Role, Roles};

/// Whether a realm's client of this name holds roles that administer: `realm-management`, and in `master` one for each realm.
pub fn is_holder(realm: &str, client_id: &str) -> bool {
    if realm == "master" {
        client_id.ends_with("-realm")
    } else {
        client_id == "realm-management"
    }
}

/// Whether a role of the realm itself administers.
pub fn is_of_installation(realm: &str, name: &str) -> bool {
    realm == "master" && matches!(name, "admin" | "create-realm")
}

/// Those that administer among some roles and all that they contain. What is in no snapshot yet is read from `q`.
///
/// # Errors
///
/// Those of the database.
pub async fn among(mut q: impl Query, realm: &Realm, roles: &Roles, ids: &[&str]) -> Result<Vec<Arc<Role>>, Error> {
    let mut holders: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    let expanded = roles.expand(ids.iter().copied());
    for role in expanded.iter().filter_map(|id| roles.by_id(id)) {
        let owner = role.client_uuid.as_str();
        let administers = match holders.get(owner) {
            _ if owner.is_empty() => is_of_installation(&realm.name, &role.name),
            Some(known) => *known,
            None => {
                let client = client::read(q.again(), &realm.id, owner).await?;
                let is = client.is_some_and(|c| is_holder(&realm.name, &c.client_id));
                holders.insert(owner, is);
                is
            }
        };
        if administers {
            found.push(Arc::clone(role));
        }
    }
    Ok(found)
}
