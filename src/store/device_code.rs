//! Requests of devices without a browser (RFC 8628): by the SHA-256 of the device code, or by what the person types.

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// What a person has said to a device's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing yet.
    Pending,
    /// Yes, in this session; `code` is what an authorization code would hold.
    Approved {
        session_id: String,
        code: Doc,
    },
    Denied,
}

/// A device's request.
#[derive(Debug, Clone)]
pub struct DeviceCode {
    pub hash: String,
    /// Without the dash.
    pub user_code: String,
    pub client_uuid: String,
    /// The authorization request.
    pub doc: String,
    pub state: State,
    /// Epoch milliseconds.
    pub expires: i64,
}

const COLUMNS: &str = "hash, user_code, client_uuid, doc, state, session_id, code, expires";

fn read(mut r: Row) -> Result<DeviceCode, Error> {
    let (hash, user_code, client_uuid, doc) = (r.next()?, r.next()?, r.next()?, r.next()?);
    let state: String = r.next()?;
    let (session_id, code): (Option<String>, Option<String>) = (r.next()?, r.next()?);
    Ok(DeviceCode {
        hash,
        user_code,
        client_uuid,
        doc,
        state: match (state.as_str(), session_id) {
            ("approved", Some(session_id)) => State::Approved {
                session_id,
                code: json::parse(code.as_deref().unwrap_or("{}"))?,
            },
            ("pending", _) => State::Pending,
            _ => State::Denied,
        },
        expires: r.next()?,
    })
}

/// Keeps a new request. `false`: another one has this user code.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, new: &DeviceCode) -> Result<bool, Error> {
    let sql = "insert into device_code (hash, realm_id, user_code, client_uuid, doc, state, polled, expires)
               values ($1, $2, $3, $4, $5, 'pending', 0, $6) on conflict (realm_id, user_code) do nothing";
    let added = tx
        .exec(
            sql,
            &[
                &new.hash,
                &realm_id,
                &new.user_code,
                &new.client_uuid,
                &new.doc,
                &new.expires,
            ],
        )
        .await?;
    Ok(added > 0)
}

/// The request with a hash.
///
/// # Errors
///
/// Those of the database.
pub async fn find(q: impl Query, realm_id: &str, hash: &str) -> Result<Option<DeviceCode>, Error> {
    let sql = format!("select {COLUMNS} from device_code where realm_id = $1 and hash = $2");
    q.first(&sql, &[&realm_id, &hash]).await?.map(read).transpose()
}

/// The request with a user code.
///
/// # Errors
///
/// Those of the database.
pub async fn by_user_code(q: impl Query, realm_id: &str, user_code: &str) -> Result<Option<DeviceCode>, Error> {
    let sql = format!("select {COLUMNS} from device_code where realm_id = $1 and user_code = $2");
    q.first(&sql, &[&realm_id, &user_code]).await?.map(read).transpose()
}

/// The device asks. `false`: it asked less than `interval_ms` ago; then this time does not count.
///
/// # Errors
///
/// Those of the database.
pub async fn poll(tx: &mut Tx, hash: &str, now: i64, interval_ms: i64) -> Result<bool, Error> {
    let sql = "update device_code set polled = $2 where hash = $1 and polled <= $3";
    Ok(tx.exec(sql, &[&hash, &now, &(now - interval_ms)]).await? > 0)
}

/// The person has said yes, or no (`None`). `false`: it was decided before, or is over.
///
/// # Errors
///
/// Those of the database.
pub async fn decide(tx: &mut Tx, hash: &str, now: i64, yes: Option<(&str, &Doc)>) -> Result<bool, Error> {
    let state = if yes.is_some() { "approved" } else { "denied" };
    let session_id = yes.map(|(id, _)| id.to_owned());
    let code = yes.map(|(_, code)| serde_json::to_string(code)).transpose()?;
    let sql = "update device_code set state = $2, session_id = $3, code = $4
               where hash = $1 and state = 'pending' and expires > $5";
    Ok(tx.exec(sql, &[&hash, &state, &session_id, &code, &now]).await? > 0)
}

/// Uses a request up: of any number that ask at once, one gets `true`.
///
/// # Errors
///
/// Those of the database.
pub async fn take(tx: &mut Tx, hash: &str) -> Result<bool, Error> {
    Ok(tx.exec("delete from device_code where hash = $1", &[&hash]).await? > 0)
}
