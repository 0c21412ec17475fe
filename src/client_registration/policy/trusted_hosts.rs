//! `trusted-hosts`: from where somebody may call, and to which hosts the application may belong.
//!
//! A host is a name, an address, a range of addresses (`10.0.0.0/8`) or, for the application's addresses, a domain
//! (`*.example.com`, which is `example.com` too), or the scheme of programs on a device (`com.example.app:`). Loopback addresses are called `localhost` as well. Reverse names of
//! callers are not asked for: whoever has the address decides what they say.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_oauth::redirect_uri;

use super::{Candidate, Judgement, Objection, list, on_by_default};
use crate::client_registration::descriptor;
use crate::store::json;
use crate::store::realm::Component;

/// How long the addresses of a listed name may take to be found.
const LOOK_UP: Duration = Duration::from_secs(2);

/// Schemes whose addresses have a host that says whose they are.
const OF_THE_WEB: [&str; 4] = ["http", "https", "ws", "wss"];

/// Addresses that belong to the application, and what the registrant calls them.
const PAGES: [(&str, &str); 3] = [
    ("rootUrl", "rootUrl"),
    ("baseUrl", "client_uri"),
    ("adminUrl", "adminUrl"),
];

pub(super) async fn check_sender(component: &Component, ip: IpAddr) -> Judgement {
    if !on_by_default(component, "host-sending-registration-request-must-match") {
        return Ok(());
    }
    for host in list(component, "trusted-hosts") {
        if calls_from(host, ip).await {
            return Ok(());
        }
    }
    Err(Objection::about("address", ip.to_string(), "Host not trusted."))
}

/// Whether somebody at an address is the listed host: a name, an address or a range of them; loopback is `localhost`.
pub async fn calls_from(host: &str, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    is_address(host, ip) || (host == "localhost" && ip.is_loopback()) || resolves_to(host, ip).await
}

/// Whether an entry is an address or a range of them, and holds this one.
fn is_address(entry: &str, ip: IpAddr) -> bool {
    entry.parse::<IpAddr>().is_ok_and(|one| one.to_canonical() == ip)
        || entry.parse::<IpNet>().is_ok_and(|range| range.contains(&ip))
}

/// Whether a listed name leads to an address now.
async fn resolves_to(host: &str, ip: IpAddr) -> bool {
    let is_name = host.parse::<IpAddr>().is_err() && !host.contains(['/', '*', ':']) && host != "localhost";
    if !is_name {
        return false;
    }
    match tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((host, 0))).await {
        Ok(Ok(mut found)) => found.any(|address| address.ip().to_canonical() == ip),
        _ => false,
    }
}

pub(super) fn judge(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    if !on_by_default(component, "client-uris-must-match") {
        return Ok(());
    }
    for (member, field) in PAGES {
        let Some(url) = json::text(candidate.doc, member) else {
            continue;
        };
        // Relative to the root, or to this server.
        if !url.starts_with('/') && !trusts(component, url) {
            let text = "URL doesn't match any trusted host or trusted domain";
            return Err(Objection::about(field, url, text));
        }
    }
    let uris = json::texts(candidate.doc, "redirectUris").into_iter();
    for (field, uri) in uris
        .map(|uri| ("redirect_uris", uri))
        .chain(descriptor::addresses(candidate.doc))
    {
        if !trusts(component, uri) {
            let text = "URI doesn't match any trusted host or trusted domain";
            return Err(Objection::about(field, uri, text));
        }
    }
    Ok(())
}

fn trusts(component: &Component, uri: &str) -> bool {
    is_of(list(component, "trusted-hosts"), uri)
}

/// The scheme that an entry names: `com.example.app:`. Of the web's own, hosts are listed.
pub(super) fn scheme(entry: &str) -> Option<&str> {
    entry
        .strip_suffix(':')
        .filter(|scheme| !entry.starts_with('[') && !scheme.contains(':'))
}

/// Whether an entry may stand in such a list: one that nothing can be is a mistake, and `https:` would be everybody.
pub(super) fn is_sound(entry: &str) -> bool {
    let Some(scheme) = scheme(entry) else {
        return is_host(entry);
    };
    let spelt = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    spelt && !OF_THE_WEB.iter().any(|web| web.eq_ignore_ascii_case(scheme))
}

