//! What the crate promises, checked from outside.
#![allow(clippy::unwrap_used)]

mod attacks;
mod encryption;
mod fuzz;
mod key_sets;
mod keys;
mod rfc;
mod secretbox;
mod tokens;
