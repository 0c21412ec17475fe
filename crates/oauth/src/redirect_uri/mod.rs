//! Redirect URIs: which may be registered, and which one a request may use.
//!
//! Both halves read a URI with the same strict splitter and refuse what two programs could
//! read differently. RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.

mod matching;
mod registered;
mod syntax;

pub use matching::matches;
pub(crate) use registered::validate_url;
pub use registered::{ApplicationType, MAX_LENGTH, MAX_REGISTERED, Why, validate_registered};
pub(crate) use syntax::split;

/// The host of an absolute URI, as written; `None` if it names none, or hides it behind a user name.
pub fn host(uri: &str) -> Option<&str> {
    let parts = split(uri).filter(|parts| !parts.has_userinfo())?;
    let (host, _) = parts.host_and_port()?;
    (!host.is_empty()).then_some(host)
}
