//! `secure-client-uris`: every address of a client is https and says exactly where.

use super::Judgement;
use crate::client_policy::at::{At, Event};
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

/// Members and attributes with one address or several, and what Keycloak calls them.
const MEMBERS: [(&str, &str); 3] = [("rootUrl", "rootUrl"), ("adminUrl", "adminUrl"), ("baseUrl", "baseUrl")];
const LISTS: [(&str, &str); 2] = [("redirectUris", "redirectUris"), ("webOrigins", "webOrigins")];
const ATTRIBUTES: [(&str, &str); 8] = [
    ("backchannel.logout.url", "logoutUrl"),
    ("post.logout.redirect.uris", "postLogoutUris"),
    (
        "ciba.backchannel.client.notification.endpoint",
        "cibaClientNotificationEndpoint",
    ),
    ("jwks.url", "jwksUri"),
    ("logoUri", "logoUri"),
    ("policyUri", "policyUri"),
    ("tosUri", "tosUri"),
    ("request.uris", "requestUris"),
];

pub(super) fn on_change(doc: &Doc) -> Judgement {
    for (member, name) in MEMBERS {
        secure(json::text(doc, member), name)?;
    }
    for (member, name) in LISTS {
        secure(json::texts(doc, member), name)?;
    }
    for (attribute, name) in ATTRIBUTES {
        secure(
            json::attribute(doc, attribute)
                .into_iter()
                .flat_map(|all| all.split("##")),
            name,
        )?;
    }
    Ok(())
}

fn secure<'a>(uris: impl IntoIterator<Item = &'a str>, name: &'static str) -> Judgement {
    // `+` stands for others that are looked at anyway.
    let bad = |uri: &&str| !matches!(*uri, "+" | "-") && !is_secure(uri);
    match uris.into_iter().find(bad) {
        None => Ok(()),
        Some(uri) => Err(Refused::metadata(format!("Invalid {name}")).about(name, uri)),
    }
}

fn is_secure(uri: &str) -> bool {
    uri.starts_with("https://") && !uri.contains('*')
}

pub(super) fn on_request(at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    match asked.params.heeded("redirect_uri") {
        Some(uri) if !uri.starts_with("https://") => {
            Err(Refused::request("Invalid redirect_uri").about("redirect_uri", uri))
        }
        _ => Ok(()),
    }
}
