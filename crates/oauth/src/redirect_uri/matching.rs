//! Which redirect URI a request may use.

use super::syntax::{Parts, climbs, has_broken_encoding, has_forbidden_character, holds_answer, split};

/// The redirect URI to answer to, if the client registered the one that was sent.
///
/// A match is byte equality; only the port of a loopback address may differ (RFC 8252 §7.3:
/// of `127.0.0.1` and `[::1]` always, of `localhost` if none was registered, as in Keycloak).
///
/// `patterns_allowed`, for clients that an administrator made, adds what Keycloak reads into a
/// registered URI: a `*` at its end stands for anything (without a query), and one that begins
/// with `/` is below the client's `root_url`. An administrator's client may also send a
/// relative one.
///
/// Refused whatever is registered: user names, backslashes, control characters, dot segments
/// in any disguise, and parameters that our answer adds.
///
/// # Examples
///
/// ```
/// use vestibule_oauth::redirect_uri::matches;
/// let registered = vec!["https://a.example.com/app/*".to_owned(), "http://127.0.0.1/cb".to_owned()];
/// assert!(matches(&registered, "https://a.example.com/app/deep/x?y=1", None, true).is_some());
/// assert!(matches(&registered, "https://a.example.com/app/deep/x?y=1", None, false).is_none());
/// assert!(matches(&registered, "https://a.example.com/app/../evil", None, true).is_none());
/// assert!(matches(&registered, "http://127.0.0.1:5123/cb", None, false).is_some());
/// assert!(matches(&registered, "http://127.0.0.1:80@evil/cb", None, true).is_none());
/// ```
pub fn matches(registered: &[String], sent: &str, root_url: Option<&str>, patterns_allowed: bool) -> Option<String> {
    // What is sent without a host is nobody's, but for who takes anything.
    let anything = !sent.starts_with('/') || registered.iter().any(|entry| entry == "*");
    if patterns_allowed && !anything {
        return None;
    }
    let sent = if patterns_allowed {
        resolve(sent, root_url)?
    } else {
        sent.to_owned()
    };
    let parts = split(&sent).filter(|parts| is_safe(&sent, parts))?;
    let accepts = |entry: &String| {
        if !patterns_allowed {
            return same(entry, &sent, &parts);
        }
        let Some(entry) = resolve(entry, root_url) else {
            return false;
        };
        same(&entry, &sent, &parts)
            || entry
                .strip_suffix('*')
                .is_some_and(|prefix| falls_under(prefix, &sent, &parts))
    };
    registered.iter().any(accepts).then_some(sent)
}

fn resolve(uri: &str, root_url: Option<&str>) -> Option<String> {
    if !uri.starts_with('/') {
        return Some(uri.to_owned());
    }
    let root = root_url.filter(|root| !root.is_empty())?;
    Some(format!("{}{uri}", root.trim_end_matches('/')))
}

fn is_safe(sent: &str, parts: &Parts<'_>) -> bool {
    !has_forbidden_character(sent)
        && !sent.contains('\\')
        && !has_broken_encoding(sent)
        && !parts.has_userinfo()
        && parts.has_sound_port()
        && !climbs(parts.path)
        && !holds_answer(parts.query)
        && !holds_answer(parts.fragment)
}

/// Byte equality, but for the port of a loopback address.
fn same(entry: &str, sent: &str, parts: &Parts<'_>) -> bool {
    entry == sent || (parts.is_loopback() && split(entry).is_some_and(|entry| same_but_port(&entry, parts)))
}

fn same_but_port(entry: &Parts<'_>, sent: &Parts<'_>) -> bool {
    let (Some((host, port)), Some((sent_host, _))) = (entry.host_and_port(), sent.host_and_port()) else {
        return false;
    };
    let free = host != "localhost" || port.is_none();
    entry.is_loopback() && host == sent_host && free && entry.rest == sent.rest
}

/// Keycloak's pattern: the registered URI without its `*` begins the one sent, whose query and
/// fragment do not count; without its last `/` it may also be all of it.
fn falls_under(prefix: &str, sent: &str, parts: &Parts<'_>) -> bool {
    if prefix.is_empty() {
        return parts.is_web() && parts.host_and_port().is_some_and(|(host, _)| !host.is_empty());
    }
    if prefix.contains('?') {
        return false;
    }
    let end = sent.find(['?', '#']).unwrap_or(sent.len());
    let base = &sent[..end];
    let begins = base.starts_with(prefix) || base == prefix.trim_end_matches('/');
    (begins && keeps_host(prefix, parts)) || falls_under_but_port(prefix, parts)
}

/// A `*` right behind a host must not lengthen it: `https://ok.example*` is no licence for
/// `https://ok.example.evil`. Behind a `:` it stands for a port.
fn keeps_host(prefix: &str, sent: &Parts<'_>) -> bool {
    let Some(start) = split(prefix) else { return false };
    let complete = !start.rest.is_empty() || start.authority.is_none_or(str::is_empty);
    complete || start.host_and_port().map(|(host, _)| host) == sent.host_and_port().map(|(host, _)| host)
}

/// A loopback pattern without a port is good for any.
fn falls_under_but_port(prefix: &str, sent: &Parts<'_>) -> bool {
    let Some(start) = split(prefix).filter(Parts::is_loopback) else {
        return false;
    };
    let (Some((host, None)), Some((sent_host, Some(_)))) = (start.host_and_port(), sent.host_and_port()) else {
        return false;
    };
    sent.is_loopback() && host == sent_host && sent.path.starts_with(start.rest)
}
