//! `secure-client-authenticator` and `secure-client-authentication-assertion`: how clients prove who they are.

use serde_json::{Value, json};
use vestibule_jose::jwt;
use vestibule_oauth::client_metadata::AuthMethod;

use super::{Judgement, is_from_client};
use crate::client_policy::at::{At, Change};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const METHOD: &str = "clientAuthenticatorType";

pub(super) fn on_change(config: Config<'_>, doc: &mut Doc, change: &Change<'_>) -> Judgement {
    if let Some(by_default) = config
        .text("default-client-authenticator")
        .filter(|_| !change.names_authenticator)
    {
        doc.insert(METHOD.into(), json!(by_default));
    }
    let method = json::text(doc, METHOD).unwrap_or_default();
    // It has nothing to prove itself with, by whatever method.
    if json::flag(doc, "publicClient") {
        return Ok(());
    }
    if config.list("allowed-client-authenticators").contains(&method) {
        return Ok(());
    }
    let text = "Invalid client metadata: token_endpoint_auth_method";
    Err(Refused::metadata(text).about("token_endpoint_auth_method", named(doc, method)))
}

/// The method as the protocol calls it, where it has a name for it.
fn named<'a>(doc: &Doc, authenticator: &'a str) -> &'a str {
    match AuthMethod::of_client(doc) {
        Some(method) => method.as_str(),
        None => authenticator,
    }
}

pub(super) fn on_request(config: Config<'_>, at: &At<'_>) -> Judgement {
    let method = json::text(at.doc, METHOD).unwrap_or("client-secret");
    let public = json::flag(at.doc, "publicClient");
    if !is_from_client(at) || public || config.list("allowed-client-authenticators").contains(&method) {
        return Ok(());
    }
    let text = "Configured client authentication method not allowed for client";
    Err(Refused::request(text).about("token_endpoint_auth_method", named(at.doc, method)))
}

/// An assertion is made for this issuer and for nobody else. FAPI 2.0 Security Profile 5.3.2.1.
pub(super) fn audience(at: &At<'_>) -> Judgement {
    let Some(asked) = at.event.asked().filter(|_| is_from_client(at)) else {
        return Ok(());
    };
    let Some(assertion) = asked.sent.text("client_assertion") else {
        return Ok(());
    };
    let parsed = jwt::decode(assertion).ok();
    let audience = parsed.as_ref().and_then(|token| token.unverified_claims().get("aud"));
    let sole = match audience {
        Some(Value::Array(all)) if all.len() == 1 => all.first().and_then(Value::as_str),
        Some(Value::String(one)) => Some(one.as_str()),
        _ => None,
    };
    if sole == Some(asked.issuer) {
        return Ok(());
    }
    let refused = Refused::new("invalid_client", "Invalid token audience");
    Err(refused.about("aud", sole.unwrap_or_default()))
}
