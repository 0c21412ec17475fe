//! The sector of pairwise identifiers: a document that lists every redirect URI. OpenID Connect Registration §5.

use super::refusal::Refusal;
use crate::app::App;
use crate::store::json::{self, Doc};

/// Checks that the sector document of a client, if it names one, lists all its redirect URIs.
pub(super) async fn check(app: &App, doc: &Doc) -> Result<(), Refusal> {
    let Some(address) = json::attribute(doc, "sectorIdentifierUri") else {
        return Ok(());
    };
    let fetched = app.egress.get(address).await.ok();
    let listed: Option<Vec<String>> = fetched.and_then(|body| serde_json::from_slice(&body).ok());
    let Some(listed) = listed else {
        return Err(Refusal::metadata(
            "Failed to get redirect URIs from the Sector Identifier URI.",
        ));
    };
    if json::texts(doc, "redirectUris")
        .iter()
        .all(|uri| listed.iter().any(|one| one == uri))
    {
        return Ok(());
    }
    let text = "Client redirect URIs does not match redirect URIs fetched from the Sector Identifier URI.";
    Err(Refusal::metadata(text))
}
