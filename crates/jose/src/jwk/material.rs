//! From the members of a JWK to a key that checks signatures.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::RsaPublicKeyComponents;

use super::Jwk;
use crate::alg::{Curve, Family};
use crate::digest::b64url_decode;
use crate::{Alg, Error, Result, VerifyingKey};

impl Jwk {
    /// The key for checking signatures of `alg`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] unless the key [serves](Jwk::serves) `alg`; [`Error::BadKey`] if
    /// its members do not make a valid key, or one of RSA with less than 2048 bits.
    ///
    /// # Examples
    ///
    /// ```
    /// // RFC 7515, appendix A.3
    /// use vestibule_jose::{Alg, Jwk, jwt};
    /// let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6L\
    ///     y9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjD\
    ///     xw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    /// let jwk = Jwk::parse(br#"{"kty":"EC","crv":"P-256","use":"sig",
    ///     "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    ///     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#)?;
    /// let claims = jwt::decode(token)?.verify(&jwk.verifying_key(Alg::ES256)?)?;
    /// assert_eq!(claims["iss"], "joe");
    /// assert!(jwk.verifying_key(Alg::ES384).is_err());
    /// # Ok::<(), vestibule_jose::Error>(())
    /// ```
    pub fn verifying_key(&self, alg: Alg) -> Result<VerifyingKey> {
        if !self.serves(alg) {
            return Err(Error::WrongAlg);
        }
        match alg.family() {
            Family::Rsa(_) => VerifyingKey::from_public(alg, &self.rsa_spki()?),
            Family::Ec(curve) => VerifyingKey::from_public(alg, &self.ec_point(curve)?),
            Family::Ed25519 => VerifyingKey::from_public(alg, &self.ed25519_bytes()?),
            Family::Hmac(_) => Err(Error::WrongAlg),
        }
    }

    /// Checks the members of the key types we know; keys of other types are passed over, as
    /// RFC 7517 §5 wants.
    pub(crate) fn check(&self) -> Result<()> {
        let curve = self.crv.as_deref().and_then(Curve::named);
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => VerifyingKey::from_public(Alg::RS256, &self.rsa_spki()?).map(drop),
            ("OKP", Some("Ed25519")) => VerifyingKey::from_public(Alg::EdDSA, &self.ed25519_bytes()?).map(drop),
            ("EC", _) => match curve {
                Some(curve) => VerifyingKey::from_public(curve.alg(), &self.ec_point(curve)?).map(drop),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    pub(crate) fn rsa_spki(&self) -> Result<Vec<u8>> {
        let n = member(self.n.as_ref(), "the RSA key has no valid n")?;
        let e = member(self.e.as_ref(), "the RSA key has no valid e")?;
        // Some libraries write the sign byte of their big integers (RFC 7518 §6.3.1.1).
        let n = n.strip_prefix(&[0]).unwrap_or(&n);
        let bits = n
            .first()
            .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        match bits {
            0..2048 => return Err(Error::BadKey("the RSA key has less than 2048 bits")),
            2048..=8192 => {}
            _ => return Err(Error::BadKey("the RSA key has more than 8192 bits")),
        }
        let der = RsaPublicKeyComponents { n, e: &e }
            .as_der()
            .map_err(|_| Error::BadKey("the RSA key is invalid"))?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn ec_point(&self, curve: Curve) -> Result<Vec<u8>> {
        let x = member(self.x.as_ref(), "the EC key has no valid x")?;
        let y = member(self.y.as_ref(), "the EC key has no valid y")?;
        let len = curve.coordinate_len();
        if x.len() != len || y.len() != len {
            return Err(Error::BadKey("the EC key's coordinates have the wrong length"));
        }
        Ok([&[4][..], &x, &y].concat())
    }

    fn ed25519_bytes(&self) -> Result<Vec<u8>> {
        let x = member(self.x.as_ref(), "the Ed25519 key has no valid x")?;
        if x.len() != 32 {
            return Err(Error::BadKey("an Ed25519 key has 32 bytes"));
        }
        Ok(x)
    }
}

impl Curve {
    fn alg(self) -> Alg {
        match self {
            Curve::P256 => Alg::ES256,
            Curve::P384 => Alg::ES384,
            Curve::P521 => Alg::ES512,
        }
    }
}

fn member(value: Option<&String>, complaint: &'static str) -> Result<Vec<u8>> {
    let bytes = b64url_decode(value.map_or("", String::as_str));
    bytes
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or(Error::BadKey(complaint))
}
