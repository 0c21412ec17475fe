//! Roles that a client's service account gets: from policies, and from the realm's `clientRegistration.roles`.
//!
//! Those that administer are never given so: whoever registers an application is no administrator.

use serde_json::{Value, json};

use crate::error::Error;
use crate::privilege;
use crate::store::client::{self, Client};
use crate::store::realm::Realm;
use crate::store::role;
use crate::store::{Tx, db::Query as _};

/// The member with the ids of the roles that a client hands on.
const MAPPED: &str = "_scopeRoles";

/// Gives roles by name to a client's account. A role that is not there is passed over. A client that hands on only what was
/// mapped to it gets the mapping as well, or its tokens would not have them.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn give(
    tx: &mut Tx,
    realm: &Realm,
    client: &mut Client,
    user_id: &str,
    names: &[&str],
) -> Result<(), Error> {
    let mut given = Vec::new();
    for name in names {
        let holder = match name.split_once(':') {
            None => String::new(),
            Some((client_id, _)) => match client::read_by_client_id(&mut *tx, &realm.id, client_id).await? {
                Some(holder) => holder.id,
                None => continue,
            },
        };
        let own = name.split_once(':').map_or(*name, |(_, role)| role);
        let Some(found) = realm.roles.by_name(&holder, own) else {
            continue;
        };
        let administers = privilege::among((&mut *tx).again(), realm, &realm.roles, &[&found.id]).await?;
        if administers.is_empty() {
            role::grant_to_user(tx, user_id, &found.id).await?;
            given.push(found.id.as_str());
        } else {
            tracing::warn!("a registered client is not given the role {name}, which administers");
        }
    }
    if given.is_empty() || client.flag("fullScopeAllowed") {
        return Ok(());
    }
    if let Value::Array(mapped) = client.doc.entry(MAPPED).or_insert_with(|| json!([])) {
        given.retain(|id| !mapped.contains(&json!(id)));
        mapped.extend(given.into_iter().map(|id| json!(id)));
    }
    client::update(tx, client).await?;
    Ok(())
}
