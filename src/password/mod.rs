//! Passwords: hashed with Argon2id on a bounded pool, and what a realm asks of them.

mod accept;
mod hash;
mod hints;
pub mod lists;
pub mod order;
pub mod policy;

pub use accept::{NewPassword, accept, prepare, store};
pub use hash::{Hashed, Hasher, Verdict};
pub use hints::hints;
pub use policy::Violation;

/// No password is longer, in bytes: more is no safer, and hashing it is work.
pub const LONGEST: usize = 1024;
