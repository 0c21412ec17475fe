//! What happened: events of users and applications, and what administrators did.

use serde_json::Value;

use super::clause::Clause;
use super::db::{Db, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// An event as Keycloak's `EventRepresentation`. `kind` is Keycloak's type, with `_ERROR` where something was refused.
#[derive(Debug, Clone, Default)]
pub struct Event {
    pub kind: String,
    pub client_id: Option<String>,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub ip_address: Option<String>,
    pub error: Option<String>,
    /// Texts by name, in order.
    pub details: Doc,
}

impl Event {
    /// An event of a type such as `LOGIN`.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), Value::String(value.into()));
        self
    }
}

/// Keeps an event. The caller has looked at the realm's settings (`events::store_if_enabled`).
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, event: &Event, now: i64) -> Result<(), Error> {
    let details = serde_json::to_string(&event.details)?;
    tx.exec(
        "insert into event (id, realm_id, time, type, client_id, account_id, session_id, ip_address, error, details)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &crate::random::row_id(),
            &realm_id,
            &now,
            &event.kind,
            &event.client_id,
            &event.user_id,
            &event.session_id,
            &event.ip_address,
            &event.error,
            &details,
        ],
    )
    .await?;
    Ok(())
}

/// An event that was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: String,
    /// Epoch milliseconds.
    pub time: i64,
    pub event: Event,
}

/// Which events are looked for; everything that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Any of these types.
    pub kinds: Vec<String>,
    pub client_id: Option<String>,
    pub user_id: Option<String>,
    pub ip_address: Option<String>,
    /// Epoch milliseconds, inclusive.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub ascending: bool,
}

/// A page of the events of a realm, the newest first unless it is wanted otherwise.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, w: &Wanted, first: i64, max: i64) -> Result<Vec<Kept>, Error> {
    let mut made = Clause::of_realm(realm_id);
    made.one_of("type", &w.kinds);
    made.equal("client_id", w.client_id.as_deref());
    made.equal("account_id", w.user_id.as_deref());
    made.equal("ip_address", w.ip_address.as_deref());
    made.between("time", w.from, w.to);
    let columns = "id, time, type, client_id, account_id, session_id, ip_address, error, details";
    let rows = made.page(db, columns, "event", w.ascending, first, max).await?;
    rows.into_iter()
        .map(|mut r| {
            Ok(Kept {
                id: r.next()?,
                time: r.next()?,
                event: Event {
                    kind: r.next()?,
                    client_id: r.next()?,
                    user_id: r.next()?,
                    session_id: r.next()?,
                    ip_address: r.next()?,
                    error: r.next()?,
                    details: json::parse(&r.next::<String>()?)?,
                },
            })
        })
        .collect()
}

/// Removes all events of a realm.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_all(tx: &mut Tx, realm_id: &str) -> Result<(), Error> {
    tx.exec("delete from event where realm_id = $1", &[&realm_id]).await?;
    Ok(())
}
