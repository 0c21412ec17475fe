//! One-time codes: time based (RFC 6238) and counter based (RFC 4226), with Keycloak's policy, credentials and texts.
//!
//! ```text
//! attempt.rs   a code that is sent, and the lock
//! code.rs      the arithmetic
//! base32.rs    secrets as people and apps read them
//! policy.rs    what a realm asks of new devices
//! device.rs    what a user has, and whether a code is right
//! qr.rs        the picture that a phone reads
//! recovery.rs  the codes on paper
//! ```

pub mod attempt;
pub mod base32;
pub mod code;
pub mod device;
pub mod policy;
pub mod qr;
pub mod recovery;

pub use device::Device;
pub use policy::Policy;
