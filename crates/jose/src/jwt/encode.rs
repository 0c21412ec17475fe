//! Writing tokens.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::digest::b64url;
use crate::{Error, Result, SigningKey};

/// Writes and signs a token. The header has `alg`, `typ` and `kid`, in that order; an empty
/// `typ` is left out.
///
/// The header is encoded once per key and `typ`, so that a token costs little more than its
/// signature.
///
/// # Errors
///
/// [`Error::Claims`] if the claims cannot be written as JSON; [`Error::Crypto`] if the
/// library fails.
pub fn encode(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Result<String> {
    let claims = serde_json::to_vec(claims).map_err(|_| Error::Claims)?;
    let header = key.headers().get(key, typ)?;
    // 700 is room for the signature of an RSA key of 4096 bits.
    let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 700);
    token.push_str(&header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&claims, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
    Ok(token)
}

/// The encoded headers of one key, by `typ`.
#[derive(Default)]
pub(crate) struct Headers(RwLock<Vec<(String, Arc<str>)>>);

/// A server writes a handful of types. More than these are encoded anew each time.
const REMEMBERED: usize = 16;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    typ: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    kid: &'a str,
}

impl Headers {
    fn get(&self, key: &SigningKey, typ: &str) -> Result<Arc<str>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, header)) = known.iter().find(|(of, _)| of == typ) {
            return Ok(Arc::clone(header));
        }
        drop(known);
        let header = Header {
            alg: key.alg().as_str(),
            typ,
            kid: key.kid(),
        };
        let json = serde_json::to_vec(&header).map_err(|_| Error::Claims)?;
        let header: Arc<str> = b64url(&json).into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED && known.iter().all(|(of, _)| of != typ) {
            known.push((typ.to_owned(), Arc::clone(&header)));
        }
        Ok(header)
    }
}
