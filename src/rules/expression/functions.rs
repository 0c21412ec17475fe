//! What rules can call beside Rhai's own: `domain`, `matches`, `in_list`.

use std::sync::LazyLock;

use moka::sync::Cache;
use regex::{Regex, RegexBuilder};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

/// The longest text that a pattern is looked for in, in bytes. What is longer matches nothing.
const LONGEST_TEXT: usize = 4 * 1024;

/// The longest pattern, in bytes, and what it may become.
const LONGEST_PATTERN: usize = 1_000;
const COMPILED_BYTES: usize = 1 << 17;

static PATTERNS: LazyLock<Cache<ImmutableString, Option<Regex>>> = LazyLock::new(|| Cache::new(200));

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("domain", |email: Dynamic| domain(&text(&email)))
        .register_fn("matches", |given: Dynamic, pattern: ImmutableString| {
            matches(&text(&given), &pattern)
        })
        .register_fn("in_list", |given: Dynamic, list: Dynamic| in_list(&text(&given), &list));
}

/// A value as text; what is not there is an empty one.
fn text(given: &Dynamic) -> ImmutableString {
    match given.read_lock::<ImmutableString>() {
        Some(text) => text.clone(),
        None if given.is_int() || given.is_bool() || given.is_char() || given.is_float() => given.to_string().into(),
        None => ImmutableString::new(),
    }
}

/// The part after the last `@`, in small letters; empty where there is none.
fn domain(email: &str) -> String {
    email
        .rsplit_once('@')
        .map(|(_, d)| d.trim().to_lowercase())
        .unwrap_or_default()
}

/// Whether a pattern is found in a text. Patterns are those of the `regex` crate, which takes time in proportion to the text.
fn matches(text: &str, pattern: &ImmutableString) -> Result<bool, Box<EvalAltResult>> {
    let compile = || {
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(COMPILED_BYTES).dfa_size_limit(COMPILED_BYTES);
        builder.build().ok().filter(|_| pattern.len() <= LONGEST_PATTERN)
    };
    let Some(known) = PATTERNS.get_with_by_ref(pattern, compile) else {
        return Err(format!("{:?} is no regular expression that can be used", pattern.as_str()).into());
    };
    Ok(text.len() <= LONGEST_TEXT && known.is_match(text))
}

/// Whether a text is one of a list, or of a text with commas.
fn in_list(text: &str, list: &Dynamic) -> bool {
    if text.is_empty() {
        return false;
    }
    if let Some(commas) = list.read_lock::<ImmutableString>() {
        return commas.split(',').any(|one| one.trim() == text);
    }
    let list = list.read_lock::<rhai::Array>();
    list.is_some_and(|list| list.iter().any(|one| self::text(one) == text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_what_follows_the_last_at() {
        assert_eq!(domain("Ada@Example.ORG"), "example.org");
        assert_eq!(domain("\"a@b\"@example.org"), "example.org");
        assert_eq!(domain("nobody"), "");
    }

    #[test]
    fn a_list_is_an_array_or_has_commas() {
        let array: Dynamic = vec![Dynamic::from("a"), Dynamic::from(7_i64)].into();
        assert!(in_list("a", &array) && in_list("7", &array) && !in_list("b", &array));
        assert!(in_list("b", &"a, b".into()) && !in_list("", &"a,,b".into()) && !in_list("a", &Dynamic::UNIT));
    }

    #[test]
    fn a_pattern_is_found_anywhere_and_has_bounds() {
        assert!(matches("an Acme app", &"Acme".into()).unwrap() && !matches("x", &"^y$".into()).unwrap());
        assert!(matches("x", &"(".into()).is_err() && matches("x", &"a{999999}".into()).is_err());
        assert!(!matches(&"a".repeat(5_000), &"a".into()).unwrap());
    }
}
