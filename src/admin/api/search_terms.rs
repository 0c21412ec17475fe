//! What is looked for by attributes: the parameter `q`.

/// `q=key:value key2:"two words"`.
pub fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = take(rest, |c| c == ':' || c.is_whitespace());
        let Some(after) = after.strip_prefix(':') else {
            rest = after.trim_start();
            continue;
        };
        let (value, after) = take(after, char::is_whitespace);
        if !key.is_empty() {
            found.push((key, value));
        }
        rest = after.trim_start();
    }
    found
}

fn take(text: &str, ends: impl Fn(char) -> bool) -> (String, &str) {
    if let Some(quoted) = text.strip_prefix('"')
        && let Some((inside, after)) = quoted.split_once('"')
    {
        return (inside.to_owned(), after);
    }
    let at = text.find(ends).unwrap_or(text.len());
    (text[..at].to_owned(), &text[at..])
}
