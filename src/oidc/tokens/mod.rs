//! The tokens: what is in them, in Keycloak's layout.

pub mod audience;
pub mod refresh;
