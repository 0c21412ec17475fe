//! What people are told of an application that nobody has vouched for.

use url::{Host, Url};

use crate::client_registration::cimd;
use crate::login::Turn;
use crate::theme::pages::Stranger;

/// What is known of it, if it is one: whom it says it belongs to, and where the answer goes. A device asks
/// for that itself, and nobody is sent anywhere.
pub(super) fn described(turn: &Turn) -> Option<Stranger> {
    if !turn.client.unverified() {
        return None;
    }
    if turn.session.request.device.is_some() {
        return Some(Stranger::default());
    }
    let host = |address: &str| Url::parse(address).ok()?.host_str().map(str::to_owned);
    let to = &turn.session.request.redirect_uri;
    Some(Stranger {
        client_host: match cimd::is_document(&turn.client) {
            true => host(&turn.client.client_id).unwrap_or_default(),
            false => String::new(),
        },
        // An address of a program has no host: its scheme says which program it is.
        redirect_host: host(to).unwrap_or_else(|| to.split(':').next().unwrap_or_default().to_owned()),
        on_this_device: is_on_this_device(to),
    })
}

/// Whether a redirect URI leads to a program beside the browser.
fn is_on_this_device(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return true;
    };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || !matches!(url.scheme(), "http" | "https"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_on_this_device_are_known_by_their_address() {
        for (address, here) in [
            ("https://app.example/cb", false),
            ("https://localhost.example/cb", false),
            ("http://localhost:3000/cb", true),
            ("http://127.0.0.1:1/cb", true),
            ("http://[::1]:1/cb", true),
            ("com.example.app:/cb", true),
            ("cursor://anysphere/cb", true),
        ] {
            assert_eq!(is_on_this_device(address), here, "{address}");
        }
    }
}
