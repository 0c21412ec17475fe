//! The key that checks signatures.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey};

use crate::alg::Family;
use crate::{Alg, Error, Result};

/// A key that checks the signatures of one algorithm. Cheap to clone.
///
/// The algorithm belongs to the key, not to the token: a key made for `RS256` refuses
/// `PS256` and, above all, `HS256` (RFC 8725 §3.1).
#[derive(Clone)]
pub struct VerifyingKey {
    alg: Alg,
    material: Arc<Material>,
}

enum Material {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl VerifyingKey {
    /// A shared secret, such as a client's for `client_secret_jwt`.
    ///
    /// Any length but zero is taken: RFC 7518 §3.2 asks for as many bytes as the hash has,
    /// but such a secret is issued as a password, and whoever issues it answers for its
    /// strength. Secrets that sign are held to the RFC (see [`SigningKey::from_secret`]).
    ///
    /// [`SigningKey::from_secret`]: crate::SigningKey::from_secret
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if `alg` is not HMAC; [`Error::BadKey`] if the secret is empty.
    pub fn from_secret(alg: Alg, secret: &[u8]) -> Result<Self> {
        let Family::Hmac(algorithm) = alg.family() else {
            return Err(Error::WrongAlg);
        };
        if secret.is_empty() {
            return Err(Error::BadKey("the secret is empty"));
        }
        let key = hmac::Key::new(algorithm, secret);
        Ok(VerifyingKey {
            alg,
            material: Arc::new(Material::Secret(Box::new(key))),
        })
    }

    /// A public key as certificates hold it: `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1).
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] for HMAC; [`Error::BadKey`] if it is no key of the algorithm.
    pub fn from_spki(alg: Alg, der: &[u8]) -> Result<Self> {
        Self::from_public(alg, der)
    }

    /// A public key in the form the library reads: for RSA `SubjectPublicKeyInfo` or
    /// `RSAPublicKey`, for EC the uncompressed point, for Ed25519 the 32 bytes.
    pub(crate) fn from_public(alg: Alg, bytes: &[u8]) -> Result<Self> {
        let parsed = match alg.family() {
            Family::Rsa(parameters) => ParsedPublicKey::new(parameters, bytes),
            Family::Ec(curve) => ParsedPublicKey::new(curve.verification(), bytes),
            Family::Ed25519 => ParsedPublicKey::new(&signature::ED25519, bytes),
            Family::Hmac(_) => return Err(Error::WrongAlg),
        };
        let key = parsed.map_err(|_| Error::BadKey("the public key is invalid"))?;
        Ok(VerifyingKey {
            alg,
            material: Arc::new(Material::Public(key)),
        })
    }

    /// The one algorithm this key checks.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// Checks `signature` over `input`. Secrets are compared in constant time.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if `alg` is not the key's own; [`Error::BadSignature`] if the
    /// signature is wrong.
    pub fn verify(&self, alg: Alg, input: &[u8], signature: &[u8]) -> Result<()> {
        if alg != self.alg {
            return Err(Error::WrongAlg);
        }
        match &*self.material {
            Material::Public(key) => key.verify_sig(input, signature),
            Material::Secret(key) => hmac::verify(key, input, signature),
        }
        .map_err(|_| Error::BadSignature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("alg", &self.alg)
            .finish_non_exhaustive()
    }
}
