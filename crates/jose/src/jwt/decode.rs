//! Reading tokens.

use std::fmt;

use serde_json::Value;

use super::Claims;
use crate::digest::b64url_decode;
use crate::{Alg, Error, Result, VerifyingKey, strict_json};

/// The longest token that is read, in bytes. Ours stay far below; proxies cut headers of 8
/// or 16 KiB.
pub const MAX_LEN: usize = 16 * 1024;

/// A token that was read but whose signature was not checked yet.
///
/// What the header says serves to find the key. Keys and addresses in it (`jwk`, `jku`,
/// `x5c`, `x5u`) are never followed here (RFC 8725 §3.10).
#[derive(Clone)]
pub struct Parsed<'a> {
    alg: Alg,
    header: Claims,
    claims: Claims,
    input: &'a str,
    signature: Vec<u8>,
}

/// Reads a token in compact form, strictly, without checking its signature.
///
/// # Errors
///
/// [`Error::Malformed`] if it is longer than [`MAX_LEN`], has not exactly three parts that
/// are not empty, if header or claims are not a JSON object or repeat a member, if `alg`,
/// `kid` or `typ` have the wrong type, or if there is a `crit` header: we understand none of
/// the extensions it may name (RFC 7515 §4.1.11). [`Error::Base64`] if a part is not
/// base64url without padding. [`Error::UnknownAlg`] for `none` and everything else that is
/// not an [`Alg`].
///
/// # Examples
///
/// ```
/// // RFC 7515, appendix A.1
/// use vestibule_jose::{Alg, VerifyingKey, digest::b64url_decode, jwt};
/// let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzO\
///     DAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// let secret = b64url_decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4\
///     hcgUuTwjAzZr1Z9CAow")?;
/// let claims = jwt::decode(token)?.verify(&VerifyingKey::from_secret(Alg::HS256, &secret)?)?;
/// assert_eq!(claims["iss"], "joe");
/// # Ok::<(), vestibule_jose::Error>(())
/// ```
pub fn decode(token: &str) -> Result<Parsed<'_>> {
    if token.len() > MAX_LEN {
        return Err(Error::Malformed("the token is too long"));
    }
    let (header, claims, signature) = three_parts(token)?;
    let input = &token[..header.len() + 1 + claims.len()];
    let header = strict_json::object(&b64url_decode(header)?)
        .ok_or(Error::Malformed("the token's header is not a JSON object"))?;
    let alg = read_header(&header)?;
    let claims = strict_json::object(&b64url_decode(claims)?)
        .ok_or(Error::Malformed("the token's claims are not a JSON object"))?;
    let signature = b64url_decode(signature)?;
    Ok(Parsed {
        alg,
        header,
        claims,
        input,
        signature,
    })
}

/// Splits at the dots. Looks at the first three only, however many there are.
fn three_parts(token: &str) -> Result<(&str, &str, &str)> {
    let mut parts = token.splitn(4, '.').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(signature), None)
            if header.len() + claims.len() + signature.len() + 2 == token.len() =>
        {
            Ok((header, claims, signature))
        }
        _ => Err(Error::Malformed("a signed token has three parts")),
    }
}

fn read_header(header: &Claims) -> Result<Alg> {
    if header.contains_key("crit") {
        return Err(Error::Malformed("the token's crit header is not supported"));
    }
    for name in ["kid", "typ"] {
        if header.get(name).is_some_and(|value| !value.is_string()) {
            return Err(Error::Malformed("the token's kid and typ must be strings"));
        }
    }
    match header.get("alg") {
        Some(Value::String(alg)) => alg.parse(),
        _ => Err(Error::Malformed("the token's header has no alg")),
    }
}

impl Parsed<'_> {
    /// The algorithm the token claims to be signed with.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// The id of the key the token claims to be signed with.
    pub fn kid(&self) -> Option<&str> {
        self.header("kid").and_then(Value::as_str)
    }

    /// The type of the token. Compare it with [`Parsed::is_typ`].
    pub fn typ(&self) -> Option<&str> {
        self.header("typ").and_then(Value::as_str)
    }

    /// Whether the token is of this type, in the sense of RFC 7515 §4.1.9: case does not
    /// matter and `application/` may be missing.
    pub fn is_typ(&self, typ: &str) -> bool {
        let bare = |typ: &str| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
        };
        self.typ().is_some_and(|own| bare(own) == bare(typ))
    }

    /// A member of the header, for protocols that define one, such as the `jwk` of `DPoP`.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// The claims as anyone may have written them. Good for finding out whose key should
    /// check them (`iss`), and for nothing else.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// Checks the signature, and keeps the token for more questions.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAlg`] if the key is not made for the token's algorithm;
    /// [`Error::BadSignature`] if the key did not sign it.
    pub fn check(&self, key: &VerifyingKey) -> Result<()> {
        key.verify(self.alg, self.input.as_bytes(), &self.signature)
    }

    /// Checks the signature and hands the claims over. Their meaning (`exp`, `aud`, ...) is
    /// the caller's to check.
    ///
    /// # Errors
    ///
    /// As [`Parsed::check`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Claims> {
        self.check(key)?;
        Ok(self.claims)
    }
}

/// Prints the algorithm only: a token in a log is as good as a password in a log.
impl fmt::Debug for Parsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed").field("alg", &self.alg).finish_non_exhaustive()
    }
}
