//! A link by which an administrator asks for actions is good once for each of them.

use serde_json::{Value, json};

use crate::own_account::enable;
use crate::people::{self, link};
use crate::support::{self, Answer, Browser, Server};

async fn ask(server: &Server, realm: &str, id: &str, actions: &[&str]) -> String {
    let path = format!("/{realm}/users/{id}/execute-actions-email");
    let sent = server.admin("PUT", &path, json!(actions)).await;
    assert_eq!(sent.status, 204, "{}", sent.body);
    link(server, "ann@example.org").await
}

/// Opens a link and confirms; the first page of what is to be done.
async fn open(browser: &mut Browser<'_>, link: &str) -> Answer {
    let page = browser.get(link).await;
    assert!(page.body.contains("Perform the following action(s)"), "{}", page.body);
    let answer = browser.get(&page.link("action-token")).await;
    browser.follow(answer).await
}

async fn rename(browser: &mut Browser<'_>, page: &Answer, name: &str) -> Answer {
    let fields = [("firstName", name), ("lastName", "Lee"), ("email", "ann@example.org")];
    let answer = browser.submit(&page.form("kc-update-profile-form"), &fields).await;
    browser.follow(answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_mail_later_does_nothing_by_it() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({})).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let link = ask(&server, &realm, &id, &["UPDATE_PROFILE"]).await;
        let (mut owner, mut beside) = (Browser::new(&server), Browser::new(&server));
        let page = open(&mut owner, &link).await;
        let open_too = open(&mut beside, &link).await;
        let end = rename(&mut owner, &page, "Ann").await;
        assert!(end.body.contains("Your account has been updated."), "{}", end.body);
        let refused = rename(&mut beside, &open_too, "Mallory").await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains("Action expired"), "{}", refused.body);
        let again = Browser::new(&server).get(&link).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains("Action expired."), "{}", again.body);
        let ann = server.admin("GET", &format!("/{realm}/users/{id}"), Value::Null).await;
        assert_eq!(ann.json()["firstName"], "Ann");
        assert!(
            people::events(&server, &realm)
                .await
                .contains(&"EXECUTE_ACTIONS_ERROR".to_owned())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_done_is_still_asked_for() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let id = server.user(&realm, "ann", "Passw0rd!").await;
    let link = ask(&server, &realm, &id, &["UPDATE_PROFILE"]).await;
    let mut browser = Browser::new(&server);
    open(&mut browser, &link).await;
    // The browser is closed before anything was done.
    let mut later = Browser::new(&server);
    let page = open(&mut later, &link).await;
    let end = rename(&mut later, &page, "Anna").await;
    assert!(end.body.contains("Your account has been updated."), "{}", end.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_mistyped_the_new_address_may_correct_it_and_nobody_else_may_choose_one() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        enable(&server, &realm, "UPDATE_EMAIL").await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let link = ask(&server, &realm, &id, &["UPDATE_EMAIL"]).await;
        let (mut owner, mut beside) = (Browser::new(&server), Browser::new(&server));
        let page = open(&mut owner, &link).await;
        let open_too = open(&mut beside, &link).await;
        let form = page.form("kc-update-email-form");
        let wrong = owner.submit(&form, &[("email", "amn@example.org")]).await;
        assert!(wrong.body.contains("Confirmation email sent"), "{}", wrong.body);
        server.app.clock.advance(3_600_000 / 12);
        let back = owner.submit(&form, &[("email", "new@example.org")]).await;
        let page = owner.follow(back).await;
        let right = owner
            .submit(&page.form("kc-update-email-form"), &[("email", "new@example.org")])
            .await;
        assert!(right.body.contains("Confirmation email sent"), "{}", right.body);
        let refused = beside
            .submit(
                &open_too.form("kc-update-email-form"),
                &[("email", "mallory@example.org")],
            )
            .await;
        assert!(
            refused.body.contains("Action expired"),
            "{} {}",
            refused.status,
            refused.body
        );
    }
}
