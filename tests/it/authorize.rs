//! The authorization endpoint: nothing is redirected before the redirect URI is trusted, everything else goes back to the
//! application.

use serde_json::json;

use crate::support::{self, Browser, Server, encode};

const BACK: &str = "https://app.example.com/cb";

async fn acme(server: &Server) -> String {
    let realm = server.realm(json!({})).await;
    let app = json!({ "clientId": "app", "publicClient": true, "redirectUris": [BACK, "http://127.0.0.1/cb"] });
    server.client(&realm, app).await;
    let strict = json!({
        "clientId": "strict", "publicClient": true, "redirectUris": [BACK],
        "attributes": { "pkce.code.challenge.method": "S256" }
    });
    server.client(&realm, strict).await;
    realm
}

/// The address of an authorization request: these parameters over the usual ones; an empty value leaves one out.
pub fn asking(realm: &str, over: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "st1"),
    ];
    let kept = usual.iter().filter(|(name, _)| !over.iter().any(|(n, _)| n == name));
    let pairs: Vec<(&str, &str)> = kept
        .chain(over.iter().filter(|(_, v)| !v.is_empty()))
        .copied()
        .collect();
    format!("/realms/{realm}/protocol/openid-connect/auth?{}", encode(&pairs))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_a_page_and_never_a_redirect() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let cases: [(&[(&str, &str)], u16, &str); 12] = [
        (&[("client_id", "")], 400, "Invalid Request"),
        (&[("client_id", "nobody")], 400, "Client not found."),
        (
            &[("client_id", "realm-management")],
            403,
            "Bearer-only applications are not allowed",
        ),
        (&[("redirect_uri", "")], 400, "Invalid parameter: redirect_uri"),
        (
            &[("redirect_uri", "https://evil.example.com/cb")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (
            &[("redirect_uri", "https://app.example.com/CB")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (
            &[("redirect_uri", "https://app.example.com/cb/../x")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (
            &[("redirect_uri", "https://app.example.com@evil.example.com/cb")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (
            &[("redirect_uri", "http://127.0.0.1:80@evil.example.com/cb")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (
            &[("redirect_uri", "javascript:alert(1)")],
            400,
            "Invalid parameter: redirect_uri",
        ),
        (&[("max_age", "soon")], 400, "Invalid Request"),
        (
            &[("request_uri", "https://evil.example.com/r.jwt")],
            400,
            "Invalid Request",
        ),
    ];
    for (over, status, text) in cases {
        let answer = server.get(&asking(&realm, over)).await;
        assert_eq!(answer.status, status, "{over:?}");
        assert!(answer.header("location").is_empty(), "{over:?}");
        assert!(answer.body.contains(text), "{over:?}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_known_application_go_back_to_it_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let short = "x".repeat(43);
    let cases: [(&[(&str, &str)], &str, Option<&str>); 11] = [
        (
            &[("response_type", "")],
            "invalid_request",
            Some("Missing parameter: response_type"),
        ),
        (&[("response_type", "banana")], "unsupported_response_type", None),
        (
            &[("response_mode", "banana")],
            "invalid_request",
            Some("Invalid parameter: response_mode"),
        ),
        (
            &[("scope", "openid banana")],
            "invalid_scope",
            Some("Invalid scopes: openid banana"),
        ),
        (&[("prompt", "none")], "login_required", None),
        (
            &[("code_challenge", "short")],
            "invalid_request",
            Some("Invalid parameter: code_challenge"),
        ),
        (
            &[("code_challenge", &short), ("code_challenge_method", "S512")],
            "invalid_request",
            Some("Invalid parameter: code_challenge_method"),
        ),
        (
            &[("client_id", "strict")],
            "invalid_request",
            Some("Missing parameter: code_challenge_method"),
        ),
        (
            &[("client_id", "strict"), ("code_challenge_method", "S256")],
            "invalid_request",
            Some("Missing parameter: code_challenge"),
        ),
        (
            &[
                ("client_id", "strict"),
                ("code_challenge_method", "plain"),
                ("code_challenge", &short),
            ],
            "invalid_request",
            Some("Invalid parameter: code challenge method is not matching the configured one"),
        ),
        (
            &[("response_type", "token")],
            "unauthorized_client",
            Some(
                "Client is not allowed to initiate browser login with given response_type. Implicit flow is disabled for the client.",
            ),
        ),
    ];
    for (over, error, description) in cases {
        let answer = server.get(&asking(&realm, over)).await;
        assert_eq!(answer.status, 302, "{over:?}: {}", answer.body);
        assert!(answer.header("location").starts_with(BACK), "{over:?}");
        assert_eq!(answer.location_parameter("error").as_deref(), Some(error), "{over:?}");
        assert_eq!(
            answer.location_parameter("error_description").as_deref(),
            description,
            "{over:?}"
        );
        assert_eq!(answer.location_parameter("state").as_deref(), Some("st1"));
        let issuer = format!("http://localhost:8080/realms/{realm}");
        assert_eq!(answer.location_parameter("iss"), Some(issuer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_sent_twice_is_refused_and_an_overlong_one_overlooked() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let twice = server.get(&(asking(&realm, &[]) + "&scope=email")).await;
    assert_eq!(
        twice.location_parameter("error_description").as_deref(),
        Some("duplicated parameter")
    );
    let page = server.get(&asking(&realm, &[("state", &"s".repeat(5000))])).await;
    assert_eq!(page.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_application_may_use_any_loopback_port() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let page = server
        .get(&asking(&realm, &[("redirect_uri", "http://127.0.0.1:53211/cb")]))
        .await;
    assert_eq!(page.status, 200, "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_may_be_posted_and_unknown_prompts_are_overlooked() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let address = asking(&realm, &[("prompt", "banana")]);
    let (path, query) = address.split_once('?').unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let page = server.request("POST", path, &headers, query).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains(r#"data-page-id="login-login""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_carry_the_realms_headers_and_a_nonce_of_their_own() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let (first, second) = (
        server.get(&asking(&realm, &[])).await,
        server.get(&asking(&realm, &[])).await,
    );
    assert_eq!(first.header("cache-control"), "no-store, must-revalidate, max-age=0");
    assert_eq!(first.header("x-frame-options"), "SAMEORIGIN");
    assert!(
        first
            .header("content-security-policy")
            .contains("frame-ancestors 'self'")
    );
    assert!(!first.header("content-security-policy").contains("unsafe-inline"));
    assert_ne!(
        first.header("content-security-policy"),
        second.header("content-security-policy")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_as_keycloak_sets_them() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let page = server.get(&asking(&realm, &[])).await;
    let set: Vec<&str> = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|v| v.to_str().unwrap())
        .collect();
    let path = format!(";Version=1;Path=/realms/{realm}/");
    assert!(
        set[0].starts_with("AUTH_SESSION_ID=") && set[0].ends_with(&format!("{path};Secure;HttpOnly;SameSite=None"))
    );
    assert!(set[1].starts_with("KC_AUTH_SESSION_HASH=") && set[1].contains(";Max-Age=60;Secure;SameSite=None"));
    assert!(set[2].starts_with("KC_RESTART=") && set[2].contains(";HttpOnly"));
    assert_eq!(set.len(), 3);
    // Below the prefix that was asked for, and without Secure where no browser would keep it.
    let below = server.get(&format!("/auth{}", asking(&realm, &[]))).await;
    assert!(
        below
            .header("set-cookie")
            .contains(&format!("Path=/auth/realms/{realm}/"))
    );
    let plain = server
        .get(&format!("http://id.example.org{}", asking(&realm, &[])))
        .await;
    assert!(
        plain
            .header("set-cookie")
            .ends_with(&format!("{path};HttpOnly;SameSite=Lax")),
        "{}",
        plain.header("set-cookie")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_that_there_is_not_has_a_page_and_a_disabled_one_too() {
    let server = support::sqlite().await;
    let mut browser = Browser::new(&server);
    let none = browser
        .get("/realms/nowhere/protocol/openid-connect/auth?client_id=app")
        .await;
    assert_eq!(none.status, 404);
    assert!(none.body.contains("Page not found"));
    let realm = acme(&server).await;
    server
        .admin("PUT", &format!("/{realm}"), json!({ "enabled": false }))
        .await;
    let disabled = browser.get(&asking(&realm, &[])).await;
    assert_eq!(disabled.status, 400);
    assert!(disabled.body.contains("Realm not enabled"));
}
