//! A public key as Keycloak keeps it in `jwt.credential.public.key`: base64 of its
//! `SubjectPublicKeyInfo`. RFC 5280 §4.1.2.7, RFC 8017 appendix A.1, RFC 5480 §2.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// rsaEncryption with NULL parameters.
const RSA: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// id-ecPublicKey, which a curve follows.
const EC: [u8; 9] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

/// The key of a JWK, if it is RSA or on one of the NIST curves.
pub(super) fn of_jwk(key: &Value) -> Option<String> {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
    let (algorithm, public) = match key.get("kty")?.as_str()? {
        "RSA" => {
            let numbers = [integer(&part("n")?), integer(&part("e")?)].concat();
            (RSA.to_vec(), wrap(SEQUENCE, &numbers))
        }
        "EC" => {
            let curve = match key.get("crv")?.as_str()? {
                "P-256" => P256,
                "P-384" => P384,
                "P-521" => P521,
                _ => return None,
            };
            // An uncompressed point: SEC 1 §2.3.3.
            let point = [vec![0x04], part("x")?, part("y")?].concat();
            (wrap(SEQUENCE, &[&EC[..], curve].concat()), point)
        }
        _ => return None,
    };
    let bits = wrap(BIT_STRING, &[vec![0], public].concat());
    Some(STANDARD.encode(wrap(SEQUENCE, &[algorithm, bits].concat())))
}

fn integer(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let significant = &magnitude[zeros..];
    // A leading one bit would make it negative.
    let sign: &[u8] = if significant.first().is_none_or(|byte| *byte >= 0x80) {
        &[0]
    } else {
        &[]
    };
    wrap(INTEGER, &[sign, significant].concat())
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut der = vec![tag];
    if content.len() < 0x80 {
        der.push(content.len() as u8);
    } else {
        der.push(0x80 | significant.len() as u8);
        der.extend(significant);
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use super::of_jwk;
    use serde_json::json;

    #[test]
    fn a_key_is_written_as_openssl_writes_it() {
        // RFC 7517, appendix A.1: the first key. The text is what `openssl pkey -pubout` prints.
        let key = json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
        assert_eq!(
            of_jwk(&key).as_deref(),
            Some(
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw=="
            )
        );
        let key = json!({"kty": "RSA", "n": "wRuTFq1F-HOOuVFh4v0au3tvPeOh1b1cCjOM6UVdyBC8h_28BnD24qn1GFZGDGez4clA2NEw7iy1z9XhqEfg4e-9SI-smnka89FEdpgp-R6d3T3KHJq-AoVwU5arma38kuXgFG4jAZXUmEKSZBX7Fm7am1y6CaW6LrWFxeLVBt8", "e": "AQAB"});
        assert_eq!(
            of_jwk(&key).as_deref(),
            Some(
                "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDBG5MWrUX4c465UWHi/Rq7e28946HVvVwKM4zpRV3IELyH/bwGcPbiqfUYVkYMZ7PhyUDY0TDuLLXP1eGoR+Dh771Ij6yaeRrz0UR2mCn5Hp3dPcocmr4ChXBTlquZrfyS5eAUbiMBldSYQpJkFfsWbtqbXLoJpboutYXF4tUG3wIDAQAB"
            )
        );
    }
}
