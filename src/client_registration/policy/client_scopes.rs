//! `allowed-client-templates`: the client scopes that an application may ask for.

use super::{Candidate, Judgement, Objection};
use crate::service_account;
use crate::store::json::{self, Doc};
use crate::store::realm::{Component, Realm};

const LISTS: [&str; 2] = ["defaultClientScopes", "optionalClientScopes"];

/// Whether applications may ask for a scope.
pub(super) fn allows(component: &Component, realm: &Realm, name: &str) -> bool {
    let realms = ["defaultDefaultClientScopes", "defaultOptionalClientScopes"];
    super::list(component, "allowed-client-scopes").any(|one| one == name)
        || (super::on_by_default(component, "allow-default-scopes")
            && realms.iter().any(|list| realm.texts(list).contains(&name)))
}

pub(super) fn judge(component: &Component, realm: &Realm, candidate: &Candidate<'_>, given: &[&str]) -> Judgement {
    if candidate.scopes_given {
        return Ok(());
    }
    // A service account brings its scope along.
    let brought = |name: &str| name == service_account::SCOPE && json::flag(candidate.doc, "serviceAccountsEnabled");
    // Kept at all only where the realm lets registrants invent scopes.
    let invented = |name: &str| realm.client_scope(name).is_none();
    let had = candidate.before.map(scopes).unwrap_or_default();
    match scopes(candidate.doc).into_iter().find(|name| {
        !had.contains(name)
            && !given.contains(name)
            && !brought(name)
            && !invented(name)
            && !allows(component, realm, name)
    }) {
        None => Ok(()),
        Some(name) => Err(Objection::about(
            "scope",
            name,
            "Not permitted to use specified clientScope",
        )),
    }
}

fn scopes(doc: &Doc) -> Vec<&str> {
    LISTS.iter().flat_map(|list| json::texts(doc, list)).collect()
}
