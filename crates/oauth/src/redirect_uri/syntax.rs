//! Taking a URI apart exactly as written, and the tricks played with it. RFC 3986.

use crate::params;

/// The parts of an absolute URI, as written: nothing is decoded or normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub scheme: &'a str,
    /// What stands between `//` and the path; `None` if there is no `//`.
    pub authority: Option<&'a str>,
    /// Path, query and fragment.
    pub rest: &'a str,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The host and, if one is written, the port of an authority without userinfo.
    pub(crate) fn host_and_port(&self) -> Option<(&'a str, Option<&'a str>)> {
        let authority = self.authority?;
        // The colons of an IPv6 address stand within its brackets.
        let after_host = authority.rfind(']').map_or(0, |at| at + 1);
        Some(match authority[after_host..].find(':') {
            Some(at) => (&authority[..after_host + at], Some(&authority[after_host + at + 1..])),
            None => (authority, None),
        })
    }

    pub(crate) fn is_web(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("https") || self.scheme.eq_ignore_ascii_case("http")
    }

    pub(crate) fn has_userinfo(&self) -> bool {
        self.authority.is_some_and(|authority| authority.contains('@'))
    }

    /// Whether a port, if one is written, is one.
    pub(crate) fn has_sound_port(&self) -> bool {
        let port = self.host_and_port().and_then(|(_, port)| port);
        port.is_none_or(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|number| number > 0)
        })
    }

    /// A loopback address over plain HTTP, where only the native application itself listens.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host_and_port().map(|(host, _)| host);
        self.scheme == "http" && matches!(host, Some("127.0.0.1" | "[::1]" | "localhost"))
    }
}

/// Takes an absolute URI apart. `None` if it has no scheme. RFC 3986 §3.
pub(crate) fn split(uri: &str) -> Option<Parts<'_>> {
    let (scheme, after) = uri.split_once(':')?;
    let mut letters = scheme.bytes();
    let begins_well = letters.next().is_some_and(|b| b.is_ascii_alphabetic());
    if !begins_well || !letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
        return None;
    }
    let (authority, rest) = match after.strip_prefix("//") {
        Some(after) => {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            (Some(&after[..end]), &after[end..])
        }
        None => (None, after),
    };
    let (before_fragment, fragment) = cut(rest, '#');
    let (path, query) = cut(before_fragment, '?');
    Some(Parts {
        scheme,
        authority,
        rest,
        path,
        query,
        fragment,
    })
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Characters that never belong in a URI, and that readers of URIs drop, turn round or hide.
pub(crate) fn has_forbidden_character(uri: &str) -> bool {
    uri.chars().any(|c| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`')
            // Zero-width and direction marks: invisible, or they show text in another order.
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

/// Whether some `%` is not followed by two hexadecimal digits, or hides a control character.
pub(crate) fn has_broken_encoding(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, b)| **b == b'%').any(|(at, _)| {
        let digits = text
            .get(at + 1..at + 3)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        code.is_none_or(|code| code < 0x20 || code == 0x7f)
    })
}

/// Whether a path, read by anyone in any way, climbs: `..`, `%2e%2e`, `%252e`, `..;`, `..%5c`.
pub(crate) fn climbs(path: &str) -> bool {
    let mut seen = path.to_owned();
    // Servers in a row may each decode once; nobody decodes five times.
    for _ in 0..5 {
        let climbing = |segment: &str| {
            let name = segment.split(';').next().unwrap_or_default();
            name == "." || name == ".."
        };
        if seen.split(['/', '\\']).any(climbing) {
            return true;
        }
        // A `+` in a path is a plus.
        match params::decode(seen.replace('+', "%2B").as_bytes(), usize::MAX) {
            Ok(decoded) if decoded != seen => seen = decoded,
            _ => return false,
        }
    }
    true
}

/// Whether a query or fragment already holds a parameter that our answer will add: a client
/// that reads the first one would take the attacker's for ours.
pub(crate) fn holds_answer(text: Option<&str>) -> bool {
    const OURS: [&str; 6] = ["state", "code", "error", "session_state", "iss", "id_token"];
    let Some(text) = text else { return false };
    text.split(['&', '?']).any(|part| {
        let name = part.split('=').next().unwrap_or_default();
        params::decode(name.as_bytes(), 1024).map_or(true, |name| OURS.contains(&name.as_str()))
    })
}
