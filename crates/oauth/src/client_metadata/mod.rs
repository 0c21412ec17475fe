//! What an application says of itself when it registers, and what it is told in return.
//!
//! RFC 7591 and 7592, `OpenID` Connect Registration 1.0, and the members that later
//! specifications registered. The schema is closed: every member has a type, a bound and a
//! home in Keycloak's `ClientRepresentation`; unknown ones are dropped (RFC 7591 §2), so a
//! registrant cannot reach a setting that is not listed here.
//!
//! The way of a registration: [`read_object`], [`Metadata::from_object`], the caller's policies,
//! [`apply`] to a client, [`check`] of the result, [`describe`] for the answer.

mod algorithms;
mod apply;
mod auth_method;
mod check;
mod describe;
mod grants;
mod json;
mod keys;
mod languages;
mod pairwise;
mod parse;
mod scopes;
mod settings;
mod spki;
mod urls;

pub use algorithms::{ENCODINGS, ENCRYPTIONS, SIGNATURES};
pub use apply::apply;
pub use auth_method::AuthMethod;
pub use check::check;
pub use describe::{Issued, describe, has_secret, is_member};
pub use grants::Flows;
pub use json::read_object;
pub use settings::{Setting, Shape, address_members, is_registrable_attribute};

use crate::error::{Refusal, RegistrationError};
use crate::pkce;
use crate::redirect_uri::ApplicationType;
use serde_json::{Map, Value};

/// The most redirect URIs (and, separately, post-logout redirect URIs) one client may have.
pub const MAX_REDIRECT_URIS: usize = 200;
/// The longest `client_name`, in characters, as in Keycloak.
pub const MAX_NAME: usize = 255;
/// The most entries of any other list.
pub const MAX_ENTRIES: usize = 50;

/// The name under which a client's attributes keep what Keycloak forgets.
const KEPT: &str = "oidc.registration.";

/// What a registrant sent, parsed and within bounds. An absent member is `None`: on
/// registration it means the default, on update that it stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// Never a choice on registration; on update it must be the client's own.
    pub client_id: Option<String>,
    /// In the order sent, each once, blank ones dropped.
    pub redirect_uris: Option<Vec<String>>,
    /// As redirect URIs; `+` stands for them.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub client_name: Option<String>,
    pub client_uri: Option<String>,
    pub application_type: Option<ApplicationType>,
    pub auth_method: Option<AuthMethod>,
    /// As sent; unknown ones have no effect.
    pub grant_types: Option<Vec<String>>,
    /// As sent; every one is known.
    pub response_types: Option<Vec<String>>,
    /// What was asked for, `openid` included; the caller may take names out. `Some` of nothing
    /// means that none was wanted, `None` that the realm decides.
    pub scope: Option<Vec<String>>,
    pub jwks_uri: Option<String>,
    /// A checked JSON Web Key Set without private parts.
    pub jwks: Option<Value>,
    pub subject_type: Option<SubjectType>,
    /// Well-formed; whether it lists the redirect URIs is for the caller to fetch.
    pub sector_identifier_uri: Option<String>,
    /// A signed JWT, unchecked; its claims take precedence (RFC 7591 §2.3). The caller verifies
    /// it and lays its claims over the object before parsing.
    pub software_statement: Option<String>,
    /// `attributes` is read for this only.
    pub pkce: Option<Pkce>,
    /// Members with a language tag, such as `client_name#de`, with their values.
    pub languages: Vec<(String, String)>,
    /// The members that are one attribute of the client each, as the attribute's text.
    pub settings: Vec<(&'static Setting, String)>,
}

/// Whether authorization requests must use PKCE: Keycloak's `pkce.code.challenge.method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// They may.
    Optional,
    /// They must, with this method.
    Required(pkce::Method),
}

/// How a person's identifier is made. `OpenID` Connect Core §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectType {
    /// The same for every client.
    Public,
    /// Another for every sector.
    Pairwise,
}

impl Metadata {
    /// The scopes asked for but `openid`, which every client may use and none is given.
    pub fn requested_scopes(&self) -> Option<Vec<&str>> {
        let asked = self.scope.as_ref()?;
        Some(
            asked
                .iter()
                .map(String::as_str)
                .filter(|name| *name != "openid")
                .collect(),
        )
    }

    /// The text of one of the plain members, as the client's attribute will hold it.
    pub fn setting(&self, member: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(setting, _)| setting.member == member)
            .map(|(_, text)| text.as_str())
    }

    /// The people to ask about this application.
    pub fn contacts(&self) -> Vec<&str> {
        self.setting("contacts")
            .map(|text| text.split("##").filter(|one| !one.is_empty()).collect())
            .unwrap_or_default()
    }
}

/// Refuses with `invalid_client_metadata`.
fn refuse(description: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::registration(RegistrationError::InvalidClientMetadata, description)
}

/// What Keycloak says to whatever it cannot convert.
fn invalid() -> Refusal {
    refuse("Client metadata invalid")
}

/// An attribute of a client.
fn attribute<'a>(client: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    client
        .get("attributes")?
        .get(name)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// A switch of a client.
fn switch(client: &Map<String, Value>, name: &str) -> bool {
    client.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A list of a client.
fn list<'a>(client: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    client
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
