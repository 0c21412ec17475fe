//! Which member is at fault where metadata cannot be registered, and what it holds: for the dry run, and for who reads events.
//! The answer itself is Keycloak's, which says it in words only.

use serde_json::Value;
use vestibule_oauth::client_metadata::{MAX_REDIRECT_URIS, Metadata, is_member};
use vestibule_oauth::error::Refusal as Fault;

use super::refusal::{Refusal, Stop};
use crate::store::json::Doc;

/// The longest value that is repeated, in characters.
const MAX_VALUE: usize = 2_000;

/// So many members, and entries of a list, are tried one by one: whoever sends more should not have us work for it. No list
/// may be longer.
const MOST_TRIED: usize = MAX_REDIRECT_URIS;

/// Members that are read, though no answer has them.
const READ_ONLY: [&str; 2] = ["attributes", "token_endpoint_auth_methods_supported"];

/// Members that hold secrets, or may, if somebody sends more than he should: a private key, say.
const SECRET: [&str; 5] = [
    "attributes",
    "jwks",
    "jwks.string",
    "registration_access_token",
    "software_statement",
];

/// A member that is at fault.
#[derive(Debug, Clone)]
pub struct Blamed {
    pub fault: Fault,
    pub field: String,
    /// What was sent, as far as it may be told; of a list the entry that is wrong.
    pub value: Value,
}

impl Blamed {
    fn new(fault: Fault, field: &str, value: &Value) -> Self {
        Self {
            fault,
            field: bounded(field),
            value: tellable(field, value),
        }
    }
}

/// Faults that do not begin with the name of their member, and the member.
const WORDS: [(&str, &str); 11] = [
    ("A redirect URI", "redirect_uris"),
    ("A post-logout redirect URI", "post_logout_redirect_uris"),
    ("A name or description", "client_name"),
    ("Client Identifier included", "client_id"),
    ("Client redirect URIs does not match", "sector_identifier_uri"),
    ("Client metadata invalid", "token_endpoint_auth_method"),
    ("Default ACR values", "default_acr_values"),
    ("Failed to get redirect URIs", "sector_identifier_uri"),
    (
        "The initial access token does not let anybody ask for the scope",
        "scope",
    ),
    ("Without a configured Sector Identifier", "redirect_uris"),
    ("tls_client_auth ", "token_endpoint_auth_method"),
];

/// What is wrong with each member by itself, of a list with each entry; and what was sent, without that.
pub(super) fn sift(sent: &Doc) -> (Vec<Blamed>, Doc) {
    let mut faults = Vec::new();
    let mut sound = sent.clone();
    for (field, value) in judged(sent) {
        let Some(whole) = fault_of(sent, field, value) else {
            continue;
        };
        // Equal entries are one.
        let mut wrong: Vec<(Fault, &Value)> = Vec::new();
        for (fault, entry) in wrong_entries(sent, field, value) {
            if wrong.iter().all(|(_, known)| *known != entry) {
                wrong.push((fault, entry));
            }
        }
        let rest = value.as_array().filter(|_| !wrong.is_empty()).map(|entries| {
            let is_right = |one: &&Value| wrong.iter().all(|(_, known)| known != one);
            Value::Array(entries.iter().filter(is_right).cloned().collect())
        });
        let unsound = match &rest {
            Some(rest) => fault_of(sent, field, rest),
            None => Some(whole),
        };
        faults.extend(wrong.into_iter().map(|(fault, entry)| Blamed::new(fault, field, entry)));
        match (unsound, rest) {
            (None, Some(rest)) => {
                sound.insert(field.clone(), rest);
            }
            (fault, _) => {
                faults.extend(fault.map(|fault| Blamed::new(fault, field, value)));
                sound.shift_remove(field);
            }
        }
    }
    (faults, sound)
}

/// The members that can be wrong by themselves, as many as are tried.
fn judged(sent: &Doc) -> impl Iterator<Item = (&String, &Value)> {
    let members = sent.iter().filter(|(name, value)| !value.is_null() && is_read(name));
    members.take(MOST_TRIED)
}

fn is_read(name: &str) -> bool {
    let name = name.split('#').next().unwrap_or_default();
    is_member(name) || READ_ONLY.contains(&name)
}

