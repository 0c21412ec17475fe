//! Realms go: small ones at once, large ones bit by bit, as nobody else can write while much is deleted.

use super::cache::{names_topic, realm_topic, roles_topic};
use super::db::{Db, Query as _, Tx};
use crate::error::Error;

/// A realm with more users or applications than this is only marked, and deleted in the background.
const SMALL: i64 = 500;

/// Rows deleted in one transaction.
const BATCH: i64 = 200;

/// Begins the names of realms that are being deleted; nobody can ask for such a name.
const MARK: &str = "\u{1}";

/// What a realm may have much of, in an order in which little hangs on a row when it goes.
const LARGE: &[&str] = &[
    "event",
    "admin_event",
    "outbox",
    "registration",
    "approval",
    "account",
    "client",
    "user_group",
    "organization",
];

/// Whether a realm of this name is on its way out.
pub(super) fn is_going(name: &str) -> bool {
    name.starts_with(MARK)
}

/// Removes a realm with everything in it. `false` if it is not there. It is gone for everybody with the commit, though
/// the rows of a large one are freed later, by [`sweep`].
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    let mut large = false;
    for table in ["account", "client", "event"] {
        let sql = format!("select count(*) from (select 1 from {table} where realm_id = $1 limit $2) as found");
        large |= (&mut *tx).count(&sql, &[&id, &(SMALL + 1)]).await? > SMALL;
    }
    let removed = if large {
        let name = format!("{MARK}{id}");
        tx.exec("update realm set name = $2 where id = $1", &[&id, &name])
            .await?
    } else {
        tx.exec("delete from realm where id = $1", &[&id]).await?
    };
    tx.touch(realm_topic(id));
    tx.touch(roles_topic(id));
    tx.touch(names_topic());
    Ok(removed > 0)
}

/// Removes a realm with everything in it within the transaction, however large it is: its ids are free for the realm that
/// takes its place.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_at_once(tx: &mut Tx, id: &str) -> Result<(), Error> {
    tx.exec("delete from realm where id = $1", &[&id]).await?;
    tx.touch(realm_topic(id));
    tx.touch(roles_topic(id));
    tx.touch(names_topic());
    Ok(())
}

/// Frees the rows of realms that are going.
///
/// # Errors
///
/// Those of the database.
pub async fn sweep(db: &Db) -> Result<(), Error> {
    let going = "select id from realm where name >= $1 and name < $2";
    for mut row in db.all(going, &[&MARK, &"\u{2}"]).await? {
        let id: String = row.next()?;
        for table in LARGE {
            let sql = format!("delete from {table} where id in (select id from {table} where realm_id = $1 limit $2)");
            loop {
                let mut tx = db.begin().await?;
                let deleted = tx.exec(&sql, &[&id, &BATCH]).await?;
                tx.commit_lazily().await?;
                if deleted < BATCH as u64 {
                    break;
                }
            }
        }
        let mut tx = db.begin().await?;
        tx.exec("delete from realm where id = $1", &[&id]).await?;
        tx.commit().await?;
    }
    Ok(())
}
