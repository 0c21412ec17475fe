//! Keys: made, stored, read back and published.

use vestibule_jose::digest::{b64, b64url, key_id, sha256};
use vestibule_jose::{Alg, EncryptionKey, Error, Jwk, SigningKey, VerifyingKey};

#[test]
fn every_algorithm_signs_and_its_published_and_stored_keys_agree() {
    for alg in Alg::ALL {
        let key = SigningKey::generate(alg).unwrap();
        let signature = key.sign(b"input").unwrap();
        key.verifier().verify(alg, b"input", &signature).unwrap();
        assert_eq!(
            key.verifier().verify(alg, b"inpuT", &signature),
            Err(Error::BadSignature),
            "{alg}"
        );

        let again = SigningKey::from_der(alg, key.kid(), &key.to_der().unwrap()).unwrap();
        again.verifier().verify(alg, b"input", &signature).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());

        let Some(jwk) = key.public_jwk() else {
            assert!(alg.is_symmetric());
            continue;
        };
        let json = serde_json::to_vec(&jwk).unwrap();
        let read = Jwk::parse(&json).unwrap();
        assert_eq!(read, jwk);
        read.verifying_key(alg)
            .unwrap()
            .verify(alg, b"input", &signature)
            .unwrap();
    }
}

#[test]
fn a_signature_has_the_length_its_algorithm_prescribes() {
    let lengths = [
        (Alg::RS256, 256),
        (Alg::PS512, 256),
        (Alg::ES256, 64),
        (Alg::ES384, 96),
        (Alg::ES512, 132),
        (Alg::EdDSA, 64),
        (Alg::HS256, 32),
        (Alg::HS384, 48),
        (Alg::HS512, 64),
    ];
    for (alg, len) in lengths {
        assert_eq!(
            SigningKey::generate(alg).unwrap().sign(b"").unwrap().len(),
            len,
            "{alg}"
        );
    }
}

#[test]
fn the_key_id_is_keycloaks() {
    let key = SigningKey::generate(Alg::ES384).unwrap();
    let spki = key.public_der().unwrap();
    assert_eq!(key.kid(), b64url(&sha256(spki)));
    assert_eq!(key.kid(), key_id(spki));
    assert_eq!(key.kid().len(), 43);
    let other = key.with_kid("other");
    assert_eq!(other.public_jwk().unwrap().kid.as_deref(), Some("other"));
}

#[test]
fn an_rsa_key_may_have_more_bits_and_never_fewer() {
    let key = SigningKey::generate_rsa(Alg::PS256, 3072).unwrap();
    assert_eq!(key.sign(b"").unwrap().len(), 384);
    for bits in [0, 512, 1024, 2047, 2049, 16384] {
        let refused = SigningKey::generate_rsa(Alg::RS256, bits).err();
        assert!(matches!(refused, Some(Error::BadKey(_))), "{bits}");
    }
    assert_eq!(SigningKey::generate_rsa(Alg::ES256, 2048).err(), Some(Error::WrongAlg));
}

#[test]
fn a_private_key_is_read_for_its_own_kind_of_algorithm_only() {
    let der = SigningKey::generate(Alg::ES256).unwrap().to_der().unwrap();
    for alg in [Alg::ES384, Alg::RS256, Alg::EdDSA] {
        let refused = SigningKey::from_pkcs8(alg, "k", &der).err();
        assert!(matches!(refused, Some(Error::BadKey(_))), "{alg}");
    }
    assert_eq!(
        SigningKey::from_pkcs8(Alg::HS256, "k", &der).err(),
        Some(Error::WrongAlg)
    );
    assert_eq!(
        SigningKey::from_secret(Alg::ES256, "k", &der).err(),
        Some(Error::WrongAlg)
    );
}

#[test]
fn a_secret_has_as_many_bytes_as_the_hash() {
    for (alg, len) in [(Alg::HS256, 32), (Alg::HS384, 48), (Alg::HS512, 64)] {
        assert!(SigningKey::from_secret(alg, "k", &vec![7; len]).is_ok());
        let refused = SigningKey::from_secret(alg, "k", &vec![7; len - 1]).err();
        assert!(matches!(refused, Some(Error::BadKey(_))), "{alg}");
    }
    assert!(VerifyingKey::from_secret(Alg::HS256, b"").is_err());
}

#[test]
fn a_new_secret_has_a_new_key_id() {
    let (one, two) = (
        SigningKey::generate(Alg::HS512).unwrap(),
        SigningKey::generate(Alg::HS512).unwrap(),
    );
    assert_ne!(one.kid(), two.kid());
    assert_eq!(one.to_der().unwrap().len(), 128);
    assert_eq!(one.public_der(), None);
}

#[test]
fn an_encryption_key_is_published_for_encryption_and_serves_no_signature() {
    let key = EncryptionKey::generate(2048).unwrap();
    let jwk = key.public_jwk();
    assert_eq!(jwk.alg.as_deref(), Some("RSA-OAEP"));
    assert_eq!(jwk.use_.as_deref(), Some("enc"));
    assert_eq!(key.kid(), key_id(key.public_der()));
    assert!(Alg::ALL.into_iter().all(|alg| !jwk.serves(alg)));

    let again = EncryptionKey::from_pkcs8(key.kid(), &key.to_der().unwrap()).unwrap();
    assert_eq!(again.public_jwk(), jwk);
    assert!(EncryptionKey::generate(1024).is_err());
}

#[test]
fn a_certificate_stands_where_keycloak_puts_it() {
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let jwk = key.public_jwk().unwrap().with_certificate(b"not really DER");
    let json = serde_json::to_value(&jwk).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    let expected = ["kid", "kty", "alg", "use", "x5c", "x5t", "x5t#S256", "crv", "x", "y"].map(String::from);
    assert_eq!(names, expected.iter().collect::<Vec<_>>());
    assert_eq!(json["x5c"][0], b64(b"not really DER"));
    assert_eq!(json["x5t#S256"], b64url(&sha256(b"not really DER")));
}

#[test]
fn a_verifying_key_prints_nothing_but_its_algorithm() {
    let key = VerifyingKey::from_secret(Alg::HS256, b"hush").unwrap();
    assert_eq!(format!("{key:?}"), "VerifyingKey { alg: HS256, .. }");
}
