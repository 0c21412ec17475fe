//! Authorization codes: kept as SHA-256, used once.

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// A code as it is kept.
#[derive(Debug, Clone)]
pub struct Code {
    pub session_id: String,
    pub client_uuid: String,
    /// What the authorization request said.
    pub doc: Doc,
}

/// What became of a code that somebody presents.
#[derive(Debug, Clone)]
pub enum Taken {
    /// This was its first use.
    First(Code),
    /// It was used before: somebody else may have it.
    Again(Code),
    /// There is no such code.
    Unknown,
}

fn code(mut r: Row) -> Result<Code, Error> {
    Ok(Code {
        session_id: r.next()?,
        client_uuid: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// Keeps a new code. The row is there until `kept_until` (epoch milliseconds), which is later than the code's own end, so
/// that a second use is known for what it is.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, hash: &str, code: &Code, kept_until: i64) -> Result<(), Error> {
    let doc = serde_json::to_string(&code.doc)?;
    tx.exec(
        "insert into auth_code (code_hash, realm_id, session_id, client_uuid, doc, expires, used)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &hash,
            &realm_id,
            &code.session_id,
            &code.client_uuid,
            &doc,
            &kept_until,
            &false,
        ],
    )
    .await?;
    Ok(())
}

/// Uses a code up: of any number that try at once, one is the first.
///
/// # Errors
///
/// Those of the database.
pub async fn take(tx: &mut Tx, realm_id: &str, hash: &str) -> Result<Taken, Error> {
    let sql = "update auth_code set used = $3 where realm_id = $1 and code_hash = $2 and used <> $3
               returning session_id, client_uuid, doc";
    if let Some(row) = (&mut *tx).first(sql, &[&realm_id, &hash, &true]).await? {
        return Ok(Taken::First(code(row)?));
    }
    let sql = "select session_id, client_uuid, doc from auth_code where realm_id = $1 and code_hash = $2";
    Ok(match tx.first(sql, &[&realm_id, &hash]).await? {
        Some(row) => Taken::Again(code(row)?),
        None => Taken::Unknown,
    })
}
