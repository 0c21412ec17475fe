//! The life of registered applications: who registered what, when it was used, when it goes, and how many there may be.

use serde_json::{Value, json};
use vestibule::client_registration::life;

use super::client_registration::{initial, plain, register, text};
use super::support::oidc::{at, refresh, shop, token, tokens_of_mia};
use super::support::{self, Answer, Server};

const HOUR: i64 = 3_600_000;

async fn get(server: &Server, path: &str) -> Answer {
    server.admin("GET", path, Value::Null).await
}

async fn use_it(server: &Server, realm: &str, client: &Value) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
    ];
    token(server, realm, &fields).await
}

fn service() -> Value {
    json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post", "client_name": "Crane",
        "contacts": ["crane@example.com"]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_on_record_who_registered_what_with_which_token() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (id, token) = initial(&server, &realm, json!({ "owner": "blue" })).await;
        let (_, other) = initial(&server, &realm, json!({})).await;
        let made = register(&server, &realm, Some(&token), &service()).await.json();
        register(&server, &realm, Some(&other), &plain()).await;
        let base = format!("/{realm}/client-registrations");
        for (query, number) in [
            (String::new(), 2),
            (format!("?tokenId={id}"), 1),
            ("?owner=blue".to_owned(), 1),
            ("?owner=red".to_owned(), 0),
            ("?source=token&ipAddress=127.0.0.1".to_owned(), 2),
            (format!("?clientId={}", text(&made, "client_id")), 1),
            (format!("?search={}", &text(&made, "client_id")[..8]), 1),
            ("?from=0&to=5".to_owned(), 0),
            ("?status=approval".to_owned(), 0),
            ("?max=1".to_owned(), 1),
        ] {
            let listed = get(&server, &format!("{base}{query}")).await.json();
            assert_eq!(listed.as_array().unwrap().len(), number, "{query}: {listed}");
            if !query.contains("max") {
                let count = get(&server, &format!("{base}/count{query}")).await;
                assert_eq!(count.body, number.to_string(), "{query}");
            }
        }
        let one = get(&server, &format!("{base}/{}", text(&made, "client_id")))
            .await
            .json();
        assert_eq!(
            (&one["status"], &one["source"], &one["owner"]),
            (&json!("done"), &json!("token"), &json!("blue"))
        );
        assert_eq!(
            (&one["tokenId"], &one["metadata"]["client_name"]),
            (&json!(id), &json!("Crane"))
        );
        assert_eq!(get(&server, &format!("{base}/nobody")).await.status, 404);
        assert_eq!(get(&server, &format!("{base}?from=x")).await.status, 400);
        let hand = server.client(&realm, json!({ "clientId": "by-hand" })).await;
        let told = get(&server, &format!("/{realm}/clients/{hand}/registration"))
            .await
            .json();
        assert_eq!(
            (&told["source"], &told["ipAddress"]),
            (&json!("admin"), &json!("127.0.0.1"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn use_is_seen_and_who_is_not_used_is_warned_and_goes() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "eventsEnabled": true, "attributes": {
                "clientRegistration.unused.expires": "7200", "clientRegistration.idle.expires": "14400",
                "clientRegistration.warn.before": "3600"
            } }))
            .await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let unused = register(&server, &realm, Some(&token), &service()).await.json();
        let used = register(&server, &realm, Some(&token), &service()).await.json();
        let by_hand = server.client(&realm, json!({ "clientId": "by-hand" })).await;
        let (unused_id, used_id) = (text(&unused, "client_id"), text(&used, "client_id"));
        let told = |id: &str| format!("/{realm}/clients/{id}/registration");
        let before = get(&server, &told(used_id)).await.json();
        assert!(before.get("lastUsed").is_none());
        assert_eq!(
            before["expires"].as_i64().unwrap() - before["time"].as_i64().unwrap(),
            2 * HOUR
        );

        assert_eq!(use_it(&server, &realm, &used).await.status, 200);
        life::sweep(&server.app).await.unwrap();
        let after = get(&server, &told(used_id)).await.json();
        let last = after["lastUsed"].as_i64().unwrap();
        assert_eq!(after["expires"].as_i64().unwrap() - last, 4 * HOUR);

        server.app.clock.advance(HOUR + 60_000);
        life::sweep(&server.app).await.unwrap();
        life::sweep(&server.app).await.unwrap();
        let mails = server
            .request("GET", "/inbox/messages?to=crane@example.com", &[], "")
            .await
            .json();
        assert_eq!(mails.as_array().unwrap().len(), 1, "{mails}");
        assert!(text(&mails[0], "text").contains(unused_id));
        let stale = get(&server, &format!("/{realm}/clients?stale=3600")).await.json();
        let stale: Vec<&str> = stale.as_array().unwrap().iter().map(|c| text(c, "id")).collect();
        assert!(
            stale.contains(&unused_id) && stale.contains(&by_hand.as_str()),
            "{stale:?}"
        );

        server.app.clock.advance(HOUR);
        life::sweep(&server.app).await.unwrap();
        assert_eq!(get(&server, &format!("/{realm}/clients/{unused_id}")).await.status, 404);
        assert_eq!(use_it(&server, &realm, &unused).await.status, 401);
        assert_eq!(use_it(&server, &realm, &used).await.status, 200);
        let events = get(&server, &format!("/{realm}/events?type=CLIENT_EXPIRED"))
            .await
            .json();
        assert_eq!(events[0]["clientId"], unused_id);

        life::sweep(&server.app).await.unwrap();
        server.app.clock.advance(3 * HOUR + 60_000);
        life::sweep(&server.app).await.unwrap();
        assert_eq!(get(&server, &format!("/{realm}/clients/{used_id}")).await.status, 200);
        server.app.clock.advance(2 * HOUR);
        life::sweep(&server.app).await.unwrap();
        assert_eq!(get(&server, &format!("/{realm}/clients/{used_id}")).await.status, 404);
        assert_eq!(get(&server, &format!("/{realm}/clients/{by_hand}")).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_new_deletes_nobody_who_was_not_warned() {
    for server in support::servers().await {
        for (before, warned) in [("3600", true), ("0", false)] {
            let realm = server.realm(json!({})).await;
            let (_, token) = initial(&server, &realm, json!({})).await;
            let address = format!("before-{before}@example.com");
            let mut body = service();
            body["contacts"] = json!([address]);
            let made = register(&server, &realm, Some(&token), &body).await.json();
            let path = format!("/{realm}/clients/{}", text(&made, "client_id"));
            server.app.clock.advance(10 * HOUR);
            let rule = json!({ "attributes": {
                "clientRegistration.unused.expires": "7200", "clientRegistration.warn.before": before
            } });
            assert_eq!(server.admin("PUT", &format!("/{realm}"), rule).await.status, 204);
            for _ in 0..2 {
                life::sweep(&server.app).await.unwrap();
                let status = get(&server, &path).await.status;
                assert_eq!(status, if warned { 200 } else { 404 }, "{before}");
            }
            let mails = server
                .request("GET", &format!("/inbox/messages?to={address}"), &[], "")
                .await
                .json();
            assert_eq!(mails.as_array().unwrap().len(), usize::from(warned), "{mails}");
            if warned {
                let told = get(&server, &format!("{path}/registration")).await.json();
                assert!(told["expires"].as_i64().unwrap() > server.app.now(), "{told}");
                server.app.clock.advance(HOUR + 60_000);
                life::sweep(&server.app).await.unwrap();
                assert_eq!(get(&server, &path).await.status, 404);
            }
        }
    }
}

async fn rename(server: &Server, table: &str, name: &str) {
    let mut tx = server.app.db.begin().await.unwrap();
    tx.exec(&format!("alter table {table} rename to {name}"), &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_could_not_be_written_is_written_by_the_next_sweep() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let made = register(&server, &realm, Some(&token), &service()).await.json();
        assert_eq!(use_it(&server, &realm, &made).await.status, 200);
        rename(&server, "client_registration", "elsewhere").await;
        assert!(life::sweep(&server.app).await.is_err());
        rename(&server, "elsewhere", "client_registration").await;
        life::sweep(&server.app).await.unwrap();
        let path = format!("/{realm}/clients/{}/registration", text(&made, "client_id"));
        let told = get(&server, &path).await.json();
        assert!(told["lastUsed"].is_i64(), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_hold_however_many_come_at_once() {
    for server in support::servers().await {
        for (of, more) in [
            ("token", json!({})),
            ("owner", json!({ "owner": "blue" })),
            ("address", json!({})),
            ("realm", json!({})),
        ] {
            let attributes = json!({ format!("clientRegistration.quota.{of}"): "2" });
            let realm = server
                .realm(json!({ "eventsEnabled": true, "attributes": attributes }))
                .await;
            let (_, token) = initial(&server, &realm, more).await;
            let body = plain();
            let all = (0..6).map(|_| register(&server, &realm, Some(&token), &body));
            let all = futures_util::future::join_all(all).await;
            let made = all.iter().filter(|answer| answer.status == 201).count();
            assert_eq!(made, 2, "{of}");
            let refused = all.iter().find(|answer| answer.status == 403).unwrap();
            assert_eq!(refused.json()["error"], "quota_exceeded");
            let events = get(&server, &format!("/{realm}/events?type=CLIENT_REGISTER_ERROR"))
                .await
                .json();
            assert_eq!(
                (&events[0]["error"], &events[0]["details"]["reason"]),
                (&json!("quota_exceeded"), &json!(of))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_are_disabled_and_removed_at_once() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let one = register(&server, &realm, Some(&token), &service()).await.json();
    let two = register(&server, &realm, Some(&token), &service()).await.json();
    let internal = get(&server, &format!("/{realm}/clients?clientId=realm-management"))
        .await
        .json();
    let internal = text(&internal[0], "id");
    let path = format!("/{realm}/clients/bulk");
    let ids = json!([text(&one, "client_id"), text(&two, "client_id"), internal, "nobody"]);
    let told = server
        .admin("POST", &path, json!({ "ids": ids, "action": "disable" }))
        .await
        .json();
    assert_eq!(told["done"], 2, "{told}");
    assert_eq!(
        (&told["failed"][0]["id"], &told["failed"][1]["id"]),
        (&json!(internal), &json!("nobody"))
    );
    assert_eq!(use_it(&server, &realm, &one).await.status, 401);
    let told = server
        .admin("POST", &path, json!({ "ids": ids, "action": "delete" }))
        .await
        .json();
    assert_eq!(told["done"], 2);
    let gone = get(&server, &format!("/{realm}/clients/{}", text(&one, "client_id"))).await;
    assert_eq!(gone.status, 404);
    assert_eq!(
        server
            .admin("POST", &path, json!({ "ids": [], "action": "x" }))
            .await
            .status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_is_used_by_what_was_given_to_it_and_not_by_who_names_it() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let clients = get(&server, &format!("/{realm}/clients?clientId=shop")).await.json();
        let path = format!("/{realm}/clients/{}/registration", text(&clients[0], "id"));
        let used = async || {
            life::sweep(&server.app).await.unwrap();
            get(&server, &path).await.json().get("lastUsed").cloned()
        };
        let garbage = [
            ("grant_type", "authorization_code"),
            ("client_id", "shop"),
            ("code", "garbage"),
        ];
        assert_eq!(token(&server, &realm, &garbage).await.status, 400);
        for endpoint in ["revoke", "token/introspect", "ext/par/request", "auth/device"] {
            server
                .form(&at(&realm, endpoint), &[("client_id", "shop"), ("token", "x")])
                .await;
        }
        assert_eq!(used().await, None);
        let tokens = tokens_of_mia(&server, &realm, "openid").await;
        let first = used().await;
        assert!(first.is_some());
        server.app.clock.advance(1000);
        let refreshed = refresh(&server, &realm, text(&tokens, "refresh_token")).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
        assert_ne!(used().await, first);
        // With a secret, who knows it is who uses it.
        let wrong = [
            ("grant_type", "client_credentials"),
            ("client_id", "back"),
            ("client_secret", "wrong"),
        ];
        assert_eq!(token(&server, &realm, &wrong).await.status, 401);
        let clients = get(&server, &format!("/{realm}/clients?clientId=back")).await.json();
        life::sweep(&server.app).await.unwrap();
        let path = format!("/{realm}/clients/{}/registration", text(&clients[0], "id"));
        assert!(get(&server, &path).await.json().get("lastUsed").is_none());
    }
}
