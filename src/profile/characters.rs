//! Which characters names may have.

/// Characters that draw nothing, or turn the direction of what follows: two names that look the same would differ.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Nothing invisible, no control character.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_invisible(c))
}

/// Plain text of several lines.
pub(super) fn is_text(text: &str) -> bool {
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\t');
    !text.chars().any(|c| c.is_control() && !breaks(c))
}

/// Keycloak's `username-prohibited-characters`.
pub(super) fn is_username(text: &str) -> bool {
    let prohibited = "<>&\"'$%!#?§,;:*~/\\|^=[]{}()`";
    is_plain(text) && !text.chars().any(|c| c.is_whitespace() || prohibited.contains(c))
}

/// Keycloak's `person-name-prohibited-characters`.
pub(super) fn is_person_name(text: &str) -> bool {
    let prohibited = "<>&\"$%!#?§;*~/\\|^=[]{}()";
    is_plain(text) && !text.chars().any(|c| prohibited.contains(c))
}

/// Keycloak's `up-username-not-idn-homograph`: Latin letters and what all scripts share.
pub(super) fn is_latin(text: &str) -> bool {
    static LATIN: std::sync::LazyLock<Option<regex::Regex>> =
        std::sync::LazyLock::new(|| regex::Regex::new(r"^[\p{Latin}\p{Common}\p{Inherited}]+$").ok());
    LATIN.as_ref().is_some_and(|latin| latin.is_match(text))
}
