//! Links in mails to those who decide: opening one changes nothing, its button decides once.

use serde_json::{Value, json};

use super::approval::{acts, desk, own, register_crane};
use super::client_registration::{address, text};
use super::own_console::with_administrator;
use super::own_console_pending::require_approval;
use super::support::{self, Browser, Server};

/// A realm whose administrator ann manages clients, and her id.
async fn with_ann(server: &Server) -> (String, String) {
    let realm = with_administrator(server, &["manage-clients"]).await;
    require_approval(server, &realm).await;
    let ann = server
        .admin("GET", &format!("/{realm}/users?username=ann"), Value::Null)
        .await;
    (realm, text(&ann.json()[0], "id").to_owned())
}

/// The links of the newest mail to somebody: to approve and to refuse.
async fn links(server: &Server, to: &str) -> (String, String) {
    let mails = server.get(&format!("/inbox/messages?to={to}")).await.json();
    let links: Vec<&str> = mails[0]["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link.as_str().unwrap())
        .collect();
    let ours: Vec<&&str> = links
        .iter()
        .filter(|link| link.contains("/login-actions/approval?key="))
        .collect();
    assert!(ours.len() >= 2, "{mails}");
    ((*ours[0]).to_owned(), (*ours[1]).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_a_page_and_only_its_button_approves_once() {
    for server in support::servers().await {
        let (realm, _) = with_ann(&server).await;
        let client = register_crane(&server, &realm).await;
        let (approve, refuse) = links(&server, "ann@example.org").await;
        let mut browser = Browser::new(&server);
        let page = browser.get(&approve).await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("https://crane.example.com/cb") || page.body.contains("crane.example.com"),
            "{}",
            page.body
        );
        assert_eq!(
            acts(&server, &realm, &client).await.status,
            400,
            "a scanner approves nothing"
        );
        let form = page.form("kc-approval");
        let done = browser.submit(&form, &[]).await;
        assert!(done.body.contains("It is approved"), "{}", done.body);
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        let again = browser.submit(&form, &[]).await;
        assert!(again.body.contains("decided already"), "{}", again.body);
        let other = browser.get(&refuse).await;
        assert!(
            other.body.contains("decided already") && !other.body.contains("<form"),
            "{}",
            other.body
        );
        let shown = desk(
            &server,
            &realm,
            "GET",
            &format!("/{}", text(&client, "client_id")),
            Value::Null,
        )
        .await
        .json();
        assert_eq!(shown["decisions"][0]["by"], "ann");
        let told = server
            .admin(
                "GET",
                &format!("/{realm}/admin-events?resourceTypes=REGISTRATION"),
                Value::Null,
            )
            .await
            .json();
        assert_eq!(told[0]["operationType"], "ACTION", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_refuses_with_a_reason() {
    let server = support::sqlite().await;
    let (realm, _) = with_ann(&server).await;
    let client = register_crane(&server, &realm).await;
    let (_, refuse) = links(&server, "ann@example.org").await;
    let mut browser = Browser::new(&server);
    let form = browser.get(&refuse).await.form("kc-approval");
    let done = browser.submit(&form, &[("reason", "<b>No</b> team")]).await;
    assert!(done.body.contains("It is refused"), "{}", done.body);
    assert_eq!(own(&server, &realm, &client).await.json()["reason"], "<b>No</b> team");
    let mails = server.get("/inbox/messages?to=ann@crane.example.com").await.json();
    assert!(mails[0]["html"].as_str().unwrap().contains("&lt;b&gt;No"), "{mails}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_dead_with_the_rights_of_its_person_and_with_what_it_was_for() {
    for server in support::servers().await {
        let (realm, ann) = with_ann(&server).await;
        let client = register_crane(&server, &realm).await;
        let (approve, _) = links(&server, "ann@example.org").await;
        let path = format!("{}/{}", address(&realm), text(&client, "client_id"));
        let key = text(&client, "registration_access_token");
        let other = json!({ "redirect_uris": ["https://evil.example.com/cb"] });
        assert_eq!(server.with_token(key, "PUT", &path, other).await.status, 200);
        let mut browser = Browser::new(&server);
        let page = browser.get(&approve).await;
        assert!(page.body.contains("Something else is asked for"), "{}", page.body);

        let (approve, _) = links(&server, "ann@example.org").await;
        let off = json!({ "enabled": false });
        assert_eq!(
            server.admin("PUT", &format!("/{realm}/users/{ann}"), off).await.status,
            204
        );
        let page = browser.get(&approve).await;
        assert_eq!(
            (page.status, page.body.contains("Others decide")),
            (400, true),
            "{}",
            page.body
        );
        let forged = approve.replacen("key=ey", "key=ez", 1);
        assert_eq!(browser.get(&forged).await.status, 400);
        let nothing = format!("/realms/{realm}/login-actions/approval");
        assert_eq!(browser.get(&nothing).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_calls_an_application_is_no_markup() {
    let server = support::sqlite().await;
    let (realm, _) = with_ann(&server).await;
    let (_, key) = super::client_registration::initial(&server, &realm, json!({})).await;
    let sent = json!({ "redirect_uris": ["https://a.example.com/cb"], "client_name": "<img src=x onerror=alert(1)>" });
    let made = super::client_registration::register(&server, &realm, Some(&key), &sent).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (approve, _) = links(&server, "ann@example.org").await;
    let page = Browser::new(&server).get(&approve).await;
    let mails = server.get("/inbox/messages?to=ann@example.org").await.json();
    let id = text(&made.json(), "client_id").to_owned();
    let waits = server
        .get(&format!("/realms/{realm}/protocol/openid-connect/auth?client_id={id}"))
        .await;
    for body in [&page.body, &waits.body, mails[0]["html"].as_str().unwrap()] {
        assert!(!body.contains("<img src=x"), "{body}");
    }
}
