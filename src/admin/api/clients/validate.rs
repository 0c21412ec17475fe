//! What Keycloak refuses in a client, in its words and order.

use axum::http::StatusCode;
use serde_json::Value;

use super::super::error::ApiError;
use super::super::extensions;
use crate::app::App;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use vestibule_oauth::redirect_uri::MAX_REGISTERED;

/// The longest `clientId`, as Keycloak's column.
const LONGEST: usize = 255;

/// Checks a client that is to be made in a realm with these settings.
///
/// # Errors
///
/// 400 with all that is wrong.
pub fn created(app: &App, realm: &Doc, given: &Doc) -> Result<(), ApiError> {
    extensions::check(&app.egress, given.get("attributes"))?;
    check(realm, given, json::text(given, "rootUrl"))
}

/// Checks a change of a client.
///
/// # Errors
///
/// As [`created`].
pub fn changed(app: &App, realm: &Doc, given: &Doc, known: &Client) -> Result<(), ApiError> {
    extensions::check(&app.egress, given.get("attributes"))?;
    check(realm, given, json::text(given, "rootUrl").or(known.text("rootUrl")))
}

fn check(realm: &Doc, given: &Doc, root: Option<&str>) -> Result<(), ApiError> {
    let mut faults: Vec<String> = Vec::new();
    if let Some(name) = given.get("clientId").and_then(Value::as_str) {
        if name.trim().is_empty() {
            faults.push("Client ID cannot be blank".into());
        } else if name.chars().count() > LONGEST {
            faults.push(format!("Client ID must not be longer than {LONGEST} characters"));
        } else if name.contains(char::is_control) {
            faults.push("Client ID must not contain control characters".into());
        }
    }
    if let Some(protocol) =
        json::text(given, "protocol").filter(|p| !matches!(*p, "openid-connect" | "saml" | "docker-v2"))
    {
        faults.push(format!("Invalid protocol: {protocol}"));
    }
    if let Some(url) = json::text(given, "rootUrl") {
        faults.extend(url_fault(url, "Root URL", Need::Url));
    }
    if let Some(url) = json::text(given, "adminUrl") {
        faults.extend(url_fault(&resolved(url, root), "Admin URL", Need::Url));
    }
    if let Some(url) = json::text(given, "baseUrl") {
        faults.extend(url_fault(&resolved(url, root), "Base URL", Need::Url));
    }
    for uri in json::texts(given, "redirectUris") {
        faults.extend(url_fault(uri, "A redirect URI", Need::Uri));
        if uri.chars().count() > MAX_REGISTERED {
            faults.push(format!(
                "A redirect URI must not be longer than {MAX_REGISTERED} characters"
            ));
        }
    }
    for (attribute, name) in [
        ("backchannel.logout.url", "Backchannel logout URL"),
        ("frontchannel.logout.url", "Front-channel logout URL"),
        ("jwks.url", "JWKS URL"),
        ("logoUri", "Logo URL"),
        ("policyUri", "Policy URL"),
        ("tosUri", "Terms of service URL"),
    ] {
        if let Some(url) = json::attribute(given, attribute) {
            faults.extend(url_fault(&resolved(url, root), name, Need::Url));
        }
    }
    let after_logout = json::attribute(given, "post.logout.redirect.uris").unwrap_or_default();
    for uri in after_logout.split("##").filter(|uri| !matches!(*uri, "" | "+" | "-")) {
        faults.extend(url_fault(uri, "A post-logout redirect URI", Need::Uri));
    }
    faults.extend(sessions(realm, given));
    if json::attribute(given, "acr.loa.map").is_some_and(|map| !is_acr_map(map)) {
        faults.push("Invalid client configuration (ACR-LOA map) for client".into());
    }
    if faults.is_empty() {
        return Ok(());
    }
    faults.dedup();
    Err(ApiError::described(
        StatusCode::BAD_REQUEST,
        "invalid_input",
        &faults.join("; "),
    ))
}

