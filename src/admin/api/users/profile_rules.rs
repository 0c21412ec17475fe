//! What a user profile may not say, in Keycloak's words.

use std::collections::HashSet;

use serde_json::Value;

use crate::profile;
use crate::store::json::{Doc, text, texts};
use crate::store::realm::Realm;

/// Validators that an attribute may name.
const VALIDATORS: &[&str] = &[
    "length",
    "integer",
    "double",
    "email",
    "pattern",
    "options",
    "uri",
    "local-date",
    "iso-date",
    "not-blank",
    "not-empty",
    "multivalued",
    "person-name-prohibited-characters",
    "username-prohibited-characters",
    "up-username-not-idn-homograph",
    "up-attribute-required-by-metadata-value",
    "up-blank-attribute-value",
    "up-immutable-attribute",
    "up-readonly-attribute-unchanged",
];

/// The message key of a setting that must be there.
const MISSING: &str = "error-validator-config-missing-value";

/// Everything that is wrong with a profile.
pub(super) fn broken(realm: &Realm, config: &Doc) -> Vec<String> {
    let mut errors = Vec::new();
    let groups: Vec<&Doc> = items(config, "groups");
    if config.contains_key("attributes") {
        let attributes = items(config, "attributes");
        let mut names = HashSet::new();
        for attribute in &attributes {
            one(realm, attribute, &groups, &mut names, &mut errors);
        }
        for root in ["username", "email"] {
            if !names.contains(root) {
                errors.push(format!("The attribute '{root}' can not be removed"));
            }
        }
    }
    let nameless = groups.iter().filter(|g| text(g, "name").is_none()).count();
    if nameless > 0 {
        errors.push(format!(
            "Name is mandatory for groups, found {nameless} group(s) without name."
        ));
    }
    errors
}

fn items<'a>(doc: &'a Doc, key: &str) -> Vec<&'a Doc> {
    let all = doc.get(key).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_object).collect()
}

fn one<'a>(realm: &Realm, attribute: &'a Doc, groups: &[&Doc], names: &mut HashSet<&'a str>, errors: &mut Vec<String>) {
    let Some(name) = text(attribute, "name") else {
        errors.push("Attribute configuration without 'name' is not allowed".into());
        return;
    };
    if !names.insert(name) {
        errors.push(format!("Attribute configuration already exists with 'name':'{name}'"));
    }
    if !profile::is_attribute_name(name) {
        errors.push(format!(
            "Invalid attribute name (only letters, numbers and '.' '_' '-' special characters allowed): {name}'"
        ));
    }
    let mut unknown = |part: &str, list: &str, what: &str, known: &dyn Fn(&str) -> bool| {
        let Some(part_doc) = attribute.get(part).and_then(Value::as_object) else {
            return;
        };
        for value in texts(part_doc, list).into_iter().filter(|v| !known(v)) {
            errors.push(format!(
                "'{part}.{list}' configuration for attribute '{name}' contains unsupported {what} '{value}'"
            ));
        }
    };
    let role = |r: &str| matches!(r, "user" | "admin");
    let scope = |s: &str| realm.client_scope(s).is_some();
    unknown("permissions", "view", "role", &role);
    unknown("permissions", "edit", "role", &role);
    unknown("required", "roles", "role", &role);
    unknown("required", "scopes", "scope", &scope);
    unknown("selector", "scopes", "scope", &scope);
    if let Some(group) = text(attribute, "group")
        && !groups.iter().any(|g| text(g, "name") == Some(group))
    {
        errors.push(format!("Attribute '{name}' references unknown group '{group}'"));
    }
    for (validator, settings) in attribute
        .get("validations")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if VALIDATORS.contains(&validator.as_str()) {
            let wrong = settings_errors(validator, settings);
            if !wrong.is_empty() {
                errors.push(format!(
                    "Validator '{validator}' defined for attribute '{name}' has incorrect configuration: {wrong}"
                ));
            }
        } else {
            errors.push(format!(
                "Validator '{validator}' defined for attribute '{name}' doesn't exist"
            ));
        }
    }
    let options = attribute.get("annotations").and_then(|a| a.get("inputOptions"));
    if options.is_some_and(|o| !o.is_array()) {
        errors.push(format!(
            "Annotation 'inputOptions' configured for attribute '{name}' must be an array of values!'"
        ));
    }
}

/// What is wrong with the settings of a validator, in the form in which Keycloak prints it.
fn settings_errors(validator: &str, settings: &Value) -> String {
    let mut told = String::new();
    let mut tell = |setting: &str, key: &str, value: Option<&Value>| {
        let value = value
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .unwrap_or_default();
        let error = format!(
            "ValidationError{{validatorId='{validator}', inputHint='{setting}', message='{key}', messageParameters=[{value}]}}, "
        );
        told.push_str(&error);
    };
    let given = |setting: &str| settings.get(setting).filter(|v| !v.is_null() && v.as_str() != Some(""));
    let is_number = |v: &Value, fraction: bool| match v {
        Value::Number(n) => fraction || n.is_i64(),
        Value::String(s) if fraction => s.trim().parse::<f64>().is_ok(),
        Value::String(s) => s.trim().parse::<i64>().is_ok(),
        _ => false,
    };
    match validator {
        "length" | "integer" | "double" | "multivalued" => {
            for setting in ["min", "max"] {
                if let Some(value) = given(setting)
                    && !is_number(value, validator == "double")
                {
                    tell(setting, "error-validator-config-invalid-number-value", Some(value));
                }
            }
            if validator == "length" && given("min").is_none() && given("max").is_none() {
                tell("min", MISSING, None);
                tell("max", MISSING, None);
            }
            if validator == "multivalued" && given("max").is_none() {
                tell("max", MISSING, None);
            }
        }
        "pattern" => match given("pattern") {
            None => tell("pattern", MISSING, None),
            Some(Value::String(pattern)) if regex::Regex::new(pattern).is_ok() => {}
            Some(value) => tell("pattern", "error-validator-config-invalid-value", Some(value)),
        },
        "options" => match given("options") {
            None => tell("options", MISSING, None),
            Some(Value::Array(_)) => {}
            Some(value) => tell("options", "error-validator-config-invalid-value", Some(value)),
        },
        _ => {}
    }
    told
}
