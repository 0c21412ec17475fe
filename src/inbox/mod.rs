//! The inbox of development: what would have been mailed.

pub mod web;
