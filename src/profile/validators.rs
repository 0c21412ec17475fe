//! Keycloak's validators, by id.

use regex::RegexBuilder;
use serde_json::{Map, Value, json};

use super::config::Attribute;
use super::{FieldError, address, characters};
use crate::store::realm::Realm;

/// The longest value of an attribute that has no validator of its length.
const IMPLICIT_LENGTH: i64 = 2048;

/// Runs the validators of an attribute over its values (none of them empty); one error per validator and value.
pub(super) fn run(realm: &Realm, attribute: &Attribute, values: &[&str]) -> Vec<FieldError> {
    let name = attribute.name.as_str();
    let mut errors = Vec::new();
    for value in values {
        if !attribute.validations.contains_key("length")
            && let Some(error) = implicit(name, value)
        {
            errors.push(error);
            continue;
        }
        for (id, settings) in length_first(attribute) {
            if id == "username-prohibited-characters" && realm.flag("registrationEmailAsUsername") {
                continue;
            }
            errors.extend(one(name, id, settings, value));
        }
        // Holds whatever is configured: what cannot be stored, or hides.
        let single_line = name == "username" || name == "email";
        let clean = if single_line {
            characters::is_plain(value)
        } else {
            characters::is_text(value)
        };
        if !clean && errors.is_empty() {
            errors.push(FieldError::new(name, "error-username-invalid-character"));
        }
    }
    errors.extend(how_many(attribute, values.len()));
    errors
}

/// What is wrong where there is no value: one that is empty was sent, or nothing.
pub(super) fn of_none(attribute: &Attribute, was_sent: bool) -> Vec<FieldError> {
    let name = attribute.name.as_str();
    let nothing = if was_sent { json!("") } else { json!([]) };
    let mut errors: Vec<FieldError> = how_many(attribute, 0).into_iter().collect();
    for (id, key) in [("not-blank", "error-invalid-blank"), ("not-empty", "error-empty")] {
        if attribute.validations.contains_key(id) {
            errors.push(FieldError::with(name, key, [nothing.clone()]));
        }
    }
    errors
}

/// What is wrong with the number of values.
fn how_many(attribute: &Attribute, count: usize) -> Option<FieldError> {
    let settings = attribute.validations.get("multivalued")?.as_object()?;
    let (min, max) = (whole(settings, "min").unwrap_or(0), whole(settings, "max"));
    let count = count as i64;
    if count >= min && max.is_none_or(|max| count <= max) {
        return None;
    }
    let bounds = [json!(min), json!(max.unwrap_or(i64::from(i32::MAX)))];
    Some(FieldError::with(
        &attribute.name,
        "error-invalid-multivalued-size",
        bounds,
    ))
}

/// The validators with their settings, that of the length before all others: a page shows the first error.
fn length_first(attribute: &Attribute) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let all = || {
        attribute
            .validations
            .iter()
            .filter_map(|(id, s)| Some((id.as_str(), s.as_object()?)))
    };
    all()
        .filter(|(id, _)| *id == "length")
        .chain(all().filter(|(id, _)| *id != "length"))
}

/// The bound and the characters of a value for which nothing is configured.
pub(super) fn implicit(name: &str, value: &str) -> Option<FieldError> {
    if value.encode_utf16().count() as i64 > IMPLICIT_LENGTH {
        return Some(FieldError::with(
            name,
            "error-invalid-length",
            [json!(0), json!(IMPLICIT_LENGTH)],
        ));
    }
    (!characters::is_text(value)).then(|| FieldError::new(name, "error-username-invalid-character"))
}

fn one(name: &str, id: &str, settings: &Map<String, Value>, value: &str) -> Option<FieldError> {
    let invalid = |key: &str| Some(FieldError::with(name, key, [json!(value)]));
    // These do not repeat the value.
    let wrong = |key: &str| Some(FieldError::new(name, key));
    let own_text = |default: &str| {
        settings
            .get("error-message")
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    };
    match id {
        "length" => length(name, settings, value),
        "email" => {
            let longest = whole(settings, "max-local-length").map(|n| n.max(1) as usize);
            if address::is_valid(value, longest) {
                None
            } else {
                invalid("error-invalid-email")
            }
        }
        "integer" | "double" => number(name, id, settings, value),
        "pattern" => {
            let pattern = settings.get("pattern").and_then(Value::as_str).unwrap_or_default();
            if is_match(pattern, value) {
                None
            } else {
                let key = own_text("error-pattern-no-match");
                Some(FieldError::with(name, &key, [json!(pattern)]))
            }
        }
        "options" => {
            let options = settings.get("options").and_then(Value::as_array);
            let known = options.is_some_and(|o| o.iter().any(|option| option.as_str() == Some(value)));
            if known { None } else { wrong("error-invalid-value") }
        }
        "uri" => {
            let (key, cause) = uri(settings, value)?;
            Some(FieldError::with(name, key, [json!(value), json!(cause)]))
        }
        "local-date" if is_date(value) || is_english_date(value) => None,
        "local-date" => wrong("error-invalid-date"),
        "iso-date" if is_date(value) => None,
        "iso-date" => invalid("error-invalid-date"),
        "not-blank" if value.trim().is_empty() => invalid("error-invalid-blank"),
        "person-name-prohibited-characters" if !characters::is_person_name(value) => {
            wrong(&own_text("error-person-name-invalid-character"))
        }
        "username-prohibited-characters" if !characters::is_username(value) => {
            wrong(&own_text("error-username-invalid-character"))
        }
        "up-username-not-idn-homograph" if !characters::is_latin(value) => {
            wrong(&own_text("error-username-invalid-character"))
        }
        // Kept, and run by what knows them.
        _ => None,
    }
}

