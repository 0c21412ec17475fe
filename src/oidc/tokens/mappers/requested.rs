//! The `claims` parameter (OpenID Connect Core section 5.5): claims that a request names, one by one.
//!
//! A claim is told if one of the client's own client scopes has it, whether that scope was asked for or not. Where people are
//! asked for their consent, they were asked about scopes: then nothing is told beyond those.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::access::Named;
use super::super::claims::Claims;
use super::super::context::Context;
use super::super::scope;
use super::{Target, one, takes_part};
use crate::store::json::{self, Doc};
use crate::store::realm::ProtocolMapper;

/// The claims that the request names for a target.
pub(super) fn names(context: &Context, target: Target) -> BTreeSet<String> {
    let member = match target {
        Target::Id => "id_token",
        Target::Userinfo => "userinfo",
        _ => return BTreeSet::new(),
    };
    let said = json::text(&context.part_notes, "claims").and_then(|c| serde_json::from_str::<Doc>(c).ok());
    let listed = said.as_ref().and_then(|c| c.get(member)).and_then(Value::as_object);
    listed
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .take(100)
        .collect()
}

/// The claim that a mapper writes: the first part of its path.
fn writes<'a>(mapper: &'a ProtocolMapper, name: &str) -> bool {
    let own: Option<&'a str> = match mapper.protocol_mapper.as_str() {
        "oidc-full-name-mapper" => Some("name"),
        "oidc-address-mapper" => Some("address"),
        _ => mapper.config.get("claim.name").map(String::as_str),
    };
    own.is_some_and(|own| own == name)
}

/// Adds what was named and is not there yet.
pub(super) fn add(context: &Context, target: Target, named: &Named, claims: &mut Claims) {
    let mut wanted = names(context, target);
    wanted.retain(|name| claims.get(name).is_none());
    if wanted.is_empty() || context.client.flag("consentRequired") {
        return;
    }
    let (realm, client) = (&context.realm, &context.client);
    let mut all = scope::known(realm, client, &client.texts("optionalClientScopes").join(" "));
    all.permit(realm, &context.all_roles);
    for mapper in all.iter(realm).flat_map(|s| s.protocol_mappers.iter()) {
        for name in &wanted {
            if writes(mapper, name) && takes_part(mapper, target) {
                let mut alone = Claims::default();
                one(context, mapper, target, named, &mut alone);
                if let Some(value) = alone.get(name) {
                    claims.put(&super::super::claims::escape(name), value.clone());
                }
            }
        }
    }
}
