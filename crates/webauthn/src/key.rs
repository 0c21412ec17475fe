//! Public keys as authenticators encode them (COSE, RFC 9053), and the algorithms they sign with.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm};

use crate::cbor::Value;
use crate::{Refusal, cbor};

/// What a key signs with. Keys that sign with SHA-1 are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    Rs256,
    Rs384,
    Rs512,
    Ed25519,
}

/// Name, number among COSE's algorithms, and which it is.
const ALL: [(&str, i64, Algorithm); 7] = [
    ("ES256", -7, Algorithm::Es256),
    ("ES384", -35, Algorithm::Es384),
    ("ES512", -36, Algorithm::Es512),
    ("RS256", -257, Algorithm::Rs256),
    ("RS384", -258, Algorithm::Rs384),
    ("RS512", -259, Algorithm::Rs512),
    ("Ed25519", -8, Algorithm::Ed25519),
];

impl Algorithm {
    /// By the name that policies use, as `ES256`.
    pub fn parse(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _, _)| *known == name).map(|(_, _, of)| *of)
    }

    /// Its number in COSE's registry.
    pub fn id(self) -> i64 {
        ALL.iter().find(|(_, _, of)| *of == self).map_or(0, |(_, id, _)| *id)
    }

    pub(crate) fn of_id(id: i64) -> Option<Self> {
        ALL.iter().find(|(_, known, _)| *known == id).map(|(_, _, of)| *of)
    }

    /// Checks a signature with a key as the bit string of a certificate holds it: a point, an `RSAPublicKey`, 32 bytes.
    pub(crate) fn verify(self, key: &[u8], message: &[u8], signed: &[u8]) -> bool {
        let parsed = ParsedPublicKey::new(self.parameters(), key);
        parsed.is_ok_and(|key| key.verify_sig(message, signed).is_ok())
    }

    fn parameters(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Es256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::Es384 => &signature::ECDSA_P384_SHA384_ASN1,
            Self::Es512 => &signature::ECDSA_P521_SHA512_ASN1,
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::Ed25519 => &signature::ED25519,
        }
    }
}

/// A key that checks signatures.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    material: Material,
}

enum Material {
    /// The uncompressed point of a curve, or the 32 bytes of an Ed25519 key.
    Plain(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl Key {
    /// A key as it is kept.
    pub(crate) fn read(encoded: &[u8]) -> Result<Self, Refusal> {
        Self::of(&cbor::read_all(encoded).ok_or(Refusal::Key)?)
    }

    pub(crate) fn of(cose: &Value<'_>) -> Result<Self, Refusal> {
        let number = |label| cose.numbered(label).and_then(Value::int);
        let bytes = |label| cose.numbered(label).and_then(Value::bytes).ok_or(Refusal::Key);
        let id = number(3).ok_or(Refusal::Key)?;
        let algorithm = Algorithm::of_id(id).ok_or(Refusal::Algorithm)?;
        // Kind of key, curve, and bytes of a coordinate.
        let (kind, curve, length) = match algorithm {
            Algorithm::Ed25519 => (1, 6, 32),
            Algorithm::Es256 => (2, 1, 32),
            Algorithm::Es384 => (2, 2, 48),
            Algorithm::Es512 => (2, 3, 66),
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => (3, 0, 0),
        };
        if number(1) != Some(kind) || kind != 3 && number(-1) != Some(curve) {
            return Err(Refusal::Key);
        }
        if kind == 3 {
            let (modulus, exponent) = (bytes(-1)?.to_vec(), bytes(-2)?.to_vec());
            // 2048 to 8192 bits; the library asks the same of who signs.
            if !(256..=1024).contains(&modulus.len()) || !(1..=8).contains(&exponent.len()) {
                return Err(Refusal::Key);
            }
            let material = Material::Rsa { modulus, exponent };
            return Ok(Self { algorithm, material });
        }
        let mut plain = bytes(-2)?.to_vec();
        if plain.len() != length {
            return Err(Refusal::Key);
        }
        if kind == 2 {
            let y = bytes(-3)?;
            if y.len() != length {
                return Err(Refusal::Key);
            }
            plain.insert(0, 4);
            plain.extend_from_slice(y);
        }
        // A point that is not on its curve is no key.
        ParsedPublicKey::new(algorithm.parameters(), &plain).map_err(|_| Refusal::Key)?;
        let material = Material::Plain(plain);
        Ok(Self { algorithm, material })
    }

    /// The uncompressed point of a P-256 key.
    pub(crate) fn p256_point(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Plain(point) if self.algorithm == Algorithm::Es256 => Some(point),
            _ => None,
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signed: &[u8]) -> bool {
        match &self.material {
            Material::Plain(key) => self.algorithm.verify(key, message, signed),
            Material::Rsa { modulus, exponent } => {
                let parameters = match self.algorithm {
                    Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(parameters, message, signed).is_ok()
            }
        }
    }
}
