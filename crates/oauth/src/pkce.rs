//! Proof Key for Code Exchange. RFC 7636.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How a `code_challenge` was made from its `code_verifier`. RFC 7636 §4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The challenge is the verifier itself.
    Plain,
    /// The challenge is `BASE64URL(SHA256(verifier))`.
    S256,
}

impl Method {
    /// The method of that name; names are case-sensitive.
    ///
    /// ```
    /// use vestibule_oauth::pkce::Method;
    /// assert_eq!(Method::parse("S256"), Some(Method::S256));
    /// assert_eq!(Method::parse("s256"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "plain" => Some(Self::Plain),
            "S256" => Some(Self::S256),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::S256 => "S256",
        }
    }
}

/// Why a verifier was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Not 43 to 128 unreserved characters. RFC 7636 §4.1.
    #[error("the code verifier is not 43 to 128 unreserved characters")]
    Malformed,
    /// Well-formed, but not the one the challenge was made from.
    #[error("the code verifier does not match the code challenge")]
    Different,
}

/// Whether this can be a `code_challenge` or a `code_verifier`: 43 to 128 unreserved
/// characters. RFC 7636 §4.1, §4.2.
///
/// ```
/// use vestibule_oauth::pkce::is_well_formed;
/// assert!(is_well_formed("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
/// assert!(!is_well_formed("abc"));
/// ```
pub fn is_well_formed(value: &str) -> bool {
    (43..=128).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

/// The challenge a client makes from its verifier. RFC 7636 §4.2.
pub fn challenge(method: Method, verifier: &str) -> String {
    match method {
        Method::Plain => verifier.to_owned(),
        Method::S256 => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
    }
}

/// Checks a `code_verifier` against the challenge of the authorization request, in time that
/// does not depend on where they differ. RFC 7636 §4.6.
///
/// # Errors
///
/// [`Mismatch`], by which the caller chooses its answer.
///
/// # Examples
///
/// ```
/// use vestibule_oauth::pkce::{verify, Method, Mismatch};
/// // RFC 7636, appendix B
/// let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// assert_eq!(verify(Method::S256, challenge, verifier), Ok(()));
/// assert_eq!(verify(Method::Plain, challenge, verifier), Err(Mismatch::Different));
/// ```
pub fn verify(method: Method, sent_challenge: &str, verifier: &str) -> Result<(), Mismatch> {
    if !is_well_formed(verifier) {
        return Err(Mismatch::Malformed);
    }
    let ours = challenge(method, verifier);
    verify_slices_are_equal(ours.as_bytes(), sent_challenge.as_bytes()).map_err(|_| Mismatch::Different)
}
