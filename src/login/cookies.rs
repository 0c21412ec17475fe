//! Cookies as Keycloak writes them.

use std::fmt::Write as _;

use crate::caller::Caller;
use crate::visitor::Visitor;

/// The browser's tab-spanning session of signing in: `id.signature`.
pub const AUTH_SESSION: &str = "AUTH_SESSION_ID";
/// By which scripts notice that another tab went on: a hash of the id.
pub const AUTH_SESSION_HASH: &str = "KC_AUTH_SESSION_HASH";
/// The authorization request, sealed, to begin again when the session of signing in is lost.
pub const RESTART: &str = "KC_RESTART";
/// Who is signed in: a token that only this server reads.
pub const IDENTITY: &str = "KEYCLOAK_IDENTITY";
/// By which `login-status-iframe.html` notices that somebody signed out: a hash of the session's id.
pub const SESSION: &str = "KEYCLOAK_SESSION";
/// The name to fill in next time.
pub const REMEMBER_ME: &str = "KEYCLOAK_REMEMBER_ME";
/// The language that was chosen.
pub const LOCALE: &str = "KEYCLOAK_LOCALE";

/// Cookies that scripts may read.
const READABLE: &[&str] = &[AUTH_SESSION_HASH, SESSION];

/// How long a browser keeps a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Until it is closed.
    Session,
    /// So many seconds.
    Seconds(i64),
}

fn path(caller: &Caller, realm: &str) -> String {
    format!("{}/realms/{}/", caller.prefix, crate::page::path_part(realm))
}

/// The value of a `Set-Cookie` header. In a secure context `Secure; SameSite=None`, so that applications of other sites may
/// embed and ask; elsewhere browsers take `Lax` only.
pub fn set(caller: &Caller, realm: &str, name: &str, value: &str, age: Age) -> String {
    let quoted = value.contains(['/', '=', ':', ',', ' ', '@']);
    let mut text = if quoted {
        format!("{name}=\"{value}\"")
    } else {
        format!("{name}={value}")
    };
    let _ = write!(text, ";Version=1;Path={}", path(caller, realm));
    if let Age::Seconds(seconds) = age {
        let _ = write!(text, ";Max-Age={seconds}");
    }
    if caller.secure_context {
        text.push_str(";Secure");
    }
    if !READABLE.contains(&name) {
        text.push_str(";HttpOnly");
    }
    text.push_str(if caller.secure_context {
        ";SameSite=None"
    } else {
        ";SameSite=Lax"
    });
    text
}

/// Takes a cookie back, if the browser sent it.
pub fn expire(visitor: &Visitor, realm: &str, name: &str) -> Option<String> {
    visitor.cookie(name)?;
    Some(format!(
        "{name}=;Version=1;Path={};Max-Age=0",
        path(&visitor.caller, realm)
    ))
}
