//! Many clients at once.

use super::clause::Clause;
use super::client::{COLUMNS, Client, REGISTERED, client};
use super::db::Db;
use crate::error::Error;

/// The most ids in one statement.
const AT_ONCE: usize = 500;

/// The clients of a realm with these ids, in any order; those that are gone are left out.
///
/// # Errors
///
/// Those of the database.
pub async fn of_ids(db: &Db, realm_id: &str, ids: &[String]) -> Result<Vec<Client>, Error> {
    let mut all = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let mut clause = Clause::of_realm(realm_id);
        clause.one_of("id", some);
        let sql = format!("select {COLUMNS}, {REGISTERED} from client where {}", clause.text());
        for row in db.list(&sql, &clause.params()).await? {
            all.push(client(db.secret_key(), row)?);
        }
    }
    Ok(all)
}
