//! The realm's key for encryption: clients encrypt to it, nothing is signed with it.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use zeroize::Zeroizing;

use crate::digest::key_id;
use crate::public::{self, Public};
use crate::signing_key::rsa_size;
use crate::{Error, Jwk, Result};

/// An RSA key pair for `RSA-OAEP` (RFC 7518 §4.3), published with `use` = `enc`.
///
/// It is another type than [`SigningKey`](crate::SigningKey), so that one key never does
/// both (RFC 8725 §3.5 and NIST SP 800-57). It cannot be printed.
pub struct EncryptionKey {
    kid: String,
    pair: rsa::KeyPair,
    public: Public,
}

impl EncryptionKey {
    /// The `alg` it is published with.
    pub const ALG: &str = "RSA-OAEP";

    /// Makes a new key of 2048, 3072, 4096 or 8192 bits with Keycloak's key id.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] for any other size; [`Error::Crypto`] if the library fails.
    pub fn generate(bits: u32) -> Result<Self> {
        Self::new(None, rsa::KeyPair::generate(rsa_size(bits)?)?)
    }

    /// Reads a private key in PKCS#8 (RFC 5958), unencrypted.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if it is not an RSA key of 2048 to 8192 bits.
    pub fn from_pkcs8(kid: impl Into<String>, der: &[u8]) -> Result<Self> {
        let pair = rsa::KeyPair::from_pkcs8(der)
            .map_err(|_| Error::BadKey("the private key is not an RSA key of 2048 bits or more"))?;
        Self::new(Some(kid.into()), pair)
    }

    fn new(kid: Option<String>, pair: rsa::KeyPair) -> Result<Self> {
        let public = public::of_rsa(&pair)?;
        let kid = kid.unwrap_or_else(|| key_id(&public.spki));
        Ok(EncryptionKey { kid, pair, public })
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key in PKCS#8. Seal it before storing it.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(self.pair.as_der()?.as_ref().to_vec()))
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub fn public_der(&self) -> &[u8] {
        &self.public.spki
    }

    /// The public key for the key set.
    pub fn public_jwk(&self) -> Jwk {
        Jwk {
            kid: Some(self.kid.clone()),
            alg: Some(Self::ALG.into()),
            use_: Some("enc".into()),
            ..self.public.jwk.clone()
        }
    }
}
