//! How the key of the content reaches the recipient (RFC 7518 §4).

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::cipher::{AES_192, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap as _};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Enc;
use crate::alg::Curve;
use crate::digest::{b64url, sha256};
use crate::{EncryptionKey, Error, Jwk, Result};

/// An algorithm by which the key of the content reaches the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlg {
    /// With SHA-1, which does no harm there.
    RsaOaep,
    /// With SHA-256.
    RsaOaep256,
    /// For recipients that know nothing newer. Nothing is ever decrypted with it (RFC 8725 §3.2).
    Rsa15,
    /// The agreed secret is the key.
    EcdhEs,
    EcdhEsA128Kw,
    EcdhEsA192Kw,
    EcdhEsA256Kw,
}

/// The key of the content, and what tells the recipient of it.
pub(super) struct Sealed {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) wrapped: Vec<u8>,
    /// The public key of this one message.
    pub(super) epk: Option<Value>,
}

impl KeyAlg {
    const ALL: [KeyAlg; 7] = [
        KeyAlg::RsaOaep,
        KeyAlg::RsaOaep256,
        KeyAlg::Rsa15,
        KeyAlg::EcdhEs,
        KeyAlg::EcdhEsA128Kw,
        KeyAlg::EcdhEsA192Kw,
        KeyAlg::EcdhEsA256Kw,
    ];

    /// The algorithm of this name, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// The name in the `alg` header and in JWKs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::Rsa15 => "RSA1_5",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA192Kw => "ECDH-ES+A192KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    pub(super) fn fits(self, key: &Jwk) -> bool {
        match self {
            Self::RsaOaep | Self::RsaOaep256 | Self::Rsa15 => key.kty == "RSA",
            _ => key.kty == "EC" && key.crv.as_deref().and_then(Curve::named).is_some(),
        }
    }

    fn oaep(self) -> Option<&'static OaepAlgorithm> {
        match self {
            Self::RsaOaep => Some(&OAEP_SHA1_MGF1SHA1),
            Self::RsaOaep256 => Some(&OAEP_SHA256_MGF1SHA256),
            _ => None,
        }
    }
}

/// A fresh key for content, on its way to a recipient.
pub(super) fn content_key(alg: KeyAlg, enc: Enc, recipient: &Jwk) -> Result<Sealed> {
    if !alg.fits(recipient) {
        return Err(Error::WrongAlg);
    }
    if !matches!(alg, KeyAlg::RsaOaep | KeyAlg::RsaOaep256 | KeyAlg::Rsa15) {
        return agreed(alg, enc, recipient);
    }
    let mut key = Zeroizing::new(vec![0; enc.key_len()]);
    rand::fill(&mut key)?;
    let public = PublicEncryptingKey::from_der(&recipient.rsa_spki()?);
    let public = public.map_err(|_| Error::BadKey("the RSA key is invalid"))?;
    let mut wrapped = vec![0; public.key_size_bytes()];
    let written = match alg.oaep() {
        Some(oaep) => OaepPublicEncryptingKey::new(public)?
            .encrypt(oaep, &key, &mut wrapped, None)?
            .len(),
        None => Pkcs1PublicEncryptingKey::new(public)?
            .encrypt(&key, &mut wrapped)?
            .len(),
    };
    wrapped.truncate(written);
    Ok(Sealed {
        key,
        wrapped,
        epk: None,
    })
}

fn agreed(alg: KeyAlg, enc: Enc, recipient: &Jwk) -> Result<Sealed> {
    let curve = recipient.crv.as_deref().and_then(Curve::named).ok_or(Error::WrongAlg)?;
    let algorithm = match curve {
        Curve::P256 => &agreement::ECDH_P256,
        Curve::P384 => &agreement::ECDH_P384,
        Curve::P521 => &agreement::ECDH_P521,
    };
    let own = PrivateKey::generate(algorithm)?;
    let public = own.compute_public_key()?;
    let point = public.as_ref().get(1..).ok_or(Error::Crypto)?;
    let (x, y) = point.split_at_checked(curve.coordinate_len()).ok_or(Error::Crypto)?;
    let epk = json!({ "kty": "EC", "crv": curve.name(), "x": b64url(x), "y": b64url(y) });
    let theirs = UnparsedPublicKey::new(algorithm, recipient.ec_point(curve)?);
    let invalid = Error::BadKey("the EC key is invalid");
    let derived = |name: &'static str, len: usize| {
        agreement::agree(&own, &theirs, invalid.clone(), |secret| {
            Ok(derive(secret, name, [&[], &[]], len))
        })
    };
    let kek = match alg {
        KeyAlg::EcdhEsA128Kw => 16,
        KeyAlg::EcdhEsA192Kw => 24,
        KeyAlg::EcdhEsA256Kw => 32,
        _ => {
            return Ok(Sealed {
                key: derived(enc.as_str(), enc.key_len())?,
                wrapped: Vec::new(),
                epk: Some(epk),
            });
        }
    };
    let kek = derived(alg.as_str(), kek)?;
    let mut key = Zeroizing::new(vec![0; enc.key_len()]);
    rand::fill(&mut key)?;
    let wrapped = wrap(&kek, &key)?;
    Ok(Sealed {
        key,
        wrapped,
        epk: Some(epk),
    })
}

/// AES key wrap (RFC 3394) with a key of any of its lengths.
fn wrap(kek: &[u8], key: &[u8]) -> Result<Vec<u8>> {
    let cipher = match kek.len() {
        16 => &key_wrap::AES_128,
        32 => &key_wrap::AES_256,
        _ => return wrap_192(kek, key),
    };
    let mut wrapped = vec![0; key.len() + 8];
    let written = AesKek::new(cipher, kek)?.wrap(key, &mut wrapped)?.len();
    wrapped.truncate(written);
    Ok(wrapped)
}

