//! What a mapper does where its settings do not say it. Those are kept, and shown with the client or scope, as they were sent; what is
//! shown of the mapper alone is what it does.

use super::organization;
use crate::store::realm::ProtocolMapper;

/// Settings that may be implied.
const SETTINGS: [&str; 7] = [
    "access.token.claim",
    "introspection.token.claim",
    "addOrganizationAttributes",
    "addOrganizationId",
    "claim.name",
    "jsonType.label",
    "multivalued",
];

/// What a setting is in a mapper that does not say it, as in Keycloak.
pub fn implied<'a>(mapper: &'a ProtocolMapper, setting: &str) -> Option<&'a str> {
    match (mapper.protocol_mapper.as_str(), setting) {
        (
            "oidc-allowed-origins-mapper" | "oidc-audience-resolve-mapper",
            "access.token.claim" | "introspection.token.claim",
        ) => Some("true"),
        (organization::MEMBERSHIP, "addOrganizationAttributes" | "addOrganizationId") => Some("false"),
        (organization::MEMBERSHIP, "claim.name") => Some(organization::CLAIM),
        (organization::MEMBERSHIP, "jsonType.label") => Some("String"),
        (organization::MEMBERSHIP, "multivalued") => Some("true"),
        (organization::MEMBERSHIP | "oidc-nonce-backwards-compatible-mapper", _) => None,
        // What goes into access tokens is told at introspection, too.
        (_, "introspection.token.claim") => said(mapper, "access.token.claim"),
        _ => None,
    }
}

fn said<'a>(mapper: &'a ProtocolMapper, setting: &str) -> Option<&'a str> {
    mapper.config.get(setting).map(String::as_str)
}

/// What a setting is, said or implied.
pub(super) fn setting<'a>(mapper: &'a ProtocolMapper, name: &str) -> Option<&'a str> {
    said(mapper, name).or_else(|| implied(mapper, name))
}

/// A mapper with all that it does.
#[must_use]
pub fn of(mut mapper: ProtocolMapper) -> ProtocolMapper {
    for name in SETTINGS {
        if !mapper.config.contains_key(name)
            && let Some(value) = implied(&mapper, name).map(str::to_owned)
        {
            mapper.config.insert(name.to_owned(), value);
        }
    }
    mapper
}

/// The same of many.
#[must_use]
pub fn all(mappers: Vec<ProtocolMapper>) -> Vec<ProtocolMapper> {
    mappers.into_iter().map(of).collect()
}
