//! `secure-redirect-uris-enforcer`: the kinds of redirect URIs that a realm lets clients have. What is allowed was measured
//! with Keycloak: a loopback address over http needs both switches, its own and `allow-http-scheme`.

use vestibule_oauth::redirect_uri;

use super::Judgement;
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::{Config, whole};
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

pub(super) fn on_change(config: Config<'_>, doc: &Doc, base: &str) -> Judgement {
    if config.flag("allow-open-redirect") {
        return Ok(());
    }
    let uris = json::texts(doc, "redirectUris");
    if uris.is_empty() {
        return Err(invalid("uri"));
    }
    let after_logout = json::attribute(doc, "post.logout.redirect.uris").unwrap_or_default();
    let after_logout = after_logout.split("##").filter(|uri| !matches!(*uri, "" | "+" | "-"));
    let root = json::text(doc, "rootUrl").unwrap_or(base);
    for uri in uris.into_iter().chain(after_logout) {
        let absolute = if uri.starts_with('/') {
            format!("{root}{uri}")
        } else {
            uri.to_owned()
        };
        check(config, &absolute).map_err(|refused| refused.about("redirect_uris", uri))?;
    }
    Ok(())
}

pub(super) fn on_request(config: Config<'_>, at: &At<'_>) -> Judgement {
    let (Event::PreAuthorization(asked) | Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    // What a client may have registered it may still not ask for: `allow-open-redirect` is of the former only, as in Keycloak.
    let uri = asked.params.heeded("redirect_uri").unwrap_or_default();
    check(config, uri).map_err(|refused| Refused {
        for_the_person: true,
        ..refused.about("redirect_uri", uri)
    })
}

fn invalid(what: &str) -> Refused {
    Refused::request(format!("Invalid Redirect Uri: invalid {what}"))
}

fn check(config: Config<'_>, uri: &str) -> Judgement {
    let scheme = uri
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| is_scheme(scheme));
    let Some(scheme) = scheme else {
        return Err(invalid("uri"));
    };
    let (oauth_2_1, web) = (config.flag("oauth-2-1-compliant"), matches!(scheme, "http" | "https"));
    let strict = oauth_2_1 || config.flag("oauth-2-0-compliant");
    if strict && (uri.contains('#') || uri.contains('*')) {
        return Err(invalid("uri"));
    }
    if !web {
        let reversed_domain = scheme.contains('.');
        let allowed = config.flag("allow-private-use-uri-scheme") && (reversed_domain || !oauth_2_1);
        return if allowed {
            Ok(())
        } else {
            Err(invalid("private use scheme"))
        };
    }
    let host = redirect_uri::host(uri).unwrap_or_default();
    let secure = scheme == "https" || config.flag("allow-http-scheme");
    if let Some(loopback) = Loopback::of(host) {
        let allowed = match loopback {
            Loopback::V4 => config.flag("allow-ipv4-loopback-address"),
            Loopback::V6 => config.flag("allow-ipv6-loopback-address"),
            Loopback::Name => config.flag("allow-ipv4-loopback-address") && !oauth_2_1,
        };
        return if allowed && secure {
            Ok(())
        } else {
            Err(invalid("loopback address"))
        };
    }
    let wildcard = uri.contains('*') && !config.flag("allow-wildcard-context-path");
    let domains = config.list("allow-permitted-domains");
    let permitted = domains.is_empty()
        || domains
            .iter()
            .filter_map(|one| whole(one))
            .any(|one| one.is_match(host));
    if secure && !wildcard && permitted {
        Ok(())
    } else {
        Err(invalid("uri"))
    }
}

/// The names of this very machine.
enum Loopback {
    V4,
    V6,
    Name,
}

impl Loopback {
    fn of(host: &str) -> Option<Self> {
        match host {
            "localhost" => Some(Self::Name),
            "127.0.0.1" => Some(Self::V4),
            "[::1]" | "::1" => Some(Self::V6),
            _ => None,
        }
    }
}

fn is_scheme(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}
