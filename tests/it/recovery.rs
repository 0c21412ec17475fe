//! A forgotten password is replaced by whoever has the address, once, and nobody learns who has an account.

use serde_json::json;

use crate::people::{self, is_signed_in, link, mails, sign_in, sign_in_url, users};
use crate::support::{self, Answer, Browser, Server};

/// Says that the password of `name` is forgotten; the page after it.
async fn forget(browser: &mut Browser<'_>, realm: &str, name: &str) -> Answer {
    let page = browser.get(&sign_in_url(realm)).await;
    let page = browser.get(&page.link("reset-credentials")).await;
    let sent = browser
        .submit(&page.form("kc-reset-password-form"), &[("username", name)])
        .await;
    browser.follow(sent).await
}

async fn realm_with_mia(server: &Server) -> String {
    let realm = people::realm(server, json!({})).await;
    server.user(&realm, "mia", "old password").await;
    realm
}

const NEW: [(&str, &str); 2] = [("password-new", "new password"), ("password-confirm", "new password")];

#[tokio::test(flavor = "multi_thread")]
async fn the_link_leads_to_a_new_password_and_into_the_application() {
    for server in support::servers().await {
        let realm = realm_with_mia(&server).await;
        let mut browser = Browser::new(&server);
        let page = forget(&mut browser, &realm, "mia@example.org").await;
        assert!(
            page.body
                .contains("You should receive an email shortly with further instructions."),
            "{}",
            page.body
        );
        let opened = browser.get(&link(&server, "mia@example.org").await).await;
        let page = browser.follow(opened).await;
        let done = browser.submit(&page.form("kc-passwd-update-form"), &NEW).await;
        assert!(is_signed_in(&done), "{} {}", done.status, done.body);
        assert!(!is_signed_in(
            &sign_in(&mut Browser::new(&server), &realm, "mia", "old password").await
        ));
        assert!(is_signed_in(
            &sign_in(&mut Browser::new(&server), &realm, "mia", "new password").await
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_gets_the_same_answer() {
    let server = support::sqlite().await;
    let realm = realm_with_mia(&server).await;
    let id = server.user(&realm, "disabled", "password").await;
    server
        .admin("PUT", &format!("/{realm}/users/{id}"), json!({ "enabled": false }))
        .await;
    server
        .admin(
            "POST",
            &format!("/{realm}/users"),
            json!({ "username": "nomail", "enabled": true }),
        )
        .await;
    let mut bodies = Vec::new();
    for name in ["mia", "nobody", "disabled", "nomail"] {
        let page = forget(&mut Browser::new(&server), &realm, name).await;
        assert_eq!(page.status, 200);
        bodies.push(people::without_chance(&page.body));
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(mails(&server, "disabled@example.org").await.len(), 0);
    let empty = forget(&mut Browser::new(&server), &realm, "").await;
    assert_eq!(empty.field_error("username"), "Please specify username.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_changes_one_password_only() {
    for server in support::servers().await {
        let realm = realm_with_mia(&server).await;
        let mut browser = Browser::new(&server);
        forget(&mut browser, &realm, "mia").await;
        let to = link(&server, "mia@example.org").await;
        let mut forms = Vec::new();
        for _ in 0..4 {
            let mut other = Browser::new(&server);
            let opened = other.get(&to).await;
            let page = other.follow(opened).await;
            forms.push((other, page.form("kc-passwd-update-form")));
        }
        let sent = forms.iter_mut().map(|(browser, form)| browser.submit(form, &NEW));
        let answers = futures_util::future::join_all(sent).await;
        let done = answers
            .iter()
            .filter(|a| a.body.contains("Your account has been updated."))
            .count();
        assert_eq!(done, 1, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
        let again = browser.get(&to).await;
        assert_eq!(again.status, 400);
        assert!(
            again.body.contains("Action expired. Please continue with login now."),
            "{}",
            again.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_may_choose_the_password_and_is_not_signed_in() {
    let server = support::sqlite().await;
    let realm = realm_with_mia(&server).await;
    forget(&mut Browser::new(&server), &realm, "mia").await;
    let mut other = Browser::new(&server);
    let opened = other.get(&link(&server, "mia@example.org").await).await;
    let page = other.follow(opened).await;
    let done = other.submit(&page.form("kc-passwd-update-form"), &NEW).await;
    assert!(done.body.contains("Your account has been updated."), "{}", done.body);
    assert!(!other.cookies.contains_key("KEYCLOAK_IDENTITY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_proves_the_address_and_ends_other_sessions_on_wish() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let doc = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "enabled": true,
        "credentials": [{ "type": "password", "value": "old password" }]
    });
    let id = server.admin("POST", &format!("/{realm}/users"), doc).await.created();
    let mut thief = Browser::new(&server);
    assert!(is_signed_in(&sign_in(&mut thief, &realm, "mia", "old password").await));
    let mut browser = Browser::new(&server);
    forget(&mut browser, &realm, "mia").await;
    let opened = browser.get(&link(&server, "mia@example.org").await).await;
    let page = browser.follow(opened).await;
    let fields = [NEW[0], NEW[1], ("logout-sessions", "on")];
    assert!(is_signed_in(
        &browser.submit(&page.form("kc-passwd-update-form"), &fields).await
    ));
    assert_eq!(users(&server, &realm, "mia").await[0]["emailVerified"], true);
    let sessions = server
        .admin("GET", &format!("/{realm}/users/{id}/sessions"), serde_json::Value::Null)
        .await
        .json();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
    thief.get(&sign_in_url(&realm)).await.form("kc-form-login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_waits_with_the_old_password_is_not_let_in() {
    let server = support::sqlite().await;
    let settings = json!({ "verifyEmail": true, "attributes": { "registration.hold": "account" } });
    let realm = people::realm(&server, settings).await;
    let doc = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "enabled": true,
        "credentials": [{ "type": "password", "value": "a stranger's" }]
    });
    server.admin("POST", &format!("/{realm}/users"), doc).await;
    let mut stranger = Browser::new(&server);
    let waiting = sign_in(&mut stranger, &realm, "mia", "a stranger's").await;
    waiting.form("kc-verify-email-code-form");
    let mut owner = Browser::new(&server);
    forget(&mut owner, &realm, "mia").await;
    let opened = owner.get(&link(&server, "mia@example.org").await).await;
    let page = owner.follow(opened).await;
    assert!(is_signed_in(
        &owner.submit(&page.form("kc-passwd-update-form"), &NEW).await
    ));
    let after = stranger
        .submit(&waiting.form("kc-verify-email-code-form"), &[("code", "123456")])
        .await;
    let after = stranger.follow(after).await;
    assert_eq!(after.status, 400, "{}", after.body);
    assert!(!stranger.cookies.contains_key("KEYCLOAK_IDENTITY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_proved_an_address_yet_gets_that_mail_again() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    people::send_form(&mut Browser::new(&server), &realm, &people::person("mia")).await;
    server.app.clock.advance(60_000);
    forget(&mut Browser::new(&server), &realm, "mia@example.org").await;
    for _ in 0..100 {
        if mails(&server, "mia@example.org").await.len() == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no second mail");
}
