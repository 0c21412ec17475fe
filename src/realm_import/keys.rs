//! Private keys inside key providers: read from an export into the sealed table of keys, and written back into one.
//!
//! RSA keys come as PKCS#1 or PKCS#8, with or without the lines around PEM; those on curves as PKCS#8; secrets in base64url.
//! The key id is Keycloak's, so that tokens that were issued before are still known.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use vestibule_jose::digest::{b64, b64url, b64url_decode, key_id};
use vestibule_jose::{Alg, EncryptionKey, SigningKey};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret_settings::MASK;
use crate::store::key::{Material, RealmKey};

/// Members of a key provider's configuration that are the key itself, not settings.
const OWN: &[&str] = &[
    "privateKey",
    "certificate",
    "secret",
    "kid",
    "ecdsaPrivateKey",
    "ecdsaPublicKey",
    "eddsaPrivateKey",
    "eddsaPublicKey",
];

fn setting<'a>(config: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    config
        .get(name)?
        .as_array()?
        .first()?
        .as_str()
        .filter(|s| !s.is_empty())
}

/// Whether a provider brings a key, whatever its kind.
pub(super) fn brings_one(config: &Map<String, Value>) -> bool {
    let private = [
        "privateKey",
        "secret",
        "ecdsaPrivateKey",
        "eddsaPrivateKey",
        "ecdhPrivateKey",
        "keystore",
    ];
    private
        .iter()
        .any(|name| setting(config, name).is_some_and(|v| v != MASK))
}

/// Takes the key out of the configuration of a key provider. `None`: it brings none that this server can use; the
/// configuration is then left as it is.
pub fn take(provider: &str, config: &mut Map<String, Value>, now: i64) -> Option<RealmKey> {
    let material = material(provider, config)?;
    let (kid, algorithm) = match &material {
        Material::Sign(key) => (key.kid().to_owned(), key.alg().as_str()),
        Material::Encrypt(key) => (key.kid().to_owned(), EncryptionKey::ALG),
        Material::Secret(_) => (
            setting(config, "kid").map_or_else(crate::random::uuid, str::to_owned),
            "AES",
        ),
    };
    let certificate = setting(config, "certificate").and_then(der);
    config.retain(|name, _| !OWN.contains(&name.as_str()));
    Some(RealmKey {
        id: crate::random::uuid(),
        component_id: String::new(),
        kid,
        algorithm: algorithm.to_owned(),
        certificate: certificate.map(|c| c.to_vec()),
        created: now,
        material,
    })
}

fn material(provider: &str, config: &Map<String, Value>) -> Option<Material> {
    let algorithm = |default: Alg| setting(config, "algorithm").and_then(Alg::parse).unwrap_or(default);
    let kid = || setting(config, "kid").map_or_else(crate::random::uuid, str::to_owned);
    match provider {
        "rsa" | "rsa-generated" if setting(config, "keyUse").is_none_or(|u| u.eq_ignore_ascii_case("sig")) => {
            signing(algorithm(Alg::RS256), &rsa(config)?)
        }
        "rsa-enc" | "rsa-enc-generated" | "rsa" | "rsa-generated" => {
            let der = rsa(config)?;
            let key = EncryptionKey::from_pkcs8("", &der).ok()?;
            let kid = key_id(key.public_der());
            EncryptionKey::from_pkcs8(kid, &der).ok().map(Material::Encrypt)
        }
        "ecdsa-generated" => {
            let alg = match setting(config, "ecdsaEllipticCurveKey") {
                Some("P-384") => Alg::ES384,
                Some("P-521") => Alg::ES512,
                _ => Alg::ES256,
            };
            signing(alg, &der(setting(config, "ecdsaPrivateKey")?)?)
        }
        "eddsa-generated" => signing(Alg::EdDSA, &der(setting(config, "eddsaPrivateKey")?)?),
        "hmac-generated" => {
            let secret = Zeroizing::new(b64url_decode(setting(config, "secret")?).ok()?);
            SigningKey::from_secret(algorithm(Alg::HS256), kid(), &secret)
                .ok()
                .map(Material::Sign)
        }
        "aes-generated" => b64url_decode(setting(config, "secret")?).ok().map(Material::Secret),
        _ => None,
    }
}

fn signing(alg: Alg, der: &[u8]) -> Option<Material> {
    let key = SigningKey::from_pkcs8(alg, "", der).ok()?;
    let kid = key_id(key.public_der()?);
    Some(Material::Sign(key.with_kid(kid)))
}

