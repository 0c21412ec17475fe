//! The sector of pairwise identifiers: a document that lists every redirect URI. OpenID Connect Registration §5.

use super::refusal::Refusal;
use crate::app::App;
use crate::store::json::{self, Doc};

/// Checks that the sector document of a client, if it names one, lists all its redirect URIs.
pub(super) async fn check(app: &App, doc: &Doc) -> Result<(), Refusal> {
    let Some(address) = json::attribute(doc, "sectorIdentifierUri") else {
        return Ok(());
    };
    let checked = lists_all(app, address, &json::texts(doc, "redirectUris")).await;
    checked.map_err(Refusal::metadata)
}

/// Checks that the document at an address lists these redirect URIs.
///
/// # Errors
///
/// Keycloak's text.
pub async fn lists_all(app: &App, address: &str, redirects: &[&str]) -> Result<(), &'static str> {
    let fetched = app.egress.get(address).await.ok();
    let listed: Option<Vec<String>> = fetched.and_then(|body| serde_json::from_slice(&body).ok());
    let Some(listed) = listed else {
        return Err("Failed to get redirect URIs from the Sector Identifier URI.");
    };
    if redirects.iter().all(|uri| listed.iter().any(|one| one == uri)) {
        return Ok(());
    }
    Err("Client redirect URIs does not match redirect URIs fetched from the Sector Identifier URI.")
}
