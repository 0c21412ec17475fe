//! Webhooks: addresses of administrators that are told of events. They are read with the realm's snapshot.

use super::cache::realm_topic;
use super::db::{Db, Query, Row, Tx};
use super::outbox;
use crate::error::Error;

/// Webhooks that a realm may have.
pub const MOST: i64 = 50;

/// What a secret is sealed for.
pub(crate) const SEALED_FOR: &str = "webhook-secret";

/// An address that is told of events. Not `Debug`: there is a secret.
#[derive(Clone)]
pub struct Webhook {
    pub id: String,
    pub url: String,
    /// Types, as [`crate::webhook::is_type`] knows them; empty: all.
    pub events: Vec<String>,
    /// `whsec_...`, by which messages are signed; empty where the present key cannot open it.
    pub secret: String,
    pub enabled: bool,
    /// Epoch milliseconds.
    pub created: i64,
}

/// The webhooks of a realm, the oldest first.
///
/// # Errors
///
/// Those of the database.
pub async fn of_realm(db: &Db, realm_id: &str) -> Result<Vec<Webhook>, Error> {
    let sql = "select id, url, events, secret, enabled, created from webhook
               where realm_id = $1 order by created, id";
    let rows = db.all(sql, &[&realm_id]).await?;
    rows.into_iter().map(|row| webhook(db, row)).collect()
}

fn webhook(db: &Db, mut row: Row) -> Result<Webhook, Error> {
    let (id, url): (String, String) = (row.next()?, row.next()?);
    let events = serde_json::from_str(&row.next::<String>()?)?;
    let sealed: Vec<u8> = row.next()?;
    let secret = db.open_sealed(SEALED_FOR, &id, &sealed).map_or_else(
        |e| {
            tracing::warn!("webhook {id}: its secret is left out: {e}");
            String::new()
        },
        |plain| String::from_utf8_lossy(&plain).into_owned(),
    );
    Ok(Webhook {
        id,
        url,
        events,
        secret,
        enabled: row.next()?,
        created: row.next()?,
    })
}

/// Adds a webhook, unless the realm has [`MOST`] already: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, new: &Webhook) -> Result<bool, Error> {
    let sealed = tx.seal(SEALED_FOR, &new.id, new.secret.as_bytes())?;
    let events = serde_json::to_string(&new.events)?;
    let sql = "insert into webhook (id, realm_id, url, events, secret, enabled, created)
               select $1, $2, $3, $4, $5, $6, $7
               where (select count(*) from webhook where realm_id = $2) < $8";
    // One after the other, so that none is too many.
    super::realm::lock(tx, realm_id).await?;
    let added = tx
        .exec(
            sql,
            &[
                &new.id,
                &realm_id,
                &new.url,
                &events,
                &sealed,
                &new.enabled,
                &new.created,
                &MOST,
            ],
        )
        .await?;
    tx.touch(realm_topic(realm_id));
    Ok(added > 0)
}

/// Changes a webhook. `false`: it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, realm_id: &str, changed: &Webhook) -> Result<bool, Error> {
    let sealed = tx.seal(SEALED_FOR, &changed.id, changed.secret.as_bytes())?;
    let events = serde_json::to_string(&changed.events)?;
    let sql = "update webhook set url = $3, events = $4, secret = $5, enabled = $6 where realm_id = $1 and id = $2";
    let c = changed;
    let done = tx
        .exec(sql, &[&realm_id, &c.id, &c.url, &events, &sealed, &c.enabled])
        .await?;
    tx.touch(realm_topic(realm_id));
    Ok(done > 0)
}

/// Removes a webhook, with all that it was to be told. `false`: it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "delete from webhook where realm_id = $1 and id = $2";
    let removed = tx.exec(sql, &[&realm_id, &id]).await?;
    outbox::remove_all_for(tx, realm_id, &receiver(id)).await?;
    tx.touch(realm_topic(realm_id));
    Ok(removed > 0)
}

/// Whom messages in the outbox are for that go to a webhook.
pub fn receiver(id: &str) -> String {
    format!("{}webhook/{id}", outbox::HOOKS)
}
