//! Protocol mappers: what each of them adds to a token.

mod audience;
pub mod effective;
mod organization;
pub mod pairwise;
mod requested;
mod roles;
mod session;
mod user;
mod value;

use std::collections::BTreeSet;

use super::access::Named;
use super::claims::Claims;
use super::context::{Context, own_mappers};
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::ProtocolMapper;

/// What claims are made for. Each mapper says where it takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Access,
    /// An access token of a client with `client.use.lightweight.access.token.enabled`.
    Lightweight,
    Id,
    Userinfo,
    Introspection,
}

/// Whether a mapper takes part; what is not said is as in Keycloak.
fn takes_part(mapper: &ProtocolMapper, target: Target) -> bool {
    let set = |key: &str| effective::setting(mapper, key).map(|value| value == "true");
    match target {
        Target::Access => set("access.token.claim").unwrap_or(false),
        Target::Lightweight => set("lightweight.claim").unwrap_or(false),
        Target::Id => tells_who(mapper) && set("id.token.claim").unwrap_or(false),
        Target::Userinfo => {
            tells_of_user(mapper) && set("userinfo.token.claim").or(set("id.token.claim")).unwrap_or(false)
        }
        Target::Introspection => set("introspection.token.claim")
            .or(set("access.token.claim"))
            .unwrap_or(false),
    }
}

/// Mappers that can take part in ID tokens: where a token may be used, and by whom, is told in access tokens only.
fn tells_who(mapper: &ProtocolMapper) -> bool {
    !matches!(
        mapper.protocol_mapper.as_str(),
        "oidc-audience-resolve-mapper" | "oidc-allowed-origins-mapper"
    )
}

/// Mappers that can take part in userinfo: what is of the session or the token itself is not told there.
fn tells_of_user(mapper: &ProtocolMapper) -> bool {
    matches!(
        mapper.protocol_mapper.as_str(),
        "oidc-usermodel-attribute-mapper"
            | "oidc-usermodel-property-mapper"
            | "oidc-full-name-mapper"
            | "oidc-address-mapper"
            | "oidc-group-membership-mapper"
            | "oidc-usermodel-realm-role-mapper"
            | "oidc-usermodel-client-role-mapper"
            | "oidc-hardcoded-claim-mapper"
            | organization::MEMBERSHIP
            | organization::GROUPS
    )
}

/// Lets every mapper of the client and of its scopes add its claims.
pub fn apply(context: &Context, target: Target, claims: &mut Claims) {
    let mut named = context.named.clone();
    for mapper in context.mappers().filter(|mapper| changes_roles(mapper)) {
        roles::change(mapper, &mut named);
    }
    for mapper in context.mappers().filter(|mapper| takes_part(mapper, target)) {
        one(context, mapper, target, &named, claims);
    }
    requested::add(context, target, &named, claims);
    // Last, and everywhere: it has no switches.
    pairwise_subject(context, claims);
}

/// The claims that a request names for the ID token.
pub fn named_for_id(context: &Context) -> BTreeSet<String> {
    requested::names(context, Target::Id)
}

/// What hardcoded claims add to the answer around the tokens.
pub fn of_answer(context: &Context) -> Doc {
    let mut claims = Claims::default();
    for mapper in context.mappers() {
        let wanted = mapper
            .config
            .get("access.tokenResponse.claim")
            .is_some_and(|v| v == "true");
        if wanted && mapper.protocol_mapper == "oidc-hardcoded-claim-mapper" {
            value::hardcoded(mapper, &mut claims);
        }
    }
    claims.finish()
}

/// Replaces the subject where the client's sector knows people under other ids.
pub fn pairwise_subject(context: &Context, claims: &mut Claims) {
    for mapper in context.mappers().filter(|m| m.protocol_mapper == pairwise::PROVIDER) {
        pairwise::replace(context, mapper, claims);
    }
}

/// The id by which a client knows a user, outside of tokens that mappers make.
pub fn subject_for(client: &Client, user_id: &str) -> String {
    let own = own_mappers(client).into_iter();
    let mut pairwise = own.filter(|m| m.protocol_mapper == pairwise::PROVIDER);
    let named = pairwise.find_map(|mapper| pairwise::of(client, &mapper, user_id));
    named.unwrap_or_else(|| user_id.to_owned())
}

/// Mappers that change which roles other mappers see; they have no switches.
fn changes_roles(mapper: &ProtocolMapper) -> bool {
    matches!(
        mapper.protocol_mapper.as_str(),
        "oidc-hardcoded-role-mapper" | "oidc-role-name-mapper"
    )
}

fn one(context: &Context, mapper: &ProtocolMapper, target: Target, named: &Named, claims: &mut Claims) {
    match mapper.protocol_mapper.as_str() {
        "oidc-usermodel-attribute-mapper" => user::attribute(context, mapper, claims),
        "oidc-usermodel-property-mapper" => user::property(context, mapper, claims),
        "oidc-full-name-mapper" => user::full_name(context, claims),
        "oidc-address-mapper" => user::address(context, mapper, claims),
        "oidc-group-membership-mapper" => user::groups(context, mapper, claims),
        "oidc-usermodel-realm-role-mapper" => roles::realm(mapper, named, claims),
        "oidc-usermodel-client-role-mapper" => roles::client(mapper, named, claims),
        "oidc-audience-mapper" => audience::fixed(mapper, claims),
        "oidc-audience-resolve-mapper" => audience::resolve(context, named, claims),
        "oidc-hardcoded-claim-mapper" => value::hardcoded(mapper, claims),
        "oidc-allowed-origins-mapper" => session::allowed_origins(context, claims),
        "oidc-acr-mapper" => claims.set("acr", context.acr()),
        "oidc-usersessionmodel-note-mapper" => session::note(context, mapper, claims),
        "oidc-nonce-backwards-compatible-mapper" => session::nonce(context, target, claims),
        "oidc-session-state-mapper" => session::state(claims),
        organization::MEMBERSHIP => organization::membership(context, mapper, claims),
        organization::GROUPS => organization::groups(context, mapper, claims),
        "oidc-sub-mapper" => claims.set("sub", context.user.id.as_str()),
        // Kept for imports; what it would add we do not know.
        _ => {}
    }
}
