//! Own rules of a realm, without code of ours or Java: expressions that are evaluated here, and hooks that are asked.
//!
//! An expression (`expression/`) is a short text in Rhai that looks at who registers and gives a value. It can reach nothing
//! but what it is handed, and has ten milliseconds and a megabyte. One that fails gives nothing, and whoever asked it
//! decides as if it had said no: refused, not approved, nothing given.
//!
//! A hook ([`hook`]) is an address of the administrator's that is asked over HTTP.

mod expression;
mod facts;
pub mod hook;

pub use expression::{Failed, Gifts, Gives, Verdict, check, gifts, truth, verdict};
pub use facts::{About, Facts, Sender};
