//! What a password must satisfy, in words, before the first mistake.

use super::policy::{self, Rule};
use crate::page::Draft;

/// The rules of the realm that a person can act on, in the page's language.
pub fn hints(draft: &Draft<'_>) -> Vec<String> {
    let rules = policy::of(draft.realm).rules;
    rules
        .iter()
        .filter_map(|rule| Some(draft.text(key(rule)?, &[rule.value()])))
        .collect()
}

fn key(rule: &Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::Length(_) => "passwordHintLength",
        Rule::MaxLength(_) => "passwordHintMaxLength",
        Rule::Digits(_) => "passwordHintDigits",
        Rule::LowerCase(_) => "passwordHintLowerCase",
        Rule::UpperCase(_) => "passwordHintUpperCase",
        Rule::SpecialChars(_) => "passwordHintSpecialChars",
        Rule::NotUsername => "passwordHintNotUsername",
        Rule::NotEmail => "passwordHintNotEmail",
        _ => return None,
    })
}
