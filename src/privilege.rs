//! Roles that administer: who has one has a way into the Admin API. And what makes a token say that somebody has one.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::app::App;
use crate::error::Error;
use crate::store::client::{self, Client};
use crate::store::db::Query;
use crate::store::realm::{ProtocolMapper, Realm};
use crate::store::role::{Held, Role, Roles};
use crate::store::user::User;

/// Whether a realm's client of this name holds roles that administer: `realm-management`, and in `master` one for each realm.
pub fn is_holder(realm: &str, client_id: &str) -> bool {
    if realm == "master" {
        client_id.ends_with("-realm")
    } else {
        client_id == "realm-management"
    }
}

/// Whether a client holds the roles that administer another realm.
pub fn is_of_other_realm(realm: &Realm, client: &Client) -> bool {
    realm.name == "master" && client.client_id != "master-realm" && client.attribute("realm_client") == Some("true")
}

/// Whether a role of the realm itself administers.
pub fn is_of_installation(realm: &str, name: &str) -> bool {
    realm == "master" && matches!(name, "admin" | "create-realm")
}

/// Those that administer among some roles and all that they contain. What is in no snapshot yet is read from `q`.
///
/// # Errors
///
/// Those of the database.
pub async fn among(mut q: impl Query, realm: &Realm, roles: &Roles, ids: &[&str]) -> Result<Vec<Arc<Role>>, Error> {
    let mut holders: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    let expanded = roles.expand(ids.iter().copied());
    for role in expanded.iter().filter_map(|id| roles.by_id(id)) {
        let owner = role.client_uuid.as_str();
        let administers = match holders.get(owner) {
            _ if owner.is_empty() => is_of_installation(&realm.name, &role.name),
            Some(known) => *known,
            None => {
                let client = client::read(q.again(), &realm.id, owner).await?;
                let is = client.is_some_and(|c| is_holder(&realm.name, &c.client_id));
                holders.insert(owner, is);
                is
            }
        };
        if administers {
            found.push(Arc::clone(role));
        }
    }
    Ok(found)
}

/// Roles of somebody as far as an application hands them on.
#[derive(Debug, Clone)]
pub enum Passed {
    /// All that they have.
    All(Held),
    /// Those with these ids.
    These(BTreeSet<String>),
}

impl Passed {
    /// Whether a role is among them, by its id.
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Self::All(held) => held.contains(id),
            Self::These(ids) => ids.contains(id),
        }
    }

    /// The ids of all of them.
    pub fn ids(&self) -> Cow<'_, BTreeSet<String>> {
        match self {
            Self::All(held) => Cow::Owned(held.all()),
            Self::These(ids) => Cow::Borrowed(ids),
        }
    }
}

/// Takes out of a person's roles those that administer, where they would pass to an application that registered itself and
/// for which nobody vouches: one link would do to make an administrator's rights a stranger's. What an administrator mapped
/// to its scope passes, and so do the roles of its own service account.
///
/// # Errors
///
/// Those of the database.
pub async fn withhold(app: &App, realm: &Realm, client: &Client, user: &User, passed: Passed) -> Result<Passed, Error> {
    let whole = client.flag("fullScopeAllowed") && client.unverified();
    if !whole || user.service_client.as_ref() == Some(&client.id) {
        return Ok(passed);
    }
    let mapped = realm.roles.expand(client.texts("_scopeRoles"));
    let mut kept = passed.ids().into_owned();
    let ids: Vec<&str> = kept.iter().map(String::as_str).collect();
    for role in among(&app.db, realm, &realm.roles, &ids).await? {
        if !mapped.contains(&role.id) {
            kept.remove(&role.id);
        }
    }
    Ok(Passed::These(kept))
}

/// What of a person's roles an application hands on at this server's own doors: everything with full scope, else what was
/// mapped to it, and its own roles; but see [`withhold`].
///
/// # Errors
///
/// Those of the database.
pub async fn passed_on(app: &App, realm: &Realm, client: &Client, user: &User, held: Held) -> Result<Passed, Error> {
    if client.flag("fullScopeAllowed") {
        return withhold(app, realm, client, user, Passed::All(held)).await;
    }
    let mut ids = realm.roles.expand(client.texts("_scopeRoles"));
    ids.extend(realm.roles.of(&client.id).map(|role| role.id.clone()));
    ids.retain(|id| held.contains(id));
    Ok(Passed::These(ids))
}

/// What a protocol mapper makes tokens say that nobody gave their users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says<'a> {
    /// A role, as `role` or `client.role`.
    Role(&'a str),
    /// Roles of anybody's making, or whose token it is.
    Anything,
}

/// Claims that say who somebody is and which roles they have.
const RESERVED: &[&str] = &["realm_access", "resource_access", "sub", "azp", "act", "acr"];

/// What of a mapper only those may hand out who administer. `None`: it is anybody's who manages clients.
pub fn said_by(mapper: &ProtocolMapper) -> Option<Says<'_>> {
    let of = |name: &str| {
        mapper
            .config
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    };
    let role = match mapper.protocol_mapper.as_str() {
        "oidc-hardcoded-role-mapper" | "saml-hardcode-role-mapper" => of("role"),
        "oidc-role-name-mapper" | "saml-role-name-mapper" => of("new.role.name"),
        _ => None,
    };
    if let Some(role) = role {
        return Some(Says::Role(role));
    }
    let path = of("claim.name")?;
    let first = first_name(path);
    let reserved = RESERVED.contains(&first.as_str()) || first.contains("${client_id}");
    (reserved && !tells_roles_as_they_are(mapper, path)).then_some(Says::Anything)
}

