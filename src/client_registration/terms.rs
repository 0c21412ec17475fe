//! What an initial access token binds its clients to, for life. It is kept with the registration: tokens expire, are used up
//! and are deleted, and that must set nobody free.

use serde_json::Value;

use super::Request;
use super::asked::{Asked, OFFLINE};
use super::policy::Policies;
use super::refusal::Refusal;
use crate::error::Error;
use crate::service_account;
use crate::store::Tx;
use crate::store::client::Client;
use crate::store::client_registration;
use crate::store::initial_access::InitialAccess;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

const LISTS: [&str; 2] = ["defaultClientScopes", "optionalClientScopes"];

/// Whether the roles that policies give were given.
const ROLES_GIVEN: &str = "rolesGiven";

/// Those of a new client.
pub(super) fn at_first(token: Option<&InitialAccess>, client: &Client) -> Doc {
    let mut terms = token.map(of).unwrap_or_default();
    if client.flag("serviceAccountsEnabled") {
        terms.insert(ROLES_GIVEN.into(), Value::Bool(true));
    }
    terms
}

/// Whether a client that becomes able to act for itself is given roles: the first time only, which this is then.
pub(super) async fn give_roles(tx: &mut Tx, client: &Client) -> Result<bool, Error> {
    let registration = client_registration::of_client(&mut *tx, &client.realm_id, &client.id).await?;
    let Some(mut registration) = registration.filter(|r| !json::flag(&r.terms, ROLES_GIVEN)) else {
        return Ok(false);
    };
    registration.terms.insert(ROLES_GIVEN.into(), Value::Bool(true));
    client_registration::set_terms(tx, &client.id, &registration.terms).await?;
    Ok(true)
}

/// Those of a token.
fn of(token: &InitialAccess) -> Doc {
    let named = ["policies", "scopes"].into_iter();
    named
        .filter_map(|name| Some((name.to_owned(), token.doc.get(name)?.clone())))
        .collect()
}

/// Those that a client was registered under; a client that came otherwise has none.
pub(super) async fn of_client(request: &Request<'_>, client: &Client) -> Result<Doc, Error> {
    let registration = client_registration::of_client(&request.app.db, &request.realm.id, &client.id).await?;
    Ok(registration.map(|registration| registration.terms).unwrap_or_default())
}

/// The policies that are named, by id.
pub(super) fn policies(terms: &Doc) -> Vec<&str> {
    json::texts(terms, "policies")
}

/// Keeps a new client to the scopes that may be asked for. Beyond them, what was asked for is refused, and what the realm
/// would give to everybody is left out.
pub(super) fn bind(
    terms: &Doc,
    realm: &Realm,
    policies: &Policies<'_>,
    asked: &Asked,
    doc: &mut Doc,
) -> Result<(), Refusal> {
    let given = policies.given_scopes();
    let allowed = json::texts(terms, "scopes");
    if LISTS.into_iter().any(|list| asked.names_list(list)) {
        leave_out(terms, policies, None, doc);
    }
    if allowed.is_empty() {
        return Ok(());
    }
    for list in LISTS.into_iter().filter(|list| !asked.names_list(list)) {
        if let Some(Value::Array(names)) = doc.get_mut(list) {
            names.retain(|name| {
                let name = name.as_str().unwrap_or_default();
                allowed.contains(&name) || given.contains(&name) || is_technical(realm, name)
            });
        }
    }
    let asked_for = LISTS.into_iter().filter(|list| asked.names_list(list));
    let asked_for: Vec<&str> = asked_for.flat_map(|list| json::texts(doc, list)).collect();
    check(&allowed, &given, doc, &asked_for)
}

/// Takes out of a client what was asked for and blocks nobody, where neither the token nor the policies let it have that.
pub(super) fn leave_out(terms: &Doc, policies: &Policies<'_>, before: Option<&Doc>, doc: &mut Doc) {
    let allowed = json::texts(terms, "scopes");
    let had = before.is_some_and(|before| scopes(before).contains(&OFFLINE));
    let given = policies.given_scopes().contains(&OFFLINE);
    let by_token = allowed.is_empty() || allowed.contains(&OFFLINE);
    if had || given || (by_token && policies.allow_scope(OFFLINE)) {
        return;
    }
    for list in LISTS {
        if let Some(Value::Array(names)) = doc.get_mut(list) {
            names.retain(|name| name != OFFLINE);
        }
    }
}

/// Refuses a change that brings scopes beyond those that may be asked for. What an administrator gave stays.
pub(super) fn check_change(
    terms: &Doc,
    policies: &Policies<'_>,
    before: &Doc,
    wanted: &mut Doc,
) -> Result<(), Refusal> {
    leave_out(terms, policies, Some(before), wanted);
    let had = scopes(before);
    let new: Vec<&str> = scopes(wanted).into_iter().filter(|name| !had.contains(name)).collect();
    check(&json::texts(terms, "scopes"), &policies.given_scopes(), wanted, &new)
}

fn check(allowed: &[&str], given: &[&str], doc: &Doc, names: &[&str]) -> Result<(), Refusal> {
    // A service account brings its scope along.
    let brought = |name: &str| name == service_account::SCOPE && json::flag(doc, "serviceAccountsEnabled");
    let fine = |name: &str| allowed.contains(&name) || given.contains(&name) || brought(name);
    match names.iter().find(|name| !fine(name)) {
        Some(name) if !allowed.is_empty() => Err(Refusal::metadata(format!(
            "The initial access token does not let anybody ask for the scope {name}"
        ))),
        _ => Ok(()),
    }
}

/// Whether a scope only makes tokens what they are, such as `basic`: nobody asks for it, and no token names it.
fn is_technical(realm: &Realm, name: &str) -> bool {
    let scope = realm.client_scope(name);
    scope.is_some_and(|scope| {
        let told = scope.attributes.get("include.in.token.scope");
        scope.protocol == "saml" || told.is_some_and(|told| told == "false")
    })
}

fn scopes(doc: &Doc) -> Vec<&str> {
    LISTS.iter().flat_map(|list| json::texts(doc, list)).collect()
}
