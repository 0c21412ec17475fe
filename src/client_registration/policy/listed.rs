//! `allowed-grant-types`, `allowed-response-types` and `allowed-client-authentication`: metadata whose values are on a list.

use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{Issued, describe};

use super::{Candidate, Judgement, Objection, list};
use crate::store::json::{self, Doc};
use crate::store::realm::Component;

const REFRESH: &str = "refresh_token";

/// A client may refresh only where the list says so. That is narrowed without a word, as RFC 7591 section 3.2.1 lets us: it is
/// no way in, and registrants who name no grants get it by default.
pub(super) fn narrow_grants(component: &Component, doc: &mut Doc) {
    if list(component, "grant-types").any(|one| one == REFRESH) {
        return;
    }
    if let Some(attributes) = doc.get_mut("attributes").and_then(Value::as_object_mut) {
        attributes.insert("use.refresh.tokens".into(), json!("false"));
    }
}

pub(super) fn judge_grants(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    judge(component, "grant-types", candidate, "grant_types", "Grant type")
}

pub(super) fn judge_responses(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    let key = "response-types";
    let judged = judge(component, key, candidate, "response_types", "Response type");
    // Of what follows from what was sent, that itself is named.
    let accepted: Vec<&str> = list(component, key).collect();
    let is_accepted = |value: &str| accepted.iter().any(|known| sorted(known) == sorted(value));
    let sent = candidate.response_types.iter().find(|value| !is_accepted(value));
    judged.map_err(|objection| match sent {
        Some(sent) => Objection {
            value: Some(json!(sent)),
            ..objection
        },
        None => objection,
    })
}

pub(super) fn judge_methods(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    let field = "token_endpoint_auth_method";
    judge(component, "methods", candidate, field, "Client authentication")
}

fn judge(component: &Component, key: &str, candidate: &Candidate<'_>, field: &'static str, what: &str) -> Judgement {
    let described = describe(candidate.doc, &Issued::default());
    let one = json::text(&described, field);
    // With a code comes the answer that carries nothing.
    let many = json::texts(&described, field)
        .into_iter()
        .filter(|value| *value != "none");
    let accepted: Vec<&str> = list(component, key).collect();
    let same = |known: &&str, value: &str| sorted(known) == sorted(value);
    match one
        .into_iter()
        .chain(many)
        .find(|value| !accepted.iter().any(|known| same(known, value)))
    {
        None => Ok(()),
        Some(value) => {
            let text = format!("{what} not allowed. Accepted are {}", accepted.join(", "));
            Err(Objection::about(field, value, text))
        }
    }
}

/// The words of a value, whatever their order.
fn sorted(value: &str) -> Vec<&str> {
    let mut words: Vec<&str> = value.split_whitespace().collect();
    words.sort_unstable();
    words
}
