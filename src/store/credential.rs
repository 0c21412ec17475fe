//! What users prove themselves with: passwords now, one-time codes and keys later.

use super::db::{Query, Row, Tx};
use crate::error::Error;

/// A credential as Keycloak keeps it: `secretData` and `credentialData` are JSON text.
pub struct Credential {
    pub id: String,
    /// `password`, `otp`, ...
    pub kind: String,
    pub label: Option<String>,
    /// Epoch milliseconds.
    pub created: i64,
    /// Smaller comes first.
    pub priority: i64,
    pub secret_data: String,
    pub credential_data: String,
}

const COLUMNS: &str = "id, type, label, created, priority, secret_data, credential_data";

fn credential(mut r: Row) -> Result<Credential, Error> {
    Ok(Credential {
        id: r.next()?,
        kind: r.next()?,
        label: r.next()?,
        created: r.next()?,
        priority: r.next()?,
        secret_data: r.next()?,
        credential_data: r.next()?,
    })
}

/// All credentials of a user, in their order.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<Vec<Credential>, Error> {
    let sql = format!("select {COLUMNS} from credential where account_id = $1 order by priority, created, id");
    q.all(&sql, &[&user_id]).await?.into_iter().map(credential).collect()
}

/// The password of a user.
///
/// # Errors
///
/// Those of the database.
pub async fn password(q: impl Query, user_id: &str) -> Result<Option<Credential>, Error> {
    Ok(of_user(q, user_id).await?.into_iter().find(|c| c.kind == "password"))
}

/// Adds a credential at the end, or replaces the one with the same id.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, user_id: &str, c: &Credential) -> Result<(), Error> {
    tx.exec(
        "insert into credential (id, account_id, type, label, created, priority, secret_data, credential_data)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do update set label = excluded.label, created = excluded.created, priority = excluded.priority,
             secret_data = excluded.secret_data, credential_data = excluded.credential_data",
        &[&c.id, &user_id, &c.kind, &c.label, &c.created, &c.priority, &c.secret_data, &c.credential_data],
    )
    .await?;
    Ok(())
}

/// Adds a credential, unless there is one with its id: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, user_id: &str, c: &Credential) -> Result<bool, Error> {
    let sql = "insert into credential (id, account_id, type, label, created, priority, secret_data, credential_data)
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
    let added = tx
        .exec(
            sql,
            &[
                &c.id,
                &user_id,
                &c.kind,
                &c.label,
                &c.created,
                &c.priority,
                &c.secret_data,
                &c.credential_data,
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Removes a credential of a user. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, user_id: &str, id: &str) -> Result<bool, Error> {
    Ok(tx
        .exec(
            "delete from credential where account_id = $1 and id = $2",
            &[&user_id, &id],
        )
        .await?
        > 0)
}
