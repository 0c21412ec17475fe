//! The certificate members of a JWK (RFC 7517 §4.7 to §4.9).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Jwk;
use crate::digest::{b64, b64url, sha256};

impl Jwk {
    /// Publishes a certificate (DER) beside the key: `x5c`, `x5t` and `x5t#S256`.
    ///
    /// They are for the readers of our key sets. We never read a key from a stranger's
    /// certificate.
    #[must_use]
    pub fn with_certificate(self, der: &[u8]) -> Self {
        // SHA-1 names the certificate here and protects nothing; RFC 7517 §4.8 prescribes it.
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        Jwk {
            x5c: Some(vec![b64(der)]),
            x5t: Some(b64url(sha1.as_ref())),
            x5t_s256: Some(b64url(&sha256(der))),
            ..self
        }
    }
}
