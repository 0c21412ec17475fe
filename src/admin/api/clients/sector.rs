//! Pairwise subjects need a sector: one host of all redirect URIs, or a document that lists them. `OpenID` Connect Core section 8.1,
//! and Keycloak's words.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Map, Value};
use url::Url;

use super::super::error::ApiError;
use crate::app::App;
use crate::client_registration;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::ProtocolMapper;

const MAPPER: &str = "oidc-sha256-pairwise-sub-mapper";
const SECTOR: &str = "sectorIdentifierUri";

/// Why there is no sector.
pub enum Fault {
    NoHost,
    ManyHosts,
    Malformed,
    /// What the document says, or that it says nothing.
    Document(String),
}

impl Fault {
    fn text(&self) -> &str {
        match self {
            Self::NoHost => "Client redirect URIs must contain a valid host component.",
            Self::ManyHosts => {
                "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host components."
            }
            Self::Malformed => "Malformed Sector Identifier URI.",
            Self::Document(text) => text,
        }
    }

    /// As a client is refused.
    pub fn of_client(&self) -> ApiError {
        ApiError::described(StatusCode::BAD_REQUEST, "invalid_input", self.text())
    }

    /// As a mapper is refused.
    pub fn of_mapper(&self) -> ApiError {
        let error = match self {
            Self::Malformed => "Invalid Sector Identifier URI.",
            _ => self.text(),
        };
        ApiError::described(StatusCode::BAD_REQUEST, error, self.text())
    }
}

/// The addresses that a client has, or comes to have.
pub struct Addresses<'a> {
    root: Option<&'a str>,
    redirects: Vec<&'a str>,
}

impl<'a> Addresses<'a> {
    /// Those of a client that is there.
    pub fn of(client: &'a Client) -> Self {
        Self {
            root: client.text("rootUrl"),
            redirects: client.texts("redirectUris"),
        }
    }

    /// Those that were sent, and where nothing was, those of the client that is there.
    fn with(given: &'a Doc, known: Option<&'a Client>) -> Self {
        let redirects = match (given.get("redirectUris"), known) {
            (None | Some(Value::Null), Some(known)) => known.texts("redirectUris"),
            _ => json::texts(given, "redirectUris"),
        };
        let root = json::text(given, "rootUrl").or_else(|| known.and_then(|known| known.text("rootUrl")));
        Self { root, redirects }
    }

    /// The host that all of them have.
    fn check_host(&self) -> Result<(), Fault> {
        let host = |uri: &str| Some(Url::parse(uri).ok()?.host_str()?.to_owned());
        let redirects = self.redirects.iter().filter(|uri| !uri.is_empty());
        let hosts: BTreeSet<Option<String>> = redirects
            .map(|uri| {
                if uri.starts_with('/') {
                    self.root.and_then(host)
                } else {
                    host(uri)
                }
            })
            .collect();
        match hosts.len() {
            0 => Err(Fault::NoHost),
            1 => Ok(()),
            _ => Err(Fault::ManyHosts),
        }
    }
}

/// Checks one mapper of a client; others than those of pairwise subjects pass.
///
/// # Errors
///
/// Why it cannot work.
pub async fn check(app: &App, addresses: &Addresses<'_>, provider: &str, document: &str) -> Result<(), Fault> {
    if provider != MAPPER {
        return Ok(());
    }
    if document.is_empty() {
        return addresses.check_host();
    }
    if !Url::parse(document).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
        return Err(Fault::Malformed);
    }
    client_registration::check_sector(app, document, &addresses.redirects)
        .await
        .map_err(|text| Fault::Document(text.to_owned()))
}

/// The same for a mapper that was sent.
///
/// # Errors
///
/// As [`check`].
pub async fn check_given(app: &App, addresses: &Addresses<'_>, mapper: &Map<String, Value>) -> Result<(), Fault> {
    let document = mapper.get("config").and_then(|config| config.get(SECTOR)?.as_str());
    let provider = json::text(mapper, "protocolMapper").unwrap_or_default();
    check(app, addresses, provider, document.unwrap_or_default()).await
}

/// Checks a client that was sent: its mappers, or those of the client that is there where only addresses change.
///
/// # Errors
///
/// 400 with Keycloak's text.
pub async fn check_client(app: &App, given: &Doc, known: Option<&Client>) -> Result<(), ApiError> {
    let addresses = Addresses::with(given, known);
    let moves = known.is_none_or(|known| {
        let before = Addresses::of(known);
        (addresses.root, &addresses.redirects) != (before.root, &before.redirects)
    });
    // Sent back as they were: what is there already holds up no other change.
    let mappers = given.get("protocolMappers");
    let same = known.is_some_and(|known| mappers.is_none_or(|sent| Some(sent) == known.doc.get("protocolMappers")));
    if same && !moves {
        return Ok(());
    }
    if let Some(mappers) = mappers.and_then(Value::as_array) {
        for mapper in mappers.iter().filter_map(Value::as_object) {
            let checked = check_given(app, &addresses, mapper).await;
            checked.map_err(|fault| fault.of_client())?;
        }
        return Ok(());
    }
    let Some(known) = known else { return Ok(()) };
    for mapper in &known.mappers()? {
        let checked = check_known(app, &addresses, mapper).await;
        checked.map_err(|fault| fault.of_client())?;
    }
    Ok(())
}

async fn check_known(app: &App, addresses: &Addresses<'_>, mapper: &ProtocolMapper) -> Result<(), Fault> {
    let document = mapper.config.get(SECTOR).map_or("", String::as_str);
    check(app, addresses, &mapper.protocol_mapper, document).await
}
