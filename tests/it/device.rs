//! A device without a browser gets tokens when a person says yes on another screen (RFC 8628), and only then.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::oidc::{at, claims, shop, text, token, userinfo};
use crate::support::{self, Answer, Browser, Server};
use crate::token::refused;

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");

async fn television(server: &Server, settings: Value) -> String {
    let realm = shop(server, settings).await;
    let doc = json!({
        "clientId": "tv", "publicClient": true,
        "attributes": { "oauth2.device.authorization.grant.enabled": "true" }
    });
    server.client(&realm, doc).await;
    realm
}

async fn start(server: &Server, realm: &str, more: &[(&str, &str)]) -> Value {
    let mut fields = vec![("client_id", "tv"), ("scope", "openid profile")];
    fields.extend(more);
    let answer = server.form(&at(realm, "auth/device"), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn poll(server: &Server, realm: &str, device_code: &str, more: &[(&str, &str)]) -> Answer {
    poll_as(server, realm, "tv", device_code, more).await
}

/// A client asks whether its person has agreed.
pub async fn poll_as(server: &Server, realm: &str, id: &str, device_code: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![GRANT, ("client_id", id), ("device_code", device_code)];
    fields.extend(more);
    token(server, realm, &fields).await
}

/// `mia` types the code, signs in and answers the question with this button.
pub async fn answer_device(server: &Server, realm: &str, user_code: &str, button: &str) -> Answer {
    let mut browser = Browser::new(server);
    let page = browser.get(&format!("/realms/{realm}/device")).await;
    let form = page.form("kc-user-verify-device-user-code-form");
    let answer = browser.submit(&form, &[("device_user_code", user_code)]).await;
    let page = browser.follow(answer).await;
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    let page = browser.follow(answer).await;
    let form = page.forms().into_iter().find(|f| f.action.contains("consent")).unwrap();
    let answer = browser.submit(&form, &[(button, "")]).await;
    browser.follow(answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_tokens_once_when_its_person_has_agreed() {
    for server in support::servers().await {
        let realm = television(&server, json!({})).await;
        let started = start(&server, &realm, &[]).await;
        let (device_code, user_code) = (text(&started, "device_code"), text(&started, "user_code"));
        let waiting = poll(&server, &realm, &device_code, &[]).await;
        refused(
            &waiting,
            400,
            "authorization_pending",
            "The authorization request is still pending",
        );
        let hasty = poll(&server, &realm, &device_code, &[]).await;
        refused(&hasty, 400, "slow_down", "Slow down");

        // As people type: small letters, no dash.
        let typed = user_code.replace('-', " ").to_lowercase();
        let end = answer_device(&server, &realm, &typed, "accept").await;
        assert!(end.body.contains("Device Login Successful"), "{}", end.body);

        server.app.clock.advance(5_000);
        let got = poll(&server, &realm, &device_code, &[]).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let access = text(&got.json(), "access_token");
        assert!(claims(&access)["jti"].as_str().unwrap().starts_with("onrtdg:"));
        assert_eq!(claims(&access)["preferred_username"], "mia");
        assert_eq!(userinfo(&server, &realm, &access).await.status, 200);

        server.app.clock.advance(5_000);
        let again = poll(&server, &realm, &device_code, &[]).await;
        refused(&again, 400, "invalid_grant", "Device code not valid");
        let page = server
            .get(&format!("/realms/{realm}/device?user_code={user_code}"))
            .await;
        assert!(page.body.contains("Invalid code, please try again."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_polls_at_once_one_gets_tokens() {
    for server in support::servers().await {
        let realm = Arc::new(television(&server, json!({ "oauth2DevicePollingInterval": 1 })).await);
        let started = start(&server, &realm, &[]).await;
        answer_device(&server, &realm, &text(&started, "user_code"), "accept").await;
        let (server, code) = (Arc::new(server), Arc::new(text(&started, "device_code")));
        let asked = (0..10).map(|_| {
            let (server, realm, code) = (Arc::clone(&server), Arc::clone(&realm), Arc::clone(&code));
            tokio::spawn(async move { poll(&server, &realm, &code, &[]).await })
        });
        let answers = futures_util::future::join_all(asked).await;
        let good = answers
            .into_iter()
            .filter(|a| a.as_ref().unwrap().status == 200)
            .count();
        assert_eq!(good, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_hears_of_a_no_and_of_time_that_is_over() {
    for server in support::servers().await {
        let realm = television(&server, json!({})).await;
        let started = start(&server, &realm, &[]).await;
        let end = answer_device(&server, &realm, &text(&started, "user_code"), "cancel").await;
        assert!(
            end.body.contains("Consent denied for connecting the device."),
            "{}",
            end.body
        );
        let code = text(&started, "device_code");
        let no = poll(&server, &realm, &code, &[]).await;
        refused(
            &no,
            400,
            "access_denied",
            "The end user denied the authorization request",
        );

        let started = start(&server, &realm, &[]).await;
        server.app.clock.advance(601_000);
        let late = poll(&server, &realm, &text(&started, "device_code"), &[]).await;
        refused(&late, 400, "expired_token", "Device code is expired");
        let user_code = text(&started, "user_code");
        let page = server
            .get(&format!("/realms/{realm}/device?user_code={user_code}"))
            .await;
        assert!(page.body.contains("The code has expired."), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_is_for_its_client_its_realm_and_its_verifier() {
    let server = support::sqlite().await;
    let realm = television(&server, json!({})).await;
    let doc = json!({
        "clientId": "radio", "publicClient": true,
        "attributes": { "oauth2.device.authorization.grant.enabled": "true" }
    });
    server.client(&realm, doc).await;
    let verifier = "v".repeat(43);
    let challenge = vestibule_jose::digest::b64url(&vestibule_jose::digest::sha256(verifier.as_bytes()));
    let pkce = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let started = start(&server, &realm, &pkce).await;
    let code = text(&started, "device_code");
    answer_device(&server, &realm, &text(&started, "user_code"), "accept").await;
    let other = token(
        &server,
        &realm,
        &[GRANT, ("client_id", "radio"), ("device_code", &code)],
    )
    .await;
    refused(&other, 400, "invalid_grant", "unauthorized client");
    let elsewhere = television(&server, json!({})).await;
    let answer = poll(&server, &elsewhere, &code, &[]).await;
    refused(&answer, 400, "invalid_grant", "Device code not valid");
    let without = poll(&server, &realm, &code, &[]).await;
    refused(&without, 400, "invalid_grant", "PKCE code verifier not specified");
    server.app.clock.advance(5_000);
    let with = poll(&server, &realm, &code, &[("code_verifier", &verifier)]).await;
    assert_eq!(with.status, 200, "{}", with.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn user_codes_cannot_be_guessed_in_bulk() {
    let server = support::sqlite().await;
    let realm = television(&server, json!({})).await;
    let started = start(&server, &realm, &[]).await;
    let wrong = format!("/realms/{realm}/device?user_code=BBBB-BBBB");
    for _ in 0..5 {
        assert_eq!(server.get(&wrong).await.status, 200);
    }
    let right = format!("/realms/{realm}/device?user_code={}", text(&started, "user_code"));
    for path in [&wrong, &right] {
        let page = server.get(path).await;
        assert_eq!(page.status, 429, "even the right one must wait now");
        assert!(page.body.contains("Too many wrong codes"), "{}", page.body);
        let wait: i64 = page.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    server.app.clock.advance(62_000);
    assert_eq!(server.get(&right).await.status, 302);
}