/// A client's sessions end with those of the realm, at the latest.
fn sessions(realm: &Doc, given: &Doc) -> Vec<String> {
    let remembers = json::flag(realm, "rememberMe");
    let longer = |attribute: &str, of_realm: &str| {
        let most = json::number(realm, of_realm);
        let remembered = if remembers {
            json::number(realm, &format!("{of_realm}RememberMe"))
        } else {
            0
        };
        let text = json::attribute(given, attribute).unwrap_or_default().trim();
        // A number that is too large to be read is too long as well.
        let wanted = json::written(Some(text)).or_else(|| is_number(text).then_some(i64::MAX));
        wanted.is_some_and(|wanted| wanted > most.max(remembered))
    };
    let idle = longer("client.session.idle.timeout", "ssoSessionIdleTimeout")
        .then(|| "Client session idle timeout cannot exceed realm SSO session idle timeout.".to_owned());
    let whole = longer("client.session.max.lifespan", "ssoSessionMaxLifespan")
        .then(|| "Client session max lifespan cannot exceed realm SSO session max lifespan.".to_owned());
    idle.into_iter().chain(whole).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// An absolute address.
    Url,
    /// Anything with the letters of a URI.
    Uri,
}

fn url_fault(text: &str, name: &str, need: Need) -> Option<String> {
    let scheme = scheme(text);
    let is_bare = scheme.is_some_and(|s| matches!(&text[s.len()..], ":" | "://"));
    if text.len() > 2048
        || is_bare
        || !has_uri_letters(text)
        || (need == Need::Url && scheme.is_none() && !text.starts_with("${"))
    {
        let kind = if need == Need::Url { "URL" } else { "URI" };
        return Some(format!("{name} is not a valid {kind}"));
    }
    if scheme.is_some_and(|s| s.eq_ignore_ascii_case("javascript") || s.eq_ignore_ascii_case("data")) {
        return Some(format!("{name} uses an illegal scheme"));
    }
    text.contains('#')
        .then(|| format!("{name} must not contain an URL fragment"))
}

fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(plain)).then_some(scheme)
}

/// Java's notion of a URI: no blanks, no quotes, no braces but those of `${...}`, and whole escapes.
fn has_uri_letters(text: &str) -> bool {
    let text = text.replace("${authBaseUrl}", "x").replace("${authAdminUrl}", "x");
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "\"<>\\^`{|}".contains(c);
    let mut escapes = text.split('%').skip(1);
    !text.contains(forbidden) && escapes.all(|e| e.len() >= 2 && e.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
}

/// A path is below the root URL, or below this server.
fn resolved(url: &str, root: Option<&str>) -> String {
    if url.starts_with('/') {
        format!("{}{url}", root.unwrap_or("http://localhost"))
    } else {
        url.to_owned()
    }
}

fn is_acr_map(text: &str) -> bool {
    let is_level = |v: &Value| v.is_i64() || v.as_str().is_some_and(|s| s.parse::<i64>().is_ok());
    serde_json::from_str::<Doc>(text).is_ok_and(|map| map.values().all(is_level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(given: &Value) -> String {
        let given = given.as_object().expect("an object");
        match check(&Doc::new(), given, json::text(given, "rootUrl")) {
            Ok(()) => String::new(),
            Err(ApiError::Refused(_, body)) => body["error_description"].as_str().unwrap_or_default().to_owned(),
            Err(ApiError::Failed(e)) => e.to_string(),
        }
    }

    #[test]
    fn faults_are_told_together_in_keycloaks_order() {
        let given = json!({ "redirectUris": ["https://a.example.com/#x", "javascript:x"], "baseUrl": "not a uri",
                            "rootUrl": "javascript:x" });
        assert_eq!(
            faults(&given),
            "Root URL uses an illegal scheme; Base URL is not a valid URL; A redirect URI must not contain an URL \
             fragment; A redirect URI uses an illegal scheme"
        );
    }

    #[test]
    fn a_name_has_no_control_characters() {
        for name in ["a\0b", "a\nb", "a\u{7f}"] {
            assert_eq!(
                faults(&json!({ "clientId": name })),
                "Client ID must not contain control characters"
            );
        }
        assert_eq!(faults(&json!({ "clientId": "a b/ä" })), "");
    }

    #[test]
    fn what_keycloaks_own_clients_have_is_fine() {
        let given = json!({ "rootUrl": "${authBaseUrl}", "baseUrl": "/realms/x/account/", "redirectUris": ["/realms/x/*", "*"] });
        assert_eq!(faults(&given), "");
    }
}
