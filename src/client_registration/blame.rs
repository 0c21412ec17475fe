//! Which member is at fault where metadata cannot be registered, and what it holds: for the dry run, and for who reads events.
//! The answer itself is Keycloak's, which says it in words only.

use serde_json::Value;
use vestibule_oauth::client_metadata::{Metadata, is_member};
use vestibule_oauth::error::Refusal as Fault;

use super::refusal::{Refusal, Stop};
use crate::store::json::Doc;

/// A member that is at fault.
#[derive(Debug, Clone)]
pub struct Blamed {
    pub fault: Fault,
    pub field: String,
    /// What was sent; of a list the entry that is wrong.
    pub value: Value,
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

/// What is wrong with each member by itself; of a list with each entry.
pub(super) fn faults(sent: &Doc) -> Vec<Blamed> {
    let mut found = Vec::new();
    for (field, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        let Some(fault) = fault_of(sent, field, value) else {
            continue;
        };
        let blamed = |fault: Fault, value: &Value| Blamed {
            fault,
            field: field.clone(),
            value: value.clone(),
        };
        let entries = value.as_array().into_iter().flatten();
        let by_entry = entries.filter_map(|one| {
            let fault = fault_of(sent, field, &Value::Array(vec![one.clone()]))?;
            Some(blamed(fault, one))
        });
        let by_entry: Vec<Blamed> = by_entry.collect();
        match by_entry.is_empty() {
            true => found.push(blamed(fault, value)),
            false => found.extend(by_entry),
        }
    }
    found
}

/// What is wrong with a member if nothing else is sent but what the kind of its addresses depends on.
fn fault_of(sent: &Doc, field: &str, value: &Value) -> Option<Fault> {
    let mut alone = Doc::new();
    if let Some(kind) = sent.get("application_type").filter(|kind| kind.is_string()) {
        alone.insert("application_type".into(), kind.clone());
    }
    alone.insert(field.to_owned(), value.clone());
    Metadata::from_object(&alone).err()
}

/// What was sent, without what is wrong by itself.
pub(super) fn without(sent: &Doc, faults: &[Blamed]) -> Doc {
    let mut sound = sent.clone();
    for fault in faults {
        match sound.get_mut(&fault.field) {
            Some(Value::Array(entries)) if entries.contains(&fault.value) => {
                entries.retain(|one| *one != fault.value);
            }
            _ => {
                sound.shift_remove(&fault.field);
            }
        }
    }
    sound
}

/// Says of a fault which member it is about, as far as that can be told.
pub(super) fn blame(fault: Fault, sent: &Doc) -> Refusal {
    let by_itself = faults(sent).into_iter().find(|one| one.fault == fault);
    if let Some(blamed) = by_itself {
        return Refusal::Member(Box::new(blamed));
    }
    let first = fault.description.split([' ', ':']).next().unwrap_or_default();
    let known = WORDS.iter().find(|(words, _)| fault.description.starts_with(words));
    let field = match known {
        Some((_, field)) => *field,
        None if is_member(first) => first,
        None => return Refusal::Metadata(fault),
    };
    let (field, value) = (field.to_owned(), sent.get(field).cloned());
    Refusal::Member(Box::new(Blamed {
        fault,
        field,
        value: value.unwrap_or_default(),
    }))
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
        let faults = faults(sent.as_object().unwrap()).into_iter();
        faults.map(|one| (one.field, one.value)).collect()
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
        let sound = without(sent.as_object().unwrap(), &faults(sent.as_object().unwrap()));
        assert_eq!(sound["redirect_uris"], json!(["https://a.example/cb"]));
        assert!(!sound.contains_key("subject_type") && faults(&sound).is_empty());
        // Plain http is wrong for an application on a device only.
        let native = json!({ "application_type": "native", "redirect_uris": ["http://a.example/"] });
        assert_eq!(told(&native).len(), 1);
        assert!(told(&json!({ "redirect_uris": ["http://a.example/"] })).is_empty());
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
