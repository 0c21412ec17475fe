//! Which client scopes apply to a request for tokens.

use std::collections::BTreeSet;

use crate::store::client::Client;
use crate::store::realm::{ClientScope, Realm};

/// The client scopes that apply.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    /// `openid` was asked for: there is an ID token.
    pub openid: bool,
    /// Places among the realm's client scopes, in the client's order: its default scopes, then the optional ones that were
    /// asked for.
    applied: Vec<usize>,
}

/// A scope that the client does not have was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidScope;

/// The scopes of a client that were asked for, with its default ones. Only what a client has can be asked for.
///
/// # Errors
///
/// [`InvalidScope`]; Keycloak says `Invalid scopes:` and the parameter.
pub fn resolve(realm: &Realm, client: &Client, requested: Option<&str>) -> Result<Scopes, InvalidScope> {
    let (default, optional) = (
        client.texts("defaultClientScopes"),
        client.texts("optionalClientScopes"),
    );
    let asked = match requested {
        Some(text) => vestibule_oauth::scope::parse(text).map_err(|_| InvalidScope)?,
        None => Vec::new(),
    };
    if requested.is_some() && asked.is_empty() {
        return Err(InvalidScope);
    }
    for name in &asked {
        let known =
            *name == "openid" || default.contains(name) || optional.contains(name) || is_organization(name, &optional);
        if !known {
            return Err(InvalidScope);
        }
    }
    Ok(apply(realm, client, &asked))
}

/// The same for scopes that were granted before: what the client has no more is left out.
pub fn known(realm: &Realm, client: &Client, granted: &str) -> Scopes {
    let asked: Vec<&str> = granted.split(' ').filter(|name| !name.is_empty()).collect();
    apply(realm, client, &asked)
}

fn apply(realm: &Realm, client: &Client, asked: &[&str]) -> Scopes {
    let (default, optional) = (
        client.texts("defaultClientScopes"),
        client.texts("optionalClientScopes"),
    );
    let optional = optional.into_iter().filter(|name| asked.contains(name));
    let mut scopes = Scopes {
        openid: asked.contains(&"openid"),
        applied: Vec::new(),
    };
    for name in default.into_iter().chain(optional) {
        if name == "organization" && !realm.flag("organizationsEnabled") {
            continue;
        }
        let is_it = |s: &ClientScope| s.name == name && s.protocol == "openid-connect";
        let place = realm.client_scopes.iter().position(is_it);
        scopes
            .applied
            .extend(place.filter(|place| !scopes.applied.contains(place)));
    }
    scopes
}

/// `organization:alias` and `organization:*` are forms of the scope `organization`.
fn is_organization(name: &str, optional: &[&str]) -> bool {
    name.starts_with("organization:") && optional.contains(&"organization")
}

impl Scopes {
    /// The scopes. `realm` is the snapshot that they were found in.
    pub fn iter<'a>(&'a self, realm: &'a Realm) -> impl Iterator<Item = &'a ClientScope> {
        self.applied.iter().filter_map(|place| realm.client_scopes.get(*place))
    }

    /// Whether a scope applies.
    pub fn has(&self, realm: &Realm, name: &str) -> bool {
        self.iter(realm).any(|s| s.name == name)
    }

    /// Drops the scopes that this user may not have: those with roles of which the user has none.
    pub fn permit(&mut self, realm: &Realm, roles: &BTreeSet<String>) {
        let may = |s: &ClientScope| {
            let passed = || realm.roles.expand(s.scope_roles.iter().map(String::as_str));
            s.scope_roles.is_empty() || passed().iter().any(|id| roles.contains(id))
        };
        self.applied
            .retain(|place| realm.client_scopes.get(*place).is_some_and(may));
    }

    /// The claim `scope`: names that tokens tell.
    pub fn claim(&self, realm: &Realm) -> String {
        self.join(self.iter(realm).filter(|s| s.in_token_scope()))
    }

    /// All names, for refresh tokens.
    pub fn all(&self, realm: &Realm) -> String {
        self.join(self.iter(realm))
    }

    fn join<'a>(&self, scopes: impl Iterator<Item = &'a ClientScope>) -> String {
        let first = self.openid.then_some("openid");
        let names: Vec<&str> = first.into_iter().chain(scopes.map(|s| s.name.as_str())).collect();
        names.join(" ")
    }
}

/// What of the scopes of a refresh token a narrower request leaves. As Keycloak, a request for more gets what was granted.
pub fn narrow(granted: &str, requested: Option<&str>) -> String {
    let Some(requested) = requested else {
        return granted.to_owned();
    };
    let names = granted
        .split(' ')
        .filter(|name| vestibule_oauth::scope::contains(requested, name));
    names.collect::<Vec<_>>().join(" ")
}
