//! Which client scopes apply to a request for tokens.

use crate::client_registration::INVENTED;
use crate::store::client::Client;
use crate::store::realm::{ClientScope, Realm};
use crate::store::role::Held;

/// The client scopes that apply.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    /// `openid` was asked for: there is an ID token.
    pub openid: bool,
    /// Places among the realm's client scopes, in the client's order: its default scopes, then the optional ones that were
    /// asked for.
    applied: Vec<usize>,
    /// Which of the user's organizations tokens tell of.
    pub organizations: Organizations,
}

/// What the scope `organization` asks for, in the form in which it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Organizations {
    /// It does not apply.
    #[default]
    None,
    /// `organization`: the one that the user is a member of, if there is one only.
    Any,
    /// `organization:*`.
    All,
    /// `organization:alias`, once or more.
    These(Vec<String>),
}

/// The scope that tells of organizations.
const ORGANIZATION: &str = "organization";

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
    // They may be asked for, and give nothing.
    let invented = client.attribute(INVENTED).unwrap_or_default().split(' ');
    for name in &asked {
        let named = form_of_organization(name).is_some_and(|alias| !alias.is_empty());
        let has_organization = default.contains(&ORGANIZATION) || optional.contains(&ORGANIZATION);
        let known = *name == "openid"
            || default.contains(name)
            || optional.contains(name)
            || invented.clone().any(|one| one == *name)
            || named && has_organization;
        if !known {
            return Err(InvalidScope);
        }
    }
    // One form of it at a time.
    let forms = asked.iter().filter_map(|name| form_of_organization(name));
    let (forms, plain) = (forms.collect::<Vec<_>>(), asked.contains(&ORGANIZATION));
    if !forms.is_empty() && plain || forms.len() > 1 && forms.contains(&"*") {
        return Err(InvalidScope);
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
    let forms: Vec<&str> = asked.iter().filter_map(|name| form_of_organization(name)).collect();
    let is_asked = |name: &&str| asked.contains(name) || *name == ORGANIZATION && !forms.is_empty();
    let optional = optional.into_iter().filter(is_asked);
    let mut scopes = Scopes {
        openid: asked.contains(&"openid"),
        ..Scopes::default()
    };
    for name in default.into_iter().chain(optional) {
        if name == ORGANIZATION {
            if !realm.flag("organizationsEnabled") {
                continue;
            }
            scopes.organizations = if forms.is_empty() {
                Organizations::Any
            } else if forms.contains(&"*") {
                Organizations::All
            } else {
                Organizations::These(forms.iter().map(|alias| (*alias).to_owned()).collect())
            };
        }
        let is_it = |s: &ClientScope| s.name == name && s.protocol == "openid-connect";
        let place = realm.client_scopes.iter().position(is_it);
        scopes
            .applied
            .extend(place.filter(|place| !scopes.applied.contains(place)));
    }
    scopes
}

/// `organization:alias` and `organization:*` are forms of the scope `organization`: what stands behind the colon.
pub fn form_of_organization(name: &str) -> Option<&str> {
    name.strip_prefix(ORGANIZATION)?.strip_prefix(':')
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
    pub fn permit(&mut self, realm: &Realm, roles: &Held) {
        let may = |s: &ClientScope| {
            let passed = || realm.roles.expand(s.scope_roles.iter().map(String::as_str));
            s.scope_roles.is_empty() || passed().iter().any(|id| roles.contains(id))
        };
        self.applied
            .retain(|place| realm.client_scopes.get(*place).is_some_and(may));
    }

    /// Keeps the scopes of which this is true.
    pub fn keep(&mut self, realm: &Realm, is_kept: impl Fn(&ClientScope) -> bool) {
        self.applied
            .retain(|place| realm.client_scopes.get(*place).is_some_and(&is_kept));
    }

    /// Leaves of the organizations that were asked for those that the user is a member of; without any, a scope that asks
    /// for some by name or for all of them is dropped.
    pub fn keep_organizations(&mut self, realm: &Realm, aliases: &[&str]) {
        let none = match &mut self.organizations {
            Organizations::None | Organizations::Any => false,
            Organizations::All => aliases.is_empty(),
            Organizations::These(asked) => {
                asked.retain(|alias| aliases.contains(&alias.as_str()));
                asked.is_empty()
            }
        };
        if none {
            let is_it = |place: &usize| realm.client_scopes.get(*place).is_some_and(|s| s.name == ORGANIZATION);
            self.applied.retain(|place| !is_it(place));
            self.organizations = Organizations::None;
        }
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
        let mut names: Vec<String> = first.into_iter().map(str::to_owned).collect();
        for scope in scopes {
            match &self.organizations {
                Organizations::All if scope.name == ORGANIZATION => names.push(format!("{ORGANIZATION}:*")),
                Organizations::These(all) if scope.name == ORGANIZATION => {
                    names.extend(all.iter().map(|alias| format!("{ORGANIZATION}:{alias}")));
                }
                _ => names.push(scope.name.clone()),
            }
        }
        names.join(" ")
    }
}

/// What of the scopes of a refresh token a narrower request leaves. As Keycloak, a request for more gets what was granted, and
/// whoever works for ever is told so.
pub fn narrow(granted: &str, requested: Option<&str>) -> String {
    let Some(requested) = requested else {
        return granted.to_owned();
    };
    let asked = |name: &str| vestibule_oauth::scope::contains(requested, name);
    let mut names = Vec::new();
    for name in granted.split(' ') {
        let form = form_of_organization(name);
        if asked(name) || name == "offline_access" || form.is_some() && asked("organization:*") {
            names.push(name);
        } else if form == Some("*") {
            // Of all organizations, some.
            names.extend(
                requested
                    .split(' ')
                    .filter(|n| form_of_organization(n).is_some_and(|a| !a.is_empty())),
            );
        }
    }
    names.join(" ")
}
