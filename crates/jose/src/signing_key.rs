//! The key that signs.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use aws_lc_rs::{hmac, rsa};
use zeroize::Zeroizing;

use crate::alg::{Curve, Family};
use crate::digest::{b64url, key_id};
use crate::jwt::Headers;
use crate::public::{self, Public};
use crate::{Alg, Error, Jwk, Result, VerifyingKey};

/// A key that signs with one algorithm. It is parsed once, and then every signature costs
/// the signature only. It cannot be printed.
///
/// # Examples
///
/// ```
/// use vestibule_jose::{Alg, SigningKey};
/// let key = SigningKey::generate(Alg::ES256)?;
/// let signature = key.sign(b"input")?;
/// key.verifier().verify(Alg::ES256, b"input", &signature)?;
///
/// let stored = key.to_der()?;
/// let again = SigningKey::from_der(Alg::ES256, key.kid(), &stored)?;
/// assert_eq!(again.public_der(), key.public_der());
/// # Ok::<(), vestibule_jose::Error>(())
/// ```
pub struct SigningKey {
    alg: Alg,
    kid: String,
    pair: Pair,
    /// `None` for HMAC.
    public: Option<Public>,
    verifier: VerifyingKey,
    headers: Headers,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac {
        key: Box<hmac::Key>,
        secret: Zeroizing<Vec<u8>>,
    },
}

