//! Tokens: written and read.

use serde_json::{Map, Value, json};
use vestibule_jose::digest::{b64url, b64url_decode};
use vestibule_jose::{Alg, Error, SigningKey, jwt};

fn key() -> SigningKey {
    SigningKey::from_secret(Alg::HS256, "k1", &[7; 32]).unwrap()
}

/// A rightly signed token of any header and claims.
pub(crate) fn forge(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", b64url(header.as_bytes()), b64url(claims.as_bytes()));
    let signature = key().sign(input.as_bytes()).unwrap();
    format!("{input}.{}", b64url(&signature))
}

fn verify(token: &str) -> Result<Map<String, Value>, Error> {
    jwt::decode(token)?.verify(&key().verifier())
}

#[test]
fn a_token_carries_its_header_in_order_and_its_claims_whole() {
    let key = key();
    let claims = json!({ "sub": "Zoë", "aud": ["a", "b"], "exp": 1_800_000_000, "n": 1.5 });
    for _ in 0..2 {
        // The second time the header comes from memory.
        for typ in ["JWT", "at+jwt", ""] {
            let token = jwt::encode(&key, typ, &claims).unwrap();
            let header = b64url_decode(token.split('.').next().unwrap()).unwrap();
            let expected = match typ {
                "" => r#"{"alg":"HS256","kid":"k1"}"#.to_owned(),
                typ => format!(r#"{{"alg":"HS256","typ":"{typ}","kid":"k1"}}"#),
            };
            assert_eq!(String::from_utf8(header).unwrap(), expected);
            assert_eq!(Value::Object(verify(&token).unwrap()), claims);
        }
    }
}

#[test]
fn more_types_than_are_remembered_are_written_right() {
    let key = key();
    for typ in 0..50 {
        let typ = format!("t{typ}");
        let token = jwt::encode(&key, &typ, &json!({})).unwrap();
        assert_eq!(jwt::decode(&token).unwrap().typ(), Some(typ.as_str()));
    }
}

#[test]
fn a_key_under_another_id_writes_the_other_id() {
    let key = key();
    jwt::encode(&key, "JWT", &json!({})).unwrap();
    let token = jwt::encode(&key.with_kid("k\"2"), "JWT", &json!({})).unwrap();
    assert_eq!(jwt::decode(&token).unwrap().kid(), Some("k\"2"));
}

#[test]
fn what_the_header_says_is_read_before_the_signature() {
    let token = forge(
        r#"{"alg":"HS256","typ":"application/DPoP+JWT","jwk":{"kty":"EC"}}"#,
        "{}",
    );
    let parsed = jwt::decode(&token).unwrap();
    assert_eq!((parsed.alg(), parsed.kid()), (Alg::HS256, None));
    assert!(parsed.is_typ("dpop+jwt"));
    assert!(!parsed.is_typ("jwt"));
    assert_eq!(parsed.header("jwk").unwrap()["kty"], "EC");
    assert!(parsed.unverified_claims().is_empty());
    parsed.check(&key().verifier()).unwrap();
}

#[test]
fn claims_that_are_no_json_are_not_signed() {
    let keyed_by_a_list = std::collections::HashMap::from([(vec![1], 1)]);
    assert_eq!(jwt::encode(&key(), "JWT", &keyed_by_a_list), Err(Error::Claims));
}

#[test]
fn a_header_must_be_understood() {
    let malformed = [
        "",
        "1",
        "[]",
        "null",
        "{",
        "{}",
        "{}{}",
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
    ];
    for header in malformed {
        let refused = verify(&forge(header, "{}"));
        assert!(matches!(refused, Err(Error::Malformed(_))), "{header} {refused:?}");
    }
}

#[test]
fn claims_must_be_one_object_without_repetition() {
    let claims = [
        "1",
        "[]",
        "null",
        "{",
        "{}x",
        r#"{"aud":"a","aud":"b"}"#,
        r#"{"a":{"b":1,"b":2}}"#,
    ];
    for claims in claims {
        let refused = verify(&forge(r#"{"alg":"HS256"}"#, claims));
        assert!(matches!(refused, Err(Error::Malformed(_))), "{claims} {refused:?}");
    }
    assert!(verify(&forge(r#"{"alg":"HS256"}"#, " {} ")).is_ok());
}

#[test]
fn a_token_has_at_most_sixteen_kibibytes() {
    let claims = |len| json!({ "x": "x".repeat(len) });
    let fits = jwt::encode(&key(), "JWT", &claims(12_000)).unwrap();
    assert!(fits.len() <= jwt::MAX_LEN && verify(&fits).is_ok());
    let long = jwt::encode(&key(), "JWT", &claims(12_300)).unwrap();
    assert!(long.len() > jwt::MAX_LEN);
    assert!(matches!(verify(&long), Err(Error::Malformed(_))));
}
