//! Whether a user profile makes sense, in Keycloak's words and order.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::is_attribute_name;
use crate::store::json::{Doc, text, texts};
use crate::store::realm::Realm;

/// Validators, those included that nobody configures.
const VALIDATORS: &[&str] = &[
    "double",
    "email",
    "integer",
    "iso-date",
    "length",
    "local-date",
    "multivalued",
    "not-blank",
    "not-empty",
    "options",
    "organization-member-validator",
    "pattern",
    "person-name-prohibited-characters",
    "up-attribute-required-by-metadata-value",
    "up-blank-attribute-value",
    "up-brokering-federated-username-has-value",
    "up-duplicate-email",
    "up-duplicate-username",
    "up-email-exists-as-username",
    "up-immutable-attribute",
    "up-readonly-attribute-unchanged",
    "up-registration-email-as-username-email-value",
    "up-registration-email-as-username-username-value",
    "up-registration-username-exists",
    "up-username-has-value",
    "up-username-mutation",
    "up-username-not-idn-homograph",
    "uri",
    "username-prohibited-characters",
];

/// Everything that is wrong with a profile (`UPConfig`).
pub fn faults(realm: &Realm, profile: &Doc) -> Vec<String> {
    let mut errors = Vec::new();
    if let Some(attributes) = profile.get("attributes").and_then(Value::as_array) {
        let attributes: Vec<&Doc> = attributes.iter().filter_map(Value::as_object).collect();
        for root in ["username", "email"] {
            if !attributes.iter().any(|a| text(a, "name") == Some(root)) {
                errors.push(format!("The attribute '{root}' can not be removed"));
            }
        }
        let groups = names(profile, "groups");
        let mut seen = HashSet::new();
        for attribute in attributes {
            name(attribute, &mut seen, &mut errors);
            validations(attribute, &mut errors);
            permissions(attribute, &mut errors);
            scopes(realm, attribute, &mut errors);
            let known = |group: &str| groups.iter().flatten().any(|g| *g == group);
            let group = attribute.get("group").and_then(Value::as_str);
            if let Some(group) = group.filter(|g| !known(g)) {
                errors.push(format!(
                    "Attribute '{}' references unknown group '{group}'",
                    of(attribute)
                ));
            }
            annotations(attribute, &mut errors);
        }
    }
    let nameless = names(profile, "groups").iter().filter(|n| n.is_none()).count();
    if nameless > 0 {
        errors.push(format!(
            "Name is mandatory for groups, found {nameless} group(s) without name."
        ));
    }
    errors
}

fn names<'a>(profile: &'a Doc, key: &str) -> Vec<Option<&'a str>> {
    let all = profile.get(key).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_object).map(|g| text(g, "name")).collect()
}

/// An attribute's name, as it stands in messages.
fn of(attribute: &Doc) -> &str {
    text(attribute, "name").unwrap_or("null")
}

fn name<'a>(attribute: &'a Doc, seen: &mut HashSet<&'a str>, errors: &mut Vec<String>) {
    match text(attribute, "name").filter(|n| !n.trim().is_empty()) {
        None => errors.push("Attribute configuration without 'name' is not allowed".into()),
        Some(name) if !seen.insert(name) => {
            errors.push(format!("Attribute configuration already exists with 'name':'{name}'"));
        }
        Some(name) if !is_attribute_name(name) => errors.push(format!(
            "Invalid attribute name (only letters, numbers and '.' '_' '-' special characters allowed): {name}'"
        )),
        Some(_) => {}
    }
}

fn permissions(attribute: &Doc, errors: &mut Vec<String>) {
    let inner = |key: &str| attribute.get(key).and_then(Value::as_object);
    let lists = [("permissions", "view"), ("permissions", "edit"), ("required", "roles")];
    for (member, list) in lists {
        let roles = inner(member).map_or_else(Vec::new, |m| texts(m, list));
        for role in roles.into_iter().filter(|r| !matches!(*r, "admin" | "user")) {
            errors.push(format!(
                "'{member}.{list}' configuration for attribute '{}' contains unsupported role '{role}'",
                of(attribute)
            ));
        }
    }
}

fn scopes(realm: &Realm, attribute: &Doc, errors: &mut Vec<String>) {
    for member in ["required", "selector"] {
        let inner = attribute.get(member).and_then(Value::as_object);
        let scopes = inner.map_or_else(Vec::new, |m| texts(m, "scopes"));
        for scope in scopes.into_iter().filter(|s| realm.client_scope(s).is_none()) {
            errors.push(format!(
                "'{member}.scopes' configuration for attribute '{}' contains unsupported scope '{scope}'",
                of(attribute)
            ));
        }
    }
}

fn annotations(attribute: &Doc, errors: &mut Vec<String>) {
    let options = attribute.get("annotations").and_then(|a| a.get("inputOptions"));
    if options.is_some_and(|o| !o.is_array()) {
        errors.push(format!(
            "Annotation 'inputOptions' configured for attribute '{}' must be an array of values!'",
            of(attribute)
        ));
    }
}

