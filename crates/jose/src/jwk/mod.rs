//! One public key as JSON.

mod certificate;
mod material;
mod thumbprint;

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::alg::Family;
use crate::{Alg, Error, Result, strict_json};

/// A public JSON Web Key (RFC 7517; members of RFC 7518 §6 and RFC 8037 §2).
///
/// The members stand in the order Keycloak writes them. Unknown members are ignored when
/// read. Private members (`d`, `k`, ...) are not even kept: only that there were some, see
/// [`Jwk::has_private_parts`].
///
/// # Examples
///
/// ```
/// // The public key and the signature of RFC 8037, appendix A.2 and A.4
/// use vestibule_jose::{Alg, Jwk, digest::b64url_decode};
/// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519",
///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// let key = jwk.verifying_key(Alg::EdDSA)?;
/// let signature = b64url_decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4i\
///     ylGjg5BhVsPt9g7sVvpAr_MuM0KAg")?;
/// key.verify(Alg::EdDSA, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", &signature)?;
/// # Ok::<(), vestibule_jose::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// The key id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The key type: `RSA`, `EC` or `OKP`. Never empty in a key that was parsed.
    pub kty: String,
    /// The algorithm the key is meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// What the key may do, such as `verify` (RFC 7517 §4.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// The certificate chain, the key's own first (base64 of DER).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
    /// The SHA-1 of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
    /// The SHA-256 of the certificate.
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
    /// The modulus of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// The exponent of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// The curve of an EC or OKP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The x coordinate of an EC key, or the whole OKP key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate of an EC key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    #[serde(flatten, skip_serializing, deserialize_with = "any_private")]
    pub(crate) private: bool,
}

/// The members that must stay with their owner (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const NOT_A_KEY: Error = Error::BadKey("the key is not a JSON Web Key");

impl Jwk {
    /// Reads one key.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if it is not a JSON object with a `kty`, a member has the wrong
    /// type, or one comes twice.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let object = strict_json::object(json).ok_or(NOT_A_KEY)?;
        Self::from_value(object.into())
    }

    /// Reads one key from JSON that was read before, such as a `jwk` header.
    ///
    /// # Errors
    ///
    /// As [`Jwk::parse`].
    pub fn from_value(json: Value) -> Result<Self> {
        let jwk: Jwk = serde_json::from_value(json).map_err(|_| NOT_A_KEY)?;
        if jwk.kty.is_empty() {
            return Err(Error::BadKey("the key has no kty"));
        }
        Ok(jwk)
    }

    /// Whether the JSON it was read from had a private member. A stranger who sends us one
    /// has given their key away and should be told.
    pub fn has_private_parts(&self) -> bool {
        self.private
    }

    /// Whether the key says it may check signatures of this algorithm: `kty` and `crv` fit,
    /// and `alg`, `use` and `key_ops` do not forbid it. The key itself may still be invalid.
    pub fn serves(&self, alg: Alg) -> bool {
        let fits = match alg.family() {
            Family::Rsa(_) => self.kty == "RSA",
            Family::Ec(curve) => self.kty == "EC" && self.crv.as_deref() == Some(curve.name()),
            Family::Ed25519 => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
            Family::Hmac(_) => false,
        };
        fits && self.alg.as_deref().is_none_or(|own| own == alg.as_str())
            && self.use_.as_deref().is_none_or(|own| own == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }
}

/// Looks at the names no field has taken, and drops their values.
fn any_private<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the members of a key")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<bool, A::Error> {
            let mut private = false;
            while let Some(name) = map.next_key::<String>()? {
                map.next_value::<IgnoredAny>()?;
                private |= PRIVATE.contains(&name.as_str());
            }
            Ok(private)
        }
    }

    deserializer.deserialize_map(Names)
}
