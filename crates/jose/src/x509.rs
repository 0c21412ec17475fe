//! As much of X.509 as a key in a certificate needs.

/// An element: its tag, what is in it, all of it, and what comes after it.
type Element<'a> = (u8, &'a [u8], &'a [u8], &'a [u8]);

/// Splits off the first element.
fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 || rest.len() < count {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        (digits.iter().fold(0, |n, d| n << 8 | usize::from(*d)), rest)
    };
    let inside = rest.get(..length)?;
    let all = bytes.get(..bytes.len() - rest.len() + length)?;
    Some((tag, inside, all, &rest[length..]))
}

/// The `SubjectPublicKeyInfo` of a certificate, both in DER. `None`: it is no certificate.
pub fn public_key_of(certificate: &[u8]) -> Option<&[u8]> {
    let (0x30, inside, _, []) = element(certificate)? else {
        return None;
    };
    let (0x30, mut rest, _, _) = element(inside)? else {
        return None;
    };
    // An explicit version may stand first; then serial, algorithm, issuer, validity, subject.
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.3;
    }
    for _ in 0..5 {
        rest = element(rest)?.3;
    }
    let (tag, _, all, _) = element(rest)?;
    (tag == 0x30).then_some(all)
}
