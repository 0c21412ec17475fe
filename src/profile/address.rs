//! E-mail addresses: which are accepted, and in what form mail is sent to them.

use super::characters::is_plain;

/// The longest address. (RFC 5321 says 254 octets, Keycloak's default profile 255 characters.)
const LONGEST: usize = 255;

/// The longest part before the `@` (RFC 5321).
const LONGEST_LOCAL: usize = 64;

/// Whether a text is an address as Keycloak's validator has it, and safe to write into a mail's envelope. Names outside
/// ASCII are allowed on both sides; `a@b` is an address, as in Keycloak.
pub fn is_valid(text: &str, longest_local: Option<usize>) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.chars().count() <= LONGEST
        && local.chars().count() <= longest_local.unwrap_or(LONGEST_LOCAL)
        && is_plain(text)
        && is_local(local)
        && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|l| l.strip_suffix('"')) {
        return !quoted.is_empty() && !quoted.chars().any(|c| matches!(c, '"' | '\\'));
    }
    let atom =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii() && !c.is_whitespace();
    local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn is_domain(domain: &str) -> bool {
    let Some(ascii) = domain_to_ascii(domain) else {
        return false;
    };
    ascii.len() <= 253
        && ascii.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// A domain as the DNS knows it; `None`: it is not one.
pub fn domain_to_ascii(domain: &str) -> Option<String> {
    idna::domain_to_ascii_strict(domain)
        .ok()
        .filter(|ascii| !ascii.is_empty())
}

/// An address with its domain in ASCII, for the envelope of a mail.
pub fn for_envelope(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}@{}", domain_to_ascii(domain)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_those_that_a_mail_can_be_sent_to() {
        let good = [
            "a@b",
            "a@example.com",
            "ä@example.com",
            "a@exämple.com",
            "a+tag@example.com",
            "\"a\"@example.com",
            "o'neil@example.com",
            "a.b@x-y.example",
        ];
        for address in good {
            assert!(is_valid(address, None), "{address}");
        }
        let bad = [
            "",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a b@example.com",
            "a@b..c",
            "a@-b.c",
            "a..b@example.com",
            ".a@example.com",
            "a@example.com ",
            "a@example.com\n",
            "a@[1.2.3.4]",
            "a@b_c.example",
            "a\u{202e}@example.com",
            "a\u{2028}@example.com",
            "\"a\r\n\"@example.com",
            "\"a\"b@example.com",
            "a@example.com.",
            "a,b@example.com",
        ];
        for address in bad {
            assert!(!is_valid(address, None), "{address}");
        }
        assert!(!is_valid(&format!("{}@example.com", "x".repeat(65)), None));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_has_no_line_break_and_one_envelope_form(text in "\\PC{0,40}@\\PC{0,40}") {
            if is_valid(&text, None) {
                prop_assert!(!text.contains(['\r', '\n', '\0']));
                prop_assert!(for_envelope(&text).is_some());
            }
        }
    }
}
