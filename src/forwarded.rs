//! What a reverse proxy says of a request: who called it, by which scheme and host. Believed from listed proxies only,
//! and of what several have said only as far as each was told by a listed one (rule R11).

use std::net::{IpAddr, SocketAddr};

use crate::config::{Config, ProxyHeaders};

/// What is believed.
pub struct Said {
    /// Whoever stands before the proxies.
    pub ip: IpAddr,
    pub proto: Option<String>,
    pub host: Option<String>,
}

/// One proxy's account of whom it was called by.
#[derive(Default)]
struct Hop {
    by: String,
    proto: Option<String>,
    host: Option<String>,
}

/// Reads the headers of a request from `peer`; `lines` gives all lines of a header. `None` if the peer is not a proxy
/// whose headers are read.
pub fn read(config: &Config, peer: IpAddr, lines: impl Fn(&str) -> Vec<String>) -> Option<Said> {
    let kind = config.proxy_headers?;
    if !is_proxy(config, peer) {
        return None;
    }
    let hops = match kind {
        ProxyHeaders::Forwarded => lines("forwarded").iter().flat_map(|l| l.split(',')).map(hop).collect(),
        ProxyHeaders::Xforwarded => {
            // A proxy that adds a line of its own puts it last; whatever stands before it came from its caller.
            let last = |name| {
                let line = lines(name).pop()?;
                Some(line.split(',').next().unwrap_or_default().trim().to_owned())
            };
            let (proto, host) = (last("x-forwarded-proto"), last("x-forwarded-host"));
            let by = lines("x-forwarded-for");
            let mut hops: Vec<Hop> = by.iter().flat_map(|l| l.split(',')).map(by_address).collect();
            if hops.is_empty() {
                hops.push(by_address(&peer.to_string()));
            }
            for hop in &mut hops {
                (hop.proto, hop.host) = (proto.clone(), host.clone());
            }
            hops
        }
    };
    Some(past_proxies(config, peer, &hops))
}

/// Without a list, proxies are those within one's own walls.
pub fn is_proxy(config: &Config, peer: IpAddr) -> bool {
    if config.trusted_proxies.is_empty() {
        super::caller::is_private(peer)
    } else {
        is_listed(config, peer)
    }
}

fn is_listed(config: &Config, ip: IpAddr) -> bool {
    config.trusted_proxies.iter().any(|net| net.contains(&ip))
}

/// The account of the last hop that no listed proxy stands behind: what is before it anybody may have written.
fn past_proxies(config: &Config, peer: IpAddr, hops: &[Hop]) -> Said {
    let (mut ip, mut believed) = (peer, None);
    for hop in hops.iter().rev() {
        believed = Some(hop);
        // `unknown`, `_hidden` and what is no address: then the proxy is all that is known.
        let Some(known) = address(&hop.by) else { break };
        ip = known;
        if !is_listed(config, ip) {
            break;
        }
    }
    Said {
        ip,
        proto: believed.and_then(|h| h.proto.clone()),
        host: believed.and_then(|h| h.host.clone()),
    }
}

fn by_address(text: &str) -> Hop {
    Hop {
        by: text.trim().to_owned(),
        ..Hop::default()
    }
}

/// An element of `Forwarded` (RFC 7239 section 4): `for="[2001:db8::1]:4711";proto=https;host=id.example.org`.
fn hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in element.split(';') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"').to_owned();
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.by = value,
            "proto" => hop.proto = Some(value),
            "host" => hop.host = Some(value),
            _ => {}
        }
    }
    hop
}

