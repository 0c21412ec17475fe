//! Random input: nothing panics, and nothing forged is believed.

use proptest::prelude::*;
use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, b64url_decode};
use vestibule_jose::secretbox::MasterKey;
use vestibule_jose::{Alg, Jwk, Jwks, SigningKey, jwt};

fn key() -> SigningKey {
    SigningKey::from_secret(Alg::HS256, "k1", &[7; 32]).unwrap()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Headers and keys made of the names and values that matter.
fn members() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "alg", "kid", "typ", "crit", "kty", "crv", "n", "e", "x", "y", "d", "use", "key_ops", "x5c",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "HS256", "RS256", "none", "RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "AQAB",
        ])
        .prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| b64url(&bytes).into()),
        json(),
    ];
    prop::collection::hash_map(name, value, 0..8).prop_map(|members| {
        Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = jwt::decode(&text);
        let _ = b64url_decode(&text);
    }

    #[test]
    fn any_three_parts_are_read_or_refused(text in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_=-]{0,40}\\.[A-Za-z0-9_-]{0,40}") {
        let _ = jwt::decode(&text);
    }

    #[test]
    fn any_header_and_claims_are_read_or_refused_and_not_believed(
        header in members(), claims in json(), signature in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let token = format!(
            "{}.{}.{}",
            b64url(header.to_string().as_bytes()),
            b64url(claims.to_string().as_bytes()),
            b64url(&signature),
        );
        if let Ok(parsed) = jwt::decode(&token) {
            prop_assert!(claims.is_object() && header.get("crit").is_none());
            prop_assert!(parsed.verify(&key().verifier()).is_err());
        }
    }

    #[test]
    fn any_claims_come_back_as_they_were(value in json()) {
        let claims = json!({ "claim": value });
        let token = jwt::encode(&key(), "JWT", &claims).unwrap();
        let read = jwt::decode(&token).unwrap().verify(&key().verifier()).unwrap();
        prop_assert_eq!(Value::Object(read), claims);
    }

    #[test]
    fn one_changed_letter_breaks_a_token(at in 0_usize..200, letter in "[A-Za-z0-9_.=-]") {
        let token = jwt::encode(&key(), "JWT", &json!({ "sub": "ada" })).unwrap();
        let at = at % token.len();
        let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        if changed != token {
            let read = jwt::decode(&changed).and_then(|parsed| parsed.verify(&key().verifier()));
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn bytes_come_back_from_base64_as_they_were(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(b64url_decode(&b64url(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn text_that_is_base64_has_no_second_spelling(text in "[A-Za-z0-9_-]{0,12}") {
        if let Ok(bytes) = b64url_decode(&text) {
            prop_assert_eq!(b64url(&bytes), text);
        }
    }

    #[test]
    fn any_bytes_are_a_key_set_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Jwks::parse(&bytes);
        let _ = Jwk::parse(&bytes);
    }

    #[test]
    fn any_keys_are_read_or_refused(keys in prop::collection::vec(members(), 0..4)) {
        if let Ok(set) = Jwks::parse(json!({ "keys": keys }).to_string().as_bytes()) {
            for (key, alg) in set.keys.iter().flat_map(|key| Alg::ALL.map(|alg| (key, alg))) {
                let _ = key.verifying_key(alg);
                let _ = key.thumbprint();
            }
        }
    }

    #[test]
    fn any_bytes_are_a_private_key_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for alg in Alg::ALL.into_iter().filter(|alg| !alg.is_symmetric()) {
            prop_assert!(SigningKey::from_pkcs8(alg, "k", &bytes).is_err());
        }
    }

    #[test]
    fn any_bytes_are_not_a_sealed_value(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let master = MasterKey::from_bytes([7; 32]);
        prop_assert!(master.open("key", b"", &bytes).is_err());
        let sealed = master.seal("key", b"", &bytes).unwrap();
        prop_assert_eq!(&*master.open("key", b"", &sealed).unwrap(), &bytes);
    }
}
