//! What can go wrong.

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a key, a token or a sealed value was refused.
///
/// The texts are constant (only the position of a bad key in a set varies): nothing of a
/// key, a token or a stranger's input gets into them, so they are safe to log and to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The algorithm's name is not one of [`Alg`](crate::Alg)'s; `none` never is.
    #[error("the signature algorithm is not supported")]
    UnknownAlg,
    /// The key exists for another algorithm, or for another use than signatures.
    #[error("the key is not meant for this algorithm")]
    WrongAlg,
    /// The signature is not the key's over this input.
    #[error("the signature is wrong")]
    BadSignature,
    /// The text is not base64url without padding (RFC 7515 §2).
    #[error("not base64url without padding")]
    Base64,
    /// The text is not a signed JWT in compact form; the string says what is amiss.
    #[error("{0}")]
    Malformed(&'static str),
    /// The key's parts do not make a key that may be used; the string says why.
    #[error("{0}")]
    BadKey(&'static str),
    /// A key set has more keys than [`Jwks::MAX_KEYS`](crate::Jwks::MAX_KEYS).
    #[error("a key set may hold at most 100 keys")]
    TooManyKeys,
    /// The key at this position of a key set (counted from 0) is bad.
    #[error("key {index} of the set: {reason}")]
    KeyInSet {
        /// The position in `keys`, counted from 0.
        index: usize,
        /// What is wrong with it.
        reason: Box<Error>,
    },
    /// The claims could not be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims,
    /// The sealed value is damaged, or was sealed under another key, purpose or context.
    #[error("the sealed value cannot be opened")]
    Unsealable,
    /// The cryptographic library failed, for instance for want of randomness.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for Error {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Error::Crypto
    }
}
