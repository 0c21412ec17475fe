//! What applications ask people to do with their own account (`kc_action`): delete it, remove a device, change the address.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{acme, sign_in};
use crate::otp::{code_at, credentials, id_of, with_device, with_password};
use crate::people::{link, mails};
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "Passw0rd!";

pub async fn enable(server: &Server, realm: &str, alias: &str) {
    let path = format!("/{realm}/authentication/required-actions/{alias}");
    let mut action = server.admin("GET", &path, Value::Null).await.json();
    action["enabled"] = json!(true);
    let answer = server.admin("PUT", &path, action).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// Signs ann in for an action, and gives its page.
pub async fn ask(browser: &mut Browser<'_>, realm: &str, action: &str) -> Answer {
    let page = browser.get(&asking(realm, &[("kc_action", action)])).await;
    let answer = sign_in(browser, &page, "ann", RIGHT).await;
    browser.follow(answer).await
}

#[track_caller]
fn ended(answer: &Answer, action: Option<&str>, status: &str) {
    assert_eq!(
        answer.location_parameter("kc_action").as_deref(),
        action,
        "{}",
        answer.body
    );
    assert_eq!(answer.location_parameter("kc_action_status").as_deref(), Some(status));
    assert!(answer.location_parameter("code").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_role_deletes_the_own_account() {
    for server in support::servers().await {
        let realm = acme(&server, json!({ "eventsEnabled": true })).await;
        enable(&server, &realm, "delete_account").await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, "delete_account").await;
        assert!(
            page.body
                .contains("You do not have enough permissions to delete your own account")
        );

        let id = id_of(&server, &realm, "ann").await;
        let account = server
            .admin("GET", &format!("/{realm}/clients?clientId=account"), Value::Null)
            .await;
        let account = account.json()[0]["id"].as_str().unwrap().to_owned();
        let role = server
            .admin(
                "GET",
                &format!("/{realm}/clients/{account}/roles/delete-account"),
                Value::Null,
            )
            .await
            .json();
        let path = format!("/{realm}/users/{id}/role-mappings/clients/{account}");
        assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);

        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, "delete_account").await;
        let form = page.form("kc-deleteaccount-form");
        let kept = browser.submit(&form, &[("cancel-aia", "true")]).await;
        ended(&kept, Some("delete_account"), "cancelled");

        let page = ask(&mut Browser::new(&server), &realm, "UPDATE_PROFILE").await;
        assert_eq!(page.status, 200, "ann is still there");
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, "delete_account").await;
        let gone = browser.submit(&page.form("kc-deleteaccount-form"), &[]).await;
        assert!(gone.body.contains("User deleted successfully"), "{}", gone.body);
        let path = format!("/{realm}/users/{id}");
        assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404);
        let path = format!("/{realm}/events?type=DELETE_ACCOUNT");
        let events = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(events[0]["userId"], id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_removed_but_no_password_and_nothing_of_others() {
    let server = support::sqlite().await;
    let (realm, secret) = with_device(&server, json!({})).await;
    let own = credentials(&server, &realm).await;
    let (password, device) = (own[0]["id"].as_str().unwrap(), own[1]["id"].as_str().unwrap());
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let code = code_at(&server, &secret, 0);
    browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    for refused in [
        "delete_credential",
        "delete_credential:nosuch",
        &format!("delete_credential:{password}"),
    ] {
        let answer = browser.get(&asking(&realm, &[("kc_action", refused)])).await;
        let answer = browser.follow(answer).await;
        ended(&answer, None, "error");
    }
    let action = format!("delete_credential:{device}");
    let answer = browser.get(&asking(&realm, &[("kc_action", &action)])).await;
    let page = browser.follow(answer).await;
    assert!(page.body.contains("Do you want to delete phone?"), "{}", page.body);
    let form = page.forms().remove(0);
    let answer = browser.submit(&form, &[("accept", "")]).await;
    ended(&answer, Some("delete_credential"), "success");
    assert_eq!(credentials(&server, &realm).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_changed_on_a_page_of_its_own() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        enable(&server, &realm, "UPDATE_EMAIL").await;
        server.user(&realm, "ben", RIGHT).await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, "UPDATE_EMAIL").await;
        let form = page.form("kc-update-email-form");
        assert_eq!(form.fields["email"], "ann@example.org");
        let page = browser.submit(&form, &[("email", "bad")]).await;
        assert_eq!(page.field_error("email"), "Invalid email address.");
        let taken = [("email", "ben@example.org")];
        let page = browser.submit(&page.form("kc-update-email-form"), &taken).await;
        assert_eq!(page.field_error("email"), "Email already exists.");
        let new = [("email", "Ann.New@example.org")];
        let answer = browser.submit(&page.form("kc-update-email-form"), &new).await;
        ended(&answer, Some("UPDATE_EMAIL"), "success");
        let id = id_of(&server, &realm, "ann").await;
        let ann = server
            .admin("GET", &format!("/{realm}/users/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(
            (&ann["email"], &ann["emailVerified"]),
            (&json!("ann.new@example.org"), &json!(false))
        );
        let page = ask(&mut Browser::new(&server), &realm, "UPDATE_PROFILE").await;
        assert!(
            !page.body.contains("name=\"email\""),
            "the profile leaves the address alone"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_addresses_are_verified_the_new_one_counts_once_its_owner_says_so() {
    for server in support::servers().await {
        let realm = acme(&server, json!({ "verifyEmail": true })).await;
        enable(&server, &realm, "UPDATE_EMAIL").await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, "UPDATE_EMAIL").await;
        let new = format!("new-{realm}@example.org");
        let form = page.form("kc-update-email-form");
        let page = browser.submit(&form, &[("email", &new)]).await;
        assert!(page.body.contains("Confirmation email sent"), "{}", page.body);
        let path = format!("/{realm}/users/{}", id_of(&server, &realm, "ann").await);
        let ann = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(ann["email"], "ann@example.org");
        assert_eq!(mails(&server, &new).await.len(), 1);

        let scanner = Browser::new(&server).get(&link(&server, &new).await).await;
        assert!(
            scanner.body.contains("Confirm validity of e-mail address"),
            "{}",
            scanner.body
        );
        let ann = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(
            ann["email"], "ann@example.org",
            "opening a link elsewhere changes nothing"
        );

        let page = browser.get(&link(&server, &new).await).await;
        assert!(page.body.contains("Email updated"), "{}", page.body);
        let ann = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!((&ann["email"], &ann["emailVerified"]), (&json!(new), &json!(true)));
        let again = browser.get(&link(&server, &new).await).await;
        assert_eq!(again.status, 400);
        assert!(again.body.contains("old stale link"));
    }
}
