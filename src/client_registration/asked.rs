//! What a registrant asks for, in one of two forms: OpenID Connect metadata, or Keycloak's own representation.

use vestibule_oauth::client_metadata::Metadata;
use vestibule_oauth::error::Refusal as Fault;

use super::{descriptor, metadata, representation};
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The form of a registration: Keycloak's providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `openid-connect`: RFC 7591.
    OpenId,
    /// `default`: a `ClientRepresentation`, within the same bounds.
    Keycloak,
    /// `saml2-entity-descriptor`: what a SAML service provider says of itself. It makes clients and nothing else.
    Saml,
    /// `install`: a client's file. It reads and nothing else.
    Install,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenId, Self::Keycloak, Self::Saml, Self::Install];

    /// Its place in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid-connect",
            Self::Keycloak => "default",
            Self::Saml => "saml2-entity-descriptor",
            Self::Install => "install",
        }
    }
}

/// The scope that lets a client act while nobody is there. It never blocks a registration: who may not have it does not get it.
pub(super) const OFFLINE: &str = "offline_access";

/// What was sent, understood.
pub(super) enum Asked {
    OpenId(Box<Metadata>),
    Keycloak(Doc),
    /// What a descriptor describes.
    Saml(Doc),
}

impl Asked {
    /// Reads what was sent, a JSON object.
    pub(super) fn parse(form: Form, realm: &Realm, sent: &Doc) -> Result<Self, Fault> {
        match form {
            Form::Keycloak | Form::Install => return Ok(Self::Keycloak(sent.clone())),
            Form::Saml => return Ok(Self::Saml(sent.clone())),
            Form::OpenId => {}
        }
        Ok(Self::of_metadata(realm, Metadata::from_object(sent)?))
    }

    /// The same for a change: in metadata, `null` takes a member away.
    pub(super) fn parse_change(form: Form, realm: &Realm, sent: &Doc) -> Result<Self, Fault> {
        match form {
            Form::OpenId => Ok(Self::of_metadata(realm, Metadata::from_change(sent)?)),
            _ => Self::parse(form, realm, sent),
        }
    }

    fn of_metadata(realm: &Realm, mut metadata: Metadata) -> Self {
        metadata::keep_known_scopes(realm, &mut metadata);
        Self::OpenId(Box::new(metadata))
    }

    /// The `client_id` that was named.
    pub(super) fn client_id(&self) -> Option<&str> {
        match self {
            Self::OpenId(parsed) => parsed.client_id.as_deref(),
            Self::Keycloak(sent) | Self::Saml(sent) => sent.get("clientId").and_then(|id| id.as_str()),
        }
    }

    /// Whether client scopes were asked for that a policy may have something against. `openid` is none, and
    /// `offline_access` is left out where it is not allowed.
    pub(super) fn names_scopes(&self) -> bool {
        match self {
            Self::OpenId(parsed) => {
                let blocks = |name: &String| !matches!(name.as_str(), "openid" | OFFLINE);
                parsed.scope.as_ref().is_some_and(|names| names.iter().any(blocks))
            }
            Self::Keycloak(sent) => {
                let lists = ["defaultClientScopes", "optionalClientScopes"];
                lists.iter().any(|list| sent.contains_key(*list))
            }
            Self::Saml(_) => false,
        }
    }

    /// The response types that were asked for.
    pub(super) fn response_types(&self) -> &[String] {
        match self {
            Self::OpenId(parsed) => parsed.response_types.as_deref().unwrap_or_default(),
            Self::Keycloak(_) | Self::Saml(_) => &[],
        }
    }

    /// Whether the way to authenticate was said. In metadata its absence means the standard's own, RFC 7591 section 2.
    pub(super) fn names_authenticator(&self) -> bool {
        match self {
            Self::OpenId(_) => true,
            Self::Keycloak(sent) => sent.contains_key("clientAuthenticatorType"),
            Self::Saml(_) => false,
        }
    }

    /// Whether a list of the client's scopes is the sender's own. In metadata that is the optional ones.
    pub(super) fn names_list(&self, list: &str) -> bool {
        match self {
            Self::OpenId(parsed) => parsed.scope.is_some() && list == "optionalClientScopes",
            Self::Keycloak(sent) => sent.get(list).is_some_and(|list| !list.is_null()),
            Self::Saml(_) => false,
        }
    }

    /// A new client, if all of it were granted.
    pub(super) fn new_client(&self, realm: &Realm) -> Doc {
        match self {
            Self::OpenId(parsed) => metadata::new_client(realm, parsed),
            Self::Keycloak(sent) => representation::new_client(realm, sent),
            Self::Saml(described) => descriptor::new_client(realm, described),
        }
    }

    /// The changed client, if all of it were granted.
    pub(super) fn changed_client(&self, realm: &Realm, client: &Client) -> Doc {
        match self {
            Self::OpenId(parsed) => metadata::changed_client(realm, client, parsed),
            Self::Keycloak(sent) => representation::changed_client(realm, client, sent),
            // Nobody changes a client by this provider.
            Self::Saml(_) => client.doc.clone(),
        }
    }

    /// Refuses what no policy may grant. The metadata form cannot even say such a thing.
    pub(super) fn check_bounds(&self, before: &Doc, wanted: &Doc) -> Result<(), Fault> {
        match self {
            Self::OpenId(_) => Ok(()),
            Self::Keycloak(_) => representation::check_bounds(before, wanted),
            Self::Saml(_) => descriptor::check_addresses(wanted),
        }
    }
}

/// Whether a client is one that this protocol's metadata describes.
pub(super) fn is_openid(doc: &Doc) -> bool {
    json::text(doc, "protocol").is_none_or(|protocol| protocol == "openid-connect")
}
