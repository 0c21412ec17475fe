//! Addresses are proved by a link or a code, each once, and by nobody else.

use serde_json::{Value, json};

use crate::people::{self, is_signed_in, json_url, link, mails, person, send_form, sign_in, users};
use crate::support::{self, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_scanner_proves_nothing() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    let mut browser = Browser::new(&server);
    send_form(&mut browser, &realm, &person("mia")).await;
    let to = link(&server, "mia@example.org").await;
    for _ in 0..3 {
        let page = Browser::new(&server).get(&to).await;
        assert_eq!(page.status, 200);
        assert!(
            page.body
                .contains("Confirm validity of e-mail address mia@example.org."),
            "{}",
            page.body
        );
        // The way on is good in the browser that was asked only.
        let stolen = Browser::new(&server).get(&page.link("action-token")).await;
        assert!(stolen.body.contains("Confirm validity"), "{}", stolen.body);
    }
    assert!(users(&server, &realm, "mia").await.is_empty());
    let opened = browser.get(&to).await;
    browser.follow(opened).await.form("kc-passwd-update-form");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_confirms_and_signs_nobody_in() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        let mut first = Browser::new(&server);
        let waiting = send_form(&mut first, &realm, &person("mia")).await;
        let mut other = Browser::new(&server);
        let page = other.get(&link(&server, "mia@example.org").await).await;
        let confirmed = other.get(&page.link("action-token")).await;
        let page = other.follow(confirmed).await;
        let form = page.form("kc-passwd-update-form");
        let done = other
            .submit(
                &form,
                &[("password-new", "correct horse"), ("password-confirm", "correct horse")],
            )
            .await;
        assert_eq!(done.status, 200);
        assert!(done.body.contains("Your account has been updated."), "{}", done.body);
        assert!(!other.cookies.contains_key("KEYCLOAK_IDENTITY"));
        let again = first
            .submit(&waiting.form("kc-verify-email-code-form"), &[("code", "123456")])
            .await;
        assert_eq!(
            again.status, 400,
            "the browser that registered does not go on by what another proved"
        );
        assert!(is_signed_in(&sign_in(&mut first, &realm, "mia", "correct horse").await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_sent_before_the_proof_counts_for_who_proves_it_only() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    let body = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "password": "a stranger's"
    });
    assert_eq!(server.json(&json_url(&realm), &body).await.status, 201);
    let mut owner = Browser::new(&server);
    let page = owner.get(&link(&server, "mia@example.org").await).await;
    let confirmed = owner.get(&page.link("action-token")).await;
    let page = owner.follow(confirmed).await;
    let form = page.form("kc-passwd-update-form");
    owner
        .submit(
            &form,
            &[("password-new", "the owner's"), ("password-confirm", "the owner's")],
        )
        .await;
    assert!(!is_signed_in(
        &sign_in(&mut Browser::new(&server), &realm, "mia", "a stranger's").await
    ));
    assert!(is_signed_in(
        &sign_in(&mut Browser::new(&server), &realm, "mia", "the owner's").await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_before_the_proof_is_told_to_check_the_mail() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        server.user(&realm, "owner", "password").await;
        for (name, address) in [("free", "free@example.org"), ("taken", "owner@example.org")] {
            let body = json!({
                "username": name, "email": address, "firstName": "Mia", "lastName": "Berg", "password": "correct horse"
            });
            assert_eq!(server.json(&json_url(&realm), &body).await.status, 201);
            for login in [name, address] {
                let page = sign_in(&mut Browser::new(&server), &realm, login, "correct horse").await;
                assert!(
                    page.body.contains("You need to verify your email address"),
                    "{login}: {}",
                    page.body
                );
                let wrong = sign_in(&mut Browser::new(&server), &realm, login, "wrong horse").await;
                assert_eq!(wrong.field_error("username"), "Invalid username or password.");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_over_say_so() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    let mut browser = Browser::new(&server);
    send_form(&mut browser, &realm, &person("mia")).await;
    let to = link(&server, "mia@example.org").await;
    let broken = Browser::new(&server).get(&to.replace("key=ey", "key=Ey")).await;
    assert_eq!(broken.status, 400);
    assert!(
        broken
            .body
            .contains("An error occurred, please login again through your application.")
    );
    server.app.clock.advance(301_000);
    let late = Browser::new(&server).get(&to).await;
    assert_eq!(late.status, 400);
    assert!(late.body.contains("Action expired."), "{}", late.body);
    let page = browser.get(&to).await;
    assert!(
        page.body.contains("Action expired. Please start again."),
        "{}",
        page.body
    );
    let resent = browser.get(&page.link("session_code")).await;
    assert_eq!(resent.status, 200);
    assert_eq!(mails(&server, "mia@example.org").await.len(), 2);
    let opened = browser.get(&link(&server, "mia@example.org").await).await;
    browser.follow(opened).await.form("kc-passwd-update-form");
    let used = Browser::new(&server).get(&link(&server, "mia@example.org").await).await;
    assert!(
        used.body.contains("Your email address has been verified already."),
        "{}",
        used.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_gets_five_mails_an_hour() {
    let server = support::sqlite().await;
    let settings = json!({ "verifyEmail": true, "attributes": { "registration.limit.email": "off" } });
    let realm = people::realm(&server, settings).await;
    for n in 0..8 {
        let mut fields = person(&format!("mia{n}"));
        fields[1].1 = "victim@example.org".into();
        let page = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert!(page.body.contains("You need to verify your email address"));
    }
    assert_eq!(mails(&server, "victim@example.org").await.len(), 5);
    server.app.clock.advance(3_661_000);
    send_form(&mut Browser::new(&server), &realm, &{
        let mut fields = person("mia9");
        fields[1].1 = "victim@example.org".into();
        fields
    })
    .await;
    assert_eq!(mails(&server, "victim@example.org").await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_proves_an_address_by_code_too() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    let doc = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "enabled": true,
        "credentials": [{ "type": "password", "value": "correct horse" }]
    });
    server.admin("POST", &format!("/{realm}/users"), doc).await;
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &realm, "mia", "correct horse").await;
    let form = page.form("kc-verify-email-code-form");
    let wrong = browser.submit(&form, &[("code", "000 000")]).await;
    assert_eq!(
        wrong.field_error("code"),
        "This code is not valid. Check it, or have a new email sent."
    );
    let code = people::code(&server, "mia@example.org").await;
    let done = browser
        .submit(&wrong.form("kc-verify-email-code-form"), &[("code", &code)])
        .await;
    assert!(is_signed_in(&done), "{} {}", done.status, done.body);
    assert_eq!(users(&server, &realm, "mia").await[0]["emailVerified"], true);
    assert_eq!(mails(&server, "mia@example.org").await.len(), 1);
    let _ = Value::Null;
}
