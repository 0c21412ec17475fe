//! The attacks that worked on others.

use serde_json::json;
use vestibule_jose::digest::{b64, b64url, b64url_decode};
use vestibule_jose::{Alg, Error, SigningKey, VerifyingKey, jwt};

fn parts(header: &str, claims: &str, signature: &[u8]) -> String {
    format!(
        "{}.{}.{}",
        b64url(header.as_bytes()),
        b64url(claims.as_bytes()),
        b64url(signature)
    )
}

#[test]
fn none_is_refused_in_every_spelling() {
    for none in [
        "none", "None", "NONE", "nOnE", "", " ", "null", "hs256", "RS1", "HS256 ",
    ] {
        let token = parts(&json!({ "alg": none }).to_string(), "{}", b"x");
        assert_eq!(jwt::decode(&token).unwrap_err(), Error::UnknownAlg, "{none}");
    }
    let unsigned = parts(r#"{"alg":"none"}"#, "{}", b"");
    assert!(jwt::decode(&unsigned).is_err());
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let key = SigningKey::generate(Alg::RS256).unwrap();
    let der = key.public_der().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", b64(der)).into_bytes();
    let jwk = serde_json::to_vec(&key.public_jwk().unwrap()).unwrap();
    for secret in [der, &pem, &jwk] {
        let forger = SigningKey::from_secret(Alg::HS256, key.kid(), secret).unwrap();
        let token = jwt::encode(&forger, "JWT", &json!({ "sub": "admin" })).unwrap();
        let refused = jwt::decode(&token).unwrap().verify(&key.verifier());
        assert_eq!(refused, Err(Error::WrongAlg));
    }
}

#[test]
fn a_key_of_one_algorithm_refuses_all_others() {
    let key = SigningKey::generate(Alg::PS256).unwrap();
    let signature = key.sign(b"input").unwrap();
    for alg in Alg::ALL.into_iter().filter(|alg| *alg != Alg::PS256) {
        assert_eq!(key.verifier().verify(alg, b"input", &signature), Err(Error::WrongAlg));
    }
}

#[test]
fn a_key_inside_the_token_is_not_used() {
    let (ours, theirs) = (
        SigningKey::generate(Alg::ES256).unwrap(),
        SigningKey::generate(Alg::ES256).unwrap(),
    );
    let header = json!({ "alg": "ES256", "kid": ours.kid(), "jwk": theirs.public_jwk(),
        "jku": "https://attacker.example/keys", "x5c": ["AAAA"] });
    let input = format!("{}.{}", b64url(header.to_string().as_bytes()), b64url(b"{}"));
    let token = format!("{input}.{}", b64url(&theirs.sign(input.as_bytes()).unwrap()));
    let refused = jwt::decode(&token).unwrap().verify(&ours.verifier());
    assert_eq!(refused, Err(Error::BadSignature));
}

#[test]
fn the_psychic_signature_is_refused() {
    for (alg, len) in [(Alg::ES256, 64), (Alg::ES384, 96), (Alg::ES512, 132), (Alg::EdDSA, 64)] {
        let key = SigningKey::generate(alg).unwrap().verifier();
        for signature in [
            vec![0; len],
            vec![0xff; len],
            vec![],
            vec![0; len - 1],
            vec![0; len + 1],
        ] {
            assert_eq!(key.verify(alg, b"input", &signature), Err(Error::BadSignature), "{alg}");
        }
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let raw = key.sign(b"input").unwrap();
    let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
    let der = [&[0x30, 70], &integer(&raw[..32])[..], &integer(&raw[32..])].concat();
    assert_eq!(
        key.verifier().verify(Alg::ES256, b"input", &der),
        Err(Error::BadSignature)
    );
}

#[test]
fn a_million_dots_cost_nothing() {
    for token in [
        ".".repeat(8 << 20),
        ".".repeat(1000),
        "..".into(),
        "...".into(),
        String::new(),
    ] {
        assert!(matches!(jwt::decode(&token), Err(Error::Malformed(_))));
    }
}

#[test]
fn anything_but_three_full_parts_is_refused() {
    let token = parts(r#"{"alg":"HS256"}"#, "{}", b"x");
    let (header, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let wrong = [
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!(".{claims}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        // Encrypted tokens have five parts.
        format!("{header}.{claims}.{signature}.{claims}.{signature}"),
        format!("{header}.{claims}..{signature}"),
    ];
    for token in wrong {
        assert!(matches!(jwt::decode(&token), Err(Error::Malformed(_))), "{token}");
    }
}

#[test]
fn base64_is_read_in_one_spelling() {
    assert_eq!(b64url_decode("QQ").unwrap(), b"A");
    for text in ["QR", "QQ==", "QQ=", "Q", "Q Q", "QQ\n", "+_8", "-/8", "Q.", "ＱＱ"] {
        assert_eq!(b64url_decode(text), Err(Error::Base64), "{text}");
    }
}

#[test]
fn a_key_id_is_only_a_string() {
    for kid in ["../../dev/null", "' OR 1=1", "\0", &"k".repeat(10_000)] {
        let token = parts(&json!({ "alg": "HS256", "kid": kid }).to_string(), "{}", b"x");
        let parsed = jwt::decode(&token).unwrap();
        assert_eq!(parsed.kid(), Some(kid));
        let key = VerifyingKey::from_secret(Alg::HS256, b"secret").unwrap();
        assert_eq!(parsed.verify(&key), Err(Error::BadSignature));
    }
}

#[test]
fn a_token_prints_nothing_of_what_is_in_it() {
    let token = parts(r#"{"alg":"HS256","kid":"hush"}"#, r#"{"sub":"hush"}"#, b"hush");
    let printed = format!("{:?}", jwt::decode(&token).unwrap());
    assert!(!printed.contains("hush") && printed.contains("HS256"), "{printed}");
}
