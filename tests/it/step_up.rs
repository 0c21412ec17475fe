//! Levels of authentication: an application asks for more proof, and gets it (`acr_values`, `claims`, `acr.loa.map`).

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{arrived, sign_in};
use crate::otp::{code_at, credentials, with_device};
use crate::support::oidc::claims;
use crate::support::{self, Answer, Browser, Server};

const BACK: &str = "https://app.example.com/cb";
const RIGHT: &str = "Passw0rd!";

async fn post(server: &Server, path: &str, body: Value) {
    let answer = server.admin("POST", path, body).await;
    assert!(
        matches!(answer.status, 201 | 204),
        "{path}: {} {}",
        answer.status,
        answer.body
    );
}

/// The executions of a flow.
async fn executions(server: &Server, realm: &str, alias: &str) -> Vec<Value> {
    let path = format!("/{realm}/authentication/flows/{alias}/executions");
    server
        .admin("GET", &path, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .clone()
}

async fn change(server: &Server, realm: &str, execution: &Value, requirement: &str) {
    let mut execution = execution.clone();
    execution["requirement"] = json!(requirement);
    let path = format!("/{realm}/authentication/flows/stairs/executions");
    let answer = server.admin("PUT", &path, execution).await;
    assert!(matches!(answer.status, 202 | 204), "{}", answer.body);
}

/// A subflow of the stairs for a level, with one step.
async fn level(server: &Server, realm: &str, name: &str, number: &str, step: &str) {
    let flows = format!("/{realm}/authentication/flows");
    let flow = json!({ "alias": name, "type": "basic-flow", "provider": "", "description": "" });
    post(server, &format!("{flows}/way/executions/flow"), flow).await;
    let condition = json!({ "provider": "conditional-level-of-authentication" });
    post(server, &format!("{flows}/{name}/executions/execution"), condition).await;
    post(
        server,
        &format!("{flows}/{name}/executions/execution"),
        json!({ "provider": step }),
    )
    .await;
    for execution in executions(server, realm, "stairs").await {
        if execution["displayName"] == name {
            change(server, realm, &execution, "CONDITIONAL").await;
        }
    }
    for execution in executions(server, realm, name).await {
        change(server, realm, &execution, "REQUIRED").await;
        if execution["providerId"] == "conditional-level-of-authentication" {
            let id = execution["id"].as_str().unwrap();
            let config = json!({ "alias": format!("{name}-level"), "config": {
                "loa-condition-level": number, "loa-max-age": "36000"
            } });
            post(
                server,
                &format!("/{realm}/authentication/executions/{id}/config"),
                config,
            )
            .await;
        }
    }
}

/// A realm with two levels, `silver` (a password) and `gold` (a one-time code); gives the secret of ann's device.
async fn stairs(server: &Server) -> (String, String) {
    let map = json!({ "acr.loa.map": r#"{"silver":1,"gold":2}"# });
    let (realm, secret) = with_device(server, json!({ "attributes": map })).await;
    let flows = format!("/{realm}/authentication/flows");
    let top = json!({ "alias": "stairs", "providerId": "basic-flow", "topLevel": true, "builtIn": false });
    post(server, &flows, top).await;
    post(
        server,
        &format!("{flows}/stairs/executions/execution"),
        json!({ "provider": "auth-cookie" }),
    )
    .await;
    let way = json!({ "alias": "way", "type": "basic-flow", "provider": "", "description": "" });
    post(server, &format!("{flows}/stairs/executions/flow"), way).await;
    for execution in executions(server, &realm, "stairs").await {
        change(server, &realm, &execution, "ALTERNATIVE").await;
    }
    level(server, &realm, "first", "1", "auth-username-password-form").await;
    level(server, &realm, "second", "2", "auth-otp-form").await;
    let answer = server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "stairs" }))
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    (realm, secret)
}

async fn tokens(server: &Server, realm: &str, answer: &Answer) -> Value {
    let code = arrived(answer);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("code", &code),
    ];
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    server.form(&path, &fields).await.json()
}

