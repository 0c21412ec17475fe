//! Which addresses may name a client (section 3 of the draft).

use url::Url;

/// The longest, in characters, as of any `client_id`.
const LONGEST: usize = 255;

/// Whether a `client_id` is meant as an address.
pub(super) fn is_meant(client_id: &str) -> bool {
    client_id.starts_with("https://") || client_id.starts_with("http://")
}

/// What is wrong with an address, if anything is. Addresses are compared as texts, so there is one way to write each: this
/// leaves out dot segments, capitals in the host, and a port that goes without saying.
pub(super) fn fault(client_id: &str) -> Option<&'static str> {
    if client_id.chars().count() > LONGEST {
        return Some("it is longer than 255 characters");
    }
    let Ok(url) = Url::parse(client_id) else {
        return Some("it is not an address");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it must not hold a name or password");
    }
    if url.fragment().is_some() {
        return Some("it must not have a fragment");
    }
    if url.path() == "/" {
        return Some("it must have a path");
    }
    if url.as_str() != client_id {
        return Some("it must be written in its normal form, without dot segments");
    }
    None
}

/// Whether a host is one of a list of names; `*.example.org` stands for all below it, and for `example.org`.
pub(super) fn is_listed<'a>(mut list: impl Iterator<Item = &'a str>, client_id: &str) -> bool {
    let host = Url::parse(client_id).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    list.any(|entry| {
        let entry = entry.to_ascii_lowercase();
        match entry.strip_prefix("*.") {
            Some(domain) => host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
            None => host == entry,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_whole_and_written_in_one_way() {
        for good in [
            "https://app.example/client.json",
            "https://app.example:8443/a/b",
            "https://app.example/client?v=2",
            "https://app.example/a..b/.well",
            "https://app.example/dir/",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "https://app.example",
            "https://app.example/",
            "https://app.example/?q",
            "https://app.example/a/../b",
            "https://app.example/./a",
            "https://app.example/a/%2e%2e/b",
            "https://app.example/a/..",
            "https://app.example/a#b",
            "https://app.example/a#",
            "https://user@app.example/a",
            "https://user:pw@app.example/a",
            "https://APP.example/a",
            "https://app.example:443/a",
            "https://app.example\\a",
            "https:///app.example/a",
            "https://app.example/ä",
            "https://app.example/a b",
            "https://",
            "https://[::1",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&format!("https://app.example/{}", "a".repeat(255))).is_some());
    }

    #[test]
    fn a_domain_is_itself_and_what_is_below_it() {
        let listed = |list: &str, address: &str| is_listed(list.split(','), address);
        assert!(listed("app.example", "https://app.example/c"));
        assert!(listed("*.Example", "https://app.example/c") && listed("*.app.example", "https://app.example/c"));
        assert!(!listed("app.example", "https://b.app.example/c"));
        assert!(!listed("*.pp.example", "https://app.example/c"));
        assert!(!listed("app.example", "https://app.example.evil/c"));
    }
}
