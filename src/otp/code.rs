//! The code of a moment: an HMAC of a counter, shortened to digits (RFC 4226 section 5.3).

use aws_lc_rs::hmac;

/// The hash below a code, by Keycloak's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// `HmacSHA1`, `HmacSHA256` or `HmacSHA512`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "HmacSHA1" => Some(Self::Sha1),
            "HmacSHA256" => Some(Self::Sha256),
            "HmacSHA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Keycloak's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "HmacSHA1",
            Self::Sha256 => "HmacSHA256",
            Self::Sha512 => "HmacSHA512",
        }
    }

    /// The name in an app's settings: `SHA1`.
    pub fn short_name(self) -> &'static str {
        &self.name()[4..]
    }
}

/// The code of a counter. RFC 6238 appendix B gives examples:
///
/// ```
/// use vestibule::otp::code::{Algorithm, of_counter};
/// assert_eq!(of_counter(b"12345678901234567890", 59 / 30, 8, Algorithm::Sha1), "94287082");
/// assert_eq!(of_counter(b"12345678901234567890123456789012", 59 / 30, 8, Algorithm::Sha256), "46119246");
/// assert_eq!(of_counter(b"12345678901234567890", 0, 6, Algorithm::Sha1), "755224"); // RFC 4226 appendix D
/// ```
pub fn of_counter(secret: &[u8], counter: u64, digits: u32, algorithm: Algorithm) -> String {
    let kind = match algorithm {
        Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => hmac::HMAC_SHA256,
        Algorithm::Sha512 => hmac::HMAC_SHA512,
    };
    let tag = hmac::sign(&hmac::Key::new(kind, secret), &counter.to_be_bytes());
    let hash = tag.as_ref();
    let at = usize::from(hash[hash.len() - 1] & 15);
    let mut number = 0_u64;
    for byte in &hash[at..at + 4] {
        number = number << 8 | u64::from(*byte);
    }
    let digits = digits.clamp(1, 10);
    let shortened = (number & 0x7fff_ffff) % 10_u64.pow(digits);
    format!("{shortened:0width$}", width = digits as usize)
}
