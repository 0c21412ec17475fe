//! What somebody who registers an application may name as its redirect URI.

use super::syntax::{Parts, climbs, has_broken_encoding, has_forbidden_character, holds_answer, split};

/// The longest redirect URI, in bytes.
pub const MAX_LENGTH: usize = 2000;

/// The longest redirect URI that is registered, in characters: Keycloak has no room for more.
pub const MAX_REGISTERED: usize = 255;

/// What the registrant says the application is. `OpenID` Connect Registration §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApplicationType {
    /// Runs on a web server or in a browser.
    #[default]
    Web,
    /// Runs on its user's machine.
    Native,
}

/// Why a URI may not be registered. The text is the `error_description`; the first three are
/// Keycloak's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("A redirect URI must not contain an URL fragment")]
    Fragment,
    #[error("A redirect URI is not a valid URI")]
    NotUri,
    #[error("A redirect URI uses an illegal scheme")]
    Scheme,
    #[error("A redirect URI must not be longer than 2000 characters")]
    TooLong,
    #[error("A redirect URI must not be longer than 255 characters")]
    TooLongToRegister,
    #[error("A redirect URI must be absolute")]
    Relative,
    #[error("A redirect URI must not contain a user name or password")]
    UserInfo,
    #[error("A redirect URI must not contain a backslash")]
    Backslash,
    #[error("A redirect URI must not contain control characters")]
    Control,
    #[error("A redirect URI must not contain broken or double percent-encoding")]
    Encoding,
    #[error("A redirect URI must not contain dot segments or path parameters")]
    Path,
    #[error("A redirect URI must have a valid host")]
    Host,
    #[error("A redirect URI must have a port between 1 and 65535")]
    Port,
    #[error("A redirect URI must not contain a wildcard")]
    Wildcard,
    #[error("A redirect URI must not hold parameters of the authorization response")]
    Answer,
    #[error("A redirect URI of a native application may use http on loopback addresses only")]
    NativeHttp,
}

/// Schemes by which a browser runs, opens or sends something instead of going back to an
/// application. Everything but these, `http` and `https` is some application's own scheme.
const DANGEROUS: [&str; 27] = [
    "javascript",
    "data",
    "vbscript",
    "blob",
    "file",
    "filesystem",
    "about",
    "view-source",
    "intent",
    "jar",
    "chrome",
    "resource",
    "ftp",
    "ftps",
    "sftp",
    "tftp",
    "gopher",
    "telnet",
    "dict",
    "smb",
    "nfs",
    "ws",
    "wss",
    "mailto",
    "tel",
    "sms",
    "ldap",
];

/// Checks a redirect URI of those who register themselves.
///
/// Kept as sent and later compared byte by byte, so whatever has a second spelling is refused
/// here. `https` may name any host. Plain `http` may as well, as Keycloak allows it, but not
/// for a native application (RFC 8252 §8.3). Private-use schemes are accepted with or without
/// a dot in them (RFC 8252 §7.1 asks for one, `cursor://` has none).
///
/// # Errors
///
/// [`Why`], which names the rule.
///
/// # Examples
///
/// ```
/// use vestibule_oauth::redirect_uri::{validate_registered, ApplicationType::{Native, Web}, Why};
/// assert_eq!(validate_registered("https://a.example.com/cb", Web), Ok(()));
/// assert_eq!(validate_registered("http://127.0.0.1:8123/cb", Native), Ok(()));
/// assert_eq!(validate_registered("com.example.app:/cb", Native), Ok(()));
/// assert_eq!(validate_registered("https://a.example.com/cb#x", Web), Err(Why::Fragment));
/// assert_eq!(validate_registered("JavaScript:alert(1)", Web), Err(Why::Scheme));
/// assert_eq!(validate_registered("https://ok.com:443@evil/", Web), Err(Why::UserInfo));
/// ```
pub fn validate_registered(uri: &str, application: ApplicationType) -> Result<(), Why> {
    if uri.contains('#') {
        return Err(Why::Fragment);
    }
    if uri.chars().count() > MAX_REGISTERED {
        return Err(Why::TooLongToRegister);
    }
    let parts = validate_url(uri)?;
    let plain = parts.scheme.eq_ignore_ascii_case("http");
    if plain && application == ApplicationType::Native && !parts.is_loopback() {
        return Err(Why::NativeHttp);
    }
    check_path(&parts)?;
    // Keycloak reads a `*` at the end as a pattern, unless there is a query. Here nothing that
    // strangers register is a pattern, and a URI that looks like one would never match.
    let authority = parts.authority.unwrap_or_default();
    if authority.contains('*') || (parts.query.is_none() && parts.path.ends_with('*')) {
        return Err(Why::Wildcard);
    }
    if holds_answer(parts.query) {
        return Err(Why::Answer);
    }
    Ok(())
}

