//! How the content is encrypted (RFC 7518 §5).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::{constant_time, hmac};

use crate::{Error, Result};

/// An algorithm that encrypts content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enc {
    A128CbcHs256,
    A192CbcHs384,
    A256CbcHs512,
    A128Gcm,
    A192Gcm,
    A256Gcm,
}

/// What it is made of.
enum Kind {
    Gcm(&'static aead::Algorithm),
    Cbc(&'static cipher::Algorithm, hmac::Algorithm),
}

impl Enc {
    const ALL: [Enc; 6] = [
        Enc::A128CbcHs256,
        Enc::A192CbcHs384,
        Enc::A256CbcHs512,
        Enc::A128Gcm,
        Enc::A192Gcm,
        Enc::A256Gcm,
    ];

    /// The algorithm of this name, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.as_str() == name)
    }

    /// The name in the `enc` header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A192CbcHs384 => "A192CBC-HS384",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128Gcm => "A128GCM",
            Self::A192Gcm => "A192GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Bytes of its key.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }

    pub(super) fn iv_len(self) -> usize {
        match self.kind() {
            Kind::Gcm(_) => 12,
            Kind::Cbc(..) => 16,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::A128Gcm => Kind::Gcm(&aead::AES_128_GCM),
            Self::A192Gcm => Kind::Gcm(&aead::AES_192_GCM),
            Self::A256Gcm => Kind::Gcm(&aead::AES_256_GCM),
            Self::A128CbcHs256 => Kind::Cbc(&cipher::AES_128, hmac::HMAC_SHA256),
            Self::A192CbcHs384 => Kind::Cbc(&cipher::AES_192, hmac::HMAC_SHA384),
            Self::A256CbcHs512 => Kind::Cbc(&cipher::AES_256, hmac::HMAC_SHA512),
        }
    }

    /// Text and tag. The key is used once, with a random `iv`.
    pub(super) fn seal(self, key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut text = plain.to_vec();
        match self.kind() {
            Kind::Gcm(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
                let nonce = Nonce::try_assume_unique_for_key(iv)?;
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut text)?;
                Ok((text, tag.as_ref().to_vec()))
            }
            Kind::Cbc(algorithm, mac) => {
                let (mac_key, enc_key) = key.split_at(key.len() / 2);
                let iv_bytes: [u8; 16] = iv.try_into().map_err(|_| Error::Crypto)?;
                let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, enc_key)?)?;
                key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(iv_bytes.into()))?;
                let tag = tag(mac, mac_key, iv, aad, &text);
                Ok((text, tag))
            }
        }
    }

    /// The plain text, if key and tag are right.
    pub(super) fn open(self, key: &[u8], iv: &[u8], aad: &[u8], mut text: Vec<u8>, tag_sent: &[u8]) -> Result<Vec<u8>> {
        if iv.len() != self.iv_len() {
            return Err(Error::Unsealable);
        }
        match self.kind() {
            Kind::Gcm(algorithm) => {
                if tag_sent.len() != 16 {
                    return Err(Error::Unsealable);
                }
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
                let nonce = Nonce::try_assume_unique_for_key(iv)?;
                text.extend_from_slice(tag_sent);
                let plain = key.open_in_place(nonce, Aad::from(aad), &mut text);
                Ok(plain.map_err(|_| Error::Unsealable)?.to_vec())
            }
            Kind::Cbc(algorithm, mac) => {
                let (mac_key, enc_key) = key.split_at(key.len() / 2);
                // Before anything is decrypted: padding is never an answer (RFC 7518 §5.2.2.2).
                constant_time::verify_slices_are_equal(&tag(mac, mac_key, iv, aad, &text), tag_sent)
                    .map_err(|_| Error::Unsealable)?;
                let iv: [u8; 16] = iv.try_into().map_err(|_| Error::Unsealable)?;
                let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, enc_key)?)?;
                let plain = key.decrypt(&mut text, DecryptionContext::Iv128(iv.into()));
                Ok(plain.map_err(|_| Error::Unsealable)?.to_vec())
            }
        }
    }
}

/// RFC 7518 §5.2.2.1: the first half of the HMAC over everything.
fn tag(mac: hmac::Algorithm, key: &[u8], iv: &[u8], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let bits = (aad.len() as u64 * 8).to_be_bytes();
    let mut context = hmac::Context::with_key(&hmac::Key::new(mac, key));
    for part in [aad, iv, text, &bits] {
        context.update(part);
    }
    let whole = context.sign();
    let half = whole.as_ref().len() / 2;
    whole.as_ref()[..half].to_vec()
}