/// What is wrong with a member if nothing else is sent but what the kind of its addresses depends on.
fn fault_of(sent: &Doc, field: &str, value: &Value) -> Option<Fault> {
    let mut alone = Doc::new();
    // Any other kind is as good as none.
    if let Some(kind @ "native") = sent.get("application_type").and_then(Value::as_str) {
        alone.insert("application_type".into(), kind.into());
    }
    let value = match value {
        // The beginning of a list that is too long is too long as well.
        Value::Array(entries) => Value::Array(entries.iter().take(MOST_TRIED + 1).cloned().collect()),
        value => value.clone(),
    };
    alone.insert(field.to_owned(), value);
    Metadata::from_object(&alone).err()
}

/// The entries of a list that are wrong by themselves; none where there are too many to try, or where no list belongs.
fn wrong_entries<'a>(sent: &'a Doc, field: &'a str, value: &'a Value) -> impl Iterator<Item = (Fault, &'a Value)> {
    let few = value.as_array().filter(|entries| entries.len() <= MOST_TRIED);
    let few = few.filter(|_| fault_of(sent, field, &Value::Array(Vec::new())).is_none());
    few.into_iter().flatten().filter_map(move |entry| {
        let fault = fault_of(sent, field, &Value::Array(vec![entry.clone()]))?;
        Some((fault, entry))
    })
}

/// What may be told of what a member holds, and how much of it: events are kept, and sent to others. `null` if nothing.
pub(super) fn tellable(field: &str, value: &Value) -> Value {
    match value {
        _ if holds_secret(field) => Value::Null,
        Value::String(text) if is_secret(text) => Value::Null,
        Value::String(text) => Value::String(bounded(text)),
        Value::Array(entries) if entries.len() <= MOST_TRIED => tellable_list(field, entries),
        // No member but those with keys and attributes is an object: what is one belongs elsewhere.
        Value::Array(_) | Value::Object(_) => Value::Null,
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// As many entries as there is room for.
fn tellable_list(field: &str, entries: &[Value]) -> Value {
    let mut told = Vec::new();
    let mut length = 0;
    for entry in entries {
        let one = match entry {
            Value::Array(_) => Value::Null,
            entry => tellable(field, entry),
        };
        if one.is_null() {
            return Value::Null;
        }
        length += one.to_string().chars().count() + 1;
        if length > MAX_VALUE {
            break;
        }
        told.push(one);
    }
    if told.is_empty() && !entries.is_empty() {
        return Value::Null;
    }
    Value::Array(told)
}

fn holds_secret(field: &str) -> bool {
    SECRET.contains(&field) || field.contains("secret") || field.contains("password")
}

/// Whether a text is a key, or a document that may hold one.
fn is_secret(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) || text.contains("PRIVATE KEY")
}

/// As much of a text as is repeated.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(MAX_VALUE).collect()
}

/// Says of a fault which member it is about, as far as that can be told.
pub(super) fn blame(fault: Fault, sent: &Doc) -> Refusal {
    let by_itself = judged(sent).find_map(|(field, value)| {
        if fault_of(sent, field, value).as_ref() != Some(&fault) {
            return None;
        }
        let entry = wrong_entries(sent, field, value).find(|(found, _)| *found == fault);
        Some((field, entry.map_or(value, |(_, entry)| entry)))
    });
    if let Some((field, value)) = by_itself {
        return Refusal::Member(Box::new(Blamed::new(fault, field, value)));
    }
    let first = fault.description.split([' ', ':']).next().unwrap_or_default();
    let known = WORDS.iter().find(|(words, _)| fault.description.starts_with(words));
    let field = match known {
        Some((_, field)) => (*field).to_owned(),
        None if is_member(first) => first.to_owned(),
        None => return Refusal::Metadata(fault),
    };
    let value = sent.get(&field).unwrap_or(&Value::Null);
    Refusal::Member(Box::new(Blamed::new(fault, &field, value)))
}

