//! Frees the room of what has expired.

use super::db::{Db, Tx};
use crate::error::Error;

/// Rows deleted in one transaction of one table, so that nobody waits long.
const BATCH: i64 = 500;

/// How long a change is kept for nodes to hear of it.
const CHANGES_KEPT_MS: i64 = 60_000;

/// Tables with a column `expires`, and their keys.
const TABLES: &[(&str, &str)] = &[
    ("auth_session", "root_id, tab_id"),
    ("user_session", "id, offline"),
    ("auth_code", "code_hash"),
    ("single_use", "key"),
    ("revoked_token", "jti"),
];

/// Deletes a batch of each kind of expired rows.
///
/// # Errors
///
/// Those of the database.
pub async fn expired(db: &Db, now: i64) -> Result<(), Error> {
    let mut tx: Tx = db.begin().await?;
    for (table, key) in TABLES {
        let sql =
            format!("delete from {table} where ({key}) in (select {key} from {table} where expires < $1 limit $2)");
        tx.exec(&sql, &[&now, &BATCH]).await?;
    }
    // 0 means never.
    let sql = "delete from initial_access where id in
               (select id from initial_access where expires <> 0 and expires < $1 limit $2)";
    tx.exec(sql, &[&now, &BATCH]).await?;
    tx.exec("delete from change where time < $1", &[&(now - CHANGES_KEPT_MS)])
        .await?;
    tx.commit().await
}
