//! Webhooks: addresses that are told of events, until they hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::app::App;
use vestibule::store::Query as _;
use vestibule::store::outbox;
use vestibule::webhook;

use crate::client_registration::{initial, plain, register, text};
use crate::people::{self, json_url};
use crate::support::process::Process;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{self, Answer, Server};

const DAY: i64 = 24 * 3_600_000;

async fn add(server: &Server, realm: &str, body: Value) -> Answer {
    server.admin("POST", &format!("/{realm}/webhooks"), body).await
}

async fn deliveries(server: &Server, realm: &str, id: &str, status: &str) -> Vec<Value> {
    let path = format!("/{realm}/webhooks/{id}/deliveries?status={status}");
    server
        .admin("GET", &path, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .clone()
}

/// Somebody registers: `REGISTER`.
async fn somebody(server: &Server, realm: &str, name: &str) {
    let body = json!({
        "username": name, "email": format!("{name}@example.org"), "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse"
    });
    assert_eq!(server.json(&json_url(realm), &body).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_read_changed_and_removed() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "adminEventsEnabled": true })).await;
        let made = add(
            &server,
            &realm,
            json!({ "url": "https://hooks.example.org/a", "events": ["REGISTER", "admin.*"] }),
        )
        .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let told = made.json();
        let secret = text(&told, "secret");
        assert!(secret.starts_with("whsec_") && secret.len() > 40, "shown once: {told}");
        assert_eq!(made.header("cache-control"), "no-store");
        let id = made.created();
        assert_eq!(id, text(&told, "id"));
        let path = format!("/{realm}/webhooks/{id}");
        let read = server.admin("GET", &path, Value::Null).await.json();
        let expected = json!({
            "id": id, "url": "https://hooks.example.org/a", "events": ["REGISTER", "admin.*"], "secret": "**********",
            "enabled": true, "createdTimestamp": told["createdTimestamp"]
        });
        assert_eq!(read, expected);
        assert_eq!(
            server
                .admin("GET", &format!("/{realm}/webhooks"), Value::Null)
                .await
                .json(),
            json!([expected])
        );
        // What is written back changes nothing, and shows nothing.
        let same = server.admin("PUT", &path, read.clone()).await;
        assert_eq!((same.status, same.json()), (200, expected));
        let moved = server
            .admin(
                "PUT",
                &path,
                json!({ "url": "https://hooks.example.org/b", "enabled": false }),
            )
            .await
            .json();
        assert_ne!(
            text(&moved, "secret"),
            "**********",
            "another address has another secret"
        );
        assert_eq!((&moved["enabled"], &moved["events"]), (&json!(false), &read["events"]));
        let kept = server
            .app
            .db
            .list("select secret from webhook", &[])
            .await
            .unwrap()
            .remove(0)
            .next::<Vec<u8>>()
            .unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("whsec_"));
        let events = server
            .admin(
                "GET",
                &format!("/{realm}/admin-events?resourceTypes=REALM"),
                Value::Null,
            )
            .await;
        assert!(
            events.body.contains(&format!("webhooks/{id}")) && !events.body.contains("whsec_"),
            "{}",
            events.body
        );
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        for (method, path) in [
            ("GET", &*path),
            ("DELETE", &path),
            ("GET", &format!("{path}/deliveries")),
        ] {
            assert_eq!(server.admin(method, path, Value::Null).await.status, 404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_makes_no_sense_is_refused() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    for body in [
        json!({}),
        json!({ "url": "" }),
        json!({ "url": "ftp://hooks.example.org" }),
        json!({ "url": "https://user:password@hooks.example.org/" }),
        json!({ "url": format!("https://hooks.example.org/{}", "a".repeat(2_000)) }),
        json!({ "url": "https://hooks.example.org", "events": ["NOSUCH"] }),
        json!({ "url": "https://hooks.example.org", "events": ["admin.NOSUCH.CREATE"] }),
        json!({ "url": "https://hooks.example.org", "events": "REGISTER" }),
        json!({ "url": "https://hooks.example.org", "secret": "short" }),
    ] {
        let answer = add(&server, &realm, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    let asks = (0..60).map(|_| add(&server, &realm, json!({ "url": "https://hooks.example.org" })));
    let answers = futures_util::future::join_all(asks).await;
    assert_eq!(
        answers.iter().filter(|a| a.status == 201).count(),
        50,
        "a realm has a bounded number"
    );
    assert!(answers.iter().all(|a| matches!(a.status, 201 | 400)));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_applications_and_administrators_are_told_of_by_type() {
    for server in support::servers().await {
        let (some, all) = (Receiver::with_status(200).await, Receiver::with_status(204).await);
        let realm = people::realm(&server, json!({ "eventsEnabled": false })).await;
        let events = json!([
            "REGISTER",
            "CLIENT_REGISTER",
            "CLIENT_REGISTER_ERROR",
            "admin.ROLE.*",
            "admin.REALM_ROLE.CREATE"
        ]);
        let known = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let refused = add(&server, &realm, json!({ "url": some.url, "events": events })).await;
        assert_eq!(refused.status, 400, "there is no type ROLE");
        let events = json!([
            "REGISTER",
            "CLIENT_REGISTER",
            "CLIENT_REGISTER_ERROR",
            "admin.REALM_ROLE.CREATE"
        ]);
        let made = add(
            &server,
            &realm,
            json!({ "url": some.url, "events": events, "secret": known }),
        )
        .await;
        assert_eq!(made.json()["secret"], "**********");
        add(&server, &realm, json!({ "url": all.url })).await;
        let off = add(&server, &realm, json!({ "url": all.url, "enabled": false }))
            .await
            .created();
        somebody(&server, &realm, "mia").await;
        server
            .admin("POST", &format!("/{realm}/roles"), json!({ "name": "reader" }))
            .await;
        server
            .admin("DELETE", &format!("/{realm}/roles/reader"), Value::Null)
            .await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        assert_eq!(register(&server, &realm, Some(&token), &plain()).await.status, 201);
        assert_eq!(register(&server, &realm, None, &plain()).await.status, 403);
        while webhook::deliver_due(&server.app).await.unwrap() > 0 {}
        let heard = some.heard();
        let types: Vec<String> = heard.iter().map(|h| text(&h.json(), "type").to_owned()).collect();
        assert_eq!(
            types,
            [
                "REGISTER",
                "admin.REALM_ROLE.CREATE",
                "CLIENT_REGISTER",
                "CLIENT_REGISTER_ERROR"
            ]
        );
        assert!(heard.iter().all(|h| h.is_signed_with(known)));
        let data = &heard[0].json()["data"];
        assert_eq!(
            (&data["type"], &data["details"]["username"]),
            (&json!("REGISTER"), &json!("mia"))
        );
        let data = &heard[1].json()["data"];
        assert_eq!(
            (&data["operationType"], &data["resourcePath"]),
            (&json!("CREATE"), &json!("roles/reader"))
        );
        assert!(all.heard().len() > heard.len());
        assert!(all.heard().iter().any(|h| h.body.contains("admin.REALM_ROLE.DELETE")));
        assert!(deliveries(&server, &realm, &off, "").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_hear_is_told_for_a_day_and_then_on_demand() {
    for server in support::servers().await {
        let status = Arc::new(AtomicU16::new(500));
        let answers = Arc::clone(&status);
        let receiver = Receiver::start(move |_| Reply::Status(answers.load(Ordering::Relaxed))).await;
        let realm = people::realm(&server, json!({})).await;
        let id = add(&server, &realm, json!({ "url": receiver.url, "events": ["REGISTER"] }))
            .await
            .created();
        let began = server.app.now();
        somebody(&server, &realm, "mia").await;
        let (mut attempts, mut pause) = (0, 5_000);
        while server.app.now() < began + 2 * DAY {
            webhook::deliver_due(&server.app).await.unwrap();
            attempts += 1;
            assert_eq!(receiver.heard().len(), attempts);
            let Some(waiting) = deliveries(&server, &realm, &id, "waiting").await.pop() else {
                break;
            };
            assert_eq!(
                (&waiting["attempts"], &waiting["error"]),
                (&json!(attempts), &json!("it answered 500"))
            );
            let next = waiting["nextAttemptTimestamp"].as_i64().unwrap();
            assert!((next - server.app.now() - pause).abs() < 2_000, "{waiting}");
            webhook::deliver_due(&server.app).await.unwrap();
            server.app.clock.advance(pause + 1);
            pause *= 2;
        }
        assert_eq!(attempts, 15, "5 s, 10 s, 20 s, ... within a day");
        let dead = deliveries(&server, &realm, &id, "dead").await.remove(0);
        assert_eq!((&dead["type"], &dead["status"]), (&json!("REGISTER"), &json!("dead")));
        server.app.clock.advance(2 * DAY);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        status.store(200, Ordering::Relaxed);
        let replay = format!("/{realm}/webhooks/{id}/deliveries/{}/replay", text(&dead, "id"));
        let asks = (0..4).map(|_| server.admin("POST", &replay, Value::Null));
        let mut answers: Vec<u16> = futures_util::future::join_all(asks)
            .await
            .iter()
            .map(|a| a.status)
            .collect();
        answers.sort_unstable();
        assert_eq!(answers, [204, 404, 404, 404]);
        assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 1);
        let heard = receiver.heard();
        assert_eq!(
            heard[0].header("webhook-id"),
            heard.last().unwrap().header("webhook-id")
        );
        assert_eq!(deliveries(&server, &realm, &id, "delivered").await.len(), 1);
        assert_eq!(server.admin("POST", &replay, Value::Null).await.status, 404);
        assert_eq!(
            server
                .admin(
                    "GET",
                    &format!("/{realm}/webhooks/{id}/deliveries?status=lost"),
                    Value::Null
                )
                .await
                .status,
            400
        );
        server.app.clock.advance(10 * DAY);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        assert!(
            deliveries(&server, &realm, &id, "").await.is_empty(),
            "nothing is kept for ever"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_hangs_holds_up_nobody_else() {
    let server = support::sqlite().await;
    let (silent, listening) = (Receiver::start(|_| Reply::Hang).await, Receiver::with_status(200).await);
    let realm = people::realm(&server, json!({})).await;
    for url in [&silent.url, &listening.url] {
        add(&server, &realm, json!({ "url": url, "events": ["REGISTER"] })).await;
    }
    webhook::start(&server.app);
    for (n, name) in ["mia", "leo", "zoe"].iter().enumerate() {
        somebody(&server, &realm, name).await;
        for _ in 0..100 {
            if listening.heard().len() > n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(listening.heard().len(), n + 1, "while the other hangs");
    }
    assert_eq!(silent.heard().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_tell_everything_once() {
    for server in support::servers().await {
        let receiver = Receiver::with_status(200).await;
        let realm = people::realm(&server, json!({})).await;
        add(&server, &realm, json!({ "url": receiver.url, "events": ["REGISTER"] })).await;
        for n in 0..12 {
            somebody(&server, &realm, &format!("person{n}")).await;
        }
        let mut nodes = vec![server.app.clone()];
        if server.app.db.engine_name() == "postgres" {
            nodes.push(
                App::open(server.app.config.clone(), server.app.clock.clone())
                    .await
                    .unwrap(),
            );
        }
        let asks = nodes
            .iter()
            .flat_map(|app| (0..4).map(move |_| webhook::deliver_due(app)));
        futures_util::future::join_all(asks).await;
        while webhook::deliver_due(&server.app).await.unwrap() > 0 {}
        let mut ids: Vec<String> = receiver
            .heard()
            .iter()
            .map(|h| h.header("webhook-id").to_owned())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), receiver.heard().len()), (12, 12));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_waits_for_an_address_the_newest_is_kept() {
    for server in support::servers().await {
        let receiver = Receiver::with_status(500).await;
        let realm = people::realm(&server, json!({})).await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = add(&server, &realm, json!({ "url": receiver.url, "events": ["REGISTER"] })).await;
            ids.push(made.created());
        }
        for n in 0..5 {
            somebody(&server, &realm, &format!("person{n}")).await;
        }
        let before = deliveries(&server, &realm, &ids[0], "waiting").await;
        assert_eq!(before.len(), 5);
        outbox::trim(&server.app.db, 3).await.unwrap();
        for id in &ids {
            assert_eq!(deliveries(&server, &realm, id, "waiting").await.len(), 3);
        }
        assert_eq!(deliveries(&server, &realm, &ids[0], "waiting").await, before[..3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_leads_to_this_server_does_not_feed_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), None, &[]).await;
    let token = server.admin_token().await;
    let realm = json!({ "realm": "acme", "enabled": true });
    assert_eq!(server.admin(&token, "POST", "", &realm).await.status, 201);
    let endpoint = "/realms/acme/protocol/openid-connect/token";
    let webhook = json!({ "url": format!("http://127.0.0.1:{}{endpoint}", server.port) });
    let made = server.admin(&token, "POST", "/acme/webhooks", &webhook).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/acme/webhooks/{}/deliveries", made.created());
    // Each request that is refused is an event.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = server
        .call("POST", endpoint, &form, "grant_type=client_credentials&client_id=x")
        .await
        .unwrap();
    assert_eq!(refused.status, 401);
    let told = async || server.admin(&token, "GET", &path, &Value::Null).await.json();
    let mut first = Value::Null;
    for _ in 0..100 {
        first = told().await;
        if first[0]["attempts"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(first[0]["error"], "it answered 400", "{first}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let later = told().await;
    assert_eq!(later.as_array().unwrap().len(), 1, "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_hears_any_more_is_forgotten_with_the_webhook_or_the_realm() {
    for server in support::servers().await {
        let receiver = Receiver::with_status(500).await;
        let realm = people::realm(&server, json!({})).await;
        let id = add(&server, &realm, json!({ "url": receiver.url, "events": ["REGISTER"] }))
            .await
            .created();
        add(&server, &realm, json!({ "url": receiver.url, "events": ["REGISTER"] })).await;
        somebody(&server, &realm, "mia").await;
        let waiting = || async {
            server
                .app
                .db
                .count("select count(*) from outbox where receiver is not null", &[])
                .await
                .unwrap()
        };
        assert_eq!(waiting().await, 2);
        server
            .admin("DELETE", &format!("/{realm}/webhooks/{id}"), Value::Null)
            .await;
        assert_eq!(waiting().await, 1);
        server.admin("DELETE", &format!("/{realm}"), Value::Null).await;
        assert_eq!(waiting().await, 0);
        assert_eq!(
            server.app.db.count("select count(*) from webhook", &[]).await.unwrap(),
            0
        );
    }
}
