//! What administrators did: Keycloak's admin events.

use super::clause::Clause;
use super::db::{Db, Row, Tx};
use super::user::escape_like;
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

/// Keycloak's resource types.
pub const RESOURCE_TYPES: &[&str] = &[
    "REALM",
    "REALM_ROLE",
    "REALM_ROLE_MAPPING",
    "REALM_SCOPE_MAPPING",
    "AUTH_FLOW",
    "AUTH_EXECUTION_FLOW",
    "AUTH_EXECUTION",
    "AUTHENTICATOR_CONFIG",
    "REQUIRED_ACTION",
    "REQUIRED_ACTION_CONFIG",
    "IDENTITY_PROVIDER",
    "IDENTITY_PROVIDER_MAPPER",
    "PROTOCOL_MAPPER",
    "USER",
    "USER_LOGIN_FAILURE",
    "USER_SESSION",
    "USER_FEDERATION_PROVIDER",
    "USER_FEDERATION_MAPPER",
    "GROUP",
    "GROUP_MEMBERSHIP",
    "CLIENT",
    "CLIENT_INITIAL_ACCESS_MODEL",
    "CLIENT_ROLE",
    "CLIENT_ROLE_MAPPING",
    "CLIENT_SCOPE",
    "CLIENT_SCOPE_MAPPING",
    "CLIENT_SCOPE_CLIENT_MAPPING",
    "CLUSTER_NODE",
    "COMPONENT",
    "AUTHORIZATION_RESOURCE_SERVER",
    "AUTHORIZATION_RESOURCE",
    "AUTHORIZATION_SCOPE",
    "AUTHORIZATION_POLICY",
    "CUSTOM",
    "USER_PROFILE",
    "ORGANIZATION",
    "ORGANIZATION_MEMBERSHIP",
    "ORGANIZATION_GROUP",
    "ORGANIZATION_GROUP_MEMBERSHIP",
    "ORGANIZATION_INVITATION",
    "WORKFLOW",
    "REGISTRATION",
];

/// Which admin events are looked for; everything that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub operations: Vec<String>,
    pub resource_types: Vec<String>,
    /// `*` stands for anything.
    pub resource_path: Option<String>,
    pub auth_realm_id: Option<String>,
    pub auth_client_id: Option<String>,
    pub auth_user_id: Option<String>,
    pub ip_address: Option<String>,
    /// Epoch milliseconds, inclusive.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub ascending: bool,
}

/// A page of the admin events of a realm, the newest first unless it is wanted otherwise.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, w: &Wanted, first: i64, max: i64) -> Result<Vec<AdminEvent>, Error> {
    let mut made = Clause::of_realm(realm_id);
    made.one_of("operation", &w.operations);
    made.one_of("resource_type", &w.resource_types);
    if let Some(path) = &w.resource_path {
        made.like("resource_path", &escape_like(path).replace('*', "%"));
    }
    made.equal("auth_realm_id", w.auth_realm_id.as_deref());
    made.equal("auth_client_id", w.auth_client_id.as_deref());
    made.equal("auth_account_id", w.auth_user_id.as_deref());
    made.equal("ip_address", w.ip_address.as_deref());
    made.between("time", w.from, w.to);
    let columns = "id, time, auth_realm_id, auth_client_id, auth_account_id, ip_address, operation, resource_type,
        resource_path, representation, error, details";
    let rows = made.page(db, columns, "admin_event", w.ascending, first, max).await?;
    rows.into_iter().map(read).collect()
}

fn read(mut r: Row) -> Result<AdminEvent, Error> {
    Ok(AdminEvent {
        id: r.next()?,
        time: r.next()?,
        auth_realm_id: r.next()?,
        auth_client_id: r.next()?,
        auth_user_id: r.next()?,
        ip_address: r.next()?,
        operation: r.next()?,
        resource_type: r.next()?,
        resource_path: r.next()?,
        representation: r.next()?,
        error: r.next()?,
        details: r.next()?,
    })
}

/// Removes all admin events of a realm.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_all(tx: &mut Tx, realm_id: &str) -> Result<(), Error> {
    tx.exec("delete from admin_event where realm_id = $1", &[&realm_id])
        .await?;
    Ok(())
}
