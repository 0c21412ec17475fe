//! Message files: Java's `.properties`, in UTF-8, as Keycloak's themes have them.

use std::collections::HashMap;

/// One file's texts by key.
pub type Texts = HashMap<String, String>;

/// Reads a `.properties` file: comments, `key=value`, `key: value`, `key value`, continued lines, and characters by number
/// (`\u` and four hexadecimal digits).
/// What cannot be understood is kept as it stands; nothing is refused.
pub fn parse(file: &str) -> Texts {
    let mut texts = Texts::new();
    let mut lines = file.lines();
    while let Some(first) = lines.next() {
        let mut line = first.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while continues(&line) {
            line.pop();
            match lines.next() {
                Some(more) => line.push_str(more.trim_start()),
                None => break,
            }
        }
        let (key, value) = split(&line);
        texts.insert(unescape(key), unescape(value));
    }
    texts
}

/// An odd number of backslashes at the end continues the line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// The key ends at the first `=`, `:` or blank that no backslash protects.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if matches!(c, '=' | ':') || c.is_whitespace() {
            let rest = line[at..].trim_start();
            let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..at], value.trim_start());
        }
    }
    (line, "")
}

fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut out = String::with_capacity(raw.len());
    let mut units = Vec::new(); // UTF-16, so that surrogate pairs written as two \u meet
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        if escaped == Some('u') {
            let hex: String = chars.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&hex, 16).unwrap_or(0xFFFD));
            continue;
        }
        flush(&mut units, &mut out);
        match (c, escaped) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('f')) => out.push('\u{c}'),
            ('\\', plain) => out.extend(plain),
            _ => out.push(c),
        }
    }
    flush(&mut units, &mut out);
    out
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    if !units.is_empty() {
        out.push_str(&String::from_utf16_lossy(units));
        units.clear();
    }
}

/// The locales whose texts may stand in for `locale`, best first: `de-CH`, `de`, `en`.
pub fn fallbacks(locale: &str) -> Vec<&str> {
    let mut chain = vec![locale];
    let mut rest = locale;
    while let Some((parent, _)) = rest.rsplit_once('-') {
        chain.push(parent);
        rest = parent;
    }
    if !chain.contains(&"en") {
        chain.push("en");
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_properties_file_is_read_as_java_reads_it() {
        let t = parse(
            "# note\n! note\na=b\nc : d e \n  f g\\\n   h\nk\\=y=v\nu=\\u00e4\\uD83D\\uDE00\nn=x\\ny\nempty=\nlast\\",
        );
        assert_eq!(t["a"], "b");
        assert_eq!(t["c"], "d e ");
        assert_eq!(t["f"], "gh");
        assert_eq!(t["k=y"], "v");
        assert_eq!(t["u"], "ä😀");
        assert_eq!(t["n"], "x\ny");
        assert_eq!(t["empty"], "");
        assert_eq!(t["last"], "");
    }

    #[test]
    fn a_dialect_falls_back_to_its_language_and_then_to_english() {
        assert_eq!(fallbacks("de-CH"), ["de-CH", "de", "en"]);
        assert_eq!(fallbacks("en"), ["en"]);
    }
}
