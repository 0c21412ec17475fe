//! Base 32 without padding (RFC 4648 section 6).
//!
//! ```
//! use vestibule::otp::base32;
//! assert_eq!(base32::encode(b"foobar"), "MZXW6YTBOI");
//! assert_eq!(base32::decode("mzxw 6ytb oi").as_deref(), Some(&b"foobar"[..]));
//! assert_eq!(base32::decode("no!"), None);
//! ```

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// Text as bytes; blanks, case and padding do not count. `None`: it is none.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.bytes().filter(|b| !matches!(b, b' ' | b'=')) {
        let value = ALPHABET.iter().position(|a| *a == letter.to_ascii_uppercase())?;
        held = held << 5 | value as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 255) as u8);
        }
    }
    Some(bytes)
}