async fn acr(server: &Server, realm: &str, answer: &Answer) -> String {
    let tokens = tokens(server, realm, answer).await;
    let told = claims(tokens["id_token"].as_str().unwrap());
    told["acr"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_the_first_level_and_a_code_the_second() {
    for server in support::servers().await {
        let (realm, secret) = stairs(&server).await;
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
        assert_eq!(acr(&server, &realm, &answer).await, "silver");

        let again = browser.get(&asking(&realm, &[("acr_values", "silver")])).await;
        assert_eq!(acr(&server, &realm, &again).await, "silver", "the session is enough");

        let page = browser.get(&asking(&realm, &[("acr_values", "gold")])).await;
        assert!(page.body.contains("data-page-id=\"login-login-otp\""), "{}", page.body);
        let code = code_at(&server, &secret, 0);
        let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
        assert_eq!(acr(&server, &realm, &answer).await, "gold");

        let again = browser.get(&asking(&realm, &[("acr_values", "gold")])).await;
        assert_eq!(
            acr(&server, &realm, &again).await,
            "gold",
            "it lasts as long as the condition says"
        );
        server.app.clock.advance(1_700_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_the_second_level_at_once_gets_both() {
    let server = support::sqlite().await;
    let (realm, secret) = stairs(&server).await;
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["gold"] } } }).to_string();
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[("claims", &claims)])).await;
    let page = sign_in(&mut browser, &page, "ann", RIGHT).await;
    let code = code_at(&server, &secret, 0);
    let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    assert_eq!(acr(&server, &realm, &answer).await, "gold");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_essential_level_that_nobody_can_reach_is_refused() {
    let server = support::sqlite().await;
    let (realm, secret) = stairs(&server).await;
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["3"] } } }).to_string();
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[("claims", &claims)])).await;
    let page = sign_in(&mut browser, &page, "ann", RIGHT).await;
    let code = code_at(&server, &secret, 0);
    let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains("Authentication requirements not fulfilled"),
        "{}",
        answer.body
    );
}

const OTP_PAGE: &str = "data-page-id=\"login-login-otp\"";

async fn remove(server: &Server, token: &Value, path: &str) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
    server.request("DELETE", path, &headers, "").await
}

async fn device_of(server: &Server, realm: &str) -> String {
    let all = credentials(server, realm).await;
    let device = all.iter().find(|c| c["type"] == "otp").unwrap();
    device["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_only_the_password_touches_no_device() {
    for server in support::servers().await {
        let (realm, secret) = stairs(&server).await;
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
        let low = tokens(&server, &realm, &answer).await["access_token"].clone();

        let device = device_of(&server, &realm).await;
        let removal = format!("delete_credential:{device}");
        for action in ["CONFIGURE_TOTP", &removal] {
            let page = browser.get(&asking(&realm, &[("kc_action", action)])).await;
            assert!(page.body.contains(OTP_PAGE), "{action}: {} {}", page.status, page.body);
            let mut fresh = Browser::new(&server);
            let page = fresh.get(&asking(&realm, &[("kc_action", action)])).await;
            let page = sign_in(&mut fresh, &page, "ann", RIGHT).await;
            assert!(page.body.contains(OTP_PAGE), "{action}: {} {}", page.status, page.body);
        }
        let path = format!("/realms/{realm}/account/credentials/{device}");
        let answer = remove(&server, &low, &path).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        let text = "Insufficient level of authentication for removing credential of type 'otp'.";
        assert_eq!(answer.json()["error"], text);
        assert_eq!(device_of(&server, &realm).await, device);

        let page = browser.get(&asking(&realm, &[("kc_action", "CONFIGURE_TOTP")])).await;
        let code = code_at(&server, &secret, 0);
        let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
        assert!(
            answer.header("location").contains("execution=CONFIGURE_TOTP"),
            "{}",
            answer.body
        );

        let answer = browser.get(&asking(&realm, &[("kc_action", &removal)])).await;
        let page = if answer.status == 302 {
            browser.follow(answer).await
        } else {
            answer
        };
        let page = if page.body.contains(OTP_PAGE) {
            server.app.clock.advance(60_000);
            let code = code_at(&server, &secret, 0);
            let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
            browser.follow(answer).await
        } else {
            page
        };
        assert!(page.body.contains("Do you want to delete phone?"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_second_level_removes_a_device_and_who_has_none_sets_one_up() {
    let server = support::sqlite().await;
    let (realm, secret) = stairs(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[("acr_values", "gold")])).await;
    let page = sign_in(&mut browser, &page, "ann", RIGHT).await;
    let code = code_at(&server, &secret, 0);
    let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    let high = tokens(&server, &realm, &answer).await["access_token"].clone();
    let path = format!(
        "/realms/{realm}/account/credentials/{}",
        device_of(&server, &realm).await
    );
    let answer = remove(&server, &high, &path).await;
    assert_eq!(answer.status, 204, "{}", answer.body);

    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    let answer = browser.get(&asking(&realm, &[("kc_action", "CONFIGURE_TOTP")])).await;
    assert!(
        answer.header("location").contains("execution=CONFIGURE_TOTP"),
        "{}",
        answer.body
    );
}