/// An address with or without brackets and port; the port may be hidden, as `192.0.2.1:_x` (RFC 7239 section 6).
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None if text.matches(':').count() == 1 => text.split(':').next()?,
        None => text,
    };
    let parsed = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|a| a.ip()));
    parsed.ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(kind: ProxyHeaders, trusted: &[&str]) -> Config {
        Config {
            dev: true,
            demo: false,
            data: "data".into(),
            db: String::new(),
            http_host: [127, 0, 0, 1].into(),
            http_port: 0,
            https: None,
            management_port: 0,
            hostname: None,
            proxy_headers: Some(kind),
            client_certificate_header: None,
            client_verified_header: None,
            trusted_proxies: trusted.iter().map(|t| t.parse().unwrap()).collect(),
            secret_key_file: "key".into(),
            allow_private_hooks: false,
            egress_allow: Vec::new(),
            import_realm: false,
            egress_ca: None,
            geoip: None,
            console: None,
            first_admin: (String::new(), None),
            first_service: None,
        }
    }

    /// The address that is believed; `peer` if nothing is.
    fn caller(kind: ProxyHeaders, trusted: &[&str], peer: &str, headers: &[(&str, &str)]) -> String {
        let peer: IpAddr = peer.parse().unwrap();
        let lines = |name: &str| {
            let found = headers.iter().filter(|(n, _)| *n == name);
            found.map(|(_, v)| (*v).to_owned()).collect()
        };
        read(&config(kind, trusted), peer, lines)
            .map_or(peer, |s| s.ip)
            .to_string()
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        let said = [("x-forwarded-for", "203.0.113.7")];
        let x = ProxyHeaders::Xforwarded;
        assert_eq!(caller(x, &["10.0.0.0/8"], "10.0.0.1", &said), "203.0.113.7");
        assert_eq!(caller(x, &["10.0.0.0/8"], "198.51.100.1", &said), "198.51.100.1");
        // Without a list: those in private networks.
        assert_eq!(caller(x, &[], "192.168.0.1", &said), "203.0.113.7");
        assert_eq!(caller(x, &[], "198.51.100.1", &said), "198.51.100.1");
    }

    #[test]
    fn what_a_caller_wrote_before_the_proxy_did_is_not_believed() {
        let x = ProxyHeaders::Xforwarded;
        let one_line = [("x-forwarded-for", "1.1.1.1, 203.0.113.7")];
        let two_lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7")];
        let two_proxies = [("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.2")];
        for headers in [&one_line[..], &two_lines, &two_proxies] {
            assert_eq!(caller(x, &["10.0.0.0/8"], "10.0.0.1", headers), "203.0.113.7");
        }
        let forged = [("forwarded", "for=1.1.1.1;x=\"a"), ("forwarded", "for=203.0.113.7")];
        assert_eq!(
            caller(ProxyHeaders::Forwarded, &["10.0.0.0/8"], "10.0.0.1", &forged),
            "203.0.113.7"
        );
    }

    #[test]
    fn addresses_come_with_brackets_ports_and_veils() {
        for (text, ip) in [
            ("for=203.0.113.7:4711", "203.0.113.7"),
            ("For=\"[2001:db8::1]:4711\";proto=https", "2001:db8::1"),
            ("for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=203.0.113.7:_veiled", "203.0.113.7"),
            ("for=\"[::ffff:203.0.113.7]\"", "203.0.113.7"),
            ("for=unknown", "10.0.0.1"),
            ("for=_hidden, for=10.0.0.9", "10.0.0.9"),
            ("proto=https", "10.0.0.1"),
        ] {
            let headers = [("forwarded", text)];
            assert_eq!(
                caller(ProxyHeaders::Forwarded, &["10.0.0.0/8"], "10.0.0.1", &headers),
                ip,
                "{text}"
            );
        }
    }

    #[test]
    fn scheme_and_host_are_those_that_the_believed_caller_used() {
        let config = config(ProxyHeaders::Forwarded, &["10.0.0.0/8"]);
        let text =
            "for=1.1.1.1;host=evil.example, for=203.0.113.7;proto=https;host=id.example.org, for=10.0.0.2;proto=http";
        let said = read(&config, [10, 0, 0, 1].into(), |_| vec![text.to_owned()]).unwrap();
        assert_eq!(said.proto.as_deref(), Some("https"));
        assert_eq!(said.host.as_deref(), Some("id.example.org"));
    }
}
