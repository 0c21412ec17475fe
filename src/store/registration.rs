//! Registrations of people, from the first form to their end (design, decision 1).

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// How far a registration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The address is still to be proved.
    Proof,
    /// A user has come of it.
    Done,
}

impl Status {
    /// The status as it is stored and shown (contract 3).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "proof" => Ok(Self::Proof),
            "done" => Ok(Self::Done),
            other => Err(Error::Corrupt(format!("a registration has the status {other}"))),
        }
    }
}

/// A registration. Not `Debug`: the document holds a password's hash.
#[derive(Clone)]
pub struct Registration {
    /// The id that the user will have.
    pub id: String,
    pub realm_id: String,
    pub status: Status,
    /// In its normal form, as `email`.
    pub username: String,
    pub email: String,
    /// The address has an owner already: this one can never be proved.
    pub address_taken: bool,
    pub client_uuid: Option<String>,
    /// `form` or `json`.
    pub source: String,
    pub ip_address: Option<String>,
    pub locale: Option<String>,
    /// Epoch milliseconds, as all instants here.
    pub created: i64,
    pub expires: i64,
    /// The user that came of it.
    pub account_id: Option<String>,
    /// SHA-256 of what only the registering browser has.
    pub browser_hash: Option<String>,
    /// SHA-256 of the status token of the JSON door.
    pub status_token_hash: Option<String>,
    /// SHA-256 of the code in the newest mail.
    pub code_hash: Option<String>,
    /// When the newest mail was sent.
    pub mailed: Option<i64>,
    /// `fields`, `password`, and what else is wanted at the end.
    pub doc: Doc,
}

const COLUMNS: &str = "id, realm_id, status, username, email, address_taken, client_uuid, source, ip_address, locale,
    created, expires, account_id, browser_hash, status_token_hash, code_hash, mailed, doc";

fn registration(mut r: Row) -> Result<Registration, Error> {
    Ok(Registration {
        id: r.next()?,
        realm_id: r.next()?,
        status: Status::parse(&r.next::<String>()?)?,
        username: r.next()?,
        email: r.next::<Option<String>>()?.unwrap_or_default(),
        address_taken: r.next()?,
        client_uuid: r.next()?,
        source: r.next()?,
        ip_address: r.next()?,
        locale: r.next()?,
        created: r.next()?,
        expires: r.next::<Option<i64>>()?.unwrap_or(i64::MAX),
        account_id: r.next()?,
        browser_hash: r.next()?,
        status_token_hash: r.next()?,
        code_hash: r.next()?,
        mailed: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// Adds a registration. It reserves nothing: neither name nor address.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, r: &Registration) -> Result<(), Error> {
    let doc = serde_json::to_string(&r.doc)?;
    let sql = format!(
        "insert into registration ({COLUMNS}, code_attempts)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0)"
    );
    tx.exec(
        &sql,
        &[
            &r.id,
            &r.realm_id,
            &r.status.as_str(),
            &r.username,
            &r.email,
            &r.address_taken,
            &r.client_uuid,
            &r.source,
            &r.ip_address,
            &r.locale,
            &r.created,
            &r.expires,
            &r.account_id,
            &r.browser_hash,
            &r.status_token_hash,
            &r.code_hash,
            &r.mailed,
            &doc,
        ],
    )
    .await?;
    Ok(())
}

/// The registration with an id, unless it has expired.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str, now: i64) -> Result<Option<Registration>, Error> {
    let sql = format!(
        "select {COLUMNS} from registration
         where realm_id = $1 and id = $2 and (status <> 'proof' or expires is null or expires > $3)"
    );
    q.first(&sql, &[&realm_id, &id, &now])
        .await?
        .map(registration)
        .transpose()
}

/// The newest unproved registrations under a name or address in its normal form.
///
/// # Errors
///
/// Those of the database.
pub async fn unproved(
    q: impl Query,
    realm_id: &str,
    login: &str,
    now: i64,
    most: i64,
) -> Result<Vec<Registration>, Error> {
    let sql = format!(
        "select {COLUMNS} from registration
         where realm_id = $1 and status = 'proof' and expires > $3 and (username = $2 or email = $2)
         order by created desc, id desc limit $4"
    );
    let rows = q.all(&sql, &[&realm_id, &login, &now, &most]).await?;
    rows.into_iter().map(registration).collect()
}

/// Takes the turn to send a mail: a fresh code, of which only the hash is kept, and no other mail before `not_before`.
/// `false`: one was sent a moment ago, or there is nothing to prove any more.
///
/// # Errors
///
/// Those of the database.
pub async fn begin_mail(tx: &mut Tx, id: &str, code_hash: &str, now: i64, last_before: i64) -> Result<bool, Error> {
    let sql = "update registration set code_hash = $2, code_attempts = 0, mailed = $3
               where id = $1 and status = 'proof' and expires > $3 and (mailed is null or mailed <= $4)";
    Ok(tx.exec(sql, &[&id, &code_hash, &now, &last_before]).await? > 0)
}

/// Uses up one attempt at the code. `false`: there is none left.
///
/// # Errors
///
/// Those of the database.
pub async fn attempt_code(tx: &mut Tx, id: &str, most: i64) -> Result<bool, Error> {
    let sql = "update registration set code_attempts = code_attempts + 1 where id = $1 and code_attempts < $2";
    Ok(tx.exec(sql, &[&id, &most]).await? > 0)
}

/// Ends a registration: its user exists now, so nothing else of it is kept. `false`: it was ended before, or has expired.
///
/// # Errors
///
/// Those of the database.
pub async fn finish(tx: &mut Tx, id: &str, now: i64) -> Result<bool, Error> {
    let sql = "update registration set status = 'done', proved = $2, decided = $2, account_id = id, code_hash = null, doc = '{}'
               where id = $1 and status = 'proof' and expires > $2 and address_taken = $3";
    Ok(tx.exec(sql, &[&id, &now, &false]).await? > 0)
}

/// Another user name, because the first has been taken meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn rename(tx: &mut Tx, id: &str, username: &str, doc: &Doc) -> Result<(), Error> {
    let text = serde_json::to_string(doc)?;
    tx.exec(
        "update registration set username = $2, doc = $3 where id = $1",
        &[&id, &username, &text],
    )
    .await?;
    Ok(())
}

/// Somebody else has proved the address meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn address_was_taken(tx: &mut Tx, id: &str) -> Result<(), Error> {
    tx.exec(
        "update registration set address_taken = $2 where id = $1",
        &[&id, &true],
    )
    .await?;
    Ok(())
}

/// Deletes a batch of those whose time is over; gives the realm of each.
///
/// # Errors
///
/// Those of the database.
pub async fn expire(tx: &mut Tx, now: i64, most: i64) -> Result<Vec<String>, Error> {
    let sql = "delete from registration
               where id in (select id from registration where status = 'proof' and expires <= $1 limit $2)
               returning realm_id";
    tx.all(sql, &[&now, &most])
        .await?
        .into_iter()
        .map(|mut r| r.next())
        .collect()
}

/// Makes the code of a row worthless: its mail was kept back, so nobody can know it but by guessing.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_code(tx: &mut Tx, id: &str) -> Result<(), Error> {
    tx.exec("update registration set code_hash = null where id = $1", &[&id])
        .await?;
    Ok(())
}
