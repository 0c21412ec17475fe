//! `kcSanitize`: the harmless part of the markup that administrators may write into names and messages.
//!
//! Nothing is trusted: a tag is copied only if it is one of a short list and carries no attribute but a link's
//! address; every other tag is dropped, all text is escaped, what was opened is closed.

const KEPT: [&str; 16] = [
    "a", "b", "br", "code", "em", "h2", "h3", "h4", "i", "li", "ol", "p", "small", "span", "strong", "ul",
];

/// Markup that can stand in a page as it is.
pub fn sanitize(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 16);
    let mut open: Vec<&'static str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        escape_text(&rest[..at], &mut out);
        rest = &rest[at..];
        let Some(end) = tag_end(rest) else {
            out.push_str("&lt;");
            rest = &rest[1..];
            continue;
        };
        copy_tag(&rest[1..end], &mut open, &mut out);
        rest = &rest[end + 1..];
    }
    escape_text(rest, &mut out);
    while let Some(name) = open.pop() {
        close(name, &mut out);
    }
    out
}

/// The same without any markup, for titles.
pub fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        if let Some(end) = tag_end(&rest[at..]) {
            rest = &rest[at + end + 1..];
        } else {
            out.push('<');
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// Escapes text and attribute values.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Where the tag that starts here ends; `None` if this `<` starts none.
fn tag_end(from: &str) -> Option<usize> {
    let second = from[1..].chars().next()?;
    if !second.is_ascii_alphabetic() && !matches!(second, '/' | '!' | '?') {
        return None;
    }
    let mut quote = None;
    for (at, c) in from.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            (None, '>') => return Some(at),
            _ => {}
        }
    }
    None
}

fn copy_tag(tag: &str, open: &mut Vec<&'static str>, out: &mut String) {
    let (closing, body) = tag.strip_prefix('/').map_or((false, tag), |body| (true, body));
    let name = body
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let Some(name) = KEPT.into_iter().find(|kept| *kept == name) else {
        return;
    };
    if closing {
        if let Some(at) = open.iter().rposition(|n| *n == name) {
            while open.len() > at {
                close(open.pop().unwrap_or_default(), out);
            }
        }
        return;
    }
    out.push('<');
    out.push_str(name);
    if let Some(address) = (name == "a")
        .then(|| attribute(body, "href"))
        .flatten()
        .filter(|a| is_harmless(a))
    {
        out.push_str(" href=\"");
        escape_text(address, out);
        out.push_str("\" rel=\"nofollow\"");
    }
    out.push('>');
    if name != "br" {
        open.push(name);
    }
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// A quoted attribute's value.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let at = tag.find(&format!(" {name}="))? + name.len() + 2;
    let quote = tag[at..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = &tag[at + 1..];
    value.find(quote).map(|end| &value[..end])
}

/// A web or mail address, or a path on this server.
fn is_harmless(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
        || (lower.starts_with('/') && !lower.starts_with("//") && !lower.starts_with("/\\"))
}

/// Escapes what would be markup; entities that are written already stay.
fn escape_text(text: &str, out: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            '&' if !is_entity(&text[at + 1..]) => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

fn is_entity(after: &str) -> bool {
    let end = after.bytes().take(10).position(|b| b == b';');
    end.is_some_and(|end| end > 1 && after[..end].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_markup_stays_and_is_closed() {
        assert_eq!(sanitize("<b>Läden</b> & <i>Söhne"), "<b>Läden</b> &amp; <i>Söhne</i>");
        assert_eq!(sanitize("a<br/>b &laquo; c"), "a<br>b &laquo; c");
        assert_eq!(sanitize("1 < 2"), "1 &lt; 2");
        assert_eq!(
            sanitize("<a href=\"https://a.example/?x=1&y=2\" onclick=\"x()\">go</a>"),
            "<a href=\"https://a.example/?x=1&amp;y=2\" rel=\"nofollow\">go</a>"
        );
    }

    #[test]
    fn nothing_that_runs_comes_through() {
        assert_eq!(sanitize("<script>alert(1)</script>"), "alert(1)");
        assert_eq!(sanitize("<img src=x onerror=alert(1)>"), "");
        assert_eq!(sanitize("<a href='javascript:alert(1)'>x</a>"), "<a>x</a>");
        assert_eq!(sanitize("<a href='//evil.example'>x</a>"), "<a>x</a>");
        assert_eq!(sanitize("<svg/onload=alert(1)>"), "");
        assert_eq!(sanitize("</div></b>"), "");
        assert_eq!(sanitize("<b <script>x"), "<b>x</b>");
        assert_eq!(sanitize("\"'"), "&quot;&#39;");
    }

    #[test]
    fn a_title_has_no_markup() {
        assert_eq!(plain("<b>Läden</b> & Söhne"), "Läden & Söhne");
    }
}
