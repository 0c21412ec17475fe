//! What the product remembers: a type and its SQL per file.
//!
//! Functions take `impl Query` (the database or an open transaction) for reading and `&mut Tx` for writing.

pub mod admin_event;
pub mod auth_session;
pub mod cache;
mod clause;
pub mod client;
pub mod client_life;
pub mod client_list;
pub mod client_registration;
pub mod client_scope_use;
pub mod code;
pub mod consent;
pub mod credential;
pub mod db;
pub mod device_code;
pub mod event;
pub mod federated_identity;
pub mod group;
pub mod identity_provider;
pub mod inbox;
pub mod initial_access;
pub mod json;
pub mod key;
pub mod limit;
pub mod listen;
pub mod login_failure;
pub mod migrate;
mod narrow;
pub mod organization;
pub mod organization_domain;
pub mod organization_group;
pub mod organization_invitation;
pub mod organization_member;
pub mod outbox;
pub mod part;
mod postgres;
pub mod pushed_request;
pub mod realm;
pub mod realm_removal;
mod realm_secret;
pub mod registration;
pub mod revoked;
pub mod role;
pub mod role_member;
pub mod sealed;
pub mod session;
pub mod session_search;
pub mod session_stats;
pub mod single_use;
mod sqlite;
pub mod sweep;
pub mod user;
pub mod user_export;
pub mod user_search;

pub use db::{Db, Query, Row, Tx};
