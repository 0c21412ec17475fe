//! As much of DER as a key in a certificate needs.

fn wrap(tag: u8, inside: &[u8]) -> Vec<u8> {
    let mut made = vec![tag];
    let length = inside.len();
    if length < 0x80 {
        made.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let digits = &digits[digits.iter().position(|d| *d != 0).unwrap_or(0)..];
        made.push(0x80 | digits.len() as u8);
        made.extend(digits);
    }
    made.extend(inside);
    made
}

fn integer(digits: &[u8]) -> Vec<u8> {
    let digits = &digits[digits.iter().position(|d| *d != 0).unwrap_or(digits.len())..];
    let mut inside = Vec::new();
    if digits.first().is_none_or(|d| d & 0x80 != 0) {
        inside.push(0);
    }
    inside.extend(digits);
    wrap(0x02, &inside)
}

fn bits(inside: &[u8]) -> Vec<u8> {
    let mut padded = vec![0];
    padded.extend(inside);
    wrap(0x03, &padded)
}

/// The `SubjectPublicKeyInfo` of an RSA key.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    // rsaEncryption, and no parameters.
    const ALGORITHM: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let key = wrap(0x30, &[integer(modulus), integer(exponent)].concat());
    wrap(0x30, &[ALGORITHM.to_vec(), bits(&key)].concat())
}

/// The `SubjectPublicKeyInfo` of a key on a NIST curve.
pub(super) fn ec(curve: &str, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let oid: &[u8] = match curve {
        "P-256" => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        "P-384" => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        "P-521" => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        _ => return None,
    };
    // id-ecPublicKey
    let algorithm = [wrap(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]), wrap(0x06, oid)].concat();
    let point = [&[4], x, y].concat();
    Some(wrap(0x30, &[wrap(0x30, &algorithm), bits(&point)].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_comes_out_of_a_certificate_as_it_went_in() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
        let found = vestibule_jose::x509::public_key_of(certificate.der()).unwrap();
        assert_eq!(found, rcgen::PublicKeyData::subject_public_key_info(&pair));
        let point = &found[found.len() - 64..];
        assert_eq!(ec("P-256", &point[..32], &point[32..]).unwrap(), found);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = vestibule_jose::x509::public_key_of(&bytes);
        }
    }
}
