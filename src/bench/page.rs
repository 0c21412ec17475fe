//! The form on a page: where it goes and what it already holds.

use std::fmt::Write as _;

/// A form as a browser would send it.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Where to, still relative if the page says so.
    pub action: String,
    /// Names and values of the inputs that are sent without being touched.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The form with this id, or the page's only one.
    pub fn find(html: &str, id: &str) -> Option<Self> {
        let forms = elements(html, "form");
        let start = forms
            .iter()
            .find(|form| attribute(form.tag, "id").as_deref() == Some(id))
            .or(match &forms[..] {
                [only] => Some(only),
                _ => None,
            })?;
        let rest = &html[start.end..];
        let inside = &rest[..rest.find("</form").unwrap_or(rest.len())];
        let fields = elements(inside, "input")
            .iter()
            .filter_map(|input| untouched(input.tag))
            .collect();
        Some(Self {
            action: attribute(start.tag, "action")?,
            fields,
        })
    }

    /// The body of the request, with these values typed in.
    pub fn fill(&self, typed: &[(&str, &str)]) -> String {
        let kept = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| typed.iter().all(|(typed, _)| typed != name));
        encode(kept.chain(typed.iter().copied()))
    }
}

/// Names and values as `application/x-www-form-urlencoded`.
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

struct Element<'a> {
    tag: &'a str,
    end: usize,
}

fn elements<'a>(html: &'a str, name: &str) -> Vec<Element<'a>> {
    let open = format!("<{name}");
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = html[from..].find(&open).map(|at| from + at) {
        let inside = at + open.len();
        let Some(end) = tag_end(html, inside) else { break };
        if html[inside..].starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/') {
            found.push(Element {
                tag: &html[inside..end],
                end: end + 1,
            });
        }
        from = end + 1;
    }
    found
}

/// The `>` that closes a tag: not one inside of a quoted value.
fn tag_end(html: &str, from: usize) -> Option<usize> {
    let mut quote = None;
    for (at, c) in html[from..].char_indices() {
        match (quote, c) {
            (None, '>') => return Some(from + at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn untouched(tag: &str) -> Option<(String, String)> {
    let kind = attribute(tag, "type").unwrap_or_default();
    if ["submit", "button", "checkbox", "radio", "file", "image", "reset"].contains(&kind.as_str()) {
        return None;
    }
    Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        let key = &rest[..end];
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = split_value(after.trim_start());
        }
        if key.eq_ignore_ascii_case(name) {
            return Some(unescape(value));
        }
    }
}

fn split_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()))
}

/// Turns `&amp;` and its like into what they stand for.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest
            .find(';')
            .and_then(|end| Some((character(&rest[1..end])?, end + 1)));
        let (c, length) = entity.unwrap_or(('&', 1));
        let _ = plain.write_char(c);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><form id="kc-select" action="/lang"><input name=l></form>
        <form id="kc-form-login" onsubmit="login.disabled = 1 > 0; return true;"
              action="https://h/realms/r/login-actions/authenticate?session_code=a&amp;tab_id=b&#x3D;" method="post">
          <input id="username" name="username" value="" type="text" autofocus>
          <input type='password' name='password'/>
          <input type="hidden" name="credentialId" value="a&quot;b">
          <input type="checkbox" name="rememberMe"> <input type="submit" name="login" value="Sign In">
        </form></html>"#;

    #[test]
    fn the_form_is_found_by_id_with_its_action_unescaped() {
        let form = Form::find(PAGE, "kc-form-login").unwrap();
        assert_eq!(
            form.action,
            "https://h/realms/r/login-actions/authenticate?session_code=a&tab_id=b="
        );
        let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["username", "password", "credentialId"]);
        assert_eq!(form.fields[2].1, "a\"b");
    }

    #[test]
    fn an_only_form_needs_no_id_and_two_do() {
        assert_eq!(Form::find("<form action=/x></form>", "other").unwrap().action, "/x");
        assert_eq!(Form::find(PAGE, "other"), None);
        assert_eq!(Form::find("<p>Gone</p>", "other"), None);
        assert_eq!(Form::find("<form action='/x", "other"), None);
    }

    #[test]
    fn what_is_typed_takes_the_place_of_what_was_there() {
        let form = Form::find(PAGE, "kc-form-login").unwrap();
        let body = form.fill(&[("username", "ann b"), ("password", "x&y")]);
        assert_eq!(body, "credentialId=a%22b&username=ann+b&password=x%26y");
    }

    #[test]
    fn only_known_entities_are_turned() {
        assert_eq!(unescape("a&amp;b&lt;&#39;&unknown;&"), "a&b<'&unknown;&");
        assert_eq!(unescape("&amp;amp;"), "&amp;");
    }
}
