//! A change that matters needs another yes; until then the application works on as it is.

use serde_json::{Value, json};

use super::admin_clients::token_with;
use super::approval::{acts, approve, crane, desk, events, own, register_crane, vouched_for, waiting_realm};
use super::client_registration::{address, text};
use super::support::{self, Answer, Server};

/// Changes a client with its token; gives the answer, which has the next token.
async fn put(server: &Server, realm: &str, client: &Value, sent: Value) -> Answer {
    let path = format!("{}/{}", address(realm), text(client, "client_id"));
    let token = text(client, "registration_access_token");
    server.with_token(token, "PUT", &path, sent).await
}

fn elsewhere() -> Value {
    let mut sent = crane();
    sent["redirect_uris"] = json!(["https://elsewhere.example.com/cb"]);
    sent["client_name"] = json!("Crane 2");
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_redirect_addresses_waits_and_the_old_version_works_on() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let answer = put(&server, &realm, &client, elsewhere()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = answer.json();
        assert_eq!(told["registration_status"], "update_pending");
        assert_eq!(
            (&told["redirect_uris"], &told["client_name"]),
            (&crane()["redirect_uris"], &json!("Crane")),
            "the metadata in force"
        );
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        assert_eq!(
            own(&server, &realm, &told).await.json()["registration_status"],
            "update_pending"
        );

        let id = text(&client, "client_id");
        let shown = desk(&server, &realm, "GET", "?status=approval", Value::Null)
            .await
            .json();
        assert_eq!(shown[0]["id"], id);
        assert_eq!(shown[0]["previous"]["redirect_uris"], crane()["redirect_uris"]);
        assert_eq!(shown[0]["metadata"]["redirect_uris"], elsewhere()["redirect_uris"]);
        approve(&server, &realm, &client).await;
        let now = own(&server, &realm, &told).await.json();
        assert_eq!(
            (&now["redirect_uris"], &now["client_name"]),
            (&elsewhere()["redirect_uris"], &json!("Crane 2"))
        );
        assert!(now.get("registration_status").is_none());
        let kinds = events(&server, &realm).await;
        assert_eq!(
            kinds.iter().filter(|kind| *kind == "CLIENT_UPDATE").count(),
            1,
            "{kinds:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_matter_is_changed_at_once_and_the_newest_wish_counts() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let mut renamed = crane();
        renamed["client_name"] = json!("Crane 3");
        let first = put(&server, &realm, &client, elsewhere()).await.json();
        let second = put(&server, &realm, &first, renamed).await.json();
        assert_eq!(second["client_name"], "Crane 3");
        assert!(second.get("registration_status").is_none(), "{second}");
        assert!(
            !vouched_for(&server, &realm, &client).await,
            "nobody has vouched for the new name"
        );
        let count = desk(&server, &realm, "GET", "/count?status=approval", Value::Null).await;
        assert_eq!(count.body, "0", "the change that waited is wanted no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_changes_while_it_waits_is_asked_for_anew() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({ "clientRegistration.approval.stages": "any,any" })).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let seen = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        let evil = json!({ "redirectUris": ["https://evil.example/cb"] });
        let path = format!("/{realm}/clients/{id}");
        assert_eq!(server.admin("PUT", &path, evil).await.status, 204);
        let decided = json!({ "ask": seen["ask"] });
        let stale = desk(&server, &realm, "POST", &format!("/{id}/approve"), decided).await;
        assert_eq!((stale.status, &stale.json()["error"]), (409, &json!("changed")));
        let uri = format!("{}/{id}", address(&realm));
        let admin = server.admin_token().await;
        let seen = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        // The form of registration is the same to an administrator of the realm; one of `master` has no token for it.
        let sent = json!({ "client_id": id, "redirect_uris": ["https://worse.example/cb"] });
        let changed = server.with_token(&admin, "PUT", &uri, sent).await;
        let now = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(now["ask"] == seen["ask"], changed.status >= 400, "{}", changed.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_one_thing_more_still_asks_for_the_other() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let client = register_crane(&server, &realm).await;
    approve(&server, &realm, &client).await;
    let id = text(&client, "client_id");
    let waits = async || {
        let shown = desk(&server, &realm, "GET", "?status=approval", Value::Null)
            .await
            .json();
        shown.as_array().unwrap().first().map(|one| one["metadata"].clone())
    };
    let addresses = json!({ "client_id": id, "redirect_uris": ["https://elsewhere.example.com/cb"] });
    let told = put(&server, &realm, &client, addresses.clone()).await.json();
    let name = json!({ "client_id": id, "client_name": "Crane 2" });
    let told = put(&server, &realm, &told, name).await.json();
    assert_eq!(told["registration_status"], "update_pending");
    let asked = waits().await.unwrap();
    assert_eq!(asked["redirect_uris"], addresses["redirect_uris"]);
    assert_eq!(asked["client_name"], "Crane 2");
    // Nothing of it, when what is in force is sent back.
    let back = put(&server, &realm, &told, crane()).await;
    assert_eq!((back.status, back.json().get("registration_status")), (200, None));
    assert!(waits().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_realm_names_what_matters() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({ "clientRegistration.reapproval": "client_name" })).await;
    let client = register_crane(&server, &realm).await;
    approve(&server, &realm, &client).await;
    let mut sent = crane();
    sent["redirect_uris"] = elsewhere()["redirect_uris"].clone();
    let first = put(&server, &realm, &client, sent).await.json();
    assert_eq!(first["redirect_uris"], elsewhere()["redirect_uris"]);
    let second = put(&server, &realm, &first, elsewhere()).await.json();
    assert_eq!(second["registration_status"], "update_pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_judged_by_the_policies_of_the_moment_in_which_it_is_approved() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let told = put(&server, &realm, &client, elsewhere()).await.json();
        let policy = json!({
            "name": "Ours only", "providerId": "allowed-redirect-uris", "subType": "authenticated",
            "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
            "config": { "hosts": ["crane.example.com"] }
        });
        let made = server.admin("POST", &format!("/{realm}/components"), policy).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = text(&client, "client_id");
        let refused = desk(&server, &realm, "POST", &format!("/{id}/approve"), json!({})).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (409, &json!("not_possible"))
        );
        assert!(refused.body.contains("Ours only"), "{}", refused.body);
        assert_eq!(
            own(&server, &realm, &told).await.json()["registration_status"],
            "update_pending"
        );
        let refusal = json!({ "reason": "not ours", "notify": false });
        assert_eq!(
            desk(&server, &realm, "POST", &format!("/{id}/refuse"), refusal)
                .await
                .status,
            204
        );
        let after = own(&server, &realm, &told).await.json();
        assert_eq!(
            (&after["registration_status"], &after["reason"], &after["redirect_uris"]),
            (&json!("update_refused"), &json!("not ours"), &crane()["redirect_uris"])
        );
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        let mails = server.get("/inbox/messages?to=ann@crane.example.com").await.json();
        assert_eq!(
            mails.as_array().unwrap().len(),
            1,
            "the one that told of the first approval"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_approves_only_what_they_have_seen() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let seen = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(put(&server, &realm, &client, elsewhere()).await.status, 200);
        let decision = json!({ "ask": seen["ask"] });
        let refused = desk(&server, &realm, "POST", &format!("/{id}/approve"), decision).await;
        assert_eq!((refused.status, &refused.json()["error"]), (409, &json!("changed")));
        let now = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        let decision = json!({ "ask": now["ask"] });
        assert_eq!(
            desk(&server, &realm, "POST", &format!("/{id}/approve"), decision)
                .await
                .status,
            204
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_decides_on_lapses_and_the_client_stays() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({ "clientRegistration.approval.expires": "60" })).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let told = put(&server, &realm, &client, elsewhere()).await.json();
        server.app.clock.advance(60_000);
        assert!(
            own(&server, &realm, &told)
                .await
                .json()
                .get("registration_status")
                .is_none()
        );
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        let shown = desk(&server, &realm, "GET", "?status=done", Value::Null).await.json();
        assert_eq!(shown.as_array().unwrap().len(), 1, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_changes_a_client_without_asking() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let client = register_crane(&server, &realm).await;
    approve(&server, &realm, &client).await;
    let id = text(&client, "client_id");
    let doc = json!({ "redirectUris": ["https://elsewhere.example.com/cb"] });
    assert_eq!(
        server.admin("PUT", &format!("/{realm}/clients/{id}"), doc).await.status,
        204
    );
    assert_eq!(
        own(&server, &realm, &client).await.json()["redirect_uris"],
        elsewhere()["redirect_uris"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_application_is_judged_by_the_policies_of_the_moment_in_which_it_is_approved() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let policy = json!({
            "name": "Others only", "providerId": "allowed-redirect-uris", "subType": "authenticated",
            "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
            "config": { "hosts": ["other.example.com"] }
        });
        let components = format!("/{realm}/components");
        let made = server.admin("POST", &components, policy).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = text(&client, "client_id");
        let refused = desk(&server, &realm, "POST", &format!("/{id}/approve"), json!({})).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (409, &json!("not_possible"))
        );
        assert!(refused.body.contains("Others only"), "{}", refused.body);
        assert_eq!(acts(&server, &realm, &client).await.status, 400, "it waits");
        let policy = format!("{components}/{}", made.created());
        assert_eq!(server.admin("DELETE", &policy, Value::Null).await.status, 204);
        approve(&server, &realm, &client).await;
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        // Who may only look is told so, whatever became of it.
        let viewer = token_with(&server, &realm, "viewer", &["view-clients"]).await;
        let path = format!("/admin/realms/{realm}/client-registrations/{id}/approve");
        let refused = server.with_token(&viewer, "POST", &path, json!({})).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
    }
}
