//! Claims while they are put together: where a mapper's claim goes, and Keycloak's order at the end.

use serde_json::Value;

use super::audience;
use crate::store::json::Doc;

/// The order of the claims that every token has; those of mappers come after.
const ORDER: &[&str] = &[
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "jti",
    "iss",
    "aud",
    "sub",
    "typ",
    "azp",
    "nonce",
    "session_state",
    "sid",
    "at_hash",
    "acr",
    "allowed-origins",
    "realm_access",
    "resource_access",
    "scope",
];

/// Claims that no mapper may write: they are what a token is.
const OWN: &[&str] = &[
    "jti", "typ", "iat", "exp", "nbf", "iss", "scope", "sid", "at_hash", "cnf",
];

/// Claims that are being put together.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    doc: Doc,
    audience: Vec<String>,
}

impl Claims {
    /// Sets a claim; `null` is none.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        if !value.is_null() {
            self.doc.insert(name.to_owned(), value);
        }
    }

    /// The claim as it is now.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.doc.get(name)
    }

    /// Keeps the claims with these names; the audience stays.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.doc.retain(|name, _| keep(name));
    }

    /// Adds an audience, once.
    pub fn add_audience(&mut self, audience: &str) {
        if !self.audience.iter().any(|known| known == audience) {
            self.audience.push(audience.to_owned());
        }
    }

    /// These audiences and no others.
    pub fn set_audience(&mut self, audience: Vec<String>) {
        self.audience = audience;
    }

    /// The audiences so far.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// Puts a mapper's claim at a path such as `address.street`; a dot that belongs to a name is written `\.`.
    pub fn put(&mut self, path: &str, value: Value) {
        let parts = split(path);
        let Some((first, rest)) = parts.split_first() else {
            return;
        };
        if OWN.contains(&first.as_str()) {
            return;
        }
        if first == "aud" && rest.is_empty() {
            match value {
                Value::String(one) => self.add_audience(&one),
                Value::Array(many) => many
                    .iter()
                    .filter_map(Value::as_str)
                    .for_each(|one| self.add_audience(one)),
                _ => {}
            }
            return;
        }
        insert(&mut self.doc, first, rest, value);
    }

    /// The claims in Keycloak's order.
    pub fn finish(mut self) -> Doc {
        if let Some(aud) = audience::claim(std::mem::take(&mut self.audience)) {
            self.doc.insert("aud".into(), aud);
        }
        let mut ordered = Doc::with_capacity(self.doc.len());
        for name in ORDER {
            if let Some(value) = self.doc.get_mut(*name) {
                ordered.insert((*name).to_owned(), value.take());
            }
        }
        ordered.extend(self.doc.into_iter().filter(|(_, value)| !value.is_null()));
        ordered
    }
}

/// Lists that meet at one place become one list: several mappers may add roles to `realm_access.roles`.
fn insert(doc: &mut Doc, name: &str, rest: &[String], value: Value) {
    let Some((next, rest)) = rest.split_first() else {
        match (doc.get_mut(name), value) {
            (Some(Value::Array(known)), Value::Array(more)) => {
                let new: Vec<Value> = more.into_iter().filter(|v| !known.contains(v)).collect();
                known.extend(new);
            }
            (_, value) => {
                doc.insert(name.to_owned(), value);
            }
        }
        return;
    };
    let inner = doc.entry(name).or_insert_with(|| Value::Object(Doc::new()));
    if !inner.is_object() {
        *inner = Value::Object(Doc::new());
    }
    if let Value::Object(inner) = inner {
        insert(inner, next, rest, value);
    }
}

/// The names of a path; `\` takes the next character as it is.
fn split(path: &str) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in path.chars() {
        match c {
            _ if escaped => {
                part.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    parts.push(part);
    parts.retain(|p| !p.is_empty());
    parts
}

/// A name for use inside a path.
pub fn escape(name: &str) -> String {
    name.replace('\\', "\\\\").replace('.', "\\.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dotted_claim_name_is_a_path_and_an_escaped_dot_is_not() {
        let mut claims = Claims::default();
        claims.put("address.street", json!("Main"));
        claims.put("address.city", json!("Bern"));
        claims.put("https://example\\.org/team", json!("red"));
        let doc = Value::Object(claims.finish());
        assert_eq!(
            doc,
            json!({ "address": { "street": "Main", "city": "Bern" }, "https://example.org/team": "red" })
        );
    }

    #[test]
    fn lists_of_two_mappers_meet() {
        let mut claims = Claims::default();
        claims.put("realm_access.roles", json!(["a", "b"]));
        claims.put("realm_access.roles", json!(["b", "c"]));
        assert_eq!(
            Value::Object(claims.finish()),
            json!({ "realm_access": { "roles": ["a", "b", "c"] } })
        );
    }

    #[test]
    fn a_mapper_cannot_write_what_a_token_is() {
        let mut claims = Claims::default();
        claims.set("jti", "1");
        claims.put("jti", json!("2"));
        claims.put("exp", json!(9));
        claims.put("aud", json!(["x", "y"]));
        claims.put("aud", json!("x"));
        assert_eq!(Value::Object(claims.finish()), json!({ "jti": "1", "aud": ["x", "y"] }));
    }

    #[test]
    fn claims_come_in_keycloaks_order() {
        let mut claims = Claims::default();
        for name in ["email", "scope", "acr", "typ", "iss", "exp"] {
            claims.set(name, "x");
        }
        let names: Vec<String> = claims.finish().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["exp", "iss", "typ", "acr", "scope", "email"]);
    }
}
