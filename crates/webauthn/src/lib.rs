//! The relying party's side of WebAuthn Level 3: checks what an authenticator sends when a passkey is made and when
//! somebody signs in with it. No input or output; the caller keeps challenges and credentials.
//!
//! ```text
//! client.rs         clientDataJSON: which ceremony, whose challenge, from which page
//! authenticator.rs  authenticator data: for which site, who was there, which new key
//! key.rs            COSE keys and their algorithms
//! attestation.rs    what an authenticator says of itself
//! cbor.rs           the encoding below
//! ceremony.rs       the two ceremonies
//! ```

mod attestation;
mod authenticator;
mod cbor;
mod ceremony;
mod client;
mod key;

pub use attestation::Proof;
pub use ceremony::{Assertion, Authenticated, Expected, NewCredential, authenticate, register};
pub use key::Algorithm;

/// Why what an authenticator sent does not count. The texts may be shown to who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("Input data does not match expected form")]
    Malformed,
    /// It is that of another ceremony: of signing in where one registers, or the other way round.
    #[error("It was made for another purpose")]
    Ceremony,
    #[error("The challenge is not the one that was asked")]
    Challenge,
    #[error("It was made on a page of another origin")]
    Origin,
    #[error("It was made for another relying party")]
    RelyingParty,
    #[error("Nobody was present")]
    UserPresence,
    #[error("User verification is required")]
    UserVerification,
    #[error("The algorithm of the key is not among those that are accepted")]
    Algorithm,
    #[error("The public key is not valid")]
    Key,
    #[error("The attestation format is not supported")]
    AttestationFormat,
    #[error("The attestation is not valid")]
    Attestation,
    #[error("The signature is not valid")]
    Signature,
}