/// The bytes within PEM, or base64 alone.
fn der(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lines = text.lines().filter(|l| !l.starts_with("-----"));
    let plain: String = lines.flat_map(|l| l.chars().filter(|c| !c.is_whitespace())).collect();
    STANDARD.decode(plain).ok().map(Zeroizing::new)
}

/// The private RSA key in PKCS#8.
fn rsa(config: &Map<String, Value>) -> Option<Zeroizing<Vec<u8>>> {
    let der = der(setting(config, "privateKey")?)?;
    // Both forms begin with a sequence and a version; then PKCS#8 has a sequence, PKCS#1 the modulus.
    let is_pkcs8 = der.windows(4).take(8).any(|w| w == [0x02, 0x01, 0x00, 0x30]);
    Some(if is_pkcs8 { der } else { Zeroizing::new(wrapped(&der)) })
}

/// `PrivateKeyInfo` (RFC 5208) around an `RSAPrivateKey`.
fn wrapped(pkcs1: &[u8]) -> Vec<u8> {
    const RSA: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let mut inner = vec![0x02, 0x01, 0x00];
    inner.extend(RSA);
    inner.extend(element(0x04, pkcs1));
    element(0x30, &inner)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut all = vec![tag];
    match length {
        0..0x80 => all.push(length as u8),
        0x80..0x100 => all.extend([0x81, length as u8]),
        _ => all.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    all.extend(content);
    all
}

/// The `RSAPrivateKey` within a `PrivateKeyInfo`.
fn unwrapped(pkcs8: &[u8]) -> Option<&[u8]> {
    let at = pkcs8.windows(2).position(|w| w == [0x04, 0x82])?;
    pkcs8.get(at + 4..).filter(|inner| inner.first() == Some(&0x30))
}

/// Puts a key into the configuration of its provider, as Keycloak exports it.
///
/// # Errors
///
/// [`Error::Key`] if the library cannot write it.
pub fn put(provider: &str, config: &mut Map<String, Value>, key: &RealmKey) -> Result<(), Error> {
    let failed = |e: vestibule_jose::Error| Error::Key(e.to_string());
    let mut set = |name: &str, value: String| {
        config.insert(name.to_owned(), json!([value]));
    };
    let der = match &key.material {
        Material::Sign(k) => k.to_der().map_err(failed)?,
        Material::Encrypt(k) => k.to_der().map_err(failed)?,
        Material::Secret(bytes) => Zeroizing::new(bytes.clone()),
    };
    let public = key.public_der().map(b64).unwrap_or_default();
    match provider {
        "ecdsa-generated" => {
            set("ecdsaPrivateKey", b64(&der));
            set("ecdsaPublicKey", public);
        }
        "eddsa-generated" => {
            set("eddsaPrivateKey", b64(&der));
            set("eddsaPublicKey", public);
        }
        "hmac-generated" | "aes-generated" => {
            set("kid", key.kid.clone());
            set("secret", b64url(&der));
        }
        _ => {
            set("privateKey", b64(unwrapped(&der).unwrap_or(&der)));
            if let Some(certificate) = &key.certificate {
                set("certificate", b64(certificate));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rsa_key_is_the_same_in_either_form() {
        let made = SigningKey::generate(Alg::RS256).unwrap();
        let pkcs8 = made.to_der().unwrap();
        let pkcs1 = unwrapped(&pkcs8).unwrap();
        assert_eq!(wrapped(pkcs1), pkcs8.to_vec());
        for text in [
            b64(pkcs1),
            b64(&pkcs8),
            format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                b64(&pkcs8)
            ),
        ] {
            let mut config = Map::new();
            config.insert("privateKey".into(), json!([text]));
            config.insert("priority".into(), json!(["100"]));
            let key = take("rsa-generated", &mut config, 0).unwrap();
            assert_eq!((key.kid.as_str(), config.len()), (made.kid(), 1));
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_stays_where_it_was() {
        let mut config = Map::new();
        config.insert("ecdhPrivateKey".into(), json!(["AAAA"]));
        assert!(take("ecdh-generated", &mut config, 0).is_none() && config.len() == 1);
        config.insert("privateKey".into(), json!(["no key"]));
        assert!(take("rsa", &mut config, 0).is_none() && config.len() == 2);
    }
}
