//! Encrypted tokens in compact form (RFC 7516 §3.1), for one recipient.
//!
//! # Examples
//!
//! ```
//! use vestibule_jose::{EncryptionKey, jwe};
//! let key = EncryptionKey::generate(2048)?;
//! let (alg, enc) = (jwe::KeyAlg::RsaOaep256, jwe::Enc::A128CbcHs256);
//! let token = jwe::encrypt(b"hello", alg, enc, &key.public_jwk(), "")?;
//! assert_eq!(jwe::decrypt(&token, &key)?, b"hello");
//! # Ok::<(), vestibule_jose::Error>(())
//! ```

mod content;
mod wrap;

use aws_lc_rs::rand;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub use content::Enc;
pub use wrap::KeyAlg;

use crate::digest::{b64url, b64url_decode};
use crate::{EncryptionKey, Error, Jwk, Jwks, Result, strict_json};

/// The longest token that is read, in bytes.
pub const MAX_LEN: usize = 32 * 1024;

/// Encrypts for a recipient. `cty` is `JWT` where `plain` is a signed token (RFC 7519 §5.2), else empty.
///
/// # Errors
///
/// [`Error::WrongAlg`] if the key does not serve `alg`; [`Error::BadKey`] if it is none; [`Error::Crypto`] if the library
/// fails.
pub fn encrypt(plain: &[u8], alg: KeyAlg, enc: Enc, recipient: &Jwk, cty: &str) -> Result<String> {
    let mut header = Map::new();
    header.insert("alg".into(), alg.as_str().into());
    header.insert("enc".into(), enc.as_str().into());
    for (name, value) in [("cty", Some(cty)), ("kid", recipient.kid.as_deref())] {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            header.insert(name.into(), value.into());
        }
    }
    let sealed = wrap::content_key(alg, enc, recipient)?;
    if let Some(epk) = sealed.epk {
        header.insert("epk".into(), epk);
    }
    let header = b64url(Value::Object(header).to_string().as_bytes());
    let mut iv = vec![0; enc.iv_len()];
    rand::fill(&mut iv)?;
    let (text, tag) = enc.seal(&sealed.key, &iv, header.as_bytes(), plain)?;
    let parts = [b64url(&sealed.wrapped), b64url(&iv), b64url(&text), b64url(&tag)];
    Ok(format!("{header}.{}", parts.join(".")))
}

/// Decrypts a token that was encrypted to a realm's key: `RSA-OAEP` or `RSA-OAEP-256` only. Who encrypted it is not known.
///
/// # Errors
///
/// [`Error::Malformed`] if it is no such token; [`Error::Unsealable`] if it cannot be opened, whatever the reason.
pub fn decrypt(token: &str, key: &EncryptionKey) -> Result<Vec<u8>> {
    const SHAPE: Error = Error::Malformed("an encrypted token has five parts");
    if token.len() > MAX_LEN {
        return Err(Error::Malformed("the token is too long"));
    }
    let parts: Vec<&str> = token.splitn(6, '.').collect();
    let [header, wrapped, iv, text, tag] = parts.as_slice() else {
        return Err(SHAPE);
    };
    let read = strict_json::object(&b64url_decode(header)?).ok_or(SHAPE)?;
    if read.contains_key("crit") || read.contains_key("zip") {
        return Err(Error::Malformed("the token's header is not supported"));
    }
    let name = |name: &str| read.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg = KeyAlg::parse(name("alg")).ok_or(Error::UnknownAlg)?;
    let enc = Enc::parse(name("enc")).ok_or(Error::UnknownAlg)?;
    let content_key: Zeroizing<Vec<u8>> = wrap::open(alg, enc, key, &b64url_decode(wrapped)?)?;
    let (iv, text, tag) = (b64url_decode(iv)?, b64url_decode(text)?, b64url_decode(tag)?);
    enc.open(&content_key, &iv, header.as_bytes(), text, &tag)
}

impl Jwks {
    /// The key to encrypt to with `alg`: one that is meant for encryption, else one that does not say.
    pub fn find_for_encryption(&self, alg: KeyAlg) -> Option<&Jwk> {
        let fits = |key: &&Jwk| {
            alg.fits(key)
                && key.alg.as_deref().is_none_or(|own| own == alg.as_str())
                && key.use_.as_deref().is_none_or(|own| own == "enc")
        };
        let mut all = self.keys.iter().filter(fits);
        let first = all.next()?;
        if first.use_.is_some() {
            return Some(first);
        }
        all.find(|key| key.use_.is_some()).or(Some(first))
    }
}
