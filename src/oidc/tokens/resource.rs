//! Resource indicators (RFC 8707): which API a token is for. The realm lists its APIs in the attribute `resource.servers`; a
//! token for some of them is for nobody else. Where nothing is listed, `resource` is taken and overlooked, as in Keycloak.

use serde::Deserialize;
use url::Url;

use super::audience;
use super::scope::Scopes;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// An API.
#[derive(Debug, Clone, Deserialize)]
struct Server {
    id: String,
    /// The scopes that it knows; empty: all.
    #[serde(default)]
    scopes: Vec<String>,
}

/// Something was asked for that the realm does not list. `invalid_target` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTarget;

/// What it is told with.
pub const TEXT: &str = "The requested resource is invalid, missing, unknown, or malformed.";

/// Scopes that are no API's.
const OF_NOBODY: [&str; 2] = ["openid", "offline_access"];

/// What the realm lists. `None`: nothing is set. A list that cannot be read lists nothing.
fn listed(realm: &Realm) -> Option<Vec<Server>> {
    let text = realm.attribute("resource.servers")?;
    Some(serde_json::from_str(text).unwrap_or_default())
}

/// The APIs of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Those that access tokens of the grant may be for: what it is refreshed with is for these and no others. Empty: any.
    pub granted: Vec<String>,
    /// Those that this access token is for; empty: as mappers say.
    pub asked: Vec<String>,
}

impl Resources {
    /// All of a grant.
    pub fn all(granted: Vec<String>) -> Self {
        let asked = granted.clone();
        Self { granted, asked }
    }

    /// What is asked for here of what was granted before, if that was anything.
    ///
    /// # Errors
    ///
    /// [`InvalidTarget`]
    pub fn of<'a>(
        realm: &Realm,
        granted: impl IntoIterator<Item = &'a str>,
        asked: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidTarget> {
        let (granted, asked) = (known(realm, granted)?, known(realm, asked)?);
        if asked.is_empty() {
            return Ok(Self::all(granted));
        }
        let within = granted.is_empty() || asked.iter().all(|one| granted.contains(one));
        if within {
            Ok(Self { granted, asked })
        } else {
            Err(InvalidTarget)
        }
    }
}

/// Whether a realm may list these: each API once, by an absolute address without a fragment (RFC 8707 section 2).
pub fn is_list(text: &str) -> bool {
    let Ok(servers) = serde_json::from_str::<Vec<Server>>(text) else {
        return false;
    };
    let good = |id: &str| Url::parse(id).is_ok_and(|url| url.fragment().is_none());
    servers
        .iter()
        .enumerate()
        .all(|(n, server)| good(&server.id) && !servers[..n].iter().any(|other| is_same(&other.id, &server.id)))
}

/// The listed names of those that are asked for.
///
/// # Errors
///
/// [`InvalidTarget`]
pub fn known<'a>(realm: &Realm, asked: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, InvalidTarget> {
    let Some(servers) = listed(realm) else {
        return Ok(Vec::new());
    };
    let mut found: Vec<String> = Vec::new();
    for asked in asked {
        let is_it = |server: &&Server| server.id == asked || is_same(&server.id, asked);
        let server = servers.iter().find(is_it).ok_or(InvalidTarget)?;
        if !found.contains(&server.id) {
            found.push(server.id.clone());
        }
    }
    Ok(found)
}

/// `https://api.example` and `https://API.example/` are one resource. A fragment makes it none (RFC 8707 section 2).
fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| Url::parse(text).ok().filter(|url| url.fragment().is_none());
    parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

/// Leaves of the scopes those that these resources know, and those that tokens do not name. Call it before mappers add what
/// the scopes stand for.
pub fn narrow(realm: &Realm, resources: &[String], scopes: &mut Scopes) {
    if resources.is_empty() {
        return;
    }
    let servers = listed(realm).unwrap_or_default();
    let chosen = || servers.iter().filter(|server| resources.contains(&server.id));
    if chosen().any(|server| server.scopes.is_empty()) {
        return;
    }
    let is_known =
        |name: &str| OF_NOBODY.contains(&name) || chosen().any(|s| s.scopes.iter().any(|known| known == name));
    scopes.keep(realm, |scope| !scope.in_token_scope() || is_known(&scope.name));
}

/// Whether a token is for listed resources only: it is good nowhere else, whatever roles its bearer has.
pub fn is_for_others(realm: &Realm, claims: &Doc) -> bool {
    let servers = listed(realm).unwrap_or_default();
    let audiences = audience::of(claims);
    let is_listed = |audience: &&str| servers.iter().any(|server| server.id == *audience);
    !audiences.is_empty() && audiences.iter().all(is_listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_the_same_however_its_address_is_written() {
        assert!(is_same("https://api.example", "HTTPS://API.example:443/"));
        assert!(!is_same("https://api.example/mcp", "https://api.example/mcp/"));
        assert!(!is_same("https://api.example/", "https://api.example/#x"));
        assert!(!is_same("nonsense", "nonsense#"));
    }
}