/// Keycloak's own mappers: the roles that the user has, where everybody looks for them.
fn tells_roles_as_they_are(mapper: &ProtocolMapper, path: &str) -> bool {
    let of = |name: &str| mapper.config.get(name).map_or("", String::as_str);
    match mapper.protocol_mapper.as_str() {
        "oidc-usermodel-realm-role-mapper" => {
            path == "realm_access.roles" && of("usermodel.realmRoleMapping.rolePrefix").is_empty()
        }
        "oidc-usermodel-client-role-mapper" => {
            let own = of("usermodel.clientRoleMapping.clientId").replace('.', "\\.");
            let place = path
                .strip_prefix("resource_access.")
                .and_then(|rest| rest.strip_suffix(".roles"));
            let place = place.is_some_and(|client| client == "${client_id}" || !own.is_empty() && client == own);
            place && of("usermodel.clientRoleMapping.rolePrefix").is_empty()
        }
        _ => false,
    }
}

/// The first name of a claim's path; `\` takes the next character as it is.
fn first_name(path: &str) -> String {
    let (mut name, mut escaped) = (String::new(), false);
    for c in path.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '.' if !escaped => break,
            _ => {
                name.push(c);
                escaped = false;
            }
        }
    }
    name
}

/// The `clientId` and name of a role that a mapper names, where it is one of a client that holds roles that administer.
pub fn held_by<'a>(realm: &str, role: &'a str) -> Option<(&'a str, &'a str)> {
    let at = role.match_indices('.').map(|(at, _)| at);
    at.map(|at| (&role[..at], &role[at + 1..]))
        .find(|(client_id, _)| is_holder(realm, client_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapper(provider: &str, config: &[(&str, &str)]) -> ProtocolMapper {
        let config: serde_json::Map<String, serde_json::Value> =
            config.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        serde_json::from_value(serde_json::json!({
            "id": "x", "name": "x", "protocol": "openid-connect", "protocolMapper": provider, "config": config
        }))
        .unwrap()
    }

    #[test]
    fn mappers_of_keycloaks_own_scopes_are_anybodys() {
        for (provider, config) in [
            (
                "oidc-usermodel-realm-role-mapper",
                vec![("claim.name", "realm_access.roles"), ("multivalued", "true")],
            ),
            (
                "oidc-usermodel-client-role-mapper",
                vec![("claim.name", "resource_access.${client_id}.roles")],
            ),
            (
                "oidc-usermodel-client-role-mapper",
                vec![
                    ("claim.name", "resource_access.a\\.b.roles"),
                    ("usermodel.clientRoleMapping.clientId", "a.b"),
                ],
            ),
            ("oidc-usermodel-realm-role-mapper", vec![("claim.name", "groups")]),
            (
                "oidc-usermodel-attribute-mapper",
                vec![("claim.name", "address.street")],
            ),
            ("oidc-sub-mapper", vec![("access.token.claim", "true")]),
        ] {
            assert_eq!(said_by(&mapper(provider, &config)), None, "{provider} {config:?}");
        }
    }

    #[test]
    fn what_gives_roles_or_names_somebody_else_is_known() {
        for (provider, config) in [
            (
                "oidc-hardcoded-claim-mapper",
                vec![("claim.name", "resource_access.realm-management.roles")],
            ),
            (
                "oidc-hardcoded-claim-mapper",
                vec![("claim.name", "realm\\_access.roles")],
            ),
            ("oidc-hardcoded-claim-mapper", vec![("claim.name", "resource_access")]),
            ("oidc-usermodel-attribute-mapper", vec![("claim.name", "sub")]),
            (
                "oidc-usermodel-client-role-mapper",
                vec![("claim.name", "${client_id}.realm-management.roles")],
            ),
            (
                "oidc-usermodel-client-role-mapper",
                vec![("claim.name", "resource_access.realm-management.roles")],
            ),
            (
                "oidc-usermodel-realm-role-mapper",
                vec![
                    ("claim.name", "realm_access.roles"),
                    ("usermodel.realmRoleMapping.rolePrefix", "ad"),
                ],
            ),
        ] {
            assert_eq!(
                said_by(&mapper(provider, &config)),
                Some(Says::Anything),
                "{provider} {config:?}"
            );
        }
        let renames = mapper(
            "oidc-role-name-mapper",
            &[("role", "a"), ("new.role.name", "realm-management.realm-admin")],
        );
        assert_eq!(said_by(&renames), Some(Says::Role("realm-management.realm-admin")));
        assert_eq!(
            held_by("shop", "realm-management.realm-admin"),
            Some(("realm-management", "realm-admin"))
        );
        assert_eq!(
            held_by("master", "a.b-realm.manage-users"),
            Some(("a.b-realm", "manage-users"))
        );
        assert_eq!(held_by("shop", "a.realm-admin"), None);
    }
}
