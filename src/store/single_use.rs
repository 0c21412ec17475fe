//! Whatever may be used once: action tokens, client assertions. Durable, and exact between nodes.

use vestibule_jose::digest::{b64url, sha256};

use super::db::Tx;
use crate::error::Error;

/// Uses a value up. `true`: this was its first use. `expires` (epoch milliseconds) is when the value is dead anyway.
///
/// Look at the value's signature before: a stranger must not be able to spend what is another's. The transaction also
/// holds the effect of the use, so that both happen or neither.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(tx: &mut Tx, realm_id: &str, purpose: &str, value: &str, expires: i64) -> Result<bool, Error> {
    let key = format!("{realm_id}:{purpose}:{}", b64url(&sha256(value.as_bytes())));
    let sql = "insert into single_use (key, expires) values ($1, $2) on conflict do nothing";
    Ok(tx.exec(sql, &[&key, &expires]).await? > 0)
}

/// Whether a value was used before, without using it.
///
/// # Errors
///
/// Those of the database.
pub async fn is_spent(q: impl super::Query, realm_id: &str, purpose: &str, value: &str) -> Result<bool, Error> {
    let key = format!("{realm_id}:{purpose}:{}", b64url(&sha256(value.as_bytes())));
    Ok(q.count("select count(*) from single_use where key = $1", &[&key])
        .await?
        > 0)
}
