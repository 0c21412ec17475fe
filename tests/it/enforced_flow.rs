//! A flow that a client policy enforces is the way in, however somebody comes to it.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::client_policies::{any, lay};
use crate::login::sign_in;
use crate::otp::with_device;
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "Passw0rd!";

/// A flow of steps that must all be gone through.
async fn flow(server: &Server, realm: &str, alias: &str, steps: &[&str]) {
    let flows = format!("/{realm}/authentication/flows");
    let top = json!({ "alias": alias, "providerId": "basic-flow", "topLevel": true, "builtIn": false });
    assert_eq!(server.admin("POST", &flows, top).await.status, 201);
    let executions = format!("{flows}/{alias}/executions");
    for step in steps {
        let step = json!({ "provider": step });
        let added = server.admin("POST", &format!("{executions}/execution"), step).await;
        assert_eq!(added.status, 201, "{}", added.body);
    }
    let all = server.admin("GET", &executions, Value::Null).await.json();
    for execution in all.as_array().unwrap() {
        let mut execution = execution.clone();
        execution["requirement"] = json!("REQUIRED");
        let changed = server.admin("PUT", &executions, execution).await;
        assert!(matches!(changed.status, 202 | 204), "{}", changed.body);
    }
}

/// A realm in which a password is enough, and a flow `strict` that asks for a code as well.
async fn guarded(server: &Server) -> String {
    let settings = json!({ "registrationAllowed": true, "resetPasswordAllowed": true });
    let (realm, _) = with_device(server, settings).await;
    flow(server, &realm, "plain", &["auth-username-password-form"]).await;
    flow(
        server,
        &realm,
        "strict",
        &["auth-username-password-form", "auth-otp-form"],
    )
    .await;
    let answer = server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "plain" }))
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    realm
}

async fn password(browser: &mut Browser<'_>, page: Answer) -> Answer {
    let page = browser.follow(page).await;
    let answer = sign_in(browser, &page, "ann", RIGHT).await;
    browser.follow(answer).await
}

#[track_caller]
fn asks_for_a_code(answer: &Answer) {
    assert!(
        answer.body.contains("data-page-id=\"login-login-otp\""),
        "{} {} {}",
        answer.status,
        answer.header("location"),
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_leads_around_it() {
    let server = support::sqlite().await;
    let realm = guarded(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert!(answer.location_parameter("code").is_some(), "{}", answer.body);
    let flow = json!({ "auth-flow-alias": "strict", "auth-flow-loa": "2" });
    lay(&server, &realm, "auth-flow-enforcer", flow, any()).await;
    let login_actions = format!("/realms/{realm}/login-actions");

    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let to_registration = page.link("login-actions/registration");
    asks_for_a_code(&password(&mut browser, page).await);

    let tab = to_registration.split_once('?').unwrap().1;
    let page = browser.get(&format!("{login_actions}/restart?{tab}")).await;
    asks_for_a_code(&password(&mut browser, page).await);

    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let page = browser.get(&page.link("login-actions/registration")).await;
    let page = browser.get(&page.link("login-actions/authenticate")).await;
    asks_for_a_code(&password(&mut browser, page).await);

    let mut lost = Browser::new(&server);
    let kept = browser.cookies["KC_RESTART"].clone();
    lost.cookies.insert("KC_RESTART".into(), kept);
    let page = lost
        .get(&format!("{login_actions}/authenticate?client_id=app&tab_id=x"))
        .await;
    asks_for_a_code(&password(&mut lost, page).await);

    let mut forgetful = Browser::new(&server);
    let page = forgetful
        .get(&format!("{login_actions}/reset-credentials?client_id=app"))
        .await;
    let page = forgetful.get(&page.link("login-actions/authenticate")).await;
    asks_for_a_code(&password(&mut forgetful, page).await);
}
