//! Roles that a client's service account gets: from policies, and from the realm's `clientRegistration.roles`.
//!
//! Those that administer are never given so: whoever registers an application is no administrator.

use crate::error::Error;
use crate::privilege;
use crate::store::client;
use crate::store::realm::Realm;
use crate::store::role;
use crate::store::{Tx, db::Query as _};

/// Gives roles by name to an account. A role that is not there is passed over.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn give(tx: &mut Tx, realm: &Realm, user_id: &str, names: &[&str]) -> Result<(), Error> {
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
        } else {
            tracing::warn!("a registered client is not given the role {name}, which administers");
        }
    }
    Ok(())
}
