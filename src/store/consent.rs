//! What users allowed applications.

use serde_json::Value;

use super::db::{Query, Row, Tx};
use crate::error::Error;

/// The client scopes (by id) that a user lets an application have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub user_id: String,
    pub client_uuid: String,
    /// Ids of client scopes; a dynamic scope as `id:parameter`.
    pub scopes: Vec<String>,
    /// Epoch milliseconds.
    pub created: i64,
    pub updated: i64,
}

const COLUMNS: &str = "account_id, client_uuid, scopes, created, updated";

fn consent(mut r: Row) -> Result<Consent, Error> {
    Ok(Consent {
        user_id: r.next()?,
        client_uuid: r.next()?,
        scopes: serde_json::from_str(&r.next::<String>()?)?,
        created: r.next()?,
        updated: r.next()?,
    })
}

/// What a user allowed an application.
///
/// # Errors
///
/// Those of the database.
pub async fn of(q: impl Query, user_id: &str, client_uuid: &str) -> Result<Option<Consent>, Error> {
    let sql = format!("select {COLUMNS} from consent where account_id = $1 and client_uuid = $2");
    q.first(&sql, &[&user_id, &client_uuid]).await?.map(consent).transpose()
}

/// Everything that a user allowed.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<Vec<Consent>, Error> {
    let sql = format!("select {COLUMNS} from consent where account_id = $1 order by created, client_uuid");
    q.all(&sql, &[&user_id]).await?.into_iter().map(consent).collect()
}

/// Keeps what a user allows now; `scopes` replaces what was allowed before.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, user_id: &str, client_uuid: &str, scopes: &[String], now: i64) -> Result<(), Error> {
    let scopes = Value::from(scopes).to_string();
    tx.exec(
        "insert into consent (account_id, client_uuid, scopes, created, updated) values ($1, $2, $3, $4, $4)
         on conflict (account_id, client_uuid) do update set scopes = excluded.scopes, updated = excluded.updated",
        &[&user_id, &client_uuid, &scopes, &now],
    )
    .await?;
    Ok(())
}

/// Keeps a consent with the instants that it has, as an import brings it.
///
/// # Errors
///
/// Those of the database.
pub async fn restore(tx: &mut Tx, c: &Consent) -> Result<(), Error> {
    let scopes = Value::from(c.scopes.as_slice()).to_string();
    let sql = "insert into consent (account_id, client_uuid, scopes, created, updated) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    tx.exec(sql, &[&c.user_id, &c.client_uuid, &scopes, &c.created, &c.updated])
        .await?;
    Ok(())
}

/// Takes back what a user allowed an application. `false` if nothing was.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, user_id: &str, client_uuid: &str) -> Result<bool, Error> {
    let sql = "delete from consent where account_id = $1 and client_uuid = $2";
    Ok(tx.exec(sql, &[&user_id, &client_uuid]).await? > 0)
}

/// Takes back what anybody allowed an application: it is not what they allowed any more.
///
/// # Errors
///
/// Those of the database.
pub async fn forget(tx: &mut Tx, client_uuid: &str) -> Result<(), Error> {
    tx.exec("delete from consent where client_uuid = $1", &[&client_uuid])
        .await?;
    Ok(())
}
