//! Registration, and the fields that it shares with "update profile".

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Page;

/// `register.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The fields.
    pub profile: Profile,
    /// Is a password asked here (and not after the proof of the address)?
    pub password_required: bool,
    /// Are terms to be accepted here? Their text is the message `termsText`.
    pub terms_acceptance_required: bool,
    /// Was the box ticked?
    pub terms_accepted: bool,
    /// A heading instead of "Register".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_header: Option<String>,
    /// What the password must satisfy, in words; shown before the first mistake.
    pub password_hints: Vec<String>,
}

impl Page for Register {
    const TEMPLATE: &'static str = "register.j2";

    fn sample() -> Self {
        Self {
            profile: Profile::sample(),
            password_required: true,
            terms_acceptance_required: true,
            password_hints: vec!["At least 10 characters".to_owned()],
            ..Self::default()
        }
    }
}

/// The fields of a person, in the order in which they are shown.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// One per attribute that may be seen.
    pub attributes: Vec<Attribute>,
}

/// One field.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The attribute's name, which is the field's.
    pub name: String,
    /// Its label: text, or `${key}`.
    pub display_name: String,
    /// Must it be filled?
    pub required: bool,
    /// Is it only shown?
    pub read_only: bool,
    /// Its value, or the first of several.
    pub value: String,
    /// All values.
    pub values: Vec<String>,
    /// May it have several?
    pub multivalued: bool,
    /// What the browser may fill in (`email`, `username`).
    pub autocomplete: String,
    /// The user profile's annotations (`inputType` ...).
    pub annotations: Map<String, Value>,
    /// The user profile's validators, from which options come.
    pub validators: Map<String, Value>,
    /// `data-*` attributes.
    pub html5_data_annotations: Map<String, Value>,
    /// The group to which it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

impl Attribute {
    /// A plain field of one line.
    pub fn text(name: &str, display_name: &str, required: bool, value: impl Into<String>) -> Self {
        let value = value.into();
        let autocomplete = if matches!(name, "username" | "email") { name } else { "" };
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            required,
            values: if value.is_empty() {
                Vec::new()
            } else {
                vec![value.clone()]
            },
            value,
            autocomplete: autocomplete.to_owned(),
            ..Self::default()
        }
    }
}

/// A group of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its heading: text, or `${key}`.
    pub display_header: String,
    /// What stands below the heading: text, or `${key}`.
    pub display_description: String,
}

impl Profile {
    /// An example with every kind of field.
    pub fn sample() -> Self {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let options = map(json!({"options": {"options": ["r", "g"]}}));
        let group = Some(Group {
            name: "work".to_owned(),
            display_header: "Your work".to_owned(),
            display_description: "So that we can find your colleagues.".to_owned(),
        });
        let text = |name, label, annotations| Attribute {
            annotations: map(annotations),
            ..Attribute::text(name, label, false, "")
        };
        let choice = |name, label, kind| Attribute {
            validators: options.clone(),
            ..text(name, label, json!({"inputType": kind}))
        };
        let mut fields: Vec<Attribute> = ["username", "email", "firstName", "lastName"]
            .into_iter()
            .map(|name| Attribute::text(name, &format!("${{{name}}}"), true, ""))
            .collect();
        fields.extend([
            choice("color", "Colour", "select"),
            choice("size", "Size", "select-radiobuttons"),
            Attribute {
                multivalued: true,
                values: vec!["r".to_owned()],
                ..choice("languages", "Languages", "multiselect-checkboxes")
            },
            Attribute {
                multivalued: true,
                ..choice("topics", "Topics", "multiselect")
            },
            text(
                "bio",
                "About you",
                json!({"inputType": "textarea", "inputTypeRows": 4, "inputTypeCols": 40}),
            ),
            text(
                "born",
                "Born",
                json!({"inputType": "html5-date", "inputHelperTextAfter": "We congratulate."}),
            ),
            Attribute {
                read_only: true,
                ..text("level", "Level", json!({}))
            },
            Attribute {
                multivalued: true,
                ..text("tags", "Tags", json!({}))
            },
            Attribute {
                group,
                ..text(
                    "company",
                    "Company",
                    json!({"inputTypePlaceholder": "Acme", "inputTypeMaxlength": 10}),
                )
            },
        ]);
        Self { attributes: fields }
    }
}