/// The same for the end of a flow.
pub(super) fn stopped(stop: Stop, sent: &Doc) -> Stop {
    match stop {
        Stop::Refused(Refusal::Metadata(fault)) => blame(fault, sent).into(),
        stop => stop,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(sent: &Value) -> Vec<(String, Value)> {
        let (faults, _) = sift(sent.as_object().unwrap());
        faults.into_iter().map(|one| (one.field, one.value)).collect()
    }

    #[test]
    fn each_member_and_entry_that_is_wrong_is_named() {
        let sent = json!({
            "redirect_uris": ["https://a.example/cb", "javascript:x", "https://a.example/#x"], "subject_type": "both",
            "client_name": "A", "jwks": null, "scope": 5, "unheard_of": {}
        });
        let expected = [
            ("redirect_uris".to_owned(), json!("javascript:x")),
            ("redirect_uris".to_owned(), json!("https://a.example/#x")),
            ("subject_type".to_owned(), json!("both")),
        ];
        assert_eq!(told(&sent), expected);
        let (_, sound) = sift(sent.as_object().unwrap());
        assert_eq!(sound["redirect_uris"], json!(["https://a.example/cb"]));
        assert!(!sound.contains_key("subject_type") && sift(&sound).0.is_empty());
        // Plain http is wrong for an application on a device only.
        let native = json!({ "application_type": "native", "redirect_uris": ["http://a.example/"] });
        assert_eq!(told(&native).len(), 1);
        assert!(told(&json!({ "redirect_uris": ["http://a.example/"] })).is_empty());
    }

    #[test]
    fn equal_entries_go_together_and_what_is_no_list_goes_as_a_whole() {
        let sent =
            json!({ "redirect_uris": ["javascript:x", "javascript:x", "https://a.example/"], "client_name": ["A"] });
        let expected = [
            ("redirect_uris".to_owned(), json!("javascript:x")),
            ("client_name".to_owned(), json!(["A"])),
        ];
        assert_eq!(told(&sent), expected);
        let (_, sound) = sift(sent.as_object().unwrap());
        assert_eq!(Value::Object(sound), json!({ "redirect_uris": ["https://a.example/"] }));
    }

    #[test]
    fn of_a_list_that_is_too_long_no_entry_is_looked_for() {
        let many: Vec<String> = (0..20_000).map(|number| format!("javascript:{number}")).collect();
        let sent = json!({ "redirect_uris": many });
        let sent = sent.as_object().unwrap();
        let (faults, sound) = sift(sent);
        assert_eq!((faults.len(), faults[0].value.clone()), (1, Value::Null));
        assert!(sound.is_empty());
        let Refusal::Member(blamed) = blame(faults[0].fault.clone(), sent) else {
            panic!("no member is named");
        };
        assert_eq!((blamed.field.as_str(), blamed.value), ("redirect_uris", Value::Null));
    }

    #[test]
    fn secrets_are_not_repeated_and_the_rest_is_bounded() {
        let long = "x".repeat(5_000);
        for (field, value) in [
            ("jwks", json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] })),
            ("jwks_uri", json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] })),
            ("jwks_uri", json!("{\"keys\":[]}")),
            ("jwks_uri", json!("-----BEGIN PRIVATE KEY-----")),
            ("contacts", json!([["x"]])),
            ("client_secret", json!("x")),
            ("software_statement", json!("x.y.z")),
            ("registration_access_token", json!("x.y.z")),
            ("attributes", json!({ "pkce.code.challenge.method": "x" })),
            ("request_uris", json!([long])),
        ] {
            assert_eq!(tellable(field, &value), Value::Null, "{field}");
        }
        assert_eq!(tellable("client_name", &json!(long)), json!("x".repeat(MAX_VALUE)));
        assert_eq!(tellable("contacts", &json!(["x", long])), json!(["x"]));
        assert_eq!(tellable("contacts", &json!([])), json!([]));
        assert_eq!(tellable("default_max_age", &json!(-1)), json!(-1));
    }

    #[test]
    fn a_fault_of_the_whole_is_about_the_member_that_it_names() {
        let sent = json!({ "contacts": ["x"], "default_acr_values": ["gold"] });
        for (text, field, value) in [
            ("contacts must be e-mail addresses", "contacts", json!(["x"])),
            ("jwks_uri: the address is not a public one", "jwks_uri", Value::Null),
            ("Default ACR values need to", "default_acr_values", json!(["gold"])),
        ] {
            let Refusal::Metadata(fault) = Refusal::metadata(text) else {
                panic!("{text}");
            };
            let Refusal::Member(blamed) = blame(fault, sent.as_object().unwrap()) else {
                panic!("{text}");
            };
            assert_eq!((blamed.field.as_str(), blamed.value), (field, value));
        }
        assert!(matches!(
            blame(Fault::new(400, "x", "Something else"), &Doc::new()),
            Refusal::Metadata(_)
        ));
    }
}
