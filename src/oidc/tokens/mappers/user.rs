//! What a token says about the person.

use serde_json::{Value, json};

use super::super::claims::Claims;
use super::super::context::Context;
use super::value;
use crate::store::json::Doc;
use crate::store::realm::ProtocolMapper;

fn setting<'a>(mapper: &'a ProtocolMapper, key: &str) -> Option<&'a str> {
    mapper.config.get(key).map(String::as_str).filter(|v| !v.is_empty())
}

/// An attribute, or one of the properties that attributes are in Keycloak too.
pub(super) fn attribute(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    let Some(name) = setting(mapper, "user.attribute") else {
        return;
    };
    let aggregate = setting(mapper, "aggregate.attrs") == Some("true");
    value::put(mapper, &context.attribute(name, aggregate), claims);
}

/// A property of the user.
pub(super) fn property(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    let user = &context.user;
    let text = match setting(mapper, "user.attribute") {
        Some("emailVerified") => Some(user.email_verified.to_string()),
        Some("enabled") => Some(user.enabled.to_string()),
        Some("username") => Some(user.username.clone()),
        Some("email") => user.email.clone(),
        Some("firstName") => user.first_name.clone(),
        Some("lastName") => user.last_name.clone(),
        Some("id") => Some(user.id.clone()),
        Some("createdTimestamp") => Some(user.created.to_string()),
        _ => None,
    };
    value::put(mapper, text.as_slice(), claims);
}

/// `name`: first and last name.
pub(super) fn full_name(context: &Context, claims: &mut Claims) {
    claims.set("name", context.user.full_name().map_or(Value::Null, Value::from));
}

/// `address`: each part from an attribute that the mapper names. OpenID Connect Core section 5.1.1.
pub(super) fn address(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    let mut address = Doc::new();
    for (part, key, default) in [
        ("formatted", "user.attribute.formatted", "formatted"),
        ("street_address", "user.attribute.street", "street"),
        ("locality", "user.attribute.locality", "locality"),
        ("region", "user.attribute.region", "region"),
        ("postal_code", "user.attribute.postal_code", "postal_code"),
        ("country", "user.attribute.country", "country"),
    ] {
        let found = context.attribute(setting(mapper, key).unwrap_or(default), false);
        if let Some(text) = found.first() {
            address.insert(part.to_owned(), json!(text));
        }
    }
    if !address.is_empty() {
        claims.set("address", Value::Object(address));
    }
}

/// The groups that the user is in, by path or name.
pub(super) fn groups(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    let full = setting(mapper, "full.path") == Some("true");
    let names: Vec<String> = context
        .groups
        .iter()
        .map(|m| if full { m.path.clone() } else { m.group.name.clone() })
        .collect();
    let mut many = mapper.clone();
    many.config.insert("multivalued".into(), "true".into());
    value::put(&many, &names, claims);
}
