//! Key sets of strangers.

use serde_json::{Value, json};
use vestibule_jose::{Alg, Error, Jwk, Jwks, SigningKey};

fn parse(set: &Value) -> Result<Jwks, Error> {
    Jwks::parse(set.to_string().as_bytes())
}

fn public(alg: Alg) -> Value {
    serde_json::to_value(SigningKey::generate(alg).unwrap().public_jwk().unwrap()).unwrap()
}

/// `key` with one member changed; `null` removes it.
fn with(key: &Value, name: &str, value: Value) -> Value {
    let mut key = key.clone();
    key[name] = value;
    key
}

#[test]
fn a_key_set_is_read_and_keys_are_found_by_id_and_algorithm() {
    let (rsa, ec) = (public(Alg::RS256), public(Alg::ES256));
    let set = parse(&json!({ "keys": [rsa, ec], "extra": 1 })).unwrap();
    let kid = ec["kid"].as_str();
    assert_eq!(set.find(kid, Alg::ES256), Some(&set.keys[1]));
    assert_eq!(set.find(None, Alg::ES256), Some(&set.keys[1]));
    assert_eq!(set.find(kid, Alg::RS256), None);
    assert_eq!(set.find(Some("other"), Alg::ES256), None);
    assert_eq!(set.find(None, Alg::HS256), None);
}

#[test]
fn what_is_no_key_set_is_refused() {
    for json in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[]"#,
    ] {
        assert!(matches!(Jwks::parse(json.as_bytes()), Err(Error::BadKey(_))), "{json}");
    }
    assert_eq!(parse(&json!({ "keys": [] })).unwrap().keys, []);
}

#[test]
fn a_set_holds_a_hundred_keys_and_no_more() {
    let keys = |count| json!({ "keys": vec![json!({ "kty": "unheard-of" }); count] });
    assert_eq!(parse(&keys(100)).unwrap().keys.len(), 100);
    assert_eq!(parse(&keys(101)), Err(Error::TooManyKeys));
}

#[test]
fn a_bad_key_is_named_by_its_position() {
    let (rsa, ec, ed) = (public(Alg::RS256), public(Alg::ES256), public(Alg::EdDSA));
    let bad = [
        json!(1),
        json!({}),
        json!({ "kty": "" }),
        json!({ "kty": 7 }),
        with(&rsa, "n", Value::Null),
        with(&rsa, "e", Value::Null),
        with(&rsa, "e", json!("")),
        with(&rsa, "e", json!("AA")),
        with(&rsa, "e", json!("AQ")),
        with(&rsa, "n", json!("AQAB")),
        with(&rsa, "n", json!(format!("{}=", "A".repeat(343)))),
        with(&rsa, "n", json!("_".repeat(1400))),
        with(&rsa, "d", json!("AQAB")),
        with(&rsa, "x5c", json!("not a list")),
        with(&ec, "y", Value::Null),
        with(&ec, "y", ec["x"].clone()),
        with(&ec, "crv", json!("P-384")),
        with(&ed, "x", json!("AAAA")),
        json!({ "kty": "oct", "k": "c2VjcmV0" }),
    ];
    for key in bad {
        let refused = parse(&json!({ "keys": [rsa, key] })).unwrap_err();
        assert!(matches!(refused, Error::KeyInSet { index: 1, .. }), "{key} {refused}");
    }
}

#[test]
fn keys_of_other_kinds_are_kept_and_serve_nothing() {
    let set = parse(&json!({ "keys": [
        { "kty": "OKP", "crv": "X25519", "x": "AAAA" },
        { "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" },
        { "kty": "AKP" },
    ] }))
    .unwrap();
    assert_eq!(set.keys.len(), 3);
    assert!(Alg::ALL.into_iter().all(|alg| set.find(None, alg).is_none()));
}

#[test]
fn alg_use_and_key_ops_bind_a_key() {
    let key = public(Alg::RS256);
    let serves = |key: Value, alg| Jwk::from_value(key).unwrap().verifying_key(alg).is_ok();
    assert!(serves(key.clone(), Alg::RS256));
    assert!(!serves(key.clone(), Alg::RS512));
    assert!(!serves(key.clone(), Alg::PS256));
    assert!(serves(with(&key, "alg", Value::Null), Alg::PS256));
    assert!(!serves(with(&key, "use", json!("enc")), Alg::RS256));
    assert!(serves(with(&key, "use", Value::Null), Alg::RS256));
    assert!(serves(with(&key, "key_ops", json!(["verify"])), Alg::RS256));
    assert!(!serves(with(&key, "key_ops", json!(["encrypt"])), Alg::RS256));
    assert!(!serves(with(&key, "key_ops", json!([])), Alg::RS256));
}

#[test]
fn a_modulus_may_have_the_sign_byte_of_javas_big_integers() {
    let key = SigningKey::generate(Alg::RS256).unwrap();
    let mut jwk = key.public_jwk().unwrap();
    let n = vestibule_jose::digest::b64url_decode(jwk.n.as_deref().unwrap()).unwrap();
    jwk.n = Some(vestibule_jose::digest::b64url(&[&[0], n.as_slice()].concat()));
    let signature = key.sign(b"input").unwrap();
    jwk.verifying_key(Alg::RS256)
        .unwrap()
        .verify(Alg::RS256, b"input", &signature)
        .unwrap();
}

#[test]
fn private_members_are_noticed_and_never_written() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let jwk = Jwk::from_value(with(&public(Alg::EdDSA), name, json!("c2VjcmV0"))).unwrap();
        assert!(jwk.has_private_parts());
        assert!(!serde_json::to_string(&jwk).unwrap().contains("c2VjcmV0"));
        assert!(!format!("{jwk:?}").contains("c2VjcmV0"));
    }
    let open = Jwk::from_value(with(&public(Alg::EdDSA), "ext", json!(true))).unwrap();
    assert!(!open.has_private_parts());
}
