//! `client-name`, `require-contacts` and `require-pkce`: what an application must say of itself, and do.

use serde_json::{Value, json};

use super::{Candidate, Judgement, Objection};
use crate::client_policy::whole;
use crate::store::json::{self, Doc};
use crate::store::realm::Component;

const PKCE: &str = "pkce.code.challenge.method";

/// The name matches the pattern as a whole.
pub(super) fn judge_name(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    let name = json::text(candidate.doc, "name").unwrap_or_default();
    let pattern = component.first("pattern").unwrap_or_default();
    if whole(pattern).is_some_and(|pattern| pattern.is_match(name)) {
        return Ok(());
    }
    let text = format!("Client name not allowed. Accepted are names matching {pattern}");
    Err(Objection::about("client_name", name, text))
}

/// Somebody can be asked about it, and warned before it goes.
pub(super) fn judge_contacts(candidate: &Candidate<'_>) -> Judgement {
    let contacts = contacts(candidate.doc);
    let is_address = |one: &&str| {
        one.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    if contacts.iter().any(is_address) {
        return Ok(());
    }
    let text = "Contacts required. Accepted is a list with at least one e-mail address";
    Err(Objection::about("contacts", json!(contacts), text))
}

/// The people to ask about a client, as it was registered.
pub fn contacts(doc: &Doc) -> Vec<&str> {
    let kept = json::attribute(doc, "oidc.registration.contacts").unwrap_or_default();
    kept.split("##").filter(|one| !one.is_empty()).collect()
}

pub(super) fn shape_pkce(doc: &mut Doc) {
    if let Some(attributes) = doc.get_mut("attributes").and_then(Value::as_object_mut)
        && attributes.get(PKCE).and_then(Value::as_str).is_none_or(str::is_empty)
    {
        attributes.insert(PKCE.into(), json!("S256"));
    }
}

pub(super) fn judge_pkce(candidate: &Candidate<'_>) -> Judgement {
    match json::attribute(candidate.doc, PKCE) {
        Some("S256") => Ok(()),
        method => {
            let text = "PKCE required. Accepted is S256";
            Err(Objection::about(
                "code_challenge_method",
                method.unwrap_or_default(),
                text,
            ))
        }
    }
}
