//! What is still to be sent, claimed by one node at a time.

use super::db::{Query, Row, Tx};
use crate::error::Error;

/// A message on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub id: String,
    pub realm_id: String,
    /// What it is for, as `email-verification`.
    pub kind: String,
    /// The letter and whom it is for, sealed.
    pub doc: Vec<u8>,
    /// Epoch milliseconds.
    pub created: i64,
    /// Attempts that failed so far.
    pub attempts: i64,
    /// Who is told, where each receiver has a queue of its own; `None`: a mail.
    pub receiver: Option<String>,
}

fn outgoing(mut r: Row) -> Result<Outgoing, Error> {
    Ok(Outgoing {
        id: r.next()?,
        realm_id: r.next()?,
        kind: r.next()?,
        doc: r.next()?,
        created: r.next()?,
        attempts: r.next()?,
        receiver: r.next()?,
    })
}

/// Adds a message that is due at once; `done`: it is delivered already, or was never to be.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, message: &Outgoing, done: bool) -> Result<(), Error> {
    let (doc, delivered) = if done {
        (None, Some(message.created))
    } else {
        (Some(&message.doc), None)
    };
    let sql = "insert into outbox (id, realm_id, kind, doc, created, due, attempts, claimed_until, done, receiver)
               values ($1, $2, $3, $4, $5, $5, 0, 0, $6, $7)";
    let m = message;
    tx.exec(
        sql,
        &[&m.id, &m.realm_id, &m.kind, &doc, &m.created, &delivered, &m.receiver],
    )
    .await?;
    Ok(())
}

/// Mails that may be sent now, the oldest first.
///
/// # Errors
///
/// Those of the database.
pub async fn due(q: impl Query, now: i64, most: i64) -> Result<Vec<Outgoing>, Error> {
    let sql = "select id, realm_id, kind, doc, created, attempts, receiver from outbox
               where done is null and receiver is null and due <= $1 and claimed_until < $1
               order by due, id limit $2";
    q.all(sql, &[&now, &most]).await?.into_iter().map(outgoing).collect()
}

/// The receivers for whom something is due: those first that were not yet tried in vain.
///
/// # Errors
///
/// Those of the database.
pub async fn receivers(q: impl Query, now: i64, most: i64) -> Result<Vec<String>, Error> {
    let sql = "select receiver from outbox
               where receiver is not null and done is null and due <= $1 and claimed_until < $1
               group by receiver order by min(attempts), min(due), receiver limit $2";
    q.all(sql, &[&now, &most]).await?.iter_mut().map(Row::next).collect()
}

/// What one receiver is told next.
///
/// # Errors
///
/// Those of the database.
pub async fn next_for(q: impl Query, receiver: &str, now: i64) -> Result<Option<Outgoing>, Error> {
    let sql = "select id, realm_id, kind, doc, created, attempts, receiver from outbox
               where receiver = $1 and done is null and due <= $2 and claimed_until < $2
               order by attempts, due, id limit 1";
    q.first(sql, &[&receiver, &now]).await?.map(outgoing).transpose()
}

/// Takes a message for this node until `until`. `false`: another node has it.
///
/// # Errors
///
/// Those of the database.
pub async fn claim(tx: &mut Tx, id: &str, now: i64, until: i64) -> Result<bool, Error> {
    let sql =
        "update outbox set claimed_until = $3 where id = $1 and done is null and due <= $2 and claimed_until < $2";
    Ok(tx.exec(sql, &[&id, &now, &until]).await? > 0)
}

/// The message is delivered: its text is forgotten.
///
/// # Errors
///
/// Those of the database.
pub async fn delivered(tx: &mut Tx, id: &str, now: i64) -> Result<(), Error> {
    tx.exec(
        "update outbox set done = $2, doc = null, failure = null where id = $1",
        &[&id, &now],
    )
    .await?;
    Ok(())
}

/// It could not be delivered: another attempt is made at `due`, or none.
///
/// # Errors
///
/// Those of the database.
pub async fn failed(tx: &mut Tx, id: &str, why: &str, due: Option<i64>, now: i64) -> Result<(), Error> {
    match due {
        Some(due) => {
            let sql =
                "update outbox set attempts = attempts + 1, due = $2, claimed_until = 0, failure = $3 where id = $1";
            tx.exec(sql, &[&id, &due, &why]).await?;
        }
        None => {
            let sql = "update outbox set attempts = attempts + 1, done = $2, doc = null, failure = $3 where id = $1";
            tx.exec(sql, &[&id, &now, &why]).await?;
        }
    }
    Ok(())
}

/// Frees the room of what was done before an instant.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_before(tx: &mut Tx, instant: i64, most: i64) -> Result<(), Error> {
    let sql = "delete from outbox where id in (select id from outbox where done < $1 limit $2)";
    tx.exec(sql, &[&instant, &most]).await?;
    Ok(())
}
