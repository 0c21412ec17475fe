//! Access tokens that were revoked before they expire.

use super::db::{Query, Tx};
use crate::error::Error;

/// Revokes a token by its `jti` until it expires (epoch milliseconds). `false` if it was revoked before.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, jti: &str, expires: i64) -> Result<bool, Error> {
    let sql = "insert into revoked_token (jti, expires) values ($1, $2) on conflict do nothing";
    Ok(tx.exec(sql, &[&jti, &expires]).await? > 0)
}

/// Whether a token was revoked.
///
/// # Errors
///
/// Those of the database.
pub async fn contains(q: impl Query, jti: &str) -> Result<bool, Error> {
    Ok(q.first("select jti from revoked_token where jti = $1", &[&jti])
        .await?
        .is_some())
}
