//! Characters that names in addresses may not have, with Keycloak's words for it.

use axum::http::StatusCode;

use super::error::ApiError;
use crate::profile::is_plain;

/// Characters that mean something in addresses.
const RESERVED: &[char] = &[
    ':', '/', '?', '#', '@', '!', '$', '&', '(', ')', '*', '+', ',', ';', '=', '[', ']', '\\',
];

/// What is wrong with a name: a character that means something in addresses.
pub fn character(name: &str) -> Option<String> {
    let bad = name.chars().find(|c| RESERVED.contains(c))?;
    Some(format!("Character '{bad}' not allowed."))
}

/// What is wrong with a part of an address or a path: a character that means something there or cannot be seen, or the name of
/// the folder itself or the one above.
pub fn in_part(text: &str) -> Option<String> {
    let unseen = text.chars().find(|c| !is_plain(c.encode_utf8(&mut [0; 4])));
    character(text)
        .or_else(|| unseen.map(|bad| format!("Character 'U+{:04X}' not allowed.", u32::from(bad))))
        .or_else(|| matches!(text, "." | "..").then(|| "Character '.' not allowed.".to_owned()))
}

/// What is wrong with an alias: as with a name, and spaces.
pub fn in_alias(alias: &str) -> Option<String> {
    let bad = alias
        .chars()
        .find(|c| RESERVED.contains(c) || c.is_whitespace() || c.is_control())?;
    Some(if RESERVED.contains(&bad) {
        format!("Character '{bad}' not allowed.")
    } else {
        "Empty Space not allowed.".to_owned()
    })
}

/// Refuses such an alias.
///
/// # Errors
///
/// 400 `{"error": ...}`.
pub fn check_alias(alias: &str) -> Result<(), ApiError> {
    in_alias(alias).map_or(Ok(()), |text| Err(ApiError::error(StatusCode::BAD_REQUEST, &text)))
}