/// A name, `*.` before one, an address, or a range of addresses.
fn is_host(entry: &str) -> bool {
    if entry.contains('/') {
        return entry.parse::<IpNet>().is_ok();
    }
    let name = entry.strip_prefix("*.").unwrap_or(entry);
    let spelt = name
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    (spelt && !name.is_empty() && !name.starts_with('.')) || entry.parse::<IpAddr>().is_ok()
}

/// Whether a URI is of one of these hosts: names, addresses, ranges of them, or `*.domain`; or of a scheme that is listed.
pub(super) fn is_of<'a>(hosts: impl Iterator<Item = &'a str>, uri: &str) -> bool {
    let hosts: Vec<&str> = hosts.collect();
    let own = uri.split_once(':').map(|(own, _)| own).unwrap_or_default();
    let of_scheme = |entry: &&str| is_sound(entry) && scheme(entry).is_some_and(|one| one.eq_ignore_ascii_case(own));
    if hosts.iter().any(of_scheme) {
        return true;
    }
    let mut hosts = hosts.into_iter();
    let Some(host) = redirect_uri::host(uri).map(str::to_ascii_lowercase) else {
        return false;
    };
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .ok();
    hosts.any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if let Some(address) = address {
            return is_address(&entry, address.to_canonical());
        }
        match entry.strip_prefix("*.") {
            Some(domain) => host == domain || host.strip_suffix(domain).is_some_and(|left| left.ends_with('.')),
            None => host == entry,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(hosts: &[&str]) -> Component {
        let config = serde_json::json!({ "trusted-hosts": hosts });
        serde_json::from_value(serde_json::json!({ "id": "c", "config": config })).unwrap()
    }

    #[test]
    fn a_host_is_trusted_by_its_whole_name() {
        let listed = component(&["ok.com", "*.example.com", "10.0.0.0/8", "::1"]);
        for good in [
            "https://ok.com/cb",
            "https://OK.com:444/",
            "https://a.example.com/",
            "https://example.com/",
            "http://10.1.2.3/",
            "http://[::1]:9/",
        ] {
            assert!(trusts(&listed, good), "{good}");
        }
        for bad in [
            "https://evil-ok.com/",
            "https://ok.com.evil.net/",
            "https://evilexample.com/",
            "http://11.0.0.1/",
            "com.example.app:/cb",
            "/cb",
            "https://ok.com@evil.net/",
        ] {
            assert!(!trusts(&listed, bad), "{bad}");
        }
    }

    #[test]
    fn a_scheme_is_trusted_by_its_name_and_the_webs_are_not() {
        let listed = component(&["com.example.app:", "https:", "cursor:"]);
        for good in ["com.example.app:/cb", "COM.example.app:/cb", "cursor://anysphere/cb"] {
            assert!(trusts(&listed, good), "{good}");
        }
        for bad in [
            "com.example.app.evil:/cb",
            "com.example:/cb",
            "https://a.example.com/cb",
            "app:/cb",
            "::1",
        ] {
            assert!(!trusts(&listed, bad), "{bad}");
        }
        assert!(is_sound("::1") && is_sound("localhost") && is_sound("com.example.app:"));
        assert!(
            is_sound("10.0.0.0/8") && is_sound("2001:db8::/32") && is_sound("*.example.com") && is_sound("a-b.example")
        );
        for bad in [
            "HTTPS:",
            "a b:",
            ":",
            "https://x",
            "10.0.0.0/99",
            "a.example/cb",
            "*",
            "*.",
            "a.example:443",
            "[::1]",
            "a b",
        ] {
            assert!(!is_sound(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_caller_is_trusted_by_address_and_loopback_is_localhost() {
        let from = |hosts: &'static [&'static str], ip: &'static str| async move {
            check_sender(&component(hosts), ip.parse().unwrap()).await.is_ok()
        };
        assert!(from(&["localhost"], "127.0.0.1").await && from(&["localhost"], "::1").await);
        assert!(from(&["192.0.2.0/24"], "192.0.2.7").await && from(&["192.0.2.0/24"], "::ffff:192.0.2.7").await);
        assert!(!from(&[], "127.0.0.1").await && !from(&["192.0.2.0/24"], "192.0.3.7").await);
        assert!(!from(&["*.example.com"], "127.0.0.1").await);
    }
}
