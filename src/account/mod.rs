//! A user's own account: Keycloak's Account REST API, at the address where browsers find the Account Console.
//!
//! [`door`] tells one from the other and asks who calls; a file per resource answers.

mod applications;
mod consent;
mod credentials;
pub mod door;
mod linked;
mod person;
mod profile;
mod sessions;
mod things;

pub use door::serve;
