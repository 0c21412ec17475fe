//! Both ceremonies with an authenticator in software, and everything that must not pass.

#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "../../../tests/it/support/authenticator.rs"]
mod authenticator;

use authenticator::{Authenticator, Created, Signed, bytes, int, list, map, object, text};
use vestibule_webauthn::{Algorithm, Assertion, Expected, NewCredential, Proof, Refusal, authenticate, register};

const CHALLENGE: &str = "Y2hhbGxlbmdlIG9mIDE2";

fn expected(origins: &[String]) -> Expected<'_> {
    Expected {
        rp_id: "example.com",
        origins,
        challenge: CHALLENGE,
        user_verification: true,
    }
}

fn ours() -> Vec<String> {
    vec!["https://example.com".to_owned()]
}

fn made(sent: &Created) -> Result<NewCredential, Refusal> {
    register(&expected(&ours()), &[Algorithm::Es256], &sent.client_data, &sent.object)
}

fn used(key: &[u8], sent: &Signed) -> Result<u32, Refusal> {
    let sent = Assertion {
        client_data: &sent.client_data,
        authenticator_data: &sent.data,
        signature: &sent.signature,
    };
    authenticate(&expected(&ours()), key, &sent).map(|found| found.counter)
}

fn mine() -> Authenticator {
    Authenticator::new("https://example.com")
}

#[test]
fn a_passkey_is_made_and_used() {
    let mut mine = mine();
    let new = made(&mine.create(CHALLENGE)).unwrap();
    assert_eq!((new.id, new.counter, new.proof), (mine.id.clone(), 1, Proof::None));
    assert_eq!(new.aaguid, "07070707-0707-0707-0707-070707070707");
    assert_eq!(used(&new.public_key, &mine.get(CHALLENGE)), Ok(2));
    mine.format = "packed";
    let new = made(&mine.create(CHALLENGE)).unwrap();
    assert_eq!((new.format.as_str(), new.proof), ("packed", Proof::Own));
}

type Lie = fn(&mut Authenticator);

#[test]
fn each_lie_is_refused_in_both_ceremonies() {
    let key = mine().cose();
    let lies: [(Refusal, Lie); 12] = [
        (Refusal::Origin, |a| a.origin = "https://badexample.com".to_owned()),
        (Refusal::Origin, |a| {
            a.origin = "https://example.com.evil.org".to_owned();
        }),
        (Refusal::Origin, |a| a.origin = "http://example.com".to_owned()),
        (Refusal::Origin, |a| a.origin = "https://example.com:8443".to_owned()),
        (Refusal::Origin, |a| a.origin = "https://sub.example.com".to_owned()),
        (Refusal::Origin, |a| a.origin = "null".to_owned()),
        (Refusal::Origin, |a| a.cross_origin = true),
        (Refusal::RelyingParty, |a| a.rp_id = "badexample.com".to_owned()),
        (Refusal::UserPresence, |a| a.flags = authenticator::VERIFIED),
        (Refusal::UserVerification, |a| a.flags = authenticator::PRESENT),
        // Backed up, but not eligible for it; extensions that are not there.
        (Refusal::Malformed, |a| a.flags |= 16),
        (Refusal::Malformed, |a| a.flags |= 128),
    ];
    for (why, lie) in lies {
        let mut liar = mine();
        lie(&mut liar);
        assert_eq!(made(&liar.create(CHALLENGE)).err(), Some(why));
        assert_eq!(used(&key, &liar.get(CHALLENGE)), Err(why));
    }
    assert_eq!(made(&mine().create("bm90IHlvdXJz")).err(), Some(Refusal::Challenge));
    assert_eq!(used(&key, &mine().get("bm90IHlvdXJz")), Err(Refusal::Challenge));
    let mut wrong = mine();
    wrong.algorithm = -257;
    assert_eq!(made(&wrong.create(CHALLENGE)).err(), Some(Refusal::Key));
    let offered = register(
        &expected(&ours()),
        &[Algorithm::Rs256],
        &wrong.client_data("webauthn.create", CHALLENGE),
        &mine().create(CHALLENGE).object,
    );
    assert_eq!(offered.err(), Some(Refusal::Algorithm));
}

