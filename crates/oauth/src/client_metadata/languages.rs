//! Members in several languages: `client_name#de`. RFC 7591 §2.2, BCP 47.

use super::json::{member, text};
use super::urls::{self, Label};
use super::{MAX_ENTRIES, MAX_NAME, parse, refuse};
use crate::error::Refusal;
use serde_json::{Map, Value};

/// The members that may carry a language tag, in the order of the answer.
pub(super) const TRANSLATED: [&str; 5] = ["client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// Reads every member with a language tag.
pub(super) fn read(object: &Map<String, Value>) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    for name in object.keys() {
        let Some((base, tag)) = name.split_once('#') else {
            continue;
        };
        let (true, Some(value)) = (TRANSLATED.contains(&base), member(object, name)) else {
            continue;
        };
        if !is_tag(tag) {
            return Err(refuse(format!("{base} has a language tag that is not one")));
        }
        if found.len() == MAX_ENTRIES {
            return Err(refuse(format!(
                "no more than {MAX_ENTRIES} members may have a language tag"
            )));
        }
        let value = text(value)?;
        let value = match base {
            "client_name" => parse::checked_name(value, MAX_NAME)?,
            "client_uri" => urls::check(value, Label::Base)?,
            "logo_uri" => urls::check(value, Label::Logo)?,
            "tos_uri" => urls::check(value, Label::Terms)?,
            _ => urls::check(value, Label::Policy)?,
        };
        found.push((name.clone(), value));
    }
    Ok(found)
}

/// The members with a language tag that are to go, each with an empty value.
pub(super) fn taken_away(object: &Map<String, Value>) -> Vec<(String, String)> {
    let gone = object.iter().filter(|(name, value)| {
        let base = name.split_once('#').map(|(base, _)| base);
        value.is_null() && base.is_some_and(|base| TRANSLATED.contains(&base))
    });
    gone.map(|(name, _)| (name.clone(), String::new())).collect()
}

fn is_tag(tag: &str) -> bool {
    (1..=35).contains(&tag.len())
        && tag
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}
