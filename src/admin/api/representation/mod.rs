//! How things look on the wire: Keycloak's representations, their members in Keycloak's order.

pub mod client;
pub mod client_scope;
pub mod group;
pub mod role;
pub mod session;
pub mod user;
