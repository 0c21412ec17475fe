//! What is still to be sent, claimed by one node at a time.

use super::db::{Db, Query, Row, Tx};
use crate::error::Error;

/// Begins the names of receivers that administrators wrote: hooks and webhooks.
pub const HOOKS: &str = "hook/";

/// Queues of their own, by who receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Applications that are told of a logout.
    Applications,
    /// Hooks and webhooks.
    Hooks,
}

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

impl Outgoing {
    /// Whether it is for a hook or webhook.
    pub fn is_to_hook(&self) -> bool {
        self.receiver
            .as_deref()
            .is_some_and(|receiver| receiver.starts_with(HOOKS))
    }
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

/// The realms with mails that may be sent now: those first that were not yet tried in vain.
///
/// # Errors
///
/// Those of the database.
pub async fn realms(q: impl Query, now: i64, most: i64) -> Result<Vec<String>, Error> {
    let sql = "select realm_id from outbox
               where done is null and receiver is null and due <= $1 and claimed_until < $1
               group by realm_id order by min(attempts), min(due), realm_id limit $2";
    q.all(sql, &[&now, &most]).await?.iter_mut().map(Row::next).collect()
}

/// Mails of a realm that may be sent now: those first that were not yet tried in vain.
///
/// # Errors
///
/// Those of the database.
pub async fn due(q: impl Query, realm_id: &str, now: i64, most: i64) -> Result<Vec<Outgoing>, Error> {
    let sql = "select id, realm_id, kind, doc, created, attempts, receiver from outbox
               where realm_id = $1 and done is null and receiver is null and due <= $2 and claimed_until < $2
               order by attempts, due, id limit $3";
    q.all(sql, &[&realm_id, &now, &most])
        .await?
        .into_iter()
        .map(outgoing)
        .collect()
}

/// The receivers of a queue for whom something is due: those first that were not yet tried in vain.
///
/// # Errors
///
/// Those of the database.
pub async fn receivers(q: impl Query, queue: Queue, now: i64, most: i64) -> Result<Vec<String>, Error> {
    let sql = "select receiver from outbox
               where receiver is not null and (receiver like 'hook/%') = $3
                 and done is null and due <= $1 and claimed_until < $1
               group by receiver order by min(attempts), min(due), receiver limit $2";
    let hooks = queue == Queue::Hooks;
    q.all(sql, &[&now, &most, &hooks])
        .await?
        .iter_mut()
        .map(Row::next)
        .collect()
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

/// It could not be delivered and is given up, but its text is kept: it may be sent once more.
///
/// # Errors
///
/// Those of the database.
pub async fn dead(tx: &mut Tx, id: &str, why: &str, now: i64) -> Result<(), Error> {
    let sql = "update outbox set attempts = attempts + 1, done = $2, failure = $3 where id = $1";
    tx.exec(sql, &[&id, &now, &why]).await?;
    Ok(())
}

/// Frees the room of what was done before an instant; of what is dead, before another.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_before(tx: &mut Tx, instant: i64, dead: i64, most: i64) -> Result<(), Error> {
    let sql = "delete from outbox where id in (
                   select id from outbox where done < $1 and (doc is null or done < $3) limit $2)";
    tx.exec(sql, &[&instant, &most, &dead]).await?;
    Ok(())
}

/// Frees the room of the oldest messages that one hook has not heard, beyond so many.
///
/// # Errors
///
/// Those of the database.
pub async fn trim(db: &Db, kept: i64) -> Result<(), Error> {
    let full = "select receiver, count(*) from outbox where receiver like 'hook/%' and doc is not null
                group by receiver having count(*) > $1";
    for mut row in db.list(full, &[&kept]).await? {
        let (receiver, count): (String, i64) = (row.next()?, row.next()?);
        tracing::warn!(
            "{receiver}: {} messages that were not heard are forgotten",
            count - kept
        );
        let sql = "delete from outbox where id in (
                       select id from outbox where receiver = $1 and doc is not null order by id limit $2)";
        let mut tx = db.begin().await?;
        tx.exec(sql, &[&receiver, &(count - kept)]).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Forgets all that a receiver was told, or was to be told.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_all_for(tx: &mut Tx, realm_id: &str, receiver: &str) -> Result<(), Error> {
    let sql = "delete from outbox where realm_id = $1 and receiver = $2";
    tx.exec(sql, &[&realm_id, &receiver]).await?;
    Ok(())
}

/// How far a message to a hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is still to be heard.
    Waiting,
    Delivered,
    /// It was not heard, and is not tried again unless somebody asks for it.
    Dead,
}

/// A message to a hook, as administrators see it.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub kind: String,
    pub state: State,
    /// Epoch milliseconds.
    pub created: i64,
    pub due: i64,
    pub attempts: i64,
    pub failure: Option<String>,
}

/// A page of what a receiver was told, the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn deliveries(
    db: &Db,
    realm_id: &str,
    receiver: &str,
    state: Option<State>,
    first: i64,
    max: i64,
) -> Result<Vec<Delivery>, Error> {
    let narrowed = match state {
        None => "",
        Some(State::Waiting) => "and done is null",
        Some(State::Delivered) => "and done is not null and failure is null",
        Some(State::Dead) => "and done is not null and failure is not null",
    };
    let sql = format!(
        "select id, kind, done, created, due, attempts, failure from outbox
         where realm_id = $1 and receiver = $2 {narrowed} order by id desc limit $3 offset $4"
    );
    let rows = db.list(&sql, &[&realm_id, &receiver, &max, &first]).await?;
    rows.into_iter()
        .map(|mut r| {
            let (id, kind, done): (String, String, Option<i64>) = (r.next()?, r.next()?, r.next()?);
            let (created, due, attempts, failure) = (r.next()?, r.next()?, r.next()?, r.next::<Option<String>>()?);
            let state = match (done, &failure) {
                (None, _) => State::Waiting,
                (Some(_), None) => State::Delivered,
                (Some(_), Some(_)) => State::Dead,
            };
            Ok(Delivery {
                id,
                kind,
                state,
                created,
                due,
                attempts,
                failure,
            })
        })
        .collect()
}

/// Sends a dead message once more, from now on. `false`: there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn replay(tx: &mut Tx, realm_id: &str, receiver: &str, id: &str, now: i64) -> Result<bool, Error> {
    let sql = "update outbox set done = null, failure = null, attempts = 0, created = $4, due = $4, claimed_until = 0
               where realm_id = $1 and receiver = $2 and id = $3
                 and done is not null and failure is not null and doc is not null";
    Ok(tx.exec(sql, &[&realm_id, &receiver, &id, &now]).await? > 0)
}
