//! Keys, signatures, encryption, JSON Web Tokens and key sets (RFC 7515 to 7519, 7638 and 8037), and
//! encryption at rest. On aws-lc-rs, without input or output.
//!
//! The crate is built so that the well-known mistakes cannot be written with it:
//!
//! - `none` is not an algorithm ([`Alg`]), so no key and no token can carry it.
//! - A [`VerifyingKey`] is made for one algorithm and refuses every other, so a public key
//!   can never be used as an HMAC secret.
//! - The claims of a token come out of [`jwt::Parsed::verify`] only; what can be read before
//!   has `unverified` in its name.
//! - [`SigningKey`], [`EncryptionKey`] and [`MasterKey`](secretbox::MasterKey) cannot be
//!   printed, and a [`Jwk`] never holds a private member.

mod alg;
mod der;
pub mod digest;
mod encryption_key;
mod error;
pub mod jwe;
mod jwk;
mod jwks;
pub mod jwt;
mod public;
pub mod secretbox;
mod signing_key;
pub mod strict_json;
mod verifying_key;
pub mod x509;

pub use alg::Alg;
pub use encryption_key::EncryptionKey;
pub use error::{Error, Result};
pub use jwk::Jwk;
pub use jwks::Jwks;
pub use signing_key::SigningKey;
pub use verifying_key::VerifyingKey;