fn validations(attribute: &Doc, errors: &mut Vec<String>) {
    let validations = attribute.get("validations").and_then(Value::as_object);
    for (id, settings) in validations.into_iter().flatten() {
        if !VALIDATORS.contains(&id.as_str()) {
            errors.push(format!(
                "Validator '{id}' defined for attribute '{}' doesn't exist",
                of(attribute)
            ));
            continue;
        }
        let none = Map::new();
        let wrong = wrong_settings(id, settings.as_object().unwrap_or(&none));
        if !wrong.is_empty() {
            let told: String = wrong.iter().map(|f| f.text(id)).collect();
            errors.push(format!(
                "Validator '{id}' defined for attribute '{}' has incorrect configuration: {told}",
                of(attribute)
            ));
        }
    }
}

/// What is wrong with one setting of a validator.
struct Fault {
    setting: &'static str,
    message: &'static str,
    parameter: String,
}

impl Fault {
    fn new(setting: &'static str, message: &'static str, parameter: impl Into<String>) -> Self {
        let parameter = parameter.into();
        Self {
            setting,
            message,
            parameter,
        }
    }

    fn missing(setting: &'static str) -> Self {
        Self::new(setting, "error-validator-config-missing-value", "")
    }

    /// As Keycloak writes its own objects.
    fn text(&self, validator: &str) -> String {
        let Self {
            setting,
            message,
            parameter,
        } = self;
        format!(
            "ValidationError{{validatorId='{validator}', inputHint='{setting}', message='{message}', \
             messageParameters=[{parameter}]}}, "
        )
    }
}

fn wrong_settings(id: &str, settings: &Doc) -> Vec<Fault> {
    match id {
        "length" => match (settings.get("min"), settings.get("max")) {
            (None, None) => vec![Fault::missing("min"), Fault::missing("max")],
            _ => bounds(settings, true),
        },
        "integer" | "double" => bounds(settings, true),
        "multivalued" if !settings.contains_key("max") => vec![Fault::missing("max")],
        "multivalued" => bounds(settings, false),
        "email" => no_number(settings, "max-local-length", true).into_iter().collect(),
        "pattern" => pattern(settings).into_iter().collect(),
        "options" => match settings.get("options") {
            None => vec![Fault::missing("options")],
            Some(Value::Array(_)) => Vec::new(),
            Some(_) => {
                let message = "error-validator-config-invalid-value";
                vec![Fault::new("options", message, "must be list of values")]
            }
        },
        _ => Vec::new(),
    }
}

fn bounds(settings: &Doc, tells_value: bool) -> Vec<Fault> {
    let each = ["min", "max"].into_iter();
    let wrong: Vec<Fault> = each.filter_map(|key| no_number(settings, key, tells_value)).collect();
    if !wrong.is_empty() {
        return wrong;
    }
    match (number(settings.get("min")), number(settings.get("max"))) {
        (Some(min), Some(max)) if min > max => {
            vec![Fault::new("max", "error-validator-config-invalid-value", "")]
        }
        _ => Vec::new(),
    }
}

fn no_number(settings: &Doc, key: &'static str, tells_value: bool) -> Option<Fault> {
    let value = settings.get(key)?;
    if number(Some(value)).is_some() {
        return None;
    }
    let told = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = if tells_value { told } else { String::new() };
    Some(Fault::new(key, "error-validator-config-invalid-number-value", told))
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

fn pattern(settings: &Doc) -> Option<Fault> {
    let Some(pattern) = settings.get("pattern") else {
        return Some(Fault::missing("pattern"));
    };
    let invalid = |cause: &str| {
        let parameter = format!("{}, {cause}", pattern.as_str().unwrap_or_default());
        Some(Fault::new("pattern", "error-validator-config-invalid-value", parameter))
    };
    match regex::Regex::new(pattern.as_str()?) {
        Ok(_) => None,
        Err(regex::Error::Syntax(text)) => invalid(text.lines().last().unwrap_or_default()),
        Err(_) => invalid("too large"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, settings: &Value) -> String {
        let settings = settings.as_object().cloned().unwrap_or_default();
        wrong_settings(id, &settings).iter().map(|f| f.text(id)).collect()
    }

    #[test]
    fn settings_of_validators_are_refused_in_keycloaks_words() {
        assert_eq!(
            told("length", &serde_json::json!({ "min": "a" })),
            "ValidationError{validatorId='length', inputHint='min', \
             message='error-validator-config-invalid-number-value', messageParameters=[a]}, "
        );
        assert_eq!(
            told("length", &serde_json::json!({})).matches("missing-value").count(),
            2
        );
        assert!(told("integer", &serde_json::json!({ "min": 5, "max": 1 })).contains("inputHint='max'"));
        assert_eq!(told("integer", &serde_json::json!({})), "");
        assert_eq!(told("length", &serde_json::json!({ "min": "5" })), "");
        assert!(told("pattern", &serde_json::json!({ "pattern": "[" })).contains("messageParameters=[[, "));
    }
}
