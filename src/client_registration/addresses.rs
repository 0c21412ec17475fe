//! Addresses of a client that this server opens: those that it never would are refused when they are registered, not only when
//! they are used (SSR-01). What was there before is let be.

use url::Url;

use super::refusal::Refusal;
use crate::app::App;
use crate::egress::Refused;
use crate::store::json::{self, Doc};

/// Attributes with addresses that are fetched, and the members that they come of. A sector identifier is fetched at once.
const FETCHED: [(&str, &str); 2] = [("jwks.url", "jwks_uri"), ("request.uris", "request_uris")];

/// The same for those that are told something.
const TOLD: [(&str, &str); 2] = [
    ("backchannel.logout.url", "backchannel_logout_uri"),
    (
        "ciba.backchannel.client.notification.endpoint",
        "backchannel_client_notification_endpoint",
    ),
];

/// Judges the addresses of a client as it would become; `before`: as it is.
///
/// # Errors
///
/// The member, and why.
pub(super) fn check(app: &App, before: Option<&Doc>, doc: &Doc) -> Result<(), Refusal> {
    let known = |attribute: &str| {
        before
            .and_then(|before| json::attribute(before, attribute))
            .unwrap_or_default()
    };
    let new = |attribute: &'static str| {
        let had: Vec<&str> = known(attribute).split("##").collect();
        let all = json::attribute(doc, attribute).unwrap_or_default().split("##");
        let all: Vec<&str> = all.filter(|one| !one.is_empty() && !had.contains(one)).collect();
        all
    };
    for (attribute, member) in FETCHED {
        for address in new(attribute) {
            app.egress.check(address).map_err(|why| refuse(member, why))?;
        }
    }
    for (attribute, member) in TOLD {
        // Whoever develops may name a program on the same machine, though nothing is told to it; nor is anything by http.
        let private = |one: &&str| {
            let one = one.replacen("http://", "https://", 1);
            app.egress.check_hook(&one) == Err(Refused::Private)
        };
        if new(attribute).iter().any(private) {
            return Err(refuse(member, Refused::Private));
        }
    }
    logout(before, doc)
}

fn refuse(member: &str, why: Refused) -> Refusal {
    Refusal::metadata(format!("{member}: {why}"))
}

/// Back-Channel Logout 1.0 section 2.2 and Front-Channel Logout 1.0 section 2.
fn logout(before: Option<&Doc>, doc: &Doc) -> Result<(), Refusal> {
    let same = |name: &str| before.is_some_and(|before| json::attribute(before, name) == json::attribute(doc, name));
    let address = |name: &str| json::attribute(doc, name).filter(|_| !same(name));
    if address("backchannel.logout.url").is_some_and(|url| url.contains('#')) {
        return Err(Refusal::metadata("backchannel_logout_uri must not contain a fragment"));
    }
    let redirects = json::texts(doc, "redirectUris");
    let mut places = redirects.iter().filter_map(|uri| place(uri)).peekable();
    let Some(own) = address("frontchannel.logout.url").and_then(place) else {
        return Ok(());
    };
    // An application without pages has none to compare with.
    if places.peek().is_none() || places.any(|place| place == own) {
        return Ok(());
    }
    Err(Refusal::metadata(
        "frontchannel_logout_uri must have the scheme, host and port of a redirect URI",
    ))
}

/// Scheme, host and port of an address on the web; the port of a loopback address is free, as in redirect URIs.
fn place(uri: &str) -> Option<(String, String, Option<u16>)> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
    let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let port = url.port_or_known_default().filter(|_| !is_loopback);
    Some((url.scheme().to_owned(), host.to_owned(), port))
}
