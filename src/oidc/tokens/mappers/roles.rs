//! Roles in tokens.

use super::super::access::Named;
use super::super::claims::{self, Claims};
use super::value;
use crate::store::realm::ProtocolMapper;

fn prefixed(mapper: &ProtocolMapper, key: &str, roles: &[String]) -> Vec<String> {
    let prefix = mapper.config.get(key).map_or("", String::as_str);
    roles.iter().map(|role| format!("{prefix}{role}")).collect()
}

/// Realm roles under the mapper's claim.
pub(super) fn realm(mapper: &ProtocolMapper, named: &Named, claims: &mut Claims) {
    let roles = prefixed(mapper, "usermodel.realmRoleMapping.rolePrefix", &named.realm);
    value::put(mapper, &roles, claims);
}

/// Roles of one client or of all; `${client_id}` in the claim's name stands for the client's.
pub(super) fn client(mapper: &ProtocolMapper, named: &Named, claims: &mut Claims) {
    let only = mapper
        .config
        .get("usermodel.clientRoleMapping.clientId")
        .filter(|id| !id.is_empty());
    for (client_id, roles) in &named.clients {
        if only.is_some_and(|only| only != client_id) {
            continue;
        }
        let mut own = mapper.clone();
        if let Some(path) = own.config.get_mut("claim.name") {
            *path = path.replace("${client_id}", &claims::escape(client_id));
        }
        let roles = prefixed(mapper, "usermodel.clientRoleMapping.rolePrefix", roles);
        value::put(&own, &roles, claims);
    }
}

/// `client.role` or `role`: a client id may have dots, so the longest client that there is wins.
fn place<'a>(named: &'a mut Named, role: &str) -> (&'a mut Vec<String>, String) {
    let client = named
        .clients
        .iter()
        .position(|(id, _)| role.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.')));
    match client {
        Some(at) => {
            let name = role[named.clients[at].0.len() + 1..].to_owned();
            (&mut named.clients[at].1, name)
        }
        None => (&mut named.realm, role.to_owned()),
    }
}

/// A role that everybody gets, or a role under another name.
pub(super) fn change(mapper: &ProtocolMapper, named: &mut Named) {
    let Some(role) = mapper.config.get("role").filter(|r| !r.is_empty()) else {
        return;
    };
    if mapper.protocol_mapper == "oidc-hardcoded-role-mapper" {
        let unknown_client = role
            .split_once('.')
            .filter(|(id, _)| !named.clients.iter().any(|(known, _)| known == id));
        if let Some((client_id, name)) = unknown_client {
            named.clients.push((client_id.to_owned(), vec![name.to_owned()]));
            return;
        }
        let (roles, name) = place(named, role);
        if !roles.contains(&name) {
            roles.push(name);
        }
        return;
    }
    let Some(new) = mapper.config.get("new.role.name").filter(|n| !n.is_empty()) else {
        return;
    };
    let (roles, name) = place(named, role);
    let before = roles.len();
    roles.retain(|known| *known != name);
    if roles.len() < before {
        let (roles, name) = place(named, new);
        roles.push(name);
    }
}
