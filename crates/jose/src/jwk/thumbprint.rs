//! The name a key has by itself.

use serde_json::{Map, Value};

use super::Jwk;
use crate::digest::{b64url, sha256};
use crate::{Error, Result};

impl Jwk {
    /// The SHA-256 thumbprint (RFC 7638; for OKP RFC 8037 §2), in base64url.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] if the key type is unknown or one of its members is missing.
    ///
    /// # Examples
    ///
    /// ```
    /// // RFC 8037, appendix A.3
    /// use vestibule_jose::Jwk;
    /// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// assert_eq!(jwk.thumbprint()?, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), vestibule_jose::Error>(())
    /// ```
    pub fn thumbprint(&self) -> Result<String> {
        let members: &[(&str, Option<&String>)] = match self.kty.as_str() {
            "RSA" => &[("e", self.e.as_ref()), ("kty", Some(&self.kty)), ("n", self.n.as_ref())],
            "EC" => &[
                ("crv", self.crv.as_ref()),
                ("kty", Some(&self.kty)),
                ("x", self.x.as_ref()),
                ("y", self.y.as_ref()),
            ],
            "OKP" => &[
                ("crv", self.crv.as_ref()),
                ("kty", Some(&self.kty)),
                ("x", self.x.as_ref()),
            ],
            _ => return Err(Error::BadKey("the key type is unknown")),
        };
        let mut object = Map::new();
        for (name, value) in members {
            let value = value.ok_or(Error::BadKey("a required member of the key is missing"))?;
            object.insert((*name).into(), value.clone().into());
        }
        Ok(b64url(&sha256(Value::Object(object).to_string().as_bytes())))
    }
}
