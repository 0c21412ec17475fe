//! The little DER (X.690) needed to read a modulus and an exponent.

/// The modulus and exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
///
/// The input was written by the cryptographic library, so this only has to be right, not
/// helpful: anything unexpected is `None`.
pub(crate) fn rsa_public(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, rest) = element(0x30, der)?;
    let (modulus, after) = element(0x02, sequence)?;
    let (exponent, end) = element(0x02, after)?;
    (rest.is_empty() && end.is_empty()).then(|| (unsigned(modulus), unsigned(exponent)))
}

/// Splits the content of the element with this tag from what follows it.
fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // A key of 8192 bits needs two bytes of length.
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 2 {
            return None;
        }
        (bytes.iter().fold(0, |len, &byte| len << 8 | usize::from(byte)), rest)
    };
    (found == tag).then(|| rest.split_at_checked(len))?
}

/// An `INTEGER` has a zero in front when its first bit is set; a JWK has not.
fn unsigned(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|&&byte| byte == 0).count();
    &integer[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_key_is_read_and_a_cut_one_is_not() {
        let der = [0x30, 0x09, 0x02, 0x02, 0x00, 0x8f, 0x02, 0x03, 0x01, 0x00, 0x01];
        assert_eq!(rsa_public(&der), Some((&[0x8f][..], &[1, 0, 1][..])));
        for len in 0..der.len() {
            assert_eq!(rsa_public(&der[..len]), None);
        }
        assert_eq!(rsa_public(&[0x30, 0x83, 0, 0, 0]), None);
        assert_eq!(rsa_public(&[0x30, 0x80]), None);
    }
}
