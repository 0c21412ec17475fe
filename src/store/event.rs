//! What happened: events of users and applications, and what administrators did.

use serde_json::Value;

use super::db::Tx;
use super::json::Doc;
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
