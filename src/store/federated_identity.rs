//! Users' accounts at identity providers.

use super::db::{Query, Tx};
use crate::error::Error;

/// A link: Keycloak's `FederatedIdentityRepresentation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// The alias of the identity provider.
    pub provider: String,
    /// The user's id there; empty where nobody said it.
    pub external_id: String,
    /// The user's name there.
    pub username: Option<String>,
}

/// The links of a user to providers that the realm has, by provider. Others wait for theirs to come.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, realm_id: &str, user_id: &str) -> Result<Vec<FederatedIdentity>, Error> {
    let sql = "select provider, external_id, username from federated_identity where account_id = $1
                   and provider in (select alias from identity_provider where realm_id = $2) order by provider";
    let rows = q.all(sql, &[&user_id, &realm_id]).await?;
    rows.into_iter()
        .map(|mut r| {
            Ok(FederatedIdentity {
                provider: r.next()?,
                external_id: r.next()?,
                username: r.next()?,
            })
        })
        .collect()
}

/// Adds a link, unless the user has one with that provider: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, user_id: &str, link: &FederatedIdentity) -> Result<bool, Error> {
    let sql = "insert into federated_identity (account_id, realm_id, provider, external_id, username)
               values ($1, $2, $3, $4, $5) on conflict do nothing";
    let params: [&dyn super::db::Param; 5] = [&user_id, &realm_id, &link.provider, &link.external_id, &link.username];
    Ok(tx.exec(sql, &params).await? > 0)
}

/// Removes a link. `false` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, user_id: &str, provider: &str) -> Result<bool, Error> {
    let sql = "delete from federated_identity where account_id = $1 and provider = $2";
    Ok(tx.exec(sql, &[&user_id, &provider]).await? > 0)
}
