//! What `vestibule apply` has made or taken over, and for whom.

use super::db::{Query, Tx};
use crate::error::Error;

/// Notes that an object is declared by a file of this owner.
///
/// # Errors
///
/// Those of the database.
pub async fn own(tx: &mut Tx, realm_id: &str, kind: &str, object_id: &str, owner: &str) -> Result<(), Error> {
    tx.exec(
        "insert into applied (realm_id, kind, object_id, owner) values ($1, $2, $3, $4)
         on conflict (realm_id, kind, object_id) do update set owner = excluded.owner",
        &[&realm_id, &kind, &object_id, &owner],
    )
    .await?;
    Ok(())
}

/// Whose an object is, if it is anybody's.
///
/// # Errors
///
/// Those of the database.
pub async fn owner(q: impl Query, realm_id: &str, kind: &str, object_id: &str) -> Result<Option<String>, Error> {
    let sql = "select owner from applied where realm_id = $1 and kind = $2 and object_id = $3";
    let found = q.first(sql, &[&realm_id, &kind, &object_id]).await?;
    found.map(|mut r| r.next()).transpose()
}

/// The ids of all objects of an owner.
///
/// # Errors
///
/// Those of the database.
pub async fn of_owner(q: impl Query, realm_id: &str, kind: &str, owner: &str) -> Result<Vec<String>, Error> {
    let sql = "select object_id from applied where realm_id = $1 and kind = $2 and owner = $3 order by object_id";
    let rows = q.all(sql, &[&realm_id, &kind, &owner]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// Forgets an object.
///
/// # Errors
///
/// Those of the database.
pub async fn forget(tx: &mut Tx, realm_id: &str, kind: &str, object_id: &str) -> Result<(), Error> {
    let sql = "delete from applied where realm_id = $1 and kind = $2 and object_id = $3";
    tx.exec(sql, &[&realm_id, &kind, &object_id]).await?;
    Ok(())
}
