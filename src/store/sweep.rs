//! Frees the room of what has expired.

use super::db::{Db, Query as _};
use super::realm_list;
use crate::error::Error;

/// Rows deleted in one transaction of one table, so that nobody waits long.
const BATCH: i64 = 500;

/// How long a change is kept for nodes to hear of it.
const CHANGES_KEPT_MS: i64 = 60_000;

/// Tables, their keys, and the condition under which a row may go; `$1` is the instant.
const TABLES: &[(&str, &str, &str)] = &[
    ("auth_session", "root_id, tab_id", "expires < $1"),
    ("user_session", "id, offline", "expires < $1"),
    ("auth_code", "code_hash", "expires < $1"),
    ("pushed_request", "hash", "expires < $1"),
    ("device_code", "hash", "expires < $1"),
    ("single_use", "key", "expires < $1"),
    ("limit_window", "key", "expires < $1"),
    ("revoked_token", "jti", "expires < $1"),
    // 0 means never.
    ("initial_access", "id", "expires <> 0 and expires < $1"),
];

/// Deletes all expired rows, a batch at a time: others have their turn between two of them.
///
/// # Errors
///
/// Those of the database.
pub async fn expired(db: &Db, now: i64) -> Result<(), Error> {
    for (table, key, dead) in TABLES {
        delete(db, table, key, dead, now).await?;
    }
    delete(db, "change", "id", "time < $1", now - CHANGES_KEPT_MS).await
}

/// Deletes the events that are older than their realm wants to keep: Keycloak's `eventsExpiration`, and the attribute
/// `adminEventsExpiration`, both in seconds, 0 for ever.
///
/// # Errors
///
/// Those of the database.
pub async fn old_events(db: &Db, now: i64) -> Result<(), Error> {
    for realm in realm_list::outlines(db).await? {
        let id = &realm.id;
        let kept = [("event", realm.events_kept), ("admin_event", realm.admin_events_kept)];
        for (table, seconds) in kept.into_iter().filter(|(_, seconds)| *seconds > 0) {
            let before = now.saturating_sub(seconds.saturating_mul(1000));
            let sql = format!(
                "delete from {table} where id in (select id from {table} where realm_id = $1 and time < $2 limit $3)"
            );
            loop {
                let mut tx = db.begin().await?;
                let deleted = tx.exec(&sql, &[id, &before, &BATCH]).await?;
                tx.commit_lazily().await?;
                if deleted < BATCH as u64 {
                    break;
                }
            }
        }
    }
    Ok(())
}

async fn delete(db: &Db, table: &str, key: &str, dead: &str, instant: i64) -> Result<(), Error> {
    // The condition stands twice: a row that was renewed while it was waited for is dead no longer.
    let sql =
        format!("delete from {table} where ({key}) in (select {key} from {table} where {dead} limit $2) and {dead}");
    let some = format!("select 1 from {table} where {dead} limit 1");
    while db.first(&some, &[&instant]).await?.is_some() {
        let mut tx = db.begin().await?;
        let deleted = tx.exec(&sql, &[&instant, &BATCH]).await?;
        tx.commit_lazily().await?;
        if deleted < BATCH as u64 {
            break;
        }
    }
    Ok(())
}
