//! Vestibule: people and applications register themselves, sign in, and get tokens.
//!
//! Flows decide, the store remembers, doors speak HTTP. See `ARCHITECTURE.md`.

pub mod clock;
pub mod error;
pub mod random;
pub mod store;
pub mod app;
pub mod config;
pub mod password;
pub mod realm_setup;
pub mod secret_key;
pub mod caller;
pub mod jobs;
pub mod limits;
pub mod management;
pub mod routes;
pub mod serve;
pub mod welcome;
