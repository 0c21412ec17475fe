//! Encryption at rest.
//!
//! What is sealed: the byte 1 (the version of this format), the nonce (12 bytes), the
//! ciphertext, the tag (16 bytes). The cipher is AES-256-GCM; its key is derived from the
//! master key and the purpose with HKDF-SHA256 (RFC 5869), so that a value sealed for one
//! purpose can never be opened as another.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, Result};

const VERSION: u8 = 1;
const TAG_LEN: usize = 16;

/// The one key all stored secrets are sealed under. It cannot be printed.
///
/// Nonces are random, so under one master key at most 2³² values should be sealed for one
/// purpose (NIST SP 800-38D §8.3).
///
/// # Examples
///
/// ```
/// use vestibule_jose::secretbox::MasterKey;
/// let master = MasterKey::from_bytes([7; 32]);
/// let sealed = master.seal("realm-key", b"acme", b"secret")?;
/// assert_eq!(master.open("realm-key", b"acme", &sealed)?.as_slice(), b"secret");
/// assert!(master.open("realm-key", b"other realm", &sealed).is_err());
/// assert!(master.open("smtp-password", b"acme", &sealed).is_err());
/// # Ok::<(), vestibule_jose::Error>(())
/// ```
pub struct MasterKey {
    extracted: Prk,
}

impl MasterKey {
    /// Takes the 32 random bytes of the master key.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let extracted = Salt::new(HKDF_SHA256, b"vestibule secretbox 1").extract(&bytes);
        bytes.zeroize();
        MasterKey { extracted }
    }

    /// Seals `plain` for a purpose. `aad` is what the value belongs to, such as its owner's
    /// id: it is not stored, and opening needs the same. Sealing twice gives two values.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn seal(&self, purpose: &str, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut text = Vec::with_capacity(plain.len() + TAG_LEN);
        text.extend_from_slice(plain);
        let nonce = self.key(purpose)?.seal_in_place_append_tag(Aad::from(aad), &mut text)?;
        Ok([&[VERSION], &nonce.as_ref()[..], &text].concat())
    }

    /// Opens what [`MasterKey::seal`] sealed for the same purpose and `aad`.
    ///
    /// # Errors
    ///
    /// [`Error::Unsealable`] if the value is damaged or was sealed under another key,
    /// purpose or `aad`.
    pub fn open(&self, purpose: &str, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let body = sealed.strip_prefix(&[VERSION]).ok_or(Error::Unsealable)?;
        let (nonce, text) = body.split_at_checked(NONCE_LEN).ok_or(Error::Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut text = Zeroizing::new(text.to_vec());
        let len = self
            .key(purpose)?
            .open_in_place(nonce, Aad::from(aad), &mut text)
            .map_err(|_| Error::Unsealable)?
            .len();
        text.truncate(len);
        Ok(text)
    }

    /// 32 bytes for a purpose and an owner, always the same: what only the holder of the key can know.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn derive(&self, purpose: &str, owner: &[u8]) -> Result<[u8; 32]> {
        let mut derived = [0; 32];
        let info = [b"derived ", purpose.as_bytes(), b"\0", owner];
        self.extracted.expand(&info, HKDF_SHA256)?.fill(&mut derived)?;
        Ok(derived)
    }

    fn key(&self, purpose: &str) -> Result<RandomizedNonceKey> {
        let mut key = Zeroizing::new([0; 32]);
        let info = [purpose.as_bytes()];
        self.extracted.expand(&info, &AES_256_GCM)?.fill(key.as_mut_slice())?;
        Ok(RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())?)
    }
}
