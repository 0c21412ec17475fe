//! Passwords: hashed on a bounded pool as a realm wants it, with Argon2id unless it says otherwise, and what a realm asks of them.

mod accept;
mod hash;
mod hints;
pub mod lists;
pub mod order;
pub mod policy;
mod recipe;

pub use accept::{NewPassword, accept, hash, prepare, store};
pub use hash::{Hashed, Hasher, Verdict};
pub use hints::hints;
pub use policy::Violation;
pub use recipe::Recipe;

/// No password is longer, in bytes: more is no safer, and hashing it is work.
pub const LONGEST: usize = 1024;
