//! Vestibule: people and applications register themselves, sign in, and get tokens.
//!
//! Flows decide, the store remembers, doors speak HTTP. See `ARCHITECTURE.md`.

pub mod account;
pub mod admin;
pub mod app;
pub mod bench;
pub mod brute_force;
pub mod caller;
pub mod client_registration;
pub mod client_secret;
pub mod clock;
pub mod config;
pub mod consent;
pub mod console;
pub mod demo;
pub mod device;
pub mod egress;
pub mod error;
pub mod events;
mod forwarded;
pub mod inbox;
pub mod jobs;
pub mod limits;
pub mod login;
pub mod mail;
pub mod management;
pub mod oidc;
pub mod page;
pub mod password;
pub mod profile;
pub mod protection;
pub mod random;
pub mod realm_export;
pub mod realm_import;
pub mod realm_setup;
pub mod recovery;
pub mod registration;
pub mod required_actions;
pub mod routes;
pub mod secret_key;
pub mod serve;
pub mod service_account;
pub mod store;
pub mod theme;
pub mod verification;
pub mod visitor;
pub mod welcome;
