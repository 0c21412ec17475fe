//! The difference, as people read it.

use std::fmt;

use serde_json::Value;

use crate::client_secret;
use crate::secret_settings;
use crate::store::json::Doc;

/// What is done with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Add,
    Change,
    /// Nothing of it changes, but from now on it is this file's.
    TakeOver,
    Remove,
}

/// One object that is not as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub act: Act,
    /// As `client`.
    pub kind: &'static str,
    pub name: String,
    /// Member by member.
    pub lines: Vec<String>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, more) = match self.act {
            Act::Add => ('+', ""),
            Act::Change => ('~', ""),
            Act::TakeOver => ('=', "  (was there; from now on this file's)"),
            Act::Remove => ('-', ""),
        };
        write!(f, "{sign} {} {}{more}", self.kind, self.name)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// What a new object has.
pub fn all(doc: &Doc) -> Vec<String> {
    let given = doc.iter().filter(|(name, _)| !is_hidden(name));
    given.map(|(name, value)| format!("{name}: {}", shown(value))).collect()
}

/// What differs between two documents. Ids and what is kept beside the representation do not count.
pub fn between(before: &Doc, after: &Doc) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", before, after, &mut lines);
    lines
}

fn compare(above: &str, before: &Doc, after: &Doc, lines: &mut Vec<String>) {
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names.filter(|name| !name.starts_with('_')) {
        let path = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match (before.get(name), after.get(name)) {
            (was, is) if is_hidden(name) => {
                if was != is {
                    lines.push(format!("{path}: changed"));
                }
            }
            (Some(Value::Object(was)), Some(Value::Object(is))) => compare(&path, was, is, lines),
            (was, is) => {
                let (was, is) = (was.map(without_ids), is.map(without_ids));
                match (was, is) {
                    (was, is) if was == is => {}
                    (Some(was), Some(is)) => lines.push(format!("{path}: {} -> {}", shown(&was), shown(&is))),
                    (Some(was), None) => lines.push(format!("{path}: {} -> nothing", shown(&was))),
                    (None, Some(is)) => lines.push(format!("{path}: {}", shown(&is))),
                    (None, None) => {}
                }
            }
        }
    }
}

/// Whether a member is secret: nobody wants it in a log.
fn is_hidden(name: &str) -> bool {
    name == "secret"
        || name == client_secret::ROTATED
        || name.ends_with(client_secret::PRIVATE_KEY)
        || secret_settings::is_secret(name)
}

/// A value without the ids of what lies in it: they are made up.
fn without_ids(value: &Value) -> Value {
    match value {
        Value::Array(all) => Value::Array(all.iter().map(without_ids).collect()),
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "id");
            Value::Object(kept.map(|(name, value)| (name.clone(), without_ids(value))).collect())
        }
        other => other.clone(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(shown).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(map) => {
            let open = map.iter().filter(|(name, _)| !is_hidden(name));
            let open: Doc = open.map(|(name, value)| (name.clone(), value.clone())).collect();
            Value::Object(open).to_string()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_secret_is_not_told() {
        let doc = |value: Value| value.as_object().unwrap().clone();
        let before = doc(json!({ "secret": "canary", "attributes": { "a.secret": "canary" } }));
        let after = doc(json!({ "secret": "other", "attributes": { "a.secret": "other", "b": "1" } }));
        assert_eq!(
            between(&before, &after),
            ["secret: changed", "attributes.a.secret: changed", "attributes.b: 1"]
        );
        assert_eq!(all(&before), ["attributes: {}"]);
    }

    #[test]
    fn only_what_differs_is_told_member_by_member() {
        let doc = |value: Value| value.as_object().unwrap().clone();
        let before = doc(
            json!({ "name": "A", "redirectUris": ["x"], "attributes": { "a": "1", "b": "2" }, "_scopeRoles": [1],
            "protocolMappers": [{ "id": "1", "name": "m" }] }),
        );
        let after = doc(
            json!({ "name": "A", "redirectUris": ["x", "y"], "attributes": { "a": "1", "c": "3" }, "enabled": true,
            "protocolMappers": [{ "id": "2", "name": "m" }] }),
        );
        let told = between(&before, &after);
        assert_eq!(
            told,
            [
                "redirectUris: [x] -> [x, y]",
                "attributes.b: 2 -> nothing",
                "attributes.c: 3",
                "enabled: true"
            ]
        );
        let entry = Entry {
            act: Act::Change,
            kind: "client",
            name: "shop".into(),
            lines: told,
        };
        assert!(
            entry
                .to_string()
                .starts_with("~ client shop\n    redirectUris: [x] -> [x, y]\n")
        );
    }
}
