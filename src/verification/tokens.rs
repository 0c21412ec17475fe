//! The action tokens that links carry.

use serde_json::{Value, json};

use super::TabRef;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::action_token;
use crate::page::path_part;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// Seconds that a link lasts which somebody asked for themselves: Keycloak's setting, which one for the kind overrides.
pub(super) fn own_lifetime(realm: &Realm, kind: &str) -> i64 {
    let own = realm.attribute(&format!("actionTokenGeneratedByUserLifespan.{kind}"));
    let seconds = own
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| realm.number("actionTokenGeneratedByUserLifespan"));
    if seconds > 0 { seconds } else { 300 }
}

/// A link: `.../login-actions/action-token?key=...`, with what names the tab, if there is one.
pub(super) fn link(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    kind: &str,
    seconds: i64,
    claims: &Doc,
    tab: Option<&TabRef>,
) -> Result<String, Error> {
    let key = action_token::sign(app, caller, realm, kind, seconds, claims)?;
    let rest = tab.map(|t| format!("&{}", t.query)).unwrap_or_default();
    Ok(format!(
        "{}/realms/{}/login-actions/action-token?key={key}{rest}",
        caller.base,
        path_part(&realm.name)
    ))
}

/// The claims of a link: for whom, for which address, through which application, for which tab.
pub(super) fn claims(subject: &str, address: &str, tab: Option<&TabRef>, client_id: Option<&str>) -> Doc {
    let mut claims = Doc::new();
    claims.insert("sub".into(), json!(subject));
    claims.insert("eml".into(), json!(address));
    if let Some(tab) = tab {
        claims.insert("asid".into(), json!(tab.encoded()));
    }
    if let Some(client_id) = client_id {
        claims.insert("azp".into(), Value::from(client_id));
    }
    claims
}
