//! A client's own JSON Web Key Set. RFC 7517, RFC 7591 §2.

use super::json::wrong_type;
use super::refuse;
use crate::error::Refusal;
use aws_lc_rs::signature::{self, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

const MAX_KEYS: usize = 100;
const MAX_KEY_TEXT: usize = 16_384;
/// Parts of private keys. RFC 7518 §6.2.2, §6.3.2.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Checks a key set and puts each key's members in Keycloak's order.
pub(super) fn check(sent: &Value) -> Result<Value, Refusal> {
    let set = sent.as_object().ok_or_else(wrong_type)?;
    let keys = set.get("keys").ok_or_else(|| refuse("jwks must have a member keys"))?;
    let keys = keys.as_array().ok_or_else(wrong_type)?;
    if keys.len() > MAX_KEYS {
        return Err(refuse(format!("jwks must not have more than {MAX_KEYS} keys")));
    }
    let mut checked: Vec<Value> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let key = key.as_object().ok_or_else(wrong_type)?;
        check_key(key).map_err(|rule| refuse(format!("jwks key {index} {rule}")))?;
        let twin =
            |other: &Value| key.contains_key("kid") && ["kid", "kty"].iter().all(|m| other.get(*m) == key.get(*m));
        if checked.iter().any(twin) {
            return Err(refuse(format!("jwks key {index} has the kid of another key")));
        }
        checked.push(Value::Object(ordered(key)));
    }
    Ok(json!({ "keys": checked }))
}

fn check_key(key: &Map<String, Value>) -> Result<(), &'static str> {
    let kty = key.get("kty").and_then(Value::as_str).ok_or("must have a member kty")?;
    if PRIVATE.iter().any(|part| key.contains_key(*part)) {
        return Err("must not contain private parts");
    }
    // A shared secret is no public key, whatever it is called.
    if kty == "oct" || key.contains_key("k") {
        return Err("must not be symmetric");
    }
    if ["kid", "alg", "use"]
        .iter()
        .any(|m| key.get(*m).is_some_and(|value| !value.is_string() && !value.is_null()))
    {
        return Err("must have texts for kid, alg and use");
    }
    if serde_json::to_string(key).map_or(usize::MAX, |text| text.len()) > MAX_KEY_TEXT {
        return Err("is too long");
    }
    let part = |name: &str| {
        key.get(name)
            .and_then(Value::as_str)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
    };
    match kty {
        "RSA" => {
            let modulus = part("n").ok_or("must have n and e in base64url")?;
            part("e").ok_or("must have n and e in base64url")?;
            let leading = modulus.iter().take_while(|byte| **byte == 0).count();
            if modulus.len() - leading < 256 {
                Err("must be an RSA key of at least 2048 bits")
            } else {
                Ok(())
            }
        }
        "EC" => {
            let both = part("x").zip(part("y"));
            let (x, y) = both.ok_or("must have x and y in base64url")?;
            on_curve(crv(key), &x, &y)
        }
        "OKP" => {
            let x = part("x").ok_or("must have x in base64url")?;
            let length = match crv(key) {
                "Ed25519" | "X25519" => 32,
                "Ed448" => 57,
                "X448" => 56,
                _ => return Err("must have the crv Ed25519, X25519, Ed448 or X448"),
            };
            let sound = x.len() == length
                && (crv(key) != "Ed25519" || ParsedPublicKey::new(&signature::ED25519, x.as_slice()).is_ok());
            sound.then_some(()).ok_or("must have an x that is a point of its curve")
        }
        // RFC 7517 §5: keys of kinds we do not know are passed over when one is looked for.
        _ => Ok(()),
    }
}

fn crv(key: &Map<String, Value>) -> &str {
    key.get("crv").and_then(Value::as_str).unwrap_or_default()
}

