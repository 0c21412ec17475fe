//! Signing in with user name and password.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::support::{self, Answer, Browser, Server};

const BACK: &str = "https://app.example.com/cb";
const RIGHT: &str = "Passw0rd!";

pub async fn acme(server: &Server, settings: Value) -> String {
    let realm = server.realm(settings).await;
    let app = json!({ "clientId": "app", "publicClient": true, "redirectUris": [BACK], "baseUrl": "https://app.example.com/" });
    server.client(&realm, app).await;
    server.user(&realm, "ann", RIGHT).await;
    realm
}

pub async fn sign_in(browser: &mut Browser<'_>, page: &Answer, username: &str, password: &str) -> Answer {
    let form = page.form("kc-form-login");
    browser
        .submit(&form, &[("username", username), ("password", password)])
        .await
}

#[track_caller]
pub fn arrived(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert!(
        answer.header("location").starts_with(BACK),
        "{}",
        answer.header("location")
    );
    answer
        .location_parameter("code")
        .unwrap_or_else(|| panic!("no code: {}", answer.header("location")))
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_end_in_a_code_and_the_code_in_tokens() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[("nonce", "n1")])).await;
        let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
        let code = arrived(&answer);
        let order: Vec<&str> = answer
            .header("location")
            .split(['?', '&'])
            .skip(1)
            .map(|p| p.split('=').next().unwrap())
            .collect();
        assert_eq!(order, ["state", "session_state", "iss", "code"]);
        let session = answer.location_parameter("session_state").unwrap();
        assert_eq!(session.len(), 24);
        assert_eq!(code.split('.').nth(1), Some(session.as_str()));
        assert!(browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
        assert!(!browser.cookies.contains_key("KC_RESTART"));
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
        assert_eq!(tokens.json()["session_state"], session.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_email_address_and_any_case_will_do_but_no_blank_in_the_password() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    for (username, password, right) in [
        ("ann@example.org", RIGHT, true),
        ("ANN", RIGHT, true),
        ("ann ", RIGHT, true),
        ("ann", "Passw0rd! ", false),
    ] {
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let answer = sign_in(&mut browser, &page, username, password).await;
        assert_eq!(answer.status == 302, right, "{username:?} {password:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_the_page_says_the_same_and_keeps_the_name() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let quiet = json!({ "username": "quiet", "enabled": true });
    server.admin("POST", &format!("/{realm}/users"), quiet).await.created();
    for (username, password) in [("ann", "wrong"), ("nobody", "x"), ("", ""), ("ann", ""), ("quiet", "x")] {
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let answer = sign_in(&mut browser, &page, username, password).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.field_error("username"),
            "Invalid username or password.",
            "{username}"
        );
        let kept = answer
            .form("kc-form-login")
            .fields
            .get("username")
            .cloned()
            .unwrap_or_default();
        assert_eq!(kept, username);
        // The page can be used again.
        let again = sign_in(&mut browser, &answer, "ann", RIGHT).await;
        arrived(&again);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_password_learns_that_an_account_is_disabled() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let id = server.user(&realm, "dis", RIGHT).await;
    server
        .admin("PUT", &format!("/{realm}/users/{id}"), json!({ "enabled": false }))
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let wrong = sign_in(&mut browser, &page, "dis", "x").await;
    assert_eq!(wrong.field_error("username"), "Invalid username or password.");
    let right = sign_in(&mut browser, &wrong, "dis", RIGHT).await;
    assert_eq!(right.status, 200);
    assert!(right.body.contains("Account is disabled, contact your administrator."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_counts_once_and_only_in_its_browser() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    // Somebody else's browser, with the form's address.
    let mut other = Browser::new(&server);
    let stolen = sign_in(&mut other, &page, "ann", RIGHT).await;
    assert_eq!(stolen.status, 400);
    assert!(stolen.body.contains("Restart login cookie not found"));
    // A form that was sent already.
    let second = sign_in(&mut browser, &page, "ann", "wrong").await;
    let replayed = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert_eq!(replayed.status, 302);
    let shown = browser.follow(replayed).await;
    assert!(
        shown.body.contains("Action expired. Please continue with login now."),
        "{}",
        shown.body
    );
    // Looking at it changed nothing: the form that nobody has sent is as good as it was, once.
    arrived(&sign_in(&mut browser, &second, "ann", RIGHT).await);
    let after = sign_in(&mut browser, &shown, "ann", RIGHT).await;
    assert!(after.location_parameter("code").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_form_passes_a_step() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let action = page.form("kc-form-login").action;
    let got = browser.get(&action).await;
    assert_eq!(got.status, 200);
    assert!(got.body.contains("kc-form-login"));
    let action = got.form("kc-form-login").action;
    let headers = [("content-type", "application/json")];
    let body = json!({ "username": "ann", "password": RIGHT }).to_string();
    let json = browser.send("POST", &action, &headers, body).await;
    assert_eq!(json.status, 400);
    assert!(
        json.body
            .contains("Unexpected error when handling authentication request")
    );
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_another_step_says_that_the_page_has_expired() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let mut form = page.form("kc-form-login");
    let at = form.action.find("execution=").unwrap() + 10;
    form.action
        .replace_range(at..at + 36, "00000000-0000-0000-0000-000000000000");
    let answer = browser.submit(&form, &[("username", "ann"), ("password", RIGHT)]).await;
    assert!(answer.body.contains("Page has expired"), "{}", answer.body);
    let again = browser.get(&answer.link("restart")).await;
    let page = browser.follow(again).await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_tab_begins_again_by_the_restart_cookie() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    browser.cookies.remove("AUTH_SESSION_ID");
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert_eq!(answer.status, 302);
    let page = browser.follow(answer).await;
    assert!(
        page.body
            .contains("Your login attempt timed out. Login will start from the beginning.")
    );
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    arrived(&answer);
    assert_eq!(answer.location_parameter("state").as_deref(), Some("st1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_is_forgotten_when_its_time_is_over() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({ "accessCodeLifespanLogin": 1800 })).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    server.app.clock.advance(1801 * 1000);
    browser.cookies.remove("KC_RESTART");
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Restart login cookie not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_sent_again_after_signing_in_goes_back_to_the_application() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    let again = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert_eq!(
        again.location_parameter("error").as_deref(),
        Some("temporarily_unavailable")
    );
    assert_eq!(
        again.location_parameter("error_description").as_deref(),
        Some("authentication_expired")
    );
    // What an address says of its application is not believed.
    let mut form = page.form("kc-form-login");
    let cut = form.action.find("client_data=").unwrap();
    form.action.truncate(cut);
    form.action
        .push_str("client_data=eyJydSI6Imh0dHBzOi8vZXZpbC5leGFtcGxlLmNvbS8iLCJydCI6ImNvZGUifQ");
    let forged = browser.submit(&form, &[("username", "ann"), ("password", RIGHT)]).await;
    assert_eq!(forged.status, 200);
    assert!(forged.body.contains("You are already logged in."));
}

#[tokio::test(flavor = "multi_thread")]
async fn remember_me_keeps_the_session_and_the_name() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({ "rememberMe": true })).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let form = page.form("kc-form-login");
    let answer = browser
        .submit(&form, &[("username", "ann"), ("password", RIGHT), ("rememberMe", "on")])
        .await;
    arrived(&answer);
    let set: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|v| v.to_str().unwrap())
        .collect();
    let identity = set.iter().find(|c| c.starts_with("KEYCLOAK_IDENTITY=")).unwrap();
    assert!(identity.contains(";Max-Age=36000;"), "{identity}");
    assert!(
        set.iter()
            .any(|c| c.starts_with(r#"KEYCLOAK_REMEMBER_ME="username:ann";Version=1;"#)
                && c.contains("Max-Age=31536000"))
    );
    browser.cookies.remove("KEYCLOAK_IDENTITY");
    let page = browser.get(&asking(&realm, &[])).await;
    let fields = page.form("kc-form-login").fields;
    assert_eq!(fields.get("username").map(String::as_str), Some("ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_the_links_that_the_realm_allows() {
    let server = support::sqlite().await;
    let realm = acme(
        &server,
        json!({ "registrationAllowed": true, "resetPasswordAllowed": true, "rememberMe": true }),
    )
    .await;
    let page = server.get(&asking(&realm, &[("login_hint", "pre@example.com")])).await;
    let form = page.form("kc-form-login");
    assert_eq!(
        form.names,
        ["username", "password", "rememberMe", "credentialId", "login"]
    );
    assert_eq!(form.fields["username"], "pre@example.com");
    assert!(page.link("login-actions/registration").contains("tab_id="));
    page.link("login-actions/reset-credentials");
    let bare = acme(&server, json!({})).await;
    let page = server.get(&asking(&bare, &[])).await;
    assert!(
        !page.body.contains("login-actions/registration") && !page.body.contains("login-actions/reset-credentials")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_with_other_parameters_is_replaced_at_sign_in() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    // PBKDF2-SHA256 with one round, as an old Keycloak may have kept it: password "Passw0rd!", salt "salt".
    let old = json!({
        "username": "old", "enabled": true, "email": "old@example.org", "firstName": "O", "lastName": "L",
        "credentials": [{
            "type": "password",
            "secretData": json!({ "value": pbkdf2(RIGHT, b"salt"), "salt": "c2FsdA==" }).to_string(),
            "credentialData": json!({ "hashIterations": 1, "algorithm": "pbkdf2-sha256" }).to_string()
        }]
    });
    let id = server.admin("POST", &format!("/{realm}/users"), old).await.created();
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    arrived(&sign_in(&mut browser, &page, "old", RIGHT).await);
    let kept = vestibule::store::credential::password(&server.app.db, &id)
        .await
        .unwrap()
        .unwrap();
    assert!(kept.credential_data.contains("argon2"), "{}", kept.credential_data);
}

pub fn pbkdf2(password: &str, salt: &[u8]) -> String {
    use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
    let mut hash = [0; 64];
    derive(
        PBKDF2_HMAC_SHA256,
        std::num::NonZeroU32::MIN,
        salt,
        password.as_bytes(),
        &mut hash,
    );
    vestibule_jose::digest::b64(&hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn form_post_sends_the_answer_with_a_page() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .get(&asking(&realm, &[("response_mode", "form_post"), ("state", "\"><b>")]))
        .await;
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert_eq!(answer.status, 200);
    let form = answer.forms().remove(0);
    assert_eq!(form.action, BACK);
    assert_eq!(form.fields["state"], "\"><b>");
    assert!(
        form.fields.contains_key("code")
            && form.fields.contains_key("session_state")
            && form.fields.contains_key("iss")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_failing_leave_events_with_keycloaks_details() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({ "eventsEnabled": true })).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let page = sign_in(&mut browser, &page, "ann", "wrong").await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    let events = server
        .admin("GET", &format!("/{realm}/events?client=app"), Value::Null)
        .await
        .json();
    assert_eq!(events[0]["type"], "LOGIN");
    let keys: Vec<&String> = events[0]["details"].as_object().unwrap().keys().collect();
    for key in [
        "auth_method",
        "auth_type",
        "response_type",
        "redirect_uri",
        "consent",
        "code_id",
        "username",
        "response_mode",
    ] {
        assert!(keys.iter().any(|k| *k == key), "{key} in {keys:?}");
    }
    assert_eq!(events[1]["type"], "LOGIN_ERROR");
    assert_eq!(events[1]["error"], "invalid_user_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_visitors_language_and_remember_a_choice() {
    let server = support::sqlite().await;
    let settings =
        json!({ "internationalizationEnabled": true, "supportedLocales": ["en", "de"], "defaultLocale": "en" });
    let realm = acme(&server, settings).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[("ui_locales", "de")])).await;
    assert!(page.body.contains(r#"<html lang="de""#));
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    assert!(page.body.contains(r#"<html lang="en""#));
    let german = browser.get(&page.link("kc_locale=de")).await;
    assert!(german.body.contains(r#"<html lang="de""#));
    assert_eq!(browser.cookies["KEYCLOAK_LOCALE"], "de");
    let failed = sign_in(&mut browser, &german, "ann", "x").await;
    assert!(failed.body.contains(r#"<html lang="de""#));
    assert!(
        browser
            .get(&asking(&realm, &[]))
            .await
            .body
            .contains(r#"<html lang="de""#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_implicit_and_hybrid_flows_work_where_they_are_switched_on() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let page = json!({
        "clientId": "page", "publicClient": true, "redirectUris": [BACK], "implicitFlowEnabled": true, "standardFlowEnabled": true
    });
    server.client(&realm, page).await;
    let usual = [("client_id", "page"), ("nonce", "n1")];
    for (asked, given) in [
        (
            "id_token token",
            ["id_token", "access_token", "token_type", "expires_in"].as_slice(),
        ),
        ("code id_token", ["code", "id_token"].as_slice()),
        ("none", [].as_slice()),
    ] {
        let mut browser = Browser::new(&server);
        let over: Vec<(&str, &str)> = usual.into_iter().chain([("response_type", asked)]).collect();
        let page = browser.get(&asking(&realm, &over)).await;
        let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert_eq!(
            answer.header("location").starts_with("https://app.example.com/cb#"),
            asked != "none"
        );
        for name in ["code", "id_token", "access_token", "token_type", "expires_in"] {
            assert_eq!(
                answer.location_parameter(name).is_some(),
                given.contains(&name),
                "{asked}: {name}"
            );
        }
        assert!(answer.location_parameter("session_state").is_some());
        if let Some(token) = answer.location_parameter("access_token") {
            let bearer = format!("Bearer {token}");
            let path = format!("/realms/{realm}/protocol/openid-connect/userinfo");
            let known = server.request("GET", &path, &[("authorization", &bearer)], "").await;
            assert_eq!(known.status, 200, "{:?}", known.headers);
        }
    }
}
