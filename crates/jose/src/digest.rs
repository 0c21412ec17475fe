//! Hashes, base64 and comparison in constant time.

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::{Alg, Error, Result};

/// SHA-1 (FIPS 180-4): for lists that others made with it, never for anything new.
pub fn sha1(input: &[u8]) -> [u8; 20] {
    fixed(&digest::SHA1_FOR_LEGACY_USE_ONLY, input)
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(input: &[u8]) -> [u8; 32] {
    fixed(&digest::SHA256, input)
}

/// SHA-384 (FIPS 180-4).
pub fn sha384(input: &[u8]) -> [u8; 48] {
    fixed(&digest::SHA384, input)
}

/// SHA-512 (FIPS 180-4).
pub fn sha512(input: &[u8]) -> [u8; 64] {
    fixed(&digest::SHA512, input)
}

fn fixed<const N: usize>(algorithm: &'static digest::Algorithm, input: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(digest::digest(algorithm, input).as_ref());
    out
}

/// Writes base64url without padding (RFC 7515 §2).
///
/// # Examples
///
/// ```
/// // RFC 7515, appendix C
/// assert_eq!(vestibule_jose::digest::b64url(&[3, 236, 255, 224, 193]), "A-z_4ME");
/// ```
pub fn b64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding (RFC 7515 §2), strictly: one value has one spelling.
///
/// # Errors
///
/// [`Error::Base64`] for padding, blanks, letters of the other alphabet, an impossible
/// length, or bits left over in the last letter.
pub fn b64url_decode(text: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Base64)
}

/// Writes base64 with padding (RFC 4648 §4), as in `x5c` and PEM.
pub fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Compares two secrets in a time that depends on their lengths only.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// The key id Keycloak gives a key pair: the SHA-256 of the public key as
/// `SubjectPublicKeyInfo` (RFC 5280 §4.1), in base64url.
pub fn key_id(spki: &[u8]) -> String {
    b64url(&sha256(spki))
}

/// The `at_hash` of an access token, or the `c_hash` of a code, for an ID token signed with
/// `alg`: the left half of the token's hash, in base64url (`OpenID` Connect Core §3.1.3.6 and
/// §3.3.2.11).
///
/// The hash is the one inside `alg`; for `EdDSA`, where the specification is silent, it is
/// SHA-512, the hash inside Ed25519.
///
/// # Examples
///
/// ```
/// // OpenID Connect Core, appendix A.3
/// use vestibule_jose::{Alg, digest::at_hash};
/// let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// assert_eq!(at_hash(Alg::RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
/// ```
pub fn at_hash(alg: Alg, token: &str) -> String {
    let hash = digest::digest(alg.hash(), token.as_bytes());
    let hash = hash.as_ref();
    b64url(&hash[..hash.len() / 2])
}
