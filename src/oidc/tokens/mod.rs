//! The tokens: what is in them, in Keycloak's layout.
//!
//! `scope` says which client scopes apply, `access` which roles pass, `mappers` what each protocol mapper adds, `claims` puts
//! it in order, and `make` signs.

pub mod access;
pub mod audience;
pub mod claims;
pub mod context;
pub mod encrypted;
pub mod id;
pub mod make;
pub mod mappers;
pub mod refresh;
pub mod resource;
pub mod scope;
