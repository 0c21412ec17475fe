//! Being signed in: other applications need no password, unless they ask for one.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{acme, arrived, sign_in};
use crate::support::{self, Browser, Server};

const RIGHT: &str = "Passw0rd!";

async fn signed_in<'a>(server: &'a Server, realm: &str) -> Browser<'a> {
    let mut browser = Browser::new(server);
    let page = browser.get(&asking(realm, &[])).await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_needs_no_password_and_has_the_same_session() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        let mut browser = signed_in(&server, &realm).await;
        let first = browser.get(&asking(&realm, &[])).await;
        let second = browser.get(&asking(&realm, &[("prompt", "none")])).await;
        assert_ne!(arrived(&first), arrived(&second));
        assert_eq!(
            first.location_parameter("session_state"),
            second.location_parameter("session_state")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_login_and_max_age_ask_for_the_password_only() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = signed_in(&server, &realm).await;
    server.app.clock.advance(20_000);
    for over in [("prompt", "login"), ("max_age", "10"), ("max_age", "0")] {
        let page = browser.get(&asking(&realm, &[over])).await;
        assert_eq!(page.status, 200, "{over:?}");
        assert!(page.body.contains("Please re-authenticate to continue"));
        assert_eq!(page.form("kc-form-login").names, ["password", "credentialId", "login"]);
        let wrong = browser.submit(&page.form("kc-form-login"), &[("password", "x")]).await;
        assert_eq!(wrong.field_error("password"), "Invalid password.");
        // Another name in the form counts for nothing.
        let right = browser
            .submit(
                &wrong.form("kc-form-login"),
                &[("username", "bob"), ("password", RIGHT)],
            )
            .await;
        arrived(&right);
        server.app.clock.advance(20_000);
    }
    arrived(&browser.get(&asking(&realm, &[("max_age", "3600")])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_again_at_a_re_authentication_is_signed_out_first() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    server.user(&realm, "bob", RIGHT).await;
    let mut browser = signed_in(&server, &realm).await;
    let page = browser.get(&asking(&realm, &[("prompt", "login")])).await;
    let answer = browser.get(&page.link("login-actions/restart")).await;
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
    let page = browser.follow(answer).await;
    arrived(&sign_in(&mut browser, &page, "bob", RIGHT).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_two_tabs_do_not_mix() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    server.user(&realm, "bob", RIGHT).await;
    let mut browser = Browser::new(&server);
    let first = browser.get(&asking(&realm, &[])).await;
    let second = browser.get(&asking(&realm, &[])).await;
    arrived(&sign_in(&mut browser, &first, "ann", RIGHT).await);
    let refused = sign_in(&mut browser, &second, "bob", RIGHT).await;
    assert_eq!(refused.status, 400);
    // Keycloak's text: 'ann', with the quotes escaped by the template.
    assert!(
        refused.body.contains("You are already authenticated as different user"),
        "{}",
        refused.body
    );
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_dead_when_it_ended_or_its_user_is_disabled_or_deleted() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let users = server
        .admin("GET", &format!("/{realm}/users?username=ann"), Value::Null)
        .await
        .json();
    let ann = users[0]["id"].as_str().unwrap().to_owned();
    let ask = asking(&realm, &[("prompt", "none")]);

    let mut browser = signed_in(&server, &realm).await;
    server
        .admin("POST", &format!("/{realm}/users/{ann}/logout"), Value::Null)
        .await;
    assert_eq!(
        browser.get(&ask).await.location_parameter("error").as_deref(),
        Some("login_required")
    );

    let mut browser = signed_in(&server, &realm).await;
    server
        .admin("PUT", &format!("/{realm}/users/{ann}"), json!({ "enabled": false }))
        .await;
    assert_eq!(
        browser.get(&ask).await.location_parameter("error").as_deref(),
        Some("login_required")
    );
    server
        .admin("PUT", &format!("/{realm}/users/{ann}"), json!({ "enabled": true }))
        .await;

    let mut browser = signed_in(&server, &realm).await;
    server.app.clock.advance(1801 * 1000);
    assert_eq!(
        browser.get(&ask).await.location_parameter("error").as_deref(),
        Some("login_required")
    );

    let mut browser = signed_in(&server, &realm).await;
    server
        .admin("DELETE", &format!("/{realm}/users/{ann}"), Value::Null)
        .await;
    assert_eq!(
        browser.get(&ask).await.location_parameter("error").as_deref(),
        Some("login_required")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_or_borrows_an_identity_cookie() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let other = acme(&server, json!({})).await;
    let browser = signed_in(&server, &realm).await;
    let identity = browser.cookies["KEYCLOAK_IDENTITY"].clone();
    for (at, cookie) in [
        (&other, identity.clone()),
        (&realm, identity[..identity.len() - 4].to_owned() + "AAAA"),
        (&realm, "x".into()),
    ] {
        let mut thief = Browser::new(&server);
        thief.cookies.insert("KEYCLOAK_IDENTITY".into(), cookie);
        let answer = thief.get(&asking(at, &[("prompt", "none")])).await;
        assert_eq!(answer.location_parameter("error").as_deref(), Some("login_required"));
    }
    // An access token is signed by the realm too, and is no cookie.
    let token = server.password_token(&realm, "admin-cli", "ann", RIGHT).await;
    let mut thief = Browser::new(&server);
    thief.cookies.insert("KEYCLOAK_IDENTITY".into(), token);
    let answer = thief.get(&asking(&realm, &[("prompt", "none")])).await;
    assert_eq!(answer.location_parameter("error").as_deref(), Some("login_required"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_asks_for_an_action_and_hears_how_it_ended() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = signed_in(&server, &realm).await;
    let unknown = browser.get(&asking(&realm, &[("kc_action", "NOSUCH")])).await;
    arrived(&unknown);
    assert_eq!(unknown.location_parameter("kc_action_status").as_deref(), Some("error"));
    assert_eq!(unknown.location_parameter("kc_action"), None);
    let start = browser.get(&asking(&realm, &[("kc_action", "UPDATE_PROFILE")])).await;
    assert!(
        start
            .header("location")
            .contains("/login-actions/required-action?execution=UPDATE_PROFILE&")
    );
    let page = browser.follow(start).await;
    let form = page.form("kc-update-profile-form");
    let cancelled = browser.submit(&form, &[("cancel-aia", "true")]).await;
    arrived(&cancelled);
    assert_eq!(
        cancelled.location_parameter("kc_action_status").as_deref(),
        Some("cancelled")
    );
    assert_eq!(
        cancelled.location_parameter("kc_action").as_deref(),
        Some("UPDATE_PROFILE")
    );
    // Only after a fresh proof: five minutes.
    server.app.clock.advance(301 * 1000);
    let page = browser.get(&asking(&realm, &[("kc_action", "UPDATE_PROFILE")])).await;
    assert!(page.body.contains("Please re-authenticate to continue"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_an_administrator_arranged_is_walked() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    // Two pages instead of one: the name, then the password.
    let flow = json!({ "alias": "two pages", "providerId": "basic-flow", "topLevel": true, "builtIn": false });
    let made = server
        .admin("POST", &format!("/{realm}/authentication/flows"), flow)
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    for provider in ["auth-username-form", "auth-password-form"] {
        let path = format!("/{realm}/authentication/flows/two%20pages/executions/execution");
        let added = server.admin("POST", &path, json!({ "provider": provider })).await;
        assert_eq!(added.status, 201, "{}", added.body);
    }
    let list = format!("/{realm}/authentication/flows/two%20pages/executions");
    for mut execution in server
        .admin("GET", &list, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .clone()
    {
        execution["requirement"] = json!("REQUIRED");
        assert!(server.admin("PUT", &list, execution).await.status < 300);
    }
    server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "two pages" }))
        .await;
    let mut browser = Browser::new(&server);
    let first = browser.get(&asking(&realm, &[])).await;
    assert_eq!(
        first
            .form("kc-form-login")
            .names
            .iter()
            .filter(|n| *n == "password")
            .count(),
        0
    );
    for name in ["nobody", "ann"] {
        let page = browser.get(&asking(&realm, &[])).await;
        let second = browser.submit(&page.form("kc-form-login"), &[("username", name)]).await;
        let wrong = browser
            .submit(&second.form("kc-form-login"), &[("password", "x")])
            .await;
        assert_eq!(wrong.field_error("password"), "Invalid password.", "{name}");
        let right = browser
            .submit(&wrong.form("kc-form-login"), &[("password", RIGHT)])
            .await;
        assert_eq!(right.status == 302, name == "ann", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_device_cannot_be_read_is_asked_for_a_code_all_the_same() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let users = server
        .admin("GET", &format!("/{realm}/users?username=ann"), Value::Null)
        .await
        .json();
    let ann = users[0]["id"].as_str().unwrap().to_owned();
    // A device of which nothing is known but that it is there: no code is right.
    let otp = vestibule::store::credential::Credential {
        id: "otp-1".into(),
        kind: "otp".into(),
        label: None,
        created: 0,
        priority: 20,
        secret_data: "{}".into(),
        credential_data: "{}".into(),
    };
    let mut tx = server.app.db.begin().await.unwrap();
    vestibule::store::credential::put(&mut tx, &ann, &otp).await.unwrap();
    tx.commit().await.unwrap();
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert!(answer.body.contains("kc-otp-login-form"), "{}", answer.body);
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_may_register_another_account_after_signing_out() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({ "registrationAllowed": true })).await;
    let mut browser = signed_in(&server, &realm).await;
    let address = asking(&realm, &[]).replace("/auth?", "/registrations?");
    let question = browser.get(&address).await;
    assert!(
        question.body.contains("You are already logged in."),
        "{}",
        question.body
    );
    // Nothing has happened yet.
    arrived(&browser.get(&asking(&realm, &[("prompt", "none")])).await);
    let form = question.forms().remove(0);
    let page = browser.submit(&form, &[("confirmLogout", "Logout")]).await;
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
    let new = [
        ("username", "bob"),
        ("password", RIGHT),
        ("password-confirm", RIGHT),
        ("email", "bob@example.org"),
        ("firstName", "Bob"),
        ("lastName", "Lee"),
    ];
    let answer = browser.submit(&page.form("kc-register-form"), &new).await;
    arrived(&answer);
}