fn length(name: &str, settings: &Map<String, Value>, value: &str) -> Option<FieldError> {
    let untrimmed = settings.get("trim-disabled").is_some_and(|v| v == true || v == "true");
    let text = if untrimmed { value } else { value.trim() };
    let count = text.encode_utf16().count() as i64;
    let (min, max) = (whole(settings, "min"), whole(settings, "max"));
    if min.is_none_or(|min| count >= min) && max.is_none_or(|max| count <= max) {
        return None;
    }
    let key = match (min, max) {
        (Some(_), Some(_)) => "error-invalid-length",
        (Some(_), None) => "error-invalid-length-too-short",
        _ => "error-invalid-length-too-long",
    };
    Some(FieldError::with(name, key, bounds(settings)))
}

fn number(name: &str, id: &str, settings: &Map<String, Value>, value: &str) -> Option<FieldError> {
    let parsed = if id == "integer" {
        value.parse::<i64>().ok().map(|n| n as f64)
    } else {
        value.parse::<f64>().ok()
    };
    let Some(n) = parsed.filter(|n| n.is_finite()) else {
        return Some(FieldError::new(name, "error-invalid-number"));
    };
    let (min, max) = (fraction(settings, "min"), fraction(settings, "max"));
    if min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max) {
        return None;
    }
    let key = match (min, max) {
        (Some(_), Some(_)) => "error-number-out-of-range",
        (Some(_), None) => "error-number-out-of-range-too-small",
        _ => "error-number-out-of-range-too-big",
    };
    Some(FieldError::with(name, key, bounds(settings)))
}

/// The settings `min` and `max` as they are written, for the message.
fn bounds(settings: &Map<String, Value>) -> [Value; 2] {
    let written = |key: &str| match settings.get(key) {
        Some(Value::String(text)) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => json!(n),
            (_, Ok(n)) => json!(n),
            _ => json!(text),
        },
        Some(value) => value.clone(),
        None => Value::Null,
    };
    [written("min"), written("max")]
}

fn whole(settings: &Map<String, Value>, key: &str) -> Option<i64> {
    let value = settings.get(key)?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn fraction(settings: &Map<String, Value>, key: &str) -> Option<f64> {
    let value = settings.get(key)?;
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The whole value must match, as in Java. A pattern that is none matches nothing.
fn is_match(pattern: &str, value: &str) -> bool {
    let whole = RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build();
    whole.is_ok_and(|p| p.is_match(value))
}

/// The message key of a bad address with what is bad about it, if it is one.
fn uri(settings: &Map<String, Value>, value: &str) -> Option<(&'static str, String)> {
    let parsed = match url::Url::parse(value) {
        Ok(parsed) => parsed,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            return Some(("error-invalid-uri", "URI is not absolute".to_owned()));
        }
        Err(e) => return Some(("error-invalid-uri", format!("{e}: {value}"))),
    };
    let allowed = settings.get("allowedSchemes").and_then(Value::as_array);
    let scheme = match allowed {
        Some(list) if !list.is_empty() => list.iter().any(|s| s.as_str() == Some(parsed.scheme())),
        _ => matches!(parsed.scheme(), "http" | "https"),
    };
    let fragment = settings.get("allowFragment").is_none_or(|v| v != false && v != "false");
    match (scheme, parsed.fragment()) {
        (false, _) => Some(("error-invalid-uri-scheme", parsed.scheme().to_owned())),
        (true, Some(text)) if !fragment => Some(("error-invalid-uri-fragment", text.to_owned())),
        _ => None,
    }
}

/// `2026-02-28`: a day that there is.
fn is_date(value: &str) -> bool {
    let mut parts = value.split('-');
    let mut next = |length: usize| {
        let part = parts
            .next()
            .filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()));
        part.and_then(|p| p.parse::<u32>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (next(4), next(2), next(2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    parts.next().is_none() && (1..=days).contains(&day)
}

/// `2/28/26`: a day as the English language writes it, with two or four digits of the year.
fn is_english_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('/').collect();
    let [month, day, year] = parts[..] else { return false };
    if !matches!(year.len(), 2 | 4) {
        return false;
    }
    let century = if year.len() == 2 { "20" } else { "" };
    is_date(&format!("{century}{year}-{month:0>2}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_that_there_is() {
        for good in ["2026-02-28", "2024-02-29", "2000-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2023-02-30",
            "1900-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01-01",
            "x",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
        assert!(is_english_date("2/28/26") && is_english_date("02/28/2026"));
        assert!(!is_english_date("13/1/26") && !is_english_date("2026-02-28"));
    }

    #[test]
    fn an_address_on_the_web_has_an_allowed_scheme() {
        let none = Map::new();
        assert_eq!(uri(&none, "https://example.org/a"), None);
        let key = |value: &str| uri(&none, value).map(|(key, _)| key);
        assert_eq!(key("javascript:alert(1)"), Some("error-invalid-uri-scheme"));
        assert_eq!(key("nothing"), Some("error-invalid-uri"));
    }
}
