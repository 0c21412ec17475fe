//! Signing out.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{acme, arrived, sign_in};
use crate::support::{self, Browser, Server, encode};

const RIGHT: &str = "Passw0rd!";
const BACK: &str = "https://app.example.com/cb";

/// A browser that is signed in, and its ID token.
async fn signed_in<'a>(server: &'a Server, realm: &str) -> (Browser<'a>, String) {
    let mut browser = Browser::new(server);
    let page = browser.get(&asking(realm, &[])).await;
    let code = arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("code", &code),
    ];
    let tokens = server
        .form(&format!("/realms/{realm}/protocol/openid-connect/token"), &fields)
        .await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    (browser, tokens.json()["id_token"].as_str().unwrap().to_owned())
}

fn leaving(realm: &str, fields: &[(&str, &str)]) -> String {
    format!("/realms/{realm}/protocol/openid-connect/logout?{}", encode(fields))
}

async fn is_signed_in(browser: &mut Browser<'_>, realm: &str) -> bool {
    let answer = browser.get(&asking(realm, &[("prompt", "none")])).await;
    answer.location_parameter("code").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_signs_out_at_once_and_leads_back() {
    for server in support::servers().await {
        let realm = acme(&server, json!({ "eventsEnabled": true })).await;
        let (mut browser, id_token) = signed_in(&server, &realm).await;
        let identity = browser.cookies["KEYCLOAK_IDENTITY"].clone();
        let fields = [
            ("id_token_hint", id_token.as_str()),
            ("post_logout_redirect_uri", BACK),
            ("state", "s 1"),
        ];
        let answer = browser.get(&leaving(&realm, &fields)).await;
        assert_eq!(answer.status, 302);
        assert_eq!(answer.header("location"), "https://app.example.com/cb?state=s+1");
        assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
        // The old cookie is worth nothing any more.
        browser.cookies.insert("KEYCLOAK_IDENTITY".into(), identity);
        assert!(!is_signed_in(&mut browser, &realm).await);
        let events = server
            .admin("GET", &format!("/{realm}/events?type=LOGOUT"), Value::Null)
            .await
            .json();
        assert_eq!(events[0]["clientId"], "app");
        assert_eq!(events[0]["details"]["redirect_uri"], BACK);
        // Once more, signed out already: still back.
        let again = browser.get(&leaving(&realm, &fields)).await;
        assert_eq!(again.status, 302);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_id_token_the_person_is_asked() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let (mut browser, _) = signed_in(&server, &realm).await;
    let page = browser.get(&leaving(&realm, &[])).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Do you want to log out?"));
    assert!(is_signed_in(&mut browser, &realm).await);
    let form = page.forms().remove(0);
    assert!(form.action.starts_with(&format!(
        "/realms/{realm}/protocol/openid-connect/logout/logout-confirm?client_id=account&tab_id="
    )));
    // A stranger's click does not count.
    let mut stranger = Browser::new(&server);
    let refused = stranger.submit(&form, &[("confirmLogout", "Logout")]).await;
    assert_eq!(refused.status, 400);
    let done = browser.submit(&form, &[("confirmLogout", "Logout")]).await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("You are logged out"));
    assert!(!is_signed_in(&mut browser, &realm).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_alone_asks_first_and_then_leads_back() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let (mut browser, _) = signed_in(&server, &realm).await;
    let fields = [("client_id", "app"), ("post_logout_redirect_uri", BACK)];
    let page = browser.get(&leaving(&realm, &fields)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let done = browser
        .submit(&page.forms().remove(0), &[("confirmLogout", "Logout")])
        .await;
    assert_eq!(done.header("location"), BACK);
    assert!(!is_signed_in(&mut browser, &realm).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_get_keycloaks_pages_and_sign_nobody_out() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let (mut browser, id_token) = signed_in(&server, &realm).await;
    let cases: [(&[(&str, &str)], &str); 4] = [
        (
            &[("post_logout_redirect_uri", BACK)],
            "Missing parameters: id_token_hint",
        ),
        (&[("id_token_hint", "abc")], "Invalid parameter: id_token_hint"),
        (
            &[
                ("id_token_hint", &id_token),
                ("post_logout_redirect_uri", "https://evil.example.com/"),
            ],
            "Invalid redirect uri",
        ),
        (
            &[("id_token_hint", &id_token), ("client_id", "account")],
            "Invalid parameter: id_token_hint",
        ),
    ];
    for (fields, text) in cases {
        let answer = browser.get(&leaving(&realm, fields)).await;
        assert_eq!(answer.status, 400, "{fields:?}");
        assert!(answer.body.contains(text), "{fields:?}: {}", answer.body);
    }
    assert!(is_signed_in(&mut browser, &realm).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_id_token_does_not_sign_this_browser_out_unasked() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let (_, theirs) = signed_in(&server, &realm).await;
    let (mut browser, _) = signed_in(&server, &realm).await;
    let page = browser.get(&leaving(&realm, &[("id_token_hint", &theirs)])).await;
    assert!(page.body.contains("Do you want to log out?"));
    assert!(is_signed_in(&mut browser, &realm).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_is_no_way_to_sign_in() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&leaving(&realm, &[("client_id", "app")])).await;
    let action = page.forms().remove(0).action;
    let tab = action.split("tab_id=").nth(1).unwrap();
    let answer = browser
        .get(&format!(
            "/realms/{realm}/login-actions/authenticate?client_id=app&tab_id={tab}"
        ))
        .await;
    assert_eq!(answer.status, 400);
}