#[test]
fn one_ceremony_is_not_the_other_and_one_key_not_another() {
    let mut mine = mine();
    let mut created = mine.create(CHALLENGE);
    created.client_data = mine.client_data("webauthn.get", CHALLENGE);
    assert_eq!(made(&created).err(), Some(Refusal::Ceremony));
    let mut signed = mine.get(CHALLENGE);
    assert_eq!(
        used(&Authenticator::new("https://example.com").cose(), &signed),
        Err(Refusal::Signature)
    );
    signed.data[36] ^= 1;
    assert_eq!(
        used(&mine.cose(), &signed),
        Err(Refusal::Signature),
        "the counter is signed, too"
    );
    signed.client_data = mine.client_data("webauthn.create", CHALLENGE);
    assert_eq!(used(&mine.cose(), &signed), Err(Refusal::Ceremony));
}

#[test]
fn an_attestation_that_proves_nothing_is_refused() {
    let mine = mine();
    let (client_data, data) = (mine.client_data("webauthn.create", CHALLENGE), mine.attested());
    let signature = mine.sign(&data, &client_data);
    let other = Authenticator::new("https://example.com").sign(&data, &client_data);
    let packed = |alg: i64, sig: &[u8]| map(&[(text("alg"), int(alg)), (text("sig"), bytes(sig))]);
    for (format, statement, why) in [
        ("none", packed(-7, &signature), Refusal::Attestation),
        ("packed", map(&[]), Refusal::Attestation),
        ("packed", packed(-7, &other), Refusal::Attestation),
        ("packed", packed(-8, &signature), Refusal::Attestation),
        ("fido-u2f", packed(-7, &signature), Refusal::Attestation),
        ("tpm", packed(-7, &signature), Refusal::AttestationFormat),
    ] {
        let object = object(format, statement, &data);
        let client_data = client_data.clone();
        assert_eq!(made(&Created { client_data, object }).err(), Some(why), "{format}");
    }
}

/// A certificate of a model, and the signature that its key makes.
fn certified(unit: &str, aaguid: [u8; 16], signed: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationalUnitName, unit);
    let inner = [&[4, 16][..], &aaguid].concat();
    let model = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4], inner);
    params.custom_extensions.push(model);
    let certificate = params.self_signed(&key).unwrap();
    let signature = rcgen::SigningKey::sign(&key, signed).unwrap();
    (certificate.der().to_vec(), signature)
}

#[test]
fn a_certificate_speaks_for_its_own_model_only() {
    let mine = mine();
    let (client_data, data) = (mine.client_data("webauthn.create", CHALLENGE), mine.attested());
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &client_data);
    let signed = [&data[..], hash.as_ref()].concat();
    for (unit, aaguid, right) in [
        ("Authenticator Attestation", [7; 16], true),
        ("Authenticator Attestation", [8; 16], false),
        ("Web servers", [7; 16], false),
    ] {
        let (certificate, signature) = certified(unit, aaguid, &signed);
        let statement = map(&[
            (text("alg"), int(-7)),
            (text("sig"), bytes(&signature)),
            (text("x5c"), list(&[bytes(&certificate)])),
        ]);
        let object = object("packed", statement, &data);
        let client_data = client_data.clone();
        let made = made(&Created { client_data, object }).map(|new| new.proof);
        assert_eq!(made.ok(), right.then_some(Proof::Certificate), "{unit}");
    }
}

/// What Keycloak kept of a passkey, made by Chromium's authenticator, is read.
#[test]
fn a_key_that_keycloak_kept_is_read() {
    use base64::Engine as _;
    let kept =
        "pQECAyYgASFYID3aQ0KmGd9WI5oVQKZV-y6na6e4o_-mnq3KotQlvN2gIlggkjINzfKUfCCuhe1szEGaU3BzdQuOoGKpyPEnaPB0_Qc";
    let key = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(kept).unwrap();
    assert_eq!(used(&key, &mine().get(CHALLENGE)), Err(Refusal::Signature));
    assert_eq!(used(&key[1..], &mine().get(CHALLENGE)), Err(Refusal::Key));
}

#[test]
fn whatever_is_cut_off_is_refused() {
    let mut mine = mine();
    let created = mine.create(CHALLENGE);
    for end in 0..created.object.len() {
        let client_data = created.client_data.clone();
        let object = created.object[..end].to_vec();
        assert!(made(&Created { client_data, object }).is_err());
    }
    let key = mine.cose();
    let signed = mine.get(CHALLENGE);
    for end in 0..signed.data.len() {
        let (client_data, signature) = (signed.client_data.clone(), signed.signature.clone());
        let data = signed.data[..end].to_vec();
        assert!(
            used(
                &key,
                &Signed {
                    client_data,
                    data,
                    signature
                }
            )
            .is_err()
        );
    }
}
