//! Vestibule: people and applications register themselves, sign in, and get tokens.
//!
//! Flows decide, the store remembers, doors speak HTTP. See `ARCHITECTURE.md`.

pub mod clock;
pub mod error;
pub mod random;
pub mod store;
