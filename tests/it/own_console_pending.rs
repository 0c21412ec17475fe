//! Our own console: what waits for a decision, and what the policies would say.

use serde_json::{Value, json};

use super::approval::{acts, crane, own, register_crane};
use super::client_registration::{address, text};
use super::own_console::{open, with_administrator};
use super::support::{self, Browser, Server};

/// Applications wait for approval from now on; what administrators do is kept.
pub async fn require_approval(server: &Server, realm: &str) {
    let settings = json!({ "adminEventsEnabled": true, "attributes": { "clientRegistration.approval": "required" } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), settings).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_looked_at_noted_and_approved_on_a_page() {
    for server in support::servers().await {
        let realm = with_administrator(&server, &["manage-clients"]).await;
        require_approval(&server, &realm).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let mut browser = Browser::new(&server);
        let list = open(&mut browser, &realm, "pending").await;
        assert!(
            list.body.contains("Crane") && list.body.contains("aria-label=\"1 request waits\""),
            "{}",
            list.body
        );
        let at = format!("/admin/{realm}/console/{realm}/pending/{id}");
        let page = browser.get(&at).await;
        assert!(page.body.contains("crane.example.com"), "{}", page.body);
        let form = page.form("decision");
        let noted = browser
            .submit(&form, &[("action", "note"), ("note", "ask <blue>")])
            .await;
        assert_eq!(noted.status, 303);
        assert!(browser.get(&at).await.body.contains("ask &lt;blue&gt;"));
        let done = browser.submit(&form, &[("action", "approve")]).await;
        assert_eq!(
            (done.status, done.header("location")),
            (303, at.rsplit_once('/').unwrap().0)
        );
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        let again = browser.submit(&form, &[("action", "approve")]).await;
        assert_eq!(again.status, 409);
        assert!(
            again.body.contains("decided already") && !again.body.contains("id=\"decision\""),
            "{}",
            again.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_as_what_differs_and_refused_with_a_reason() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &["manage-clients"]).await;
    let client = register_crane(&server, &realm).await;
    require_approval(&server, &realm).await;
    let mut sent = crane();
    sent["redirect_uris"] = json!(["https://elsewhere.example.com/cb"]);
    let id = text(&client, "client_id");
    let path = format!("{}/{id}", address(&realm));
    let key = text(&client, "registration_access_token");
    let told = server.with_token(key, "PUT", &path, sent).await.json();
    let mut browser = Browser::new(&server);
    let page = open(&mut browser, &realm, &format!("pending/{id}")).await;
    let at = page.body.find("id=\"differences\"").unwrap();
    let (before, after) = (
        page.body[at..].find("<del>").unwrap(),
        page.body[at..].find("<ins>").unwrap(),
    );
    assert!(
        before < after && page.body[at..].contains("elsewhere.example.com"),
        "{}",
        page.body
    );
    let form = page.form("decision");
    let done = browser
        .submit(&form, &[("action", "refuse"), ("reason", "Not ours")])
        .await;
    assert_eq!(done.status, 303);
    assert_eq!(own(&server, &realm, &told).await.json()["reason"], "Not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_decides_finds_what_waits_and_nothing_else() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &[]).await;
    require_approval(&server, &realm).await;
    let role = json!({ "name": "manager" });
    assert_eq!(server.admin("POST", &format!("/{realm}/roles"), role).await.status, 201);
    let stages = json!({ "attributes": { "clientRegistration.approval.stages": "role:manager" } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), stages).await.status, 204);
    let role = server
        .admin("GET", &format!("/{realm}/roles/manager"), Value::Null)
        .await
        .json();
    let ann = server
        .admin("GET", &format!("/{realm}/users?username=ann"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/users/{}/role-mappings/realm", text(&ann[0], "id"));
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    let client = register_crane(&server, &realm).await;
    let mut browser = Browser::new(&server);
    let list = open(&mut browser, &realm, "pending").await;
    assert!(
        list.body.contains("Crane") && list.body.contains("Role manager"),
        "{}",
        list.body
    );
    let id = text(&client, "client_id");
    let page = browser
        .get(&format!("/admin/{realm}/console/{realm}/pending/{id}"))
        .await;
    let done = browser.submit(&page.form("decision"), &[("action", "approve")]).await;
    assert_eq!(done.status, 303);
    assert_eq!(acts(&server, &realm, &client).await.status, 200);
    let clients = browser.get(&format!("/admin/{realm}/console/{realm}/clients")).await;
    assert_eq!(clients.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policies_would_say_is_tried_on_a_page() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &["view-clients", "view-realm"]).await;
    let mut browser = Browser::new(&server);
    let page = open(&mut browser, &realm, "policies").await;
    let form = page.form("trial");
    let metadata = json!({ "redirect_uris": ["https://a.example.com/cb"], "client_name": "<i>" }).to_string();
    let refused = browser
        .submit(&form, &[("by", "anonymous"), ("metadata", &metadata)])
        .await;
    assert!(
        refused.body.contains("id=\"refusals\"") && refused.body.contains("Trusted Hosts"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("&quot;client_name&quot;: &quot;&lt;i&gt;&quot;"),
        "what it would become: {}",
        refused.body
    );
    let taken = browser
        .submit(&form, &[("by", "authenticated"), ("metadata", &metadata)])
        .await;
    assert!(taken.body.contains("It would be accepted"), "{}", taken.body);
    let broken = browser
        .submit(&form, &[("by", "anonymous"), ("metadata", "{\n oops")])
        .await;
    assert!(broken.body.contains("line 2"), "{}", broken.body);
    let list = browser.submit(&form, &[("by", "anonymous"), ("metadata", "[]")]).await;
    assert!(list.body.contains("JSON object"), "{}", list.body);
    let none = server
        .admin("GET", &format!("/{realm}/client-registrations/count"), Value::Null)
        .await;
    assert_eq!(none.body, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_decided_at_once_as_they_were_looked_at() {
    for server in support::servers().await {
        let realm = with_administrator(&server, &["manage-clients"]).await;
        require_approval(&server, &realm).await;
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(register_crane(&server, &realm).await);
        }
        let ids: Vec<&str> = clients.iter().map(|client| text(client, "client_id")).collect();
        let mut browser = Browser::new(&server);
        let list = open(&mut browser, &realm, "pending").await;
        let form = list.form("many");
        assert!(
            list.body.contains("Choose Crane") && list.body.contains("role=\"status\""),
            "{}",
            list.body
        );
        let none = browser.submit(&form, &[("action", "approve")]).await;
        assert_eq!(none.status, 400);
        assert!(none.body.contains("Nothing is chosen"), "{}", none.body);

        // Two are approved; one of them is changed after the page was looked at.
        let two = [("ids", ids[0]), ("ids", ids[1]), ("action", "approve")];
        let asked = browser.submit(&form, &two).await;
        assert!(asked.body.contains("Approve 2 requests?"), "{}", asked.body);
        let path = format!("/{realm}/clients/{}", ids[1]);
        let evil = json!({ "redirectUris": ["https://evil.example/cb"] });
        assert_eq!(server.admin("PUT", &path, evil).await.status, 204);
        let sure = asked.form("sure");
        let done = browser.submit(&sure, &[("ids", ids[0]), ("ids", ids[1])]).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert!(
            done.body.contains("1 request is approved") && done.body.contains("Something else is asked for by now"),
            "{}",
            done.body
        );
        assert_eq!(acts(&server, &realm, &clients[0]).await.status, 200);
        assert_eq!(acts(&server, &realm, &clients[1]).await.status, 400);

        let two = [("ids", ids[1]), ("ids", ids[2]), ("action", "refuse")];
        let asked = browser.submit(&form, &two).await;
        assert!(asked.body.contains("Refuse 2 requests?"), "{}", asked.body);
        let done = browser
            .submit(
                &asked.form("sure"),
                &[("ids", ids[1]), ("ids", ids[2]), ("reason", "Not <ours>")],
            )
            .await;
        assert_eq!(done.status, 303);
        assert!(done.header("location").ends_with("/pending?done=2&action=refuse"));
        let list = browser.get(done.header("location")).await;
        assert!(list.body.contains("2 requests are refused"), "{}", list.body);
        assert_eq!(own(&server, &realm, &clients[2]).await.json()["reason"], "Not <ours>");

        let two = [("ids", ids[0]), ("ids", ids[3]), ("action", "delete")];
        let asked = browser.submit(&form, &two).await;
        assert!(
            asked.body.contains("Take 1 request away?"),
            "one is decided already: {}",
            asked.body
        );
        assert_eq!(browser.submit(&asked.form("sure"), &[]).await.status, 303);
        assert_eq!(own(&server, &realm, &clients[3]).await.status, 401);
        assert_eq!(acts(&server, &realm, &clients[0]).await.status, 200);
        assert_eq!(
            own(&server, &realm, &clients[4]).await.json()["registration_status"],
            "pending"
        );
        // Another session's form does nothing.
        let mut stranger = Browser::new(&server);
        open(&mut stranger, &realm, "pending").await;
        let forged = [("form", "forged"), ("ids", ids[4]), ("action", "approve")];
        assert_eq!(stranger.submit(&form, &forged).await.status, 303);
        assert_eq!(
            own(&server, &realm, &clients[4]).await.json()["registration_status"],
            "pending"
        );
    }
}
