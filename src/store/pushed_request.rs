//! Authorization requests that clients pushed (RFC 9126), by the SHA-256 of their `request_uri`.

use super::db::{Query, Tx};
use super::json;
use crate::error::Error;

/// A pushed request.
#[derive(Debug, Clone)]
pub struct Pushed {
    pub client_uuid: String,
    /// The parameters, in order.
    pub params: Vec<(String, String)>,
    /// Epoch milliseconds.
    pub expires: i64,
}

/// Keeps a request.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, hash: &str, pushed: &Pushed) -> Result<(), Error> {
    let doc = serde_json::to_string(&serde_json::json!({ "params": pushed.params }))?;
    let sql = "insert into pushed_request (hash, realm_id, client_uuid, doc, expires) values ($1, $2, $3, $4, $5)";
    tx.exec(sql, &[&hash, &realm_id, &pushed.client_uuid, &doc, &pushed.expires])
        .await?;
    Ok(())
}

/// The request with a hash. Whether it has expired is the caller's to see.
///
/// # Errors
///
/// Those of the database.
pub async fn find(q: impl Query, realm_id: &str, hash: &str) -> Result<Option<Pushed>, Error> {
    let sql = "select client_uuid, doc, expires from pushed_request where realm_id = $1 and hash = $2";
    let Some(mut row) = q.first(sql, &[&realm_id, &hash]).await? else {
        return Ok(None);
    };
    let client_uuid = row.next()?;
    let doc = json::parse(&row.next::<String>()?)?;
    let params = doc.get("params").cloned().unwrap_or_default();
    Ok(Some(Pushed {
        client_uuid,
        params: serde_json::from_value(params)?,
        expires: row.next()?,
    }))
}

/// Nobody opens a request any more.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, hash: &str) -> Result<(), Error> {
    let sql = "delete from pushed_request where realm_id = $1 and hash = $2";
    tx.exec(sql, &[&realm_id, &hash]).await?;
    Ok(())
}
