//! Passwords: hashed with Argon2id on a bounded pool, and what a realm asks of them.

mod hash;

pub use hash::{Hashed, Hasher, Verdict};
