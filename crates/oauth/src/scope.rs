//! Scope lists. RFC 6749 §3.3.

/// The longest scope parameter that is read, in bytes.
pub const MAX_LENGTH: usize = 4000;
/// The most scopes one request or registration may name.
pub const MAX_COUNT: usize = 100;

/// Why a scope parameter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`MAX_LENGTH`].
    #[error("scope must not be longer than 4000 characters")]
    TooLong,
    /// More than [`MAX_COUNT`] names.
    #[error("scope must not name more than 100 scopes")]
    TooMany,
    /// A character that RFC 6749 §3.3 does not allow.
    #[error("scope contains a character that is not allowed")]
    Character,
}

/// The scopes of a `scope` parameter, each once, in the order sent.
///
/// Spaces too many are overlooked; nothing else is.
///
/// # Errors
///
/// [`Fault`]: too long, too many, or a character outside `%x21 / %x23-5B / %x5D-7E`.
///
/// # Examples
///
/// ```
/// use vestibule_oauth::scope::{parse, Fault};
/// assert_eq!(parse("openid profile openid"), Ok(vec!["openid", "profile"]));
/// assert_eq!(parse(" a  b "), Ok(vec!["a", "b"]));
/// assert_eq!(parse("a\tb"), Err(Fault::Character));
/// ```
pub fn parse(sent: &str) -> Result<Vec<&str>, Fault> {
    if sent.len() > MAX_LENGTH {
        return Err(Fault::TooLong);
    }
    let mut scopes: Vec<&str> = Vec::new();
    for name in sent.split(' ').filter(|name| !name.is_empty()) {
        if !is_scope_token(name) {
            return Err(Fault::Character);
        }
        if scopes.contains(&name) {
            continue;
        }
        if scopes.len() == MAX_COUNT {
            return Err(Fault::TooMany);
        }
        scopes.push(name);
    }
    Ok(scopes)
}

/// Whether this is a `scope-token` of RFC 6749 §3.3.
pub fn is_scope_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Whether a scope parameter names this scope.
///
/// ```
/// assert!(vestibule_oauth::scope::contains("profile openid", "openid"));
/// assert!(!vestibule_oauth::scope::contains("openid2", "openid"));
/// ```
pub fn contains(sent: &str, name: &str) -> bool {
    sent.split(' ').any(|one| one == name)
}
