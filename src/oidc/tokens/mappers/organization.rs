//! Organizations in tokens.

use serde_json::{Value, json};

use super::effective;
use crate::oidc::tokens::claims::Claims;
use crate::oidc::tokens::context::Context;
use crate::organization::claims::MemberOf;
use crate::store::json::Doc;
use crate::store::realm::ProtocolMapper;

pub(super) const MEMBERSHIP: &str = "oidc-organization-membership-mapper";
pub(super) const GROUPS: &str = "oidc-organization-group-membership-mapper";

/// The claim, where the mapper names none.
pub(super) const CLAIM: &str = "organization";

/// Which organizations the user is a member of: their aliases, or, where more is to be told, what they are by alias.
pub(super) fn membership(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    if context.organizations.is_empty() {
        return;
    }
    let set = |key: &str| effective::setting(mapper, key) == Some("true");
    let name = mapper.config.get("claim.name").filter(|n| !n.is_empty());
    let name = name.map_or(CLAIM, String::as_str);
    if !set("multivalued") {
        claims.put(name, json!(context.organizations[0].organization.alias));
        return;
    }
    let (id, attributes) = (set("addOrganizationId"), set("addOrganizationAttributes"));
    let as_json = mapper.config.get("jsonType.label").is_some_and(|l| l == "JSON");
    if !(id || attributes || as_json) {
        let aliases = context.organizations.iter().map(|m| m.organization.alias.as_str());
        if !claims.get(name).is_some_and(Value::is_object) {
            claims.put(name, aliases.collect());
        }
        return;
    }
    let told = |m: &MemberOf| {
        let mut doc = Doc::new();
        if attributes && let Some(Value::Object(all)) = m.organization.doc.get("attributes") {
            doc.extend(all.clone());
        }
        if id {
            doc.insert("id".into(), json!(m.organization.id));
        }
        if set("addOrganizationDomain") {
            match m.domains.as_slice() {
                [] => {}
                [one] => drop(doc.insert("domain".into(), json!(one))),
                many => drop(doc.insert("domain".into(), json!(many))),
            }
        }
        doc
    };
    merge(context, name, told, claims);
}

/// In which groups of their organizations the user is.
pub(super) fn groups(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    if context.organizations.is_empty() {
        return;
    }
    let with_roles = mapper.config.get("addGroupRoleMappings").is_some_and(|v| v == "true");
    let told = |m: &MemberOf| {
        let mut doc = Doc::new();
        if !m.groups.is_empty() {
            doc.insert("groups".into(), json!(m.groups));
        }
        if with_roles && !m.realm_roles.is_empty() {
            doc.insert("realm_access".into(), json!({ "roles": m.realm_roles }));
        }
        if with_roles && !m.client_roles.is_empty() {
            let clients = m.client_roles.iter();
            let clients = clients.map(|(client, roles)| (client.clone(), json!({ "roles": roles })));
            doc.insert("resource_access".into(), Value::Object(clients.collect()));
        }
        doc
    };
    merge(context, CLAIM, told, claims);
}

/// Puts what is told of each organization beside what another mapper told of it.
fn merge(context: &Context, name: &str, told: impl Fn(&MemberOf) -> Doc, claims: &mut Claims) {
    let mut all = match claims.get(name) {
        Some(Value::Object(known)) => known.clone(),
        _ => Doc::new(),
    };
    for member in &context.organizations {
        let of = all
            .entry(member.organization.alias.clone())
            .or_insert_with(|| json!({}));
        if let Value::Object(of) = of {
            of.extend(told(member));
        }
    }
    claims.put(name, Value::Object(all));
}
