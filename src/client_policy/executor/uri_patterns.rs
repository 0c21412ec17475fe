//! `secure-client-uris-pattern`: the addresses of a client are of these forms.

use vestibule_oauth::web_origin;

use super::Judgement;
use crate::client_policy::config::{Config, whole};
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

/// What the setting calls them, and where they are: a member, or an attribute whose addresses are parted by `##`.
const FIELDS: [(&str, Place); 23] = [
    ("rootUrl", Place::Member("rootUrl")),
    ("adminUrl", Place::Member("adminUrl")),
    ("baseUrl", Place::Member("baseUrl")),
    ("redirectUris", Place::List("redirectUris")),
    ("webOrigins", Place::List("webOrigins")),
    ("jwksUri", Place::Attribute("jwks.url")),
    ("requestUris", Place::Attribute("request.uris")),
    ("backchannelLogoutUrl", Place::Attribute("backchannel.logout.url")),
    ("postLogoutRedirectUris", Place::Attribute("post.logout.redirect.uris")),
    (
        "cibaClientNotificationEndpoint",
        Place::Attribute("ciba.backchannel.client.notification.endpoint"),
    ),
    ("logoUri", Place::Attribute("logoUri")),
    ("policyUri", Place::Attribute("policyUri")),
    ("tosUri", Place::Attribute("tosUri")),
    ("sectorIdentifierUri", Place::Attribute("sectorIdentifierUri")),
    (
        "samlAssertionConsumerUrlPost",
        Place::Attribute("saml_assertion_consumer_url_post"),
    ),
    (
        "samlAssertionConsumerUrlRedirect",
        Place::Attribute("saml_assertion_consumer_url_redirect"),
    ),
    (
        "samlAssertionConsumerUrlArtifact",
        Place::Attribute("saml_assertion_consumer_url_artifact"),
    ),
    (
        "samlSingleLogoutServiceUrlPost",
        Place::Attribute("saml_single_logout_service_url_post"),
    ),
    (
        "samlSingleLogoutServiceUrlRedirect",
        Place::Attribute("saml_single_logout_service_url_redirect"),
    ),
    (
        "samlSingleLogoutServiceUrlArtifact",
        Place::Attribute("saml_single_logout_service_url_artifact"),
    ),
    (
        "samlSingleLogoutServiceUrlSoap",
        Place::Attribute("saml_single_logout_service_url_soap"),
    ),
    ("samlArtifactBindingUrl", Place::Attribute("saml_artifact_binding_url")),
    (
        "samlMetadataDescriptorUrl",
        Place::Attribute("saml.metadata.descriptor.url"),
    ),
];

enum Place {
    Member(&'static str),
    List(&'static str),
    Attribute(&'static str),
}

impl Place {
    fn of<'a>(&self, doc: &'a Doc) -> Vec<&'a str> {
        match self {
            Self::Member(name) => json::text(doc, name).into_iter().collect(),
            Self::List(name) => json::texts(doc, name),
            Self::Attribute(name) => json::attribute(doc, name)
                .into_iter()
                .flat_map(|all| all.split("##"))
                .collect(),
        }
    }
}

pub(super) fn on_change(config: Config<'_>, doc: &Doc) -> Judgement {
    let patterns: Vec<_> = config.list("allowed-patterns").into_iter().filter_map(whole).collect();
    let fields = config.list("client-uri-fields");
    let judged = |name: &str| fields.is_empty() || fields.contains(&name);
    // Origins that follow from redirect URIs were made here, and say nothing that those do not.
    let derived = judged("redirectUris")
        && json::texts(doc, "webOrigins") == web_origin::of_redirect_uris(&json::texts(doc, "redirectUris"));
    for (name, place) in FIELDS
        .iter()
        .filter(|(name, _)| judged(name) && !(derived && *name == "webOrigins"))
    {
        for uri in place.of(doc) {
            if patterns.is_empty() {
                let text = format!("Invalid {name}: No valid allowed patterns configured");
                return Err(Refused::metadata(text).about(name, uri));
            }
            if !patterns.iter().any(|pattern| pattern.is_match(uri)) {
                return Err(Refused::metadata(format!("Invalid {name}")).about(name, uri));
            }
        }
    }
    Ok(())
}
