//! Many public keys as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Alg, Error, Jwk, Result, strict_json};

/// A key set (RFC 7517 §5).
///
/// It is written with serde. A stranger's set is read with [`Jwks::parse`], which has bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys, in the order they were published.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// The most keys a stranger's set may hold.
    pub const MAX_KEYS: usize = 100;

    /// Reads a stranger's key set and checks every key of a known type. Keys of other types
    /// are kept, but serve no algorithm.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if it is not a JSON object with `keys`; [`Error::TooManyKeys`] if
    /// it has more than [`Jwks::MAX_KEYS`]; [`Error::KeyInSet`] with the position of the
    /// first key that is invalid or has private members.
    ///
    /// # Examples
    ///
    /// ```
    /// use vestibule_jose::Jwks;
    /// let refused = Jwks::parse(br#"{"keys":[{"kty":"XYZ"},{"kty":"RSA","d":"AQAB"}]}"#);
    /// assert_eq!(
    ///     refused.unwrap_err().to_string(),
    ///     "key 1 of the set: the key has private members; it is not secret any more"
    /// );
    /// ```
    pub fn parse(json: &[u8]) -> Result<Self> {
        let keys = read_set(json)?;
        let read = |(index, key)| {
            read_key(key).map_err(|reason| Error::KeyInSet {
                index,
                reason: Box::new(reason),
            })
        };
        let keys = keys.into_iter().enumerate().map(read).collect::<Result<_>>()?;
        Ok(Jwks { keys })
    }

    /// Reads a key set that somebody publishes. A key that [`Jwks::parse`] would refuse is left out, and the
    /// others serve (RFC 7517 §5): who publishes it may have reasons for that one which are none of ours.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if it is not a JSON object with `keys`; [`Error::TooManyKeys`] if
    /// it has more than [`Jwks::MAX_KEYS`].
    ///
    /// # Examples
    ///
    /// ```
    /// use vestibule_jose::Jwks;
    /// let set = br#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"RSA","d":"AQAB"},7]}"#;
    /// assert!(Jwks::parse(set).is_err());
    /// assert_eq!(Jwks::parse_published(set).unwrap().keys.len(), 0);
    /// ```
    pub fn parse_published(json: &[u8]) -> Result<Self> {
        let keys = read_set(json)?.into_iter();
        Ok(Jwks {
            keys: keys.filter_map(|key| read_key(key).ok()).collect(),
        })
    }

    /// The key that should check a token with this `kid` and `alg`: the first that
    /// [serves](Jwk::serves) `alg` and has the `kid`, if the token names one.
    pub fn find(&self, kid: Option<&str>, alg: Alg) -> Option<&Jwk> {
        self.keys
            .iter()
            .find(|key| key.serves(alg) && (kid.is_none() || key.kid.as_deref() == kid))
    }
}

fn read_set(json: &[u8]) -> Result<Vec<Value>> {
    let mut set = strict_json::object(json).ok_or(Error::BadKey("the key set is not a JSON object"))?;
    let Some(Value::Array(keys)) = set.remove("keys") else {
        return Err(Error::BadKey("the key set has no keys"));
    };
    if keys.len() > Jwks::MAX_KEYS {
        return Err(Error::TooManyKeys);
    }
    Ok(keys)
}

fn read_key(key: Value) -> Result<Jwk> {
    let jwk = Jwk::from_value(key)?;
    if jwk.has_private_parts() {
        return Err(Error::BadKey("the key has private members; it is not secret any more"));
    }
    jwk.check()?;
    Ok(jwk)
}
