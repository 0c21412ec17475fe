//! The one place where ids and secrets are made up.

use vestibule_jose::digest::b64url;

/// `N` random bytes.
///
/// The generator cannot fail once the process runs; should it ever, the process must not go on with weak secrets.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the random number generator failed");
        std::process::abort();
    }
    bytes
}

/// A secret of 256 bits, as 43 characters of base64url.
pub fn token() -> String {
    b64url(&bytes::<32>())
}

/// The id of a session as Keycloak 26.5 makes them: 24 characters of base64url.
pub fn session_id() -> String {
    b64url(&bytes::<18>())
}

/// A random id (UUID version 4).
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An id that sorts by the time it was made (UUID version 7), for rows that grow.
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn row_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A client secret of so many random bytes: as letters and digits only, so that it survives every shell, form and header.
pub fn secret(bytes: usize) -> String {
    // A letter of 62 has nearly six bits.
    let length = (bytes * 8 * 1000).div_ceil(5954);
    letters(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        length,
    )
}

/// So many letters of an alphabet of at most 128, each as likely as the others.
pub fn letters(alphabet: &[u8], length: usize) -> String {
    let size = alphabet.len().clamp(1, 128) as u8;
    // The largest multiple of the size in a byte: what lies above would make some letters likelier.
    let fair = u8::MAX - u8::MAX % size;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let drawn = bytes::<64>().into_iter().filter(|b| *b < fair);
        text.extend(
            drawn
                .take(length - text.len())
                .map(|b| char::from(alphabet[usize::from(b % size)])),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::secret;

    /// DCR-17 of our list of attacks: secrets do not repeat, and no letter tells of the next one.
    #[test]
    fn dcr_17_secrets_do_not_repeat_and_their_letters_are_equally_likely() {
        let secrets: Vec<String> = (0..1_000_000).map(|_| secret(32)).collect();
        let different: HashSet<&str> = secrets.iter().map(String::as_str).collect();
        assert_eq!(different.len(), secrets.len());
        let mut seen = [0_u32; 128];
        for letter in secrets.iter().flat_map(|secret| secret.bytes()) {
            seen[usize::from(letter)] += 1;
        }
        let seen: Vec<f64> = seen.into_iter().filter(|n| *n > 0).map(f64::from).collect();
        assert_eq!(seen.len(), 62);
        let expected = seen.iter().sum::<f64>() / 62.0;
        let chi_square: f64 = seen.iter().map(|n| (n - expected).powi(2) / expected).sum();
        // 61 degrees of freedom: beyond it once in ten million runs.
        assert!(chi_square < 131.0, "{chi_square}");
    }
}
