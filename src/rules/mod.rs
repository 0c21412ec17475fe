//! Own rules of a realm, without code of ours or Java: expressions that are evaluated here.
//!
//! An expression (`expression/`) is a short text in Rhai that looks at who registers and gives a value. It can reach nothing
//! but what it is handed, and has ten milliseconds and a megabyte. One that fails gives nothing, and whoever asked it
//! decides as if it had said no: refused, not approved, nothing given.

mod expression;
mod facts;

pub use expression::{Failed, Gifts, Gives, Verdict, check, gifts, truth, verdict};
pub use facts::{About, Facts, Sender};