/// Whether two coordinates are a point of a curve that signatures or agreements use (RFC 7518 §6.2.1).
fn on_curve(crv: &str, x: &[u8], y: &[u8]) -> Result<(), &'static str> {
    let (curve, length) = match crv {
        "P-256" => (&signature::ECDSA_P256_SHA256_FIXED, 32),
        "P-384" => (&signature::ECDSA_P384_SHA384_FIXED, 48),
        "P-521" => (&signature::ECDSA_P521_SHA512_FIXED, 66),
        _ => return Err("must have the crv P-256, P-384 or P-521"),
    };
    let point = [&[4], x, y].concat();
    let sound = x.len() == length && y.len() == length && ParsedPublicKey::new(curve, point).is_ok();
    sound
        .then_some(())
        .ok_or("must have an x and y that are a point of its curve")
}

fn ordered(key: &Map<String, Value>) -> Map<String, Value> {
    const FIRST: [&str; 4] = ["kid", "kty", "alg", "use"];
    let mut rest: Vec<&String> = key.keys().filter(|name| !FIRST.contains(&name.as_str())).collect();
    rest.sort_unstable();
    let names = FIRST.into_iter().chain(rest.into_iter().map(String::as_str));
    names
        .filter_map(|name| Some((name.to_owned(), key.get(name)?.clone())))
        .collect()
}

/// Whether some key can check a signature: one of a kind that we know, and not for encryption.
pub(super) fn can_verify(set: &Value) -> bool {
    let kinds = ["RSA", "EC", "OKP"].map(Value::from);
    let known = |key: &Value| key.get("kty").is_some_and(|kty| kinds.contains(kty));
    let fits = |key: &Value| key.get("use").and_then(Value::as_str) != Some("enc") && known(key);
    set.get("keys")
        .and_then(Value::as_array)
        .is_some_and(|keys| keys.iter().any(fits))
}

/// Whether some key comes with a certificate. RFC 7517 §4.7: base64, the key's own first.
pub(super) fn has_certificate(set: &Value) -> bool {
    let own = |key: &Value| {
        let first = key.get("x5c")?.as_array()?.first()?.as_str()?;
        STANDARD.decode(first).ok().filter(|der| !der.is_empty())
    };
    let keys = set.get("keys").and_then(Value::as_array);
    keys.is_some_and(|keys| keys.iter().any(|key| own(key).is_some()))
}

/// Whether something can be encrypted to some key with an algorithm.
pub(super) fn can_encrypt(set: &Value, alg: &str) -> bool {
    let kty = if alg.starts_with("RSA") { "RSA" } else { "EC" };
    let own = |key: &Value| key.get("alg").and_then(Value::as_str).is_none_or(|own| own == alg);
    let fits = |key: &Value| {
        key.get("kty") == Some(&json!(kty)) && key.get("use").and_then(Value::as_str) != Some("sig") && own(key)
    };
    set.get("keys")
        .and_then(Value::as_array)
        .is_some_and(|keys| keys.iter().any(fits))
}

/// The first key that is not for encryption.
pub(super) fn first_for_signatures(set: &Value) -> Option<&Value> {
    let keys = set.get("keys")?.as_array()?;
    keys.iter()
        .find(|key| key.get("use").and_then(Value::as_str) != Some("enc"))
}

/// The set as Keycloak writes it into the attribute `jwks.string`.
pub(super) fn written(set: &Value) -> String {
    let keys = set
        .get("keys")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let one = |key: &Value| {
        let members = key.as_object().into_iter().flatten();
        let lines: Vec<String> = members
            .map(|(name, value)| format!("    {} : {value}", json!(name)))
            .collect();
        format!("{{\n{}\n  }}", lines.join(",\n"))
    };
    if keys.is_empty() {
        return "{\n  \"keys\" : [ ]\n}".to_owned();
    }
    let all: Vec<String> = keys.iter().map(one).collect();
    format!("{{\n  \"keys\" : [ {} ]\n}}", all.join(", "))
}
