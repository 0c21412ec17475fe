//! Encrypted tokens: opened by whom they are for, and by nobody who changed a letter.

use vestibule_jose::{EncryptionKey, Jwks, jwe};

const ENCS: [&str; 6] = [
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "A128GCM",
    "A192GCM",
    "A256GCM",
];

#[test]
fn what_was_encrypted_is_opened_again_in_every_way() {
    let key = EncryptionKey::generate(2048).unwrap();
    for alg in ["RSA-OAEP", "RSA-OAEP-256"] {
        for enc in ENCS {
            let (alg, enc) = (jwe::KeyAlg::parse(alg).unwrap(), jwe::Enc::parse(enc).unwrap());
            for plain in [&b""[..], b"x", &[7; 1000]] {
                let token = jwe::encrypt(plain, alg, enc, &key.public_jwk(), "JWT").unwrap();
                assert_eq!(jwe::decrypt(&token, &key).unwrap(), plain);
            }
        }
    }
}

#[test]
fn a_changed_token_is_not_opened() {
    let (key, other) = (
        EncryptionKey::generate(2048).unwrap(),
        EncryptionKey::generate(2048).unwrap(),
    );
    for enc in ENCS {
        let (alg, enc) = (jwe::KeyAlg::RsaOaep, jwe::Enc::parse(enc).unwrap());
        let token = jwe::encrypt(b"secret", alg, enc, &key.public_jwk(), "").unwrap();
        assert!(jwe::decrypt(&token, &other).is_err());
        let parts: Vec<&str> = token.split('.').collect();
        for changed in 0..5 {
            let mut parts: Vec<String> = parts.iter().map(|p| (*p).to_owned()).collect();
            let first = if parts[changed].starts_with('A') { "B" } else { "A" };
            parts[changed].replace_range(..1, first);
            assert!(jwe::decrypt(&parts.join("."), &key).is_err(), "part {changed}");
        }
        for shape in [token.replace('.', ""), format!("{token}."), format!("{token}.x")] {
            assert!(jwe::decrypt(&shape, &key).is_err());
        }
    }
    let old = jwe::encrypt(b"x", jwe::KeyAlg::Rsa15, jwe::Enc::A128Gcm, &key.public_jwk(), "").unwrap();
    assert!(jwe::decrypt(&old, &key).is_err(), "nothing is decrypted with RSA1_5");
}

#[test]
fn a_key_for_signatures_is_not_encrypted_to() {
    let key = EncryptionKey::generate(2048).unwrap();
    let mut jwk = key.public_jwk();
    (jwk.use_, jwk.alg) = (Some("sig".into()), None);
    let set = Jwks {
        keys: vec![jwk.clone()],
    };
    assert!(set.find_for_encryption(jwe::KeyAlg::RsaOaep).is_none());
    jwk.use_ = None;
    let set = Jwks {
        keys: vec![jwk, key.public_jwk()],
    };
    let found = set.find_for_encryption(jwe::KeyAlg::RsaOaep).unwrap();
    assert_eq!(found.use_.as_deref(), Some("enc"));
    assert!(set.find_for_encryption(jwe::KeyAlg::EcdhEs).is_none());
}