impl SigningKey {
    /// Makes a new key; RSA keys get 2048 bits. For more see [`SigningKey::generate_rsa`].
    ///
    /// A key pair gets Keycloak's key id ([`key_id`]). A secret has 64 bytes (`HS256`) or
    /// 128, and a random key id; [`SigningKey::with_kid`] gives it another.
    ///
    /// An RSA key takes a tenth of a second or more: keep it off the threads that serve.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn generate(alg: Alg) -> Result<Self> {
        let pair = match alg.family() {
            Family::Rsa(_) => return Self::generate_rsa(alg, 2048),
            Family::Ec(curve) => Pair::Ec(EcdsaKeyPair::generate(curve.signing())?),
            Family::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate()?),
            Family::Hmac(_) => {
                let mut secret = Zeroizing::new(vec![0; if alg == Alg::HS256 { 64 } else { 128 }]);
                let mut kid = [0; 16];
                rand::fill(&mut secret)?;
                rand::fill(&mut kid)?;
                return Self::from_secret(alg, b64url(&kid), &secret);
            }
        };
        Self::new(alg, None, pair)
    }

    /// Makes a new RSA key of 2048, 3072, 4096 or 8192 bits. The last two take seconds.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if `alg` is not of RSA; [`Error::BadKey`] for any other size;
    /// [`Error::Crypto`] if the library fails.
    pub fn generate_rsa(alg: Alg, bits: u32) -> Result<Self> {
        if !alg.is_rsa() {
            return Err(Error::WrongAlg);
        }
        Self::new(alg, None, Pair::Rsa(rsa::KeyPair::generate(rsa_size(bits)?)?))
    }

    /// Reads a private key in PKCS#8 (RFC 5958), unencrypted.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if `alg` is HMAC; [`Error::BadKey`] if the key is not one for
    /// `alg`, is inconsistent, or is an RSA key of less than 2048 or more than 8192 bits.
    pub fn from_pkcs8(alg: Alg, kid: impl Into<String>, der: &[u8]) -> Result<Self> {
        let pair = match alg.family() {
            Family::Rsa(_) => rsa::KeyPair::from_pkcs8(der).map(Pair::Rsa),
            Family::Ec(curve) => EcdsaKeyPair::from_pkcs8(curve.signing(), der).map(Pair::Ec),
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
            Family::Hmac(_) => return Err(Error::WrongAlg),
        };
        let pair = pair.map_err(|_| Error::BadKey("the private key is invalid for its algorithm"))?;
        Self::new(alg, Some(kid.into()), pair)
    }

    /// Takes a secret for HMAC.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if `alg` is not HMAC; [`Error::BadKey`] if the secret has fewer
    /// bytes than the hash (RFC 7518 §3.2).
    pub fn from_secret(alg: Alg, kid: impl Into<String>, secret: &[u8]) -> Result<Self> {
        let Family::Hmac(algorithm) = alg.family() else {
            return Err(Error::WrongAlg);
        };
        if secret.len() < algorithm.tag_len() {
            return Err(Error::BadKey("the secret is shorter than the algorithm's hash"));
        }
        let key = Box::new(hmac::Key::new(algorithm, secret));
        Self::new(
            alg,
            Some(kid.into()),
            Pair::Hmac {
                key,
                secret: Zeroizing::new(secret.to_vec()),
            },
        )
    }

    /// Reads what [`SigningKey::to_der`] wrote: PKCS#8, or the bare secret for HMAC.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::from_pkcs8`] and [`SigningKey::from_secret`].
    pub fn from_der(alg: Alg, kid: impl Into<String>, der: &[u8]) -> Result<Self> {
        if alg.is_symmetric() {
            Self::from_secret(alg, kid, der)
        } else {
            Self::from_pkcs8(alg, kid, der)
        }
    }

    fn new(alg: Alg, kid: Option<String>, pair: Pair) -> Result<Self> {
        let (public, verifier) = match &pair {
            Pair::Rsa(rsa) => (
                Some(public::of_rsa(rsa)?),
                VerifyingKey::from_public(alg, rsa.public_key().as_ref())?,
            ),
            Pair::Ec(ec) => (
                Some(public::of_ec(curve_of(alg)?, ec)?),
                VerifyingKey::from_public(alg, ec.public_key().as_ref())?,
            ),
            Pair::Ed25519(ed) => (
                Some(public::of_ed25519(ed)?),
                VerifyingKey::from_public(alg, ed.public_key().as_ref())?,
            ),
            Pair::Hmac { secret, .. } => (None, VerifyingKey::from_secret(alg, secret)?),
        };
        let kid = match (kid, &public) {
            (Some(kid), _) => kid,
            (None, Some(public)) => key_id(&public.spki),
            (None, None) => String::new(),
        };
        Ok(SigningKey {
            alg,
            kid,
            pair,
            public,
            verifier,
            headers: Headers::default(),
        })
    }

    /// The same key under another key id.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        SigningKey {
            kid: kid.into(),
            headers: Headers::default(),
            ..self
        }
    }

    /// The one algorithm this key signs with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key in PKCS#8, or the secret itself for HMAC. Seal it before storing it.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(match &self.pair {
            Pair::Rsa(pair) => pair.as_der()?.as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Hmac { secret, .. } => secret.to_vec(),
        }))
    }

    /// The public key as `SubjectPublicKeyInfo`; none for HMAC. In base64 it is the
    /// `public_key` of Keycloak's realm information.
    pub fn public_der(&self) -> Option<&[u8]> {
        self.public.as_ref().map(|public| public.spki.as_slice())
    }

    /// The public key for the key set, with `use` = `sig`; none for HMAC.
    pub fn public_jwk(&self) -> Option<Jwk> {
        self.public.as_ref().map(|public| Jwk {
            kid: Some(self.kid.clone()),
            alg: Some(self.alg.as_str().into()),
            use_: Some("sig".into()),
            ..public.jwk.clone()
        })
    }

    /// The key that checks this one's signatures.
    pub fn verifier(&self) -> VerifyingKey {
        self.verifier.clone()
    }

    /// Signs `input`. The signature is in the form of RFC 7518 §3: raw, not DER, for ECDSA.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn sign(&self, input: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(self.alg.rsa_encoding(), &random, input, &mut signature)?;
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, input)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.try_sign(input)?.as_ref().to_vec(),
            Pair::Hmac { key, .. } => hmac::sign(key, input).as_ref().to_vec(),
        })
    }

    pub(crate) fn headers(&self) -> &Headers {
        &self.headers
    }
}

fn curve_of(alg: Alg) -> Result<Curve> {
    match alg.family() {
        Family::Ec(curve) => Ok(curve),
        _ => Err(Error::WrongAlg),
    }
}

/// The sizes of new RSA keys.
pub(crate) fn rsa_size(bits: u32) -> Result<rsa::KeySize> {
    match bits {
        2048 => Ok(rsa::KeySize::Rsa2048),
        3072 => Ok(rsa::KeySize::Rsa3072),
        4096 => Ok(rsa::KeySize::Rsa4096),
        8192 => Ok(rsa::KeySize::Rsa8192),
        _ => Err(Error::BadKey("an RSA key has 2048, 3072, 4096 or 8192 bits")),
    }
}
