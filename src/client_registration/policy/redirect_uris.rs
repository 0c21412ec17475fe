//! `allowed-redirect-uris`: addresses of these hosts, or of these forms. Both after signing in and after signing out.

use super::{Candidate, Judgement, Objection, list, trusted_hosts};
use crate::client_policy::whole;
use crate::client_registration::descriptor;
use crate::store::json;
use crate::store::realm::Component;

pub(super) fn judge(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    let patterns: Vec<_> = list(component, "patterns").filter_map(whole).collect();
    let allowed = |uri: &str| {
        patterns.iter().any(|pattern| pattern.is_match(uri)) || trusted_hosts::is_of(list(component, "hosts"), uri)
    };
    let after_logout = json::attribute(candidate.doc, "post.logout.redirect.uris").unwrap_or_default();
    let after_logout = after_logout.split("##").filter(|uri| !matches!(*uri, "" | "+" | "-"));
    let uris = json::texts(candidate.doc, "redirectUris")
        .into_iter()
        .map(|uri| ("redirect_uris", uri));
    let after_logout = after_logout.map(|uri| ("post_logout_redirect_uris", uri));
    for (field, uri) in uris.chain(after_logout).chain(descriptor::addresses(candidate.doc)) {
        if !allowed(uri) {
            return Err(Objection::about(
                field,
                uri,
                format!("URI not allowed. {}", accepted(component)),
            ));
        }
    }
    Ok(())
}

fn accepted(component: &Component) -> String {
    let named = |key: &str, words: &str| {
        let all: Vec<&str> = list(component, key).collect();
        (!all.is_empty()).then(|| format!("{words} {}", all.join(", ")))
    };
    let ways = [named("hosts", "of the hosts"), named("patterns", "matching")];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    format!("Accepted are URIs {}", ways.join(" or "))
}