/// The rules that hold for any address a registrant names: length, characters, scheme, host.
///
/// # Errors
///
/// [`Why`], which names the rule.
pub(crate) fn validate_url(uri: &str) -> Result<Parts<'_>, Why> {
    if uri.len() > MAX_LENGTH {
        return Err(Why::TooLong);
    }
    if uri.chars().any(char::is_control) {
        return Err(Why::Control);
    }
    if uri.contains('\\') {
        return Err(Why::Backslash);
    }
    if has_forbidden_character(uri) {
        return Err(Why::NotUri);
    }
    if uri == "*" {
        return Err(Why::Wildcard);
    }
    let parts = split(uri).ok_or(Why::Relative)?;
    // A single letter is a drive of a Windows machine.
    if parts.scheme.len() == 1 || DANGEROUS.iter().any(|scheme| parts.scheme.eq_ignore_ascii_case(scheme)) {
        return Err(Why::Scheme);
    }
    if has_broken_encoding(uri) {
        return Err(Why::Encoding);
    }
    if parts.has_userinfo() {
        return Err(Why::UserInfo);
    }
    check_host(&parts, uri)?;
    Ok(parts)
}

fn check_host(parts: &Parts<'_>, uri: &str) -> Result<(), Why> {
    let Some((host, _)) = parts.host_and_port() else {
        // `com.example.app:/cb` has no host; `https:/cb` would be read as one by browsers.
        let nothing = parts.is_web() || parts.rest.is_empty();
        return if nothing { Err(Why::NotUri) } else { Ok(()) };
    };
    if !parts.has_sound_port() {
        return Err(Why::Port);
    }
    if !parts.is_web() {
        return Ok(());
    }
    if host.is_empty() {
        return Err(Why::NotUri);
    }
    if host.contains('*') {
        return Err(Why::Wildcard);
    }
    if host.contains('%') {
        return Err(Why::Host);
    }
    let parsed = url::Url::parse(uri).map_err(|_| Why::Host)?;
    match parsed.host() {
        // `0x7f.1` and `2130706433` are 127.0.0.1 to some readers and a name to others.
        Some(url::Host::Ipv4(address)) if host != address.to_string() => Err(Why::Host),
        // `a..b` has no address, and `a.example.` is another spelling of `a.example`.
        Some(url::Host::Domain(name)) if !has_sound_labels(name) => Err(Why::Host),
        Some(_) => Ok(()),
        None => Err(Why::Host),
    }
}

/// Labels of 1 to 63 letters, digits, hyphens within, or underscores, 253 in all. RFC 1123 §2.1.
fn has_sound_labels(name: &str) -> bool {
    let sound = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    name.len() <= 253 && name.split('.').all(sound)
}

fn check_path(parts: &Parts<'_>) -> Result<(), Why> {
    // The "path" of `urn:ietf:wg:oauth:2.0:oob` is a name, not a way.
    if parts.authority.is_none() && !parts.path.starts_with('/') {
        return Ok(());
    }
    let lower = parts.path.to_ascii_lowercase();
    if climbs(parts.path) || lower.contains("%2e") || lower.contains(';') {
        return Err(Why::Path);
    }
    if lower.contains("%25") {
        return Err(Why::Encoding);
    }
    Ok(())
}
