//! `allowed-protocol-mappers`: what may put claims into tokens.

use serde_json::Value;

use super::{Candidate, Judgement, Objection};
use crate::store::json::Doc;
use crate::store::realm::Component;

/// The mapper that `subject_type` stands for. Keycloak lets it pass whatever the list says.
const PAIRWISE: &str = "oidc-sha256-pairwise-sub-mapper";

pub(super) fn judge(component: &Component, candidate: &Candidate<'_>) -> Judgement {
    let before = candidate.before.map(mappers).unwrap_or_default();
    for mapper in mappers(candidate.doc) {
        let kind = mapper.get("protocolMapper").and_then(Value::as_str).unwrap_or_default();
        let allowed =
            kind == PAIRWISE || super::list(component, "allowed-protocol-mapper-types").any(|one| one == kind);
        // What an administrator added, and nobody touched, stays.
        if !allowed && !before.contains(&mapper) {
            return Err(Objection::about(
                "protocolMappers",
                kind,
                "ProtocolMapper type not allowed",
            ));
        }
    }
    Ok(())
}

fn mappers(doc: &Doc) -> Vec<&Value> {
    let list = doc.get("protocolMappers").and_then(Value::as_array);
    list.into_iter().flatten().collect()
}
