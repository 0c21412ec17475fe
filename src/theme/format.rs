//! The part of Java's `MessageFormat` that Keycloak's messages use: `{0}`, `''`, `'quoted'`, `{0,choice,…}`, numbers by locale.

use serde_json::Value;

/// Fills the arguments into a pattern. An argument that is missing stays as `{1}`, as in Java.
pub fn format(pattern: &str, args: &[Value], locale: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.char_indices().peekable();
    let mut quoted = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
                out.push('\'');
            }
            '\'' => quoted = !quoted,
            '{' if !quoted => match element(&pattern[at..]) {
                Some(inner) => {
                    out.push_str(&fill(inner, args, locale));
                    let end = at + inner.len() + 1; // the closing brace
                    while chars.next_if(|(i, _)| *i <= end).is_some() {}
                }
                None => out.push('{'),
            },
            _ => out.push(c),
        }
    }
    out
}

/// What stands between a brace and the one that closes it.
fn element(from_brace: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, c) in from_brace.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(&from_brace[1..at]),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn fill(inner: &str, args: &[Value], locale: &str) -> String {
    let mut parts = inner.splitn(3, ',');
    let index = parts.next().unwrap_or_default().trim().parse::<usize>();
    let Some(value) = index.ok().and_then(|i| args.get(i)) else {
        return format!("{{{inner}}}");
    };
    match (parts.next().map(str::trim), parts.next()) {
        (Some("choice"), Some(choices)) => {
            let text = choose(choices, number_of(value));
            if text.contains('{') {
                format(text, args, locale)
            } else {
                text.to_owned()
            }
        }
        _ => show(value, locale),
    }
}

fn number_of(value: &Value) -> f64 {
    match value {
        Value::Number(n) => n.as_f64().unwrap_or(0.0),
        Value::String(s) => s.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// `0#minutes|1#minute|1<minutes`: the last branch whose limit is reached, else the first.
fn choose(choices: &str, number: f64) -> &str {
    let mut chosen = None;
    for branch in choices.split('|') {
        let Some(at) = branch.find(['#', '<', '\u{2264}']) else {
            continue;
        };
        let (limit, text) = branch.split_at(at);
        let mut text = text.chars();
        let beyond = text.next() == Some('<');
        let limit = limit.trim().parse::<f64>().unwrap_or(f64::INFINITY);
        if chosen.is_none() || number > limit || (!beyond && number >= limit) {
            chosen = Some(text.as_str());
        }
    }
    chosen.unwrap_or_default()
}

fn show(value: &Value, locale: &str) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => localized(n, locale),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

/// At most three decimals, thousands grouped, as Java's default number format.
fn localized(n: &serde_json::Number, locale: &str) -> String {
    let (group, decimal) = separators(locale);
    let text = if n.is_i64() || n.is_u64() {
        n.to_string()
    } else {
        let text = format!("{:.3}", n.as_f64().unwrap_or_default());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("-", d));
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(decimal);
        out.push_str(fraction);
    }
    out
}

/// The characters between thousands and before decimals, by language.
fn separators(locale: &str) -> (char, char) {
    match locale.split('-').next().unwrap_or_default() {
        "de" | "es" | "it" | "nl" | "pt" | "da" | "tr" | "id" | "el" | "hr" | "ro" | "sl" | "ca" | "vi" => ('.', ','),
        "fr" | "ru" | "uk" | "pl" | "cs" | "sk" | "sv" | "fi" | "no" | "hu" | "lt" | "lv" => ('\u{a0}', ','),
        _ => (',', '.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn en(pattern: &str, args: &Value) -> String {
        format(pattern, args.as_array().map_or(&[], Vec::as_slice), "en")
    }

    #[test]
    fn arguments_are_filled_in_and_apostrophes_are_doubled() {
        assert_eq!(en("Don''t {0} ''{1}''", &json!(["go", "now"])), "Don't go 'now'");
        assert_eq!(en("'{0}' and {0}", &json!(["x"])), "{0} and x");
        assert_eq!(en("{0} {1}", &json!(["x"])), "x {1}");
        assert_eq!(en("open { brace", &json!([])), "open { brace");
        assert_eq!(en("ü{0}ü", &json!(["ß"])), "üßü");
    }

    #[test]
    fn numbers_are_written_as_in_the_language() {
        assert_eq!(en("{0} and {1}", &json!([0, 2048])), "0 and 2,048");
        assert_eq!(en("{0}", &json!([1.5])), "1.5");
        assert_eq!(format("{0}", &[json!(1_234_567)], "de"), "1.234.567");
        assert_eq!(en("{0}", &json!([-1000])), "-1,000");
    }

    #[test]
    fn a_choice_is_made_by_number() {
        let minutes = "{0} {0,choice,0#minutes|1#minute|1<minutes}";
        assert_eq!(en(minutes, &json!([0])), "0 minutes");
        assert_eq!(en(minutes, &json!([1])), "1 minute");
        assert_eq!(en(minutes, &json!([5])), "5 minutes");
        assert_eq!(en("{0,choice,0#none|0<{0} things}", &json!([3])), "3 things");
    }
}
