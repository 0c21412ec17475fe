//! The settings of a condition or an executor: JSON that administrators and old exports write in several ways.

use regex::Regex;
use serde_json::Value;

use crate::store::json::{self, Doc};

/// A configuration; absent members are what Keycloak takes them for.
#[derive(Clone, Copy)]
pub(super) struct Config<'a>(Option<&'a Doc>);

impl<'a> Config<'a> {
    pub(super) fn new(value: Option<&'a Value>) -> Self {
        Self(value.and_then(Value::as_object))
    }

    /// A switch; off where it is absent.
    pub(super) fn flag(self, key: &str) -> bool {
        self.0.is_some_and(|doc| json::flag(doc, key))
    }

    /// A switch that is on where it is absent.
    pub(super) fn on_by_default(self, key: &str) -> bool {
        self.0.and_then(|doc| doc.get(key)).is_none_or(Value::is_null) || self.flag(key)
    }

    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.0.and_then(|doc| json::text(doc, key))
    }

    /// A number, also as text.
    pub(super) fn number(self, key: &str, otherwise: i64) -> i64 {
        match self.0.and_then(|doc| doc.get(key)) {
            Some(Value::Number(n)) => n.as_i64().unwrap_or(otherwise),
            Some(Value::String(text)) => text.trim().parse().unwrap_or(otherwise),
            _ => otherwise,
        }
    }

    /// A list; one text is a list of one.
    pub(super) fn list(self, key: &str) -> Vec<&'a str> {
        match self.0.and_then(|doc| doc.get(key)) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) if !text.is_empty() => text.split("##").collect(),
            _ => Vec::new(),
        }
    }

    /// Pairs: an object, or a text with a list of `{"key", "value"}`, as the console writes it.
    pub(super) fn pairs(self, key: &str) -> Vec<(String, String)> {
        let Some(value) = self.0.and_then(|doc| doc.get(key)) else {
            return Vec::new();
        };
        let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match parsed.as_ref().unwrap_or(value) {
            Value::Object(map) => {
                let pairs = map.iter().filter_map(|(name, value)| {
                    let first = value.as_array().and_then(|all| all.first()).unwrap_or(value);
                    Some((name.clone(), text(first)?))
                });
                pairs.collect()
            }
            Value::Array(all) => {
                let pairs = all
                    .iter()
                    .filter_map(|one| Some((text(one.get("key")?)?, text(one.get("value")?)?)));
                pairs.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A pattern that must match the whole text, as in Java. `None` for one that is none.
pub fn whole(pattern: &str) -> Option<Regex> {
    let pattern = format!("^(?:{pattern})$");
    regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build().ok()
}
