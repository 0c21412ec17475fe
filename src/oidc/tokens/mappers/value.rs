//! From texts to the JSON that a mapper's `jsonType.label` asks for.

use serde_json::Value;

use super::super::claims::Claims;
use crate::store::realm::ProtocolMapper;

/// Puts values under the mapper's claim: all of them with `multivalued`, else the first.
pub(super) fn put(mapper: &ProtocolMapper, values: &[String], claims: &mut Claims) {
    let Some(path) = mapper.config.get("claim.name").filter(|p| !p.is_empty()) else {
        return;
    };
    let kind = mapper.config.get("jsonType.label").map_or("String", String::as_str);
    let mut typed = values.iter().filter_map(|v| convert(v, kind));
    let multivalued = mapper.config.get("multivalued").is_some_and(|v| v == "true");
    if multivalued {
        let all: Vec<Value> = typed.collect();
        if !all.is_empty() {
            claims.put(path, Value::Array(all));
        }
    } else if let Some(first) = typed.next() {
        claims.put(path, first);
    }
}

/// The text as a type; nothing if it is not one, as an unreadable claim would mislead more than an absent one.
fn convert(text: &str, kind: &str) -> Option<Value> {
    match kind {
        "boolean" => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
        "int" => text.trim().parse::<i32>().ok().map(Value::from),
        "long" => text.trim().parse::<i64>().ok().map(Value::from),
        "JSON" => serde_json::from_str(text).ok(),
        _ => Some(Value::from(text)),
    }
}

/// A claim with a value that an administrator wrote.
pub(super) fn hardcoded(mapper: &ProtocolMapper, claims: &mut Claims) {
    if let Some(value) = mapper.config.get("claim.value") {
        put(mapper, std::slice::from_ref(value), claims);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(kind: &str, multivalued: bool, values: &[&str]) -> Value {
        let config = [
            ("claim.name", "c".to_owned()),
            ("jsonType.label", kind.to_owned()),
            ("multivalued", multivalued.to_string()),
        ];
        let mapper = ProtocolMapper {
            id: String::new(),
            name: String::new(),
            protocol: "openid-connect".into(),
            protocol_mapper: String::new(),
            consent_required: false,
            config: config.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        };
        let mut claims = Claims::default();
        let values: Vec<String> = values.iter().map(|&v| v.to_owned()).collect();
        put(&mapper, &values, &mut claims);
        Value::Object(claims.finish())
    }

    #[test]
    fn values_have_the_type_that_the_mapper_names() {
        assert_eq!(claim("String", false, &["1", "2"]), json!({ "c": "1" }));
        assert_eq!(
            claim("long", false, &["1732500000000"]),
            json!({ "c": 1_732_500_000_000_i64 })
        );
        assert_eq!(claim("boolean", false, &["true"]), json!({ "c": true }));
        assert_eq!(claim("JSON", false, &[r#"{"a":[1]}"#]), json!({ "c": { "a": [1] } }));
        assert_eq!(claim("int", true, &["1", "2"]), json!({ "c": [1, 2] }));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        assert_eq!(claim("long", false, &["soon"]), json!({}));
        assert_eq!(claim("JSON", false, &["{"]), json!({}));
        assert_eq!(claim("String", true, &[]), json!({}));
    }
}
