//! A walk over JSON that knows the types of what it meets, and where it stands.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::cannot_parse;
use super::shape::{Kind, SHAPES};
use crate::admin::api::error::ApiError;

/// Representations of which Keycloak passes over what it does not know: the console sends `type` with a client scope.
const OPEN: &[&str] = &["ClientScopeRepresentation"];

/// Representations whose attributes Keycloak takes as single texts, too, and passes over where they are no map.
const LENIENT: &[&str] = &["MemberRepresentation", "UserRepresentation"];

/// Representations whose attributes are lists of texts and nothing else.
const STRICT: &[&str] = &[
    "GroupRepresentation",
    "OrganizationRepresentation",
    "RoleRepresentation",
];

/// Reads JSON as a value of a type.
pub(super) fn parse(text: &[u8], kind: &Kind) -> Result<Value, ApiError> {
    // Syntax first: the walk below then only meets valid JSON. Depth is bounded by serde_json.
    if std::str::from_utf8(text).is_err() {
        return Err(cannot_parse("HTTP 400 Bad Request"));
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(text).map_err(|_| cannot_parse("invalid_request"))?;
    serde_json::from_slice::<Value>(text).map_err(|_| cannot_parse("invalid_request"))?;
    Walk { text, at: 0 }.value(kind)
}

/// A walk over valid JSON that knows where it is.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn peek(&mut self) -> u8 {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn value(&mut self, kind: &Kind) -> Result<Value, ApiError> {
        match (self.peek(), kind) {
            (b'n', _) => self.scalar(),
            (_, Kind::Any) => {
                let start = self.at;
                self.skip();
                Ok(serde_json::from_slice(&self.text[start..self.at])?)
            }
            (b'{', Kind::Object(name)) => self.object(name),
            (b'{', Kind::Map(of)) => self.members(|walk, _| walk.entry(of)),
            (b'[', Kind::List(of)) => self.elements(of),
            (b'{' | b'[', _) | (_, Kind::Object(_) | Kind::Map(_) | Kind::List(_)) => {
                Err(cannot_parse("unknown_error"))
            }
            _ => {
                let given = self.scalar()?;
                convert(given, kind)
            }
        }
    }

    /// A value of a map. Where attributes want a list of texts Keycloak takes a single one.
    fn entry(&mut self, of: &Kind) -> Result<Value, ApiError> {
        match (self.peek(), of) {
            (b'"', Kind::List(texts)) if matches!(**texts, Kind::Text) => Ok(Value::Array(vec![self.scalar()?])),
            _ => self.value(of),
        }
    }

    fn object(&mut self, name: &str) -> Result<Value, ApiError> {
        let Some(shape) = SHAPES.get(name) else {
            return self.members(|walk, _| walk.value(&Kind::Any));
        };
        let read = self.members(|walk, member| match shape.iter().find(|(known, _)| *known == member) {
            Some(_) if member == "attributes" && LENIENT.contains(&name) && walk.peek() != b'{' => {
                walk.skip();
                Ok(Value::Null)
            }
            Some((_, Kind::Map(of))) if member == "attributes" && STRICT.contains(&name) && walk.peek() == b'{' => {
                walk.members(|walk, _| walk.value(of))
            }
            Some((_, kind)) => walk.value(kind),
            None if OPEN.contains(&name) => {
                walk.skip();
                Ok(Value::Null)
            }
            None => Err(walk.unrecognized(name, member)),
        })?;
        // In Keycloak's order, and a null is the same as nothing.
        let Value::Object(mut read) = read else { return Ok(read) };
        let ordered = shape
            .iter()
            .filter_map(|(member, _)| Some(((*member).to_owned(), read.remove(*member)?)));
        Ok(Value::Object(ordered.filter(|(_, value)| !value.is_null()).collect()))
    }

    fn members(&mut self, mut read: impl FnMut(&mut Self, &str) -> Result<Value, ApiError>) -> Result<Value, ApiError> {
        let mut doc = Map::new();
        self.at += 1;
        loop {
            match self.peek() {
                b'}' | 0 => break,
                b',' => self.at += 1,
                _ => {
                    let name = self.scalar()?;
                    self.peek();
                    self.at += 1; // the colon
                    let name = name.as_str().unwrap_or_default();
                    let value = read(self, name)?;
                    doc.insert(name.to_owned(), value);
                }
            }
        }
        self.at += 1;
        Ok(Value::Object(doc))
    }

    fn elements(&mut self, of: &Kind) -> Result<Value, ApiError> {
        let mut all = Vec::new();
        self.at += 1;
        loop {
            match self.peek() {
                b']' | 0 => break,
                b',' => self.at += 1,
                _ => all.push(self.value(of)?),
            }
        }
        self.at += 1;
        Ok(Value::Array(all))
    }

    /// A text, number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Value, ApiError> {
        let start = self.at;
        self.skip();
        Ok(serde_json::from_slice(&self.text[start..self.at])?)
    }

    /// Moves past a value of any kind.
    fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    while self.text.get(self.at).is_some_and(|b| *b != b'"') {
                        self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
                    }
                    self.at += 1;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                0 => return,
                _ => {
                    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                    while self.text.get(self.at).is_some_and(plain) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Where Keycloak's parser stands when it sees that it does not know a member: after an opening mark, or after the
    /// whole number or word.
    fn unrecognized(&mut self, shape: &str, member: &str) -> ApiError {
        if matches!(self.peek(), b'"' | b'{' | b'[') {
            self.at += 1;
        } else {
            self.skip();
        }
        let before = &self.text[..self.at.min(self.text.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        let text = format!(
            "Invalid json representation for {shape}. Unrecognized field \"{member}\" at line {line} column {column}."
        );
        ApiError::error(StatusCode::BAD_REQUEST, &text)
    }
}

/// Keycloak's parser turns scalars into one another where that loses nothing.
fn convert(given: Value, kind: &Kind) -> Result<Value, ApiError> {
    let mismatch = || cannot_parse("unknown_error");
    Ok(match (kind, given) {
        (Kind::Text, Value::String(s)) => Value::String(s),
        (Kind::Text, other) => Value::String(other.to_string()),
        (Kind::Flag, Value::Bool(b)) => Value::Bool(b),
        (Kind::Flag, Value::Number(n)) => Value::Bool(n.as_i64() != Some(0)),
        (Kind::Flag, Value::String(s)) => match s.trim() {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            "" => Value::Null,
            _ => return Err(mismatch()),
        },
        (Kind::Whole { .. } | Kind::Fraction, Value::String(s)) if s.trim().is_empty() => Value::Null,
        (Kind::Whole { wide }, Value::String(s)) => whole(s.trim().parse().map_err(|_| mismatch())?, *wide)?,
        (Kind::Whole { wide }, Value::Number(n)) => match (n.as_i64(), n.as_f64()) {
            (Some(i), _) => whole(i, *wide)?,
            (None, Some(f)) if f.abs() < 9e18 => whole(f as i64, *wide)?,
            _ => return Err(cannot_parse("HTTP 400 Bad Request")),
        },
        (Kind::Fraction, Value::Number(n)) => Value::Number(n),
        (Kind::OneOf(names), Value::String(s)) if names.contains(&s) => Value::String(s),
        _ => return Err(mismatch()),
    })
}

fn whole(number: i64, wide: bool) -> Result<Value, ApiError> {
    if wide || i32::try_from(number).is_ok() {
        Ok(number.into())
    } else {
        Err(cannot_parse("HTTP 400 Bad Request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, shape: &str) -> String {
        match parse(text.as_bytes(), &Kind::Object(shape.to_owned())) {
            Err(ApiError::Refused(_, body)) => body.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn positions_are_those_of_keycloak() {
        let told = |text: &str, shape: &str| refusal(text, shape).rsplit_once("column ").map(|p| p.1.to_owned());
        assert_eq!(
            told(r#"{"username": "usr4", "nonsense": 1}"#, "UserRepresentation").as_deref(),
            Some("35.\"}")
        );
        assert_eq!(told(r#"{"zzz": 1}"#, "UserRepresentation").as_deref(), Some("10.\"}"));
        assert_eq!(
            told(r#"{"clientId": "q", "zzz": 1}"#, "ClientRepresentation").as_deref(),
            Some("27.\"}")
        );
        let nested = refusal(r#"{"credentials": [{"x": "y"}]}"#, "UserRepresentation");
        assert!(
            nested.contains("for CredentialRepresentation. Unrecognized field \\\"x\\\""),
            "{nested}"
        );
    }

    #[test]
    fn what_the_console_says_of_a_client_scope_beyond_the_representation_is_passed_over() {
        let text = br#"{"name": "a", "type": {"of": ["none"]}, "protocol": "openid-connect"}"#;
        let read = parse(text, &Kind::Object("ClientScopeRepresentation".into()));
        let expected = serde_json::json!({"name": "a", "protocol": "openid-connect"});
        assert_eq!(read.ok(), Some(expected));
    }

    #[test]
    fn scalars_become_what_is_asked_for_or_are_refused() {
        let read = parse(
            br#"{"enabled": "true", "username": 7, "attributes": {"a": "b"}, "notBefore": "5"}"#,
            &Kind::Object("UserRepresentation".into()),
        );
        let expected =
            serde_json::json!({"enabled": true, "username": "7", "attributes": {"a": ["b"]}, "notBefore": 5});
        assert_eq!(read.ok(), Some(expected));
        assert!(refusal(r#"{"enabled": "yes"}"#, "UserRepresentation").contains("unknown_error"));
        assert!(refusal("[]", "UserRepresentation").contains("unknown_error"));
        assert!(refusal("{", "UserRepresentation").contains("invalid_request"));
        assert!(
            refusal(r#"{"count": 2147483648}"#, "ClientInitialAccessCreatePresentation")
                .contains("HTTP 400 Bad Request")
        );
    }
}
