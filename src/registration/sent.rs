//! A registration as JSON (contract 3): strictly read, and as a [`Form`] once it is.

use serde_json::{Map, Value, json};
use vestibule_jose::strict_json;

use super::form::Form;
use crate::profile::{self, FieldError};

/// Attributes, and values of one, that are read.
const MOST_ATTRIBUTES: usize = 100;
const MOST_VALUES: usize = 100;

/// What a program sent.
#[derive(Default)]
pub struct Sent {
    pub form: Form,
    pub client_id: Option<String>,
    pub locale: Option<String>,
    /// A captcha's proof came along.
    pub has_proof: bool,
    /// The answer is to hold tokens.
    pub wants_tokens: bool,
}

/// The body is no registration at all: the text says where.
pub struct Unreadable(pub String);

/// Reads a body. What a registrant has no say in (`enabled`, `emailVerified`, `realmRoles` ...) and unknown members are
/// overlooked, whatever they hold.
///
/// # Errors
///
/// [`Unreadable`], or every member of a wrong type.
pub fn read(body: &[u8]) -> Result<Result<Sent, Vec<FieldError>>, Unreadable> {
    if body.is_empty() {
        return Err(Unreadable("The body is empty.".to_owned()));
    }
    let value = strict_json::read(body).map_err(|e| Unreadable(format!("The body cannot be read as JSON: {e}.")))?;
    let Value::Object(object) = value else {
        return Err(Unreadable("The body must be a JSON object.".to_owned()));
    };
    let mut reading = Reading {
        object: &object,
        errors: Vec::new(),
    };
    let mut sent = Sent::default();
    for name in profile::ROOT {
        if let Some(text) = reading.text(name) {
            sent.form.fields.insert(name.to_owned(), vec![text]);
        }
    }
    sent.form.password = reading.text("password").map(Into::into);
    // There is one field; nothing is typed twice.
    sent.form.password_confirm.clone_from(&sent.form.password);
    reading.attributes(&mut sent.form);
    sent.form.terms_accepted = match reading.member("terms") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true) | Value::String(_)) => true,
        Some(_) => reading.wrong("terms", "true or the version"),
    };
    sent.wants_tokens = match reading.member("tokens") {
        None => false,
        Some(Value::Bool(wanted)) => *wanted,
        Some(_) => reading.wrong("tokens", "true or false"),
    };
    sent.client_id = reading.text("client_id");
    sent.locale = reading.text("locale");
    reading.text("invitation");
    sent.has_proof = reading.text("proof").is_some();
    Ok(if reading.errors.is_empty() {
        Ok(sent)
    } else {
        Err(reading.errors)
    })
}

struct Reading<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Reading<'_> {
    /// A member that is there; `null` is not.
    fn member(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|v| !v.is_null())
    }

    fn wrong(&mut self, name: &str, wanted: &str) -> bool {
        self.errors.push(FieldError {
            field: name.to_owned(),
            key: "invalid_type".to_owned(),
            params: vec![json!(name), json!(wanted)],
        });
        false
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.member(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.wrong(name, "a string");
                None
            }
        }
    }

    fn attributes(&mut self, form: &mut Form) {
        let Some(value) = self.member("attributes").cloned() else {
            return;
        };
        let Value::Object(attributes) = value else {
            self.wrong("attributes", "an object of lists of strings");
            return;
        };
        if attributes.len() > MOST_ATTRIBUTES {
            self.wrong("attributes", "at most 100 attributes");
            return;
        }
        for (name, values) in &attributes {
            if profile::ROOT.contains(&name.as_str()) {
                continue;
            }
            let texts = values.as_array().filter(|v| v.len() <= MOST_VALUES).and_then(|list| {
                list.iter()
                    .map(|v| v.as_str().map(str::to_owned))
                    .collect::<Option<Vec<String>>>()
            });
            match texts {
                Some(texts) => {
                    form.fields.insert(name.clone(), texts);
                }
                None => {
                    self.wrong(&format!("attributes.{name}"), "a list of strings");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(body: &str) -> Vec<String> {
        match read(body.as_bytes()) {
            Ok(Err(errors)) => errors.into_iter().map(|e| e.field).collect(),
            Ok(Ok(_)) => Vec::new(),
            Err(Unreadable(text)) => vec![text],
        }
    }

    #[test]
    fn every_member_of_a_wrong_type_is_named() {
        let body = r#"{"username":1,"email":["a"],"attributes":{"x":"y","z":[1]},"tokens":"yes","locale":{}}"#;
        assert_eq!(
            errors(body),
            ["username", "email", "attributes.x", "attributes.z", "tokens", "locale"]
        );
    }

    #[test]
    fn what_is_no_object_is_told_where() {
        assert_eq!(errors("null"), ["The body must be a JSON object."]);
        assert_eq!(errors(""), ["The body is empty."]);
        assert!(errors(r#"{"email":"a","email":"b"}"#)[0].contains("\"email\" comes twice at line 1"));
        assert!(errors("{")[0].contains("line 1"));
        assert!(errors(&"[".repeat(100_000))[0].contains("recursion"));
        assert!(errors("{\"n\":1e999}")[0].contains("line 1"));
    }

    #[test]
    fn privileges_and_nulls_are_overlooked() {
        let body = r#"{"username":"mia","email":null,"enabled":1,"realmRoles":["admin"],"id":[],"attributes":{"email":["x"]}}"#;
        let sent = read(body.as_bytes()).ok().unwrap().ok().unwrap();
        assert_eq!(sent.form.fields.keys().collect::<Vec<_>>(), ["username"]);
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }
    }
}
