//! The code in a verification mail: six digits, for whoever reads mail on another device.

use vestibule_jose::digest::{b64url, constant_time_eq, sha256};

/// How often a code may be tried.
pub const MOST_ATTEMPTS: i64 = 5;

/// Milliseconds that a code lasts after its mail.
pub const LIFETIME_MS: i64 = 3_600_000;

/// A code. It is kept only as a hash, together with what it is for.
pub struct Code(String);

impl Code {
    /// A fresh code.
    pub fn new() -> Self {
        // 2^64 is so far above a million that no digit is likelier than another.
        let number = u64::from_be_bytes(crate::random::bytes::<8>()) % 1_000_000;
        Self(format!("{number:06}"))
    }

    /// The digits as a mail shows them: in one piece, so that phones offer to fill them in.
    pub fn shown(&self) -> &str {
        &self.0
    }

    /// What is kept of it; `purpose` is the registration or user and tab that it proves.
    pub fn hash(&self, purpose: &str) -> String {
        hash(&self.0, purpose)
    }
}

impl Default for Code {
    fn default() -> Self {
        Self::new()
    }
}

fn hash(digits: &str, purpose: &str) -> String {
    b64url(&sha256(format!("verification code\0{purpose}\0{digits}").as_bytes()))
}

/// Whether what was typed is the code behind a hash; blanks and dashes do not count.
pub fn is_right(typed: &str, purpose: &str, kept: Option<&str>) -> bool {
    let digits: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(12)
        .collect();
    // Without a code the work is the same.
    let expected = kept.map_or_else(|| hash("", ""), str::to_owned);
    constant_time_eq(hash(&digits, purpose).as_bytes(), expected.as_bytes()) && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_right_for_its_purpose_only() {
        let code = Code::new();
        let kept = code.hash("one");
        assert_eq!(code.shown().len(), 6);
        assert!(is_right(code.shown(), "one", Some(&kept)));
        assert!(!is_right(code.shown(), "two", Some(&kept)));
        assert!(!is_right("", "one", Some(&kept)));
        assert!(!is_right("", "", None));
    }
}
