//! The steps of a recovery.

pub mod choose_user;
pub mod email;
pub mod otp;
pub mod password;
