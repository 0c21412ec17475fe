//! What administrators did: Keycloak's admin events.

use super::db::Tx;
use crate::error::Error;

/// An admin event, as it is kept.
#[derive(Debug, Clone, Default)]
pub struct AdminEvent {
    pub id: String,
    /// Epoch milliseconds.
    pub time: i64,
    /// The id of the realm that the administrator belongs to.
    pub auth_realm_id: Option<String>,
    /// The id (not the `client_id`) of the client that they used.
    pub auth_client_id: Option<String>,
    pub auth_user_id: Option<String>,
    pub ip_address: Option<String>,
    /// `CREATE`, `UPDATE`, `DELETE` or `ACTION`.
    pub operation: String,
    /// As `USER`.
    pub resource_type: String,
    /// Below the realm, as `users/ID`.
    pub resource_path: String,
    /// JSON text, where the realm keeps it.
    pub representation: Option<String>,
    pub error: Option<String>,
    /// JSON text of a map.
    pub details: Option<String>,
}

/// Keeps an admin event.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, e: &AdminEvent) -> Result<(), Error> {
    tx.exec(
        "insert into admin_event (id, realm_id, time, auth_realm_id, auth_client_id, auth_account_id, ip_address,
             operation, resource_type, resource_path, representation, error, details)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &e.id,
            &realm_id,
            &e.time,
            &e.auth_realm_id,
            &e.auth_client_id,
            &e.auth_user_id,
            &e.ip_address,
            &e.operation,
            &e.resource_type,
            &e.resource_path,
            &e.representation,
            &e.error,
            &e.details,
        ],
    )
    .await?;
    Ok(())
}
