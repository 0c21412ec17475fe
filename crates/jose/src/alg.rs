//! The signature algorithms and what each of them is made of.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{self, EcdsaSigningAlgorithm, RsaEncoding, RsaParameters, VerificationAlgorithm};
use aws_lc_rs::{digest, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// A signature algorithm of JWS (RFC 7518 §3.1; `EdDSA` is RFC 8037 §3.1, with Ed25519).
///
/// `none` is missing on purpose: it does not parse, so nothing can be asked to accept it.
///
/// # Examples
///
/// ```
/// use vestibule_jose::Alg;
/// assert_eq!("RS256".parse(), Ok(Alg::RS256));
/// assert_eq!(Alg::parse("none"), None);
/// assert_eq!(Alg::parse("rs256"), None); // names are case-sensitive (RFC 7515 §4.1.1)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519.
    EdDSA,
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

/// The kind of key an algorithm needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Rsa(&'static RsaParameters),
    Ec(Curve),
    Ed25519,
    Hmac(hmac::Algorithm),
}

/// A curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Alg {
    /// Every algorithm, the asymmetric ones first.
    pub const ALL: [Alg; 13] = [
        Alg::RS256,
        Alg::RS384,
        Alg::RS512,
        Alg::PS256,
        Alg::PS384,
        Alg::PS512,
        Alg::ES256,
        Alg::ES384,
        Alg::ES512,
        Alg::EdDSA,
        Alg::HS256,
        Alg::HS384,
        Alg::HS512,
    ];

    /// The algorithm of this name, if it is one.
    pub fn parse(name: &str) -> Option<Alg> {
        Alg::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// The name in the `alg` header and in JWKs.
    pub fn as_str(self) -> &'static str {
        match self {
            Alg::RS256 => "RS256",
            Alg::RS384 => "RS384",
            Alg::RS512 => "RS512",
            Alg::PS256 => "PS256",
            Alg::PS384 => "PS384",
            Alg::PS512 => "PS512",
            Alg::ES256 => "ES256",
            Alg::ES384 => "ES384",
            Alg::ES512 => "ES512",
            Alg::EdDSA => "EdDSA",
            Alg::HS256 => "HS256",
            Alg::HS384 => "HS384",
            Alg::HS512 => "HS512",
        }
    }

    /// Whether signer and verifier share one secret (HMAC).
    pub fn is_symmetric(self) -> bool {
        matches!(self, Alg::HS256 | Alg::HS384 | Alg::HS512)
    }

    /// Whether the key is an RSA key.
    pub fn is_rsa(self) -> bool {
        matches!(self.family(), Family::Rsa(_))
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Alg::RS256 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Alg::RS384 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Alg::RS512 => Family::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Alg::PS256 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Alg::PS384 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Alg::PS512 => Family::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Alg::ES256 => Family::Ec(Curve::P256),
            Alg::ES384 => Family::Ec(Curve::P384),
            Alg::ES512 => Family::Ec(Curve::P521),
            Alg::EdDSA => Family::Ed25519,
            Alg::HS256 => Family::Hmac(hmac::HMAC_SHA256),
            Alg::HS384 => Family::Hmac(hmac::HMAC_SHA384),
            Alg::HS512 => Family::Hmac(hmac::HMAC_SHA512),
        }
    }

    /// The padding and hash of an RSA signature. PS256 for everything that is not RSA: those
    /// never get here, as their keys are of another type.
    pub(crate) fn rsa_encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Alg::RS256 => &signature::RSA_PKCS1_SHA256,
            Alg::RS384 => &signature::RSA_PKCS1_SHA384,
            Alg::RS512 => &signature::RSA_PKCS1_SHA512,
            Alg::PS384 => &signature::RSA_PSS_SHA384,
            Alg::PS512 => &signature::RSA_PSS_SHA512,
            _ => &signature::RSA_PSS_SHA256,
        }
    }

    /// The hash inside the algorithm; SHA-512 for `EdDSA`, as Ed25519 uses it.
    pub(crate) fn hash(self) -> &'static digest::Algorithm {
        match self {
            Alg::RS256 | Alg::PS256 | Alg::ES256 | Alg::HS256 => &digest::SHA256,
            Alg::RS384 | Alg::PS384 | Alg::ES384 | Alg::HS384 => &digest::SHA384,
            Alg::RS512 | Alg::PS512 | Alg::ES512 | Alg::HS512 | Alg::EdDSA => &digest::SHA512,
        }
    }
}

impl Curve {
    /// The `crv` of a JWK.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// The curve of this `crv`.
    pub(crate) fn named(crv: &str) -> Option<Curve> {
        [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|curve| curve.name() == crv)
    }

    /// The bytes of one coordinate.
    pub(crate) fn coordinate_len(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    pub(crate) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    pub(crate) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Alg {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Alg::parse(name).ok_or(Error::UnknownAlg)
    }
}

impl Serialize for Alg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Alg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}
