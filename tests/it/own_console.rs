//! Our own console: pages in front of the Admin API, for whoever is signed in; and how clients came to be, which they show.

use serde_json::{Value, json};

use crate::client_policies::{any, lay};
use crate::client_registration::register;
use crate::login::sign_in;
use crate::support::{self, Answer, Browser, Server};

/// A realm with the administrator `ann` of its own.
pub async fn with_administrator(server: &Server, roles: &[&str]) -> String {
    let realm = server.realm(json!({ "eventsEnabled": true })).await;
    let id = server.user(&realm, "ann", "Passw0rd!").await;
    let found = server
        .admin(
            "GET",
            &format!("/{realm}/clients?clientId=realm-management"),
            Value::Null,
        )
        .await
        .json();
    let holder = found[0]["id"].as_str().unwrap().to_owned();
    for role in roles {
        let path = format!("/{realm}/clients/{holder}/roles/{role}");
        let role = server.admin("GET", &path, Value::Null).await.json();
        let path = format!("/{realm}/users/{id}/role-mappings/clients/{holder}");
        assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    }
    realm
}

/// Signs ann in on the way to a page of the console.
pub async fn open(browser: &mut Browser<'_>, realm: &str, page: &str) -> Answer {
    let asked = browser.get(&format!("/admin/{realm}/console/{realm}/{page}")).await;
    assert_eq!(asked.status, 302, "{}", asked.body);
    let login = browser.follow(asked).await;
    let answer = sign_in(browser, &login, "ann", "Passw0rd!").await;
    let back = browser.get(answer.header("location")).await;
    browser.follow(back).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_on_a_page_and_what_is_registered_with_it_is_told() {
    for server in support::servers().await {
        let realm = with_administrator(&server, &["manage-clients", "view-events"]).await;
        let mut browser = Browser::new(&server);
        let page = open(&mut browser, &realm, "tokens/new").await;
        assert!(page.body.contains("New token"), "{}", page.body);
        assert!(page.header("content-security-policy").contains("nonce-"));
        let fields = [("name", "team <blue>"), ("owner", "blue@example.org"), ("count", "2")];
        let form = page.form("new-token");
        let made = browser
            .submit(&form, &[&fields[..], &[("expires", "3600")]].concat())
            .await;
        assert!(made.body.contains("team &lt;blue&gt;"), "{}", made.body);
        let at = made.body.find("<textarea id=\"token\"").unwrap();
        let token = made.body[at..].split(['>', '<']).nth(2).unwrap().to_owned();
        let metadata = json!({ "redirect_uris": ["https://a.example/cb"] });
        let done = register(&server, &realm, Some(&token), &metadata).await;
        assert_eq!(done.status, 201, "{}", done.body);

        let found = server
            .admin("GET", &format!("/{realm}/clients?registered=true"), Value::Null)
            .await
            .json();
        assert_eq!(found.as_array().unwrap().len(), 1);
        let id = found[0]["id"].as_str().unwrap();
        let path = format!("/{realm}/clients/{id}/registration");
        let told = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(told, found[0]["registration"]);
        assert_eq!(
            (&told["source"], &told["owner"]),
            (&json!("token"), &json!("blue@example.org"))
        );
        assert!(told["time"].is_i64() && told["tokenId"].is_string() && told.get("lastUsed").is_none());
        let list = browser.get(&format!("/admin/{realm}/console/{realm}/clients")).await;
        assert!(
            list.body.contains(id) && list.body.contains("team &lt;blue&gt;"),
            "{}",
            list.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_made_no_record_is_an_administrator_and_who_is_not_there_is_not_found() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let id = server.client(&realm, json!({ "clientId": "app" })).await;
    let path = |id: &str| format!("/{realm}/clients/{id}/registration");
    let told = server.admin("GET", &path(&id), Value::Null).await;
    assert_eq!(told.json()["source"], "admin");
    assert_eq!(server.admin("GET", &path("nosuch"), Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_mark_does_nothing_and_rights_are_those_of_the_api() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &["view-clients"]).await;
    let mut browser = Browser::new(&server);
    let page = open(&mut browser, &realm, "tokens").await;
    assert!(page.body.contains("No tokens yet"), "{}", page.body);
    let page = browser.get(&format!("/admin/{realm}/console/{realm}/tokens/new")).await;
    let mut form = page.form("new-token");
    let refused = browser.submit(&form, &[("count", "1"), ("expires", "0")]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    form.fields.insert("form".into(), "guessed".into());
    let refused = browser.submit(&form, &[("count", "1"), ("expires", "0")]).await;
    assert_eq!(refused.status, 303);
    let activity = browser.get(&format!("/admin/{realm}/console/{realm}/activity")).await;
    assert_eq!(activity.status, 403);
    assert!(activity.body.contains("Not allowed"));
    let other = browser.get(&format!("/admin/{realm}/console/master/tokens")).await;
    assert_eq!(other.status, 403, "another realm is not theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_where_a_refresh_hands_out_no_new_token() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &["view-clients"]).await;
    lay(&server, &realm, "suppress-refresh-token-rotation", json!({}), any()).await;
    let mut browser = Browser::new(&server);
    let page = open(&mut browser, &realm, "tokens").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = browser.get(&format!("/admin/{realm}/console/{realm}/clients")).await;
    assert_eq!(page.status, 200, "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_is_found_by_its_name() {
    for server in support::servers().await {
        let realm = with_administrator(&server, &["manage-clients"]).await;
        let mut browser = Browser::new(&server);
        open(&mut browser, &realm, "tokens").await;
        let at = |query: &str| format!("/admin/{realm}/console/find?{query}");
        let found = browser.get(&at(&format!("search={realm}&section=clients"))).await;
        assert!(
            found.header("location").ends_with(&format!("/console/{realm}/clients")),
            "{found:?}"
        );
        let elsewhere = browser.get(&at("search=&section=../..")).await;
        assert!(
            elsewhere.header("location").ends_with(&format!("/{realm}/tokens")),
            "{elsewhere:?}"
        );
        let none = browser.get(&at("search=x%3Cb%3E")).await;
        assert_eq!(none.status, 200);
        assert!(
            none.body.contains("No realm that you may see") && none.body.contains("x&lt;b&gt;"),
            "{}",
            none.body
        );
    }
}
