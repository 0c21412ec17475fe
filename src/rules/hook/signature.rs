//! How hooks and webhooks are signed: the Standard Webhooks specification, with a shared secret.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Stands before a secret.
const PREFIX: &str = "whsec_";

/// Bytes that a secret has.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// Headers, by name.
pub type Headers = Vec<(&'static str, String)>;

/// The key in a secret: `whsec_` and base64 of 24 to 64 bytes. `None` for what is no secret.
fn key(secret: &str) -> Option<Vec<u8>> {
    let text = secret.strip_prefix(PREFIX)?;
    STANDARD.decode(text).ok().filter(|key| LENGTHS.contains(&key.len()))
}

/// Whether a text is a secret.
pub fn is_secret(text: &str) -> bool {
    key(text).is_some()
}

/// A new secret.
pub fn new_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(crate::random::bytes::<32>()))
}

/// The headers of a message. `seconds`: when this attempt is made. Without a secret the signature is left out, and the
/// receiver cannot know who calls.
pub fn headers(secret: Option<&str>, id: &str, seconds: i64, body: &str) -> Headers {
    let mut all = vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
    ];
    if let Some(key) = secret.and_then(key) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        all.push(("webhook-signature", format!("v1,{}", STANDARD.encode(signed))));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_specification_s_example() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let all = headers(
            Some(secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(all[2], ("webhook-signature", signature.to_owned()));
    }

    #[test]
    fn secrets_are_long_enough_and_without_one_nothing_is_signed() {
        assert!(is_secret(&new_secret()) && is_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        for wrong in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_*",
        ] {
            assert!(!is_secret(wrong), "{wrong}");
        }
        assert_eq!(headers(None, "1", 2, "{}").len(), 2);
    }
}