/// The same with 192 bits, which the library has not: RFC 3394 section 2.2.1, index based, of its AES.
fn wrap_192(kek: &[u8], key: &[u8]) -> Result<Vec<u8>> {
    let aes = EncryptingKey::ecb(UnboundCipherKey::new(&AES_192, kek)?)?;
    let mut out = [&[0xa6; 8][..], key].concat();
    let parts = key.len() / 8;
    for step in 1..=6 * parts {
        let at = 8 * (1 + (step - 1) % parts);
        let mut block = [&out[..8], &out[at..at + 8]].concat();
        aes.encrypt(&mut block)?;
        for (byte, count) in block.iter_mut().zip((step as u64).to_be_bytes()) {
            *byte ^= count;
        }
        out[..8].copy_from_slice(&block[..8]);
        out[at..at + 8].copy_from_slice(&block[8..]);
    }
    Ok(out)
}

/// The Concat KDF of NIST SP 800-56A with SHA-256 (RFC 7518 §4.6.2). We name no parties.
fn derive(secret: &[u8], algorithm: &str, parties: [&[u8]; 2], len: usize) -> Zeroizing<Vec<u8>> {
    let part = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let other = [
        part(algorithm.as_bytes()),
        part(parties[0]),
        part(parties[1]),
        (len as u32 * 8).to_be_bytes().to_vec(),
    ]
    .concat();
    let mut out = Zeroizing::new(Vec::with_capacity(len + 32));
    for round in 1u32.. {
        if out.len() >= len {
            break;
        }
        let input = Zeroizing::new([&round.to_be_bytes(), secret, &other].concat());
        out.extend_from_slice(&sha256(&input));
    }
    out.truncate(len);
    out
}

/// The key of the content. A wrapped key that cannot be opened gives a random one (RFC 7516 §11.5), so that it is told from a
/// wrong text by nobody.
pub(super) fn open(alg: KeyAlg, enc: Enc, key: &EncryptionKey, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let oaep = alg.oaep().ok_or(Error::UnknownAlg)?;
    let private = PrivateDecryptingKey::from_pkcs8(&key.to_der()?).map_err(|_| Error::Crypto)?;
    let private = OaepPrivateDecryptingKey::new(private)?;
    let mut opened = Zeroizing::new(vec![0; private.min_output_size()]);
    let mut random = Zeroizing::new(vec![0; enc.key_len()]);
    rand::fill(&mut random)?;
    Ok(match private.decrypt(oaep, wrapped, &mut opened, None) {
        Ok(found) if found.len() == enc.key_len() => Zeroizing::new(found.to_vec()),
        _ => random,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_derived_as_in_rfc_7518_appendix_c() {
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(&secret, "A128GCM", [b"Alice", b"Bob"], 16);
        assert_eq!(b64url(&key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn keys_are_wrapped_as_in_rfc_3394_section_4() {
        let numbers = |until: u8| (0..until).collect::<Vec<u8>>();
        let data: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
        let bytes = |hex: &str| -> Vec<u8> {
            let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
            digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
        };
        let wrapped = wrap(&numbers(16), &data).unwrap();
        assert_eq!(wrapped, bytes("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"));
        let wrapped = wrap(&numbers(24), &data).unwrap();
        assert_eq!(wrapped, bytes("96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"));
        let longer = [data, numbers(8)].concat();
        let wrapped = wrap(&numbers(24), &longer).unwrap();
        assert_eq!(
            wrapped,
            bytes("031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2")
        );
    }

    /// What the recipient finds out: from the message's key and their own.
    fn found(own: &PrivateKey, curve: Curve, sealed: &Sealed, name: &str, len: usize) -> Zeroizing<Vec<u8>> {
        let epk = Jwk::from_value(sealed.epk.clone().unwrap()).unwrap();
        let point = UnparsedPublicKey::new(own.algorithm(), epk.ec_point(curve).unwrap());
        agreement::agree(own, &point, Error::Crypto, |secret| {
            Ok(derive(secret, name, [&[], &[]], len))
        })
        .unwrap()
    }

    #[test]
    fn the_recipient_agrees_on_the_same_key() {
        for (curve, algorithm) in [
            (Curve::P256, &agreement::ECDH_P256),
            (Curve::P384, &agreement::ECDH_P384),
            (Curve::P521, &agreement::ECDH_P521),
        ] {
            let own = PrivateKey::generate(algorithm).unwrap();
            let public = own.compute_public_key().unwrap();
            let (x, y) = public.as_ref()[1..].split_at(curve.coordinate_len());
            let jwk = json!({ "kty": "EC", "crv": curve.name(), "x": b64url(x), "y": b64url(y) });
            let jwk = Jwk::from_value(jwk).unwrap();
            let direct = content_key(KeyAlg::EcdhEs, Enc::A256CbcHs512, &jwk).unwrap();
            assert!(direct.wrapped.is_empty());
            assert_eq!(*found(&own, curve, &direct, "A256CBC-HS512", 64), *direct.key);
            for (alg, cipher) in [
                (KeyAlg::EcdhEsA128Kw, &key_wrap::AES_128),
                (KeyAlg::EcdhEsA256Kw, &key_wrap::AES_256),
            ] {
                let sealed = content_key(alg, Enc::A128Gcm, &jwk).unwrap();
                let len = if alg == KeyAlg::EcdhEsA128Kw { 16 } else { 32 };
                let kek = found(&own, curve, &sealed, alg.as_str(), len);
                let mut opened = [0; 64];
                let opened = AesKek::new(cipher, &kek)
                    .unwrap()
                    .unwrap(&sealed.wrapped, &mut opened)
                    .unwrap();
                assert_eq!(*opened, **sealed.key);
            }
        }
    }
}
