//! Encryption at rest.

use std::collections::HashSet;

use vestibule_jose::Error;
use vestibule_jose::digest::b64url_decode;
use vestibule_jose::secretbox::MasterKey;

fn master() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

#[test]
fn what_is_sealed_opens_again_after_a_restart() {
    for plain in [&b""[..], b"x", &[0; 4096]] {
        let sealed = master().seal("key", b"realm", plain).unwrap();
        assert_eq!(sealed[0], 1);
        assert_eq!(sealed.len(), 1 + 12 + plain.len() + 16);
        assert_eq!(master().open("key", b"realm", &sealed).unwrap().as_slice(), plain);
    }
}

#[test]
fn another_key_purpose_or_owner_does_not_open_it() {
    let sealed = master().seal("key", b"realm", b"secret").unwrap();
    assert_eq!(master().open("kez", b"realm", &sealed), Err(Error::Unsealable));
    assert_eq!(master().open("key", b"other", &sealed), Err(Error::Unsealable));
    assert_eq!(master().open("keyrealm", b"", &sealed), Err(Error::Unsealable));
    let other = MasterKey::from_bytes([8; 32]);
    assert_eq!(other.open("key", b"realm", &sealed), Err(Error::Unsealable));
}

#[test]
fn every_damage_is_noticed() {
    let sealed = master().seal("key", b"", b"secret").unwrap();
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert_eq!(master().open("key", b"", &damaged), Err(Error::Unsealable), "{at}");
        assert_eq!(master().open("key", b"", &sealed[..at]), Err(Error::Unsealable), "{at}");
    }
    assert!(master().open("key", b"", &[&sealed[..], b"x"].concat()).is_err());
}

#[test]
fn a_nonce_is_never_used_twice() {
    let master = master();
    let sealed = |_| master.seal("key", b"", b"secret").unwrap()[1..13].to_vec();
    let nonces: HashSet<Vec<u8>> = (0..10_000).map(sealed).collect();
    assert_eq!(nonces.len(), 10_000);
}

/// Values sealed by an older release must open for ever. This one was sealed by another
/// implementation of HKDF and AES-GCM, with the nonce 0, 1, 2, ... 11.
#[test]
fn the_format_stays() {
    let sealed = b64url_decode("AQABAgMEBQYHCAkKC7h25OlDlzW84D5DbQKZGFgZ8ZgSgrY").unwrap();
    assert_eq!(master().open("key", b"realm", &sealed).unwrap().as_slice(), b"secret");
}
