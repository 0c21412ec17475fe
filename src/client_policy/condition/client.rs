//! Conditions about the client, as it is or would become.

use super::Vote;
use crate::client_policy::at::At;
use crate::client_policy::config::Config;
use crate::store::json;

/// `client-type`: the protocol that it speaks.
pub(super) fn protocol(config: Config<'_>, at: &At<'_>) -> Vote {
    let spoken = json::text(at.doc, "protocol").unwrap_or("openid-connect");
    Vote::of(config.text("protocol").unwrap_or("saml") == spoken)
}

/// `client-access-type`: whether it can keep a secret.
pub(super) fn access_type(config: Config<'_>, at: &At<'_>) -> Vote {
    let kind = if json::flag(at.doc, "bearerOnly") {
        "bearer-only"
    } else if json::flag(at.doc, "publicClient") {
        "public"
    } else {
        "confidential"
    };
    Vote::of(config.list("type").contains(&kind))
}

/// `client-attributes`: it has all of these.
pub(super) fn attributes(config: Config<'_>, at: &At<'_>) -> Vote {
    let wanted = config.pairs("attributes");
    let has = |(name, value): &(String, String)| json::attribute(at.doc, name) == Some(value);
    Vote::of(!wanted.is_empty() && wanted.iter().all(has))
}

/// `client-roles`: it has a role of one of these names. A new client has none.
pub(super) fn roles(config: Config<'_>, at: &At<'_>) -> Vote {
    let Some(client) = at.client else {
        return Vote::No;
    };
    let is_there = |name: &&str| at.realm.roles.by_name(&client.id, name).is_some();
    Vote::of(config.list("roles").iter().any(is_there))
}
