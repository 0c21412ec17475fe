//! What every page and redirect carries: the realm's security headers, cookies, what caches may do.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::store::json::Doc;
use crate::store::realm::Realm;

/// `no-store`, in Keycloak's words.
pub const NO_STORE: &str = "no-store, must-revalidate, max-age=0";

/// A redirect with the realm's headers and a tab's cookies.
pub fn redirect(realm: &Realm, location: &str, set_cookies: &[String]) -> Response {
    let mut answer = StatusCode::FOUND.into_response();
    let headers = answer.headers_mut();
    match HeaderValue::from_str(location) {
        Ok(value) => headers.insert(header::LOCATION, value),
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    secure(&mut answer, realm, None);
    add_cookies(&mut answer, set_cookies);
    answer
}

/// `text/html` without more, as Keycloak says of the page that posts an answer on.
pub fn as_plain_html(answer: &mut Response) {
    let kind = HeaderValue::from_static("text/html");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
}

/// Adds `Set-Cookie` headers.
pub fn add_cookies(answer: &mut Response, set_cookies: &[String]) {
    for cookie in set_cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// Keycloak's names of `browserSecurityHeaders`.
const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("xFrameOptions", "x-frame-options"),
    ("contentSecurityPolicyReportOnly", "content-security-policy-report-only"),
    ("xContentTypeOptions", "x-content-type-options"),
    ("xRobotsTag", "x-robots-tag"),
    ("strictTransportSecurity", "strict-transport-security"),
    ("referrerPolicy", "referrer-policy"),
];

/// Adds the realm's `browserSecurityHeaders`; with a nonce also its Content-Security-Policy, so that nothing but our own
/// scripts and styles runs on the page (design, decision 18).
pub fn secure(answer: &mut Response, realm: &Realm, nonce: Option<&str>) {
    let none = Doc::new();
    let set = realm
        .doc
        .get("browserSecurityHeaders")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let text = |key: &str| set.get(key).and_then(Value::as_str).filter(|v| !v.is_empty());
    for (key, name) in SECURITY_HEADERS {
        if let Some(value) = text(key).and_then(|v| HeaderValue::from_str(v).ok()) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(nonce) = nonce {
        // A policy that is no header value protects nothing: ours alone stands then.
        let realms = text("contentSecurityPolicy").filter(|v| HeaderValue::from_str(v).is_ok());
        if let Ok(value) = HeaderValue::from_str(&policy(realms.unwrap_or_default(), nonce)) {
            answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
        }
    }
}

/// Lets pictures come from this server and from one other origin at most, unless the realm's policy says from where.
pub(super) fn limit_images(answer: &mut Response, origin: Option<&str>) {
    let headers = answer.headers_mut();
    let Some(policy) = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .and_then(|v| v.to_str().ok())
    else {
        return;
    };
    if says(policy, "img-src") || says(policy, "default-src") {
        return;
    }
    let sources = origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&format!("{policy} img-src 'self' data:{sources};")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

fn says(policy: &str, name: &str) -> bool {
    policy
        .split(';')
        .any(|part| part.split_whitespace().next() == Some(name))
}

/// A realm's policy with what it says nothing of.
fn policy(realms: &str, nonce: &str) -> String {
    let mut text = realms.trim().trim_end_matches(';').to_owned();
    for (name, sources) in [
        ("script-src", format!("'self' 'nonce-{nonce}'")),
        ("style-src", format!("'self' 'nonce-{nonce}'")),
        ("base-uri", "'none'".to_owned()),
    ] {
        if says(&text, name) {
            let with_nonce = format!("{name} 'nonce-{nonce}'");
            if name != "base-uri" {
                text = text.replacen(name, &with_nonce, 1);
            }
            continue;
        }
        let gap = if text.is_empty() { "" } else { "; " };
        text = format!("{text}{gap}{name} {sources}");
    }
    text + ";"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realms_policy_is_kept_and_completed() {
        let kept = policy("frame-src 'self'; object-src 'none';", "N");
        assert_eq!(
            kept,
            "frame-src 'self'; object-src 'none'; script-src 'self' 'nonce-N'; style-src 'self' 'nonce-N'; base-uri 'none';"
        );
        assert!(policy("script-src 'none'", "N").starts_with("script-src 'nonce-N' 'none'; "));
    }
}
