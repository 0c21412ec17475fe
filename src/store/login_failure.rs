//! How often somebody failed to sign in as a user since the last time it went well. A row per user, and none without failures.

use vestibule_jose::digest::{b64url, sha256};

use super::db::{Query, Row, Tx};
use crate::error::Error;

/// What is counted of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginFailure {
    pub failures: i64,
    /// Temporary lockouts so far.
    pub lockouts: i64,
    /// Wrong one-time codes after a right password.
    pub secondary: i64,
    /// Epoch seconds until which nobody signs in as the user; 0: they may.
    pub not_before: i64,
    /// Epoch milliseconds; 0: never.
    pub last_failure: i64,
    pub last_address: Option<String>,
}

fn failure(mut r: Row) -> Result<LoginFailure, Error> {
    Ok(LoginFailure {
        failures: r.next()?,
        lockouts: r.next()?,
        secondary: r.next()?,
        not_before: r.next()?,
        last_failure: r.next()?,
        last_address: r.next()?,
    })
}

/// The failures of a user, if there are any.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, realm_id: &str, user_id: &str) -> Result<Option<LoginFailure>, Error> {
    let sql = "select failures, lockouts, secondary, not_before, last_failure, last_address from login_failure
               where realm_id = $1 and account_id = $2";
    q.first(sql, &[&realm_id, &user_id]).await?.map(failure).transpose()
}

/// The same to be changed: whoever else counts for this user waits until the transaction ends.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user_locked(tx: &mut Tx, realm_id: &str, user_id: &str) -> Result<LoginFailure, Error> {
    let sql =
        "insert into login_failure (realm_id, account_id, failures, lockouts, secondary, not_before, last_failure)
               values ($1, $2, 0, 0, 0, 0, 0)
               on conflict (realm_id, account_id) do update set failures = login_failure.failures";
    tx.exec(sql, &[&realm_id, &user_id]).await?;
    Ok(of_user(tx, realm_id, user_id).await?.unwrap_or_default())
}

/// Writes what [`of_user_locked`] gave, changed.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, realm_id: &str, user_id: &str, f: &LoginFailure) -> Result<(), Error> {
    tx.exec(
        "update login_failure set failures = $1, lockouts = $2, secondary = $3, not_before = $4, last_failure = $5,
             last_address = $6 where realm_id = $7 and account_id = $8",
        &[
            &f.failures,
            &f.lockouts,
            &f.secondary,
            &f.not_before,
            &f.last_failure,
            &f.last_address,
            &realm_id,
            &user_id,
        ],
    )
    .await?;
    Ok(())
}

/// The writes of a failure for a name that has no row. Names share rows: strangers do not fill the database.
///
/// # Errors
///
/// Those of the database.
pub async fn touch(tx: &mut Tx, realm_id: &str, name: &str, expires: i64) -> Result<(), Error> {
    let mut place = b64url(&sha256(name.as_bytes()));
    place.truncate(2);
    let key = format!("{realm_id}:nobody:{place}");
    let sql = "insert into single_use (key, expires) values ($1, $2)
               on conflict (key) do update set expires = single_use.expires";
    tx.exec(sql, &[&key, &expires]).await?;
    tx.count("select expires from single_use where key = $1", &[&key])
        .await?;
    tx.exec("update single_use set expires = $1 where key = $2", &[&expires, &key])
        .await?;
    Ok(())
}

/// Forgets the failures of a user.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, user_id: &str) -> Result<(), Error> {
    let sql = "delete from login_failure where realm_id = $1 and account_id = $2";
    tx.exec(sql, &[&realm_id, &user_id]).await?;
    Ok(())
}

/// Forgets the failures of all users of a realm.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_all(tx: &mut Tx, realm_id: &str) -> Result<(), Error> {
    tx.exec("delete from login_failure where realm_id = $1", &[&realm_id])
        .await?;
    Ok(())
}
