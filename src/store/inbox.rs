//! The mail of development: kept to be looked at instead of being sent.

use super::db::{Query, Row, Tx};
use crate::error::Error;

/// A mail that somebody would have got.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    /// In its normal form.
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Epoch milliseconds.
    pub time: i64,
}

fn mail(mut r: Row) -> Result<Mail, Error> {
    Ok(Mail {
        id: r.next()?,
        recipient: r.next()?,
        subject: r.next()?,
        text: r.next()?,
        html: r.next()?,
        time: r.next()?,
    })
}

const COLUMNS: &str = "id, recipient, subject, body_text, body_html, time";

/// Keeps a mail.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, m: &Mail) -> Result<(), Error> {
    let sql = format!("insert into inbox ({COLUMNS}) values ($1, $2, $3, $4, $5, $6)");
    tx.exec(&sql, &[&m.id, &m.recipient, &m.subject, &m.text, &m.html, &m.time])
        .await?;
    Ok(())
}

/// The newest mails first: of one recipient, or of all.
///
/// # Errors
///
/// Those of the database.
pub async fn newest(q: impl Query, recipient: Option<&str>, most: i64) -> Result<Vec<Mail>, Error> {
    let rows = match recipient {
        Some(recipient) => {
            let sql = format!("select {COLUMNS} from inbox where recipient = $1 order by time desc, id desc limit $2");
            q.all(&sql, &[&recipient, &most]).await?
        }
        None => {
            let sql = format!("select {COLUMNS} from inbox order by time desc, id desc limit $1");
            q.all(&sql, &[&most]).await?
        }
    };
    rows.into_iter().map(mail).collect()
}

/// One mail.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, id: &str) -> Result<Option<Mail>, Error> {
    let sql = format!("select {COLUMNS} from inbox where id = $1");
    q.first(&sql, &[&id]).await?.map(mail).transpose()
}

/// Frees the room of old mails.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_before(tx: &mut Tx, instant: i64) -> Result<(), Error> {
    tx.exec("delete from inbox where time < $1", &[&instant]).await?;
    Ok(())
}
