//! So many registrations, and so many mails, and no more; and nobody uses up what is another's.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;
use vestibule::store::Query as _;

use crate::people;
use crate::support::{self, Answer, Browser, Server, build};

fn request(realm: &str, from: &str, body: &Value) -> Request<Body> {
    let headers = [("content-type", "application/json")];
    let mut request = build("POST", &people::json_url(realm), &headers, body.to_string());
    let peer: SocketAddr = if from.contains(':') {
        format!("[{from}]:50000").parse().unwrap()
    } else {
        format!("{from}:50000").parse().unwrap()
    };
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn person(name: &str, email: &str) -> Value {
    json!({ "username": name, "email": email, "firstName": "Mia", "lastName": "Berg", "password": "correct horse" })
}

async fn register(server: &Server, realm: &str, from: &str, name: &str) -> Answer {
    let body = person(name, &format!("{name}@example.org"));
    server.send(request(realm, from, &body)).await
}

async fn realm(server: &Server, limits: Value) -> String {
    // Callers from outside: the realm does not ask them for https here.
    people::realm(server, json!({ "attributes": limits, "sslRequired": "none" })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_registers_so_many_and_then_is_told_to_wait() {
    for server in support::servers().await {
        let realm = realm(&server, json!({ "registration.limit.address": "2/600" })).await;
        for name in ["mia", "noa"] {
            assert_eq!(register(&server, &realm, "192.0.2.1", name).await.status, 201);
        }
        let refused = register(&server, &realm, "192.0.2.1", "ida").await;
        assert_eq!(refused.status, 429, "{}", refused.body);
        assert_eq!(refused.json()["error"], "too_many_registrations");
        assert!(
            refused.json()["errorMessage"].as_str().unwrap().contains("too many"),
            "{}",
            refused.body
        );
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=620).contains(&wait), "{wait}");
        assert_eq!(
            register(&server, &realm, "192.0.2.2", "ida").await.status,
            201,
            "a neighbour"
        );
        server.app.clock.advance((wait + 1) * 1000);
        assert_eq!(register(&server, &realm, "192.0.2.1", "eva").await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_errors_do_not_count_and_taken_names_do() {
    for server in support::servers().await {
        let realm = realm(&server, json!({ "registration.limit.address": "3/600" })).await;
        assert_eq!(register(&server, &realm, "192.0.2.1", "mia").await.status, 201);
        for _ in 0..5 {
            let wrong = person("noa", "no address");
            assert_eq!(server.send(request(&realm, "192.0.2.1", &wrong)).await.status, 400);
        }
        for _ in 0..2 {
            let taken = person("mia", "noa@example.org");
            assert_eq!(server.send(request(&realm, "192.0.2.1", &taken)).await.status, 409);
        }
        assert_eq!(register(&server, &realm, "192.0.2.1", "noa").await.status, 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_clients_and_domains_have_limits_of_their_own() {
    for server in support::servers().await {
        for (key, same, other) in [
            (
                "registration.limit.subnet",
                ("192.0.2.9", "x@c.example", false),
                ("192.0.3.9", "x@c.example", false),
            ),
            (
                "registration.limit.subnet",
                ("2001:db8:0:9::1", "x@c.example", false),
                ("2001:db8:1::1", "x@c.example", false),
            ),
            (
                "registration.limit.client",
                ("198.51.100.1", "x@c.example", true),
                ("198.51.100.1", "x@c.example", false),
            ),
            (
                "registration.limit.domain",
                ("198.51.100.1", "x@A.example", false),
                ("198.51.100.1", "x@b.example", false),
            ),
        ] {
            let realm = realm(&server, json!({ key: "1/600" })).await;
            let first = if same.0.contains(':') {
                "2001:db8::1"
            } else {
                "192.0.2.1"
            };
            let send = |name: &'static str, (from, email, through): (&'static str, &'static str, bool)| {
                let mut body = person(name, email);
                if through {
                    body["client_id"] = json!("app");
                }
                server.send(request(&realm, from, &body))
            };
            assert_eq!(send("mia", (first, "m@a.example", true)).await.status, 201, "{key}");
            assert_eq!(send("noa", same).await.status, 429, "{key}");
            assert_eq!(send("noa", other).await.status, 201, "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_may_be_stricter_and_never_looser() {
    let server = support::sqlite().await;
    let realm = realm(&server, json!({ "registration.limit.address": "3/600" })).await;
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId=app"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/clients/{}", found[0]["id"].as_str().unwrap());
    let strict = json!({ "clientId": "app", "attributes": { "registration.limit.address": "1/600" } });
    assert_eq!(server.admin("PUT", &path, strict).await.status, 204);
    let through = |name: &str| {
        let mut body = person(name, &format!("{name}@example.org"));
        body["client_id"] = json!("app");
        server.send(request(&realm, "192.0.2.1", &body))
    };
    assert_eq!(through("mia").await.status, 201);
    assert_eq!(through("noa").await.status, 429);
    assert_eq!(register(&server, &realm, "192.0.2.1", "noa").await.status, 201);
    let loose = json!({ "clientId": "app", "attributes": { "registration.limit.address": "off" } });
    assert_eq!(server.admin("PUT", &path, loose).await.status, 204);
    assert_eq!(through("ida").await.status, 201);
    assert_eq!(through("eva").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_counted_one_by_one() {
    for server in support::servers().await {
        let realm = realm(&server, json!({ "registration.limit.address": "10/600" })).await;
        let names: Vec<String> = (0..40).map(|n| format!("mia{n}")).collect();
        let sent = names.iter().map(|name| {
            let body = person(name, &format!("{name}@example.org"));
            let (router, request) = (server.router.clone(), request(&realm, "192.0.2.1", &body));
            tokio::spawn(async move { support::send(&router, request).await.status })
        });
        let mut counts = std::collections::BTreeMap::new();
        for answer in futures_util::future::join_all(sent).await {
            *counts.entry(answer.unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts, [(201, 10), (429, 30)].into());
        let users = server
            .admin("GET", &format!("/{realm}/users/count"), Value::Null)
            .await
            .json();
        assert_eq!(users, 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_says_it_on_the_page_and_keeps_what_was_typed() {
    let server = support::sqlite().await;
    let realm = realm(&server, json!({ "registration.limit.address": "1/600" })).await;
    for (name, status) in [("mia", 302), ("noa", 429)] {
        let mut browser = Browser::new(&server);
        let page = browser.get(&people::registration_url(&realm)).await;
        let fields = people::person_with_password(name, "correct horse");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let answer = browser.submit(&page.form("kc-register-form"), &fields).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 429 {
            assert!(answer.body.contains("too many registrations"), "{}", answer.body);
            assert!(answer.body.contains("noa@example.org"), "{}", answer.body);
            assert!(!answer.header("retry-after").is_empty());
        }
    }
}

/// Registers with one address from several places, and says what became of each.
async fn with_address_of_mia(server: &Server, realm: &str, from: &[&str]) -> Vec<u16> {
    let mut all = Vec::new();
    for (n, from) in from.iter().enumerate() {
        let body = person(&format!("x{}x{n}", from.replace(['.', ':'], "-")), "mia@example.org");
        all.push(server.send(request(realm, from, &body)).await.status);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_keep_back_the_mail_of_an_address_that_is_not_theirs() {
    for server in support::servers().await {
        let settings = json!({ "verifyEmail": true, "sslRequired": "none" });
        let realm = people::realm(&server, settings).await;
        let sent = with_address_of_mia(&server, &realm, &["192.0.2.1"; 6]).await;
        assert_eq!(sent, [201, 201, 201, 201, 201, 429], "the stranger is held up");
        assert_eq!(people::mails(&server, "mia@example.org").await.len(), 5);
        let owner = server
            .send(request(&realm, "198.51.100.7", &person("mia", "mia@example.org")))
            .await;
        assert_eq!(owner.status, 201, "{}", owner.body);
        assert_eq!(people::mails(&server, "mia@example.org").await.len(), 6);
        server.app.clock.advance(31_000);
        let path = format!(
            "{}/resend",
            owner.header("location").split_once("localhost:8080").unwrap().1
        );
        let bearer = format!("Bearer {}", owner.json()["status_token"].as_str().unwrap());
        let mut again = build("POST", &path, &[("authorization", &bearer)], String::new());
        let peer: SocketAddr = "198.51.100.7:50000".parse().unwrap();
        again.extensions_mut().insert(ConnectInfo(peer));
        let again = server.send(again).await;
        assert!(again.status < 300, "{}", again.body);
        assert_eq!(people::mails(&server, "mia@example.org").await.len(), 7);
        // However many places a stranger has, a mailbox is not flooded.
        let many: Vec<String> = (1..40).map(|n| format!("203.0.113.{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let sent = with_address_of_mia(&server, &realm, &many).await;
        assert_eq!(sent.iter().filter(|s| **s == 201).count(), 14, "{sent:?}");
        assert_eq!(people::mails(&server, "mia@example.org").await.len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_counted_cannot_be_read_in_the_database() {
    for server in support::servers().await {
        let realm = realm(&server, json!({})).await;
        register(&server, &realm, "192.0.2.1", "mia").await;
        let mut rows = server
            .app
            .db
            .all("select key, slots from limit_window", &[])
            .await
            .unwrap();
        assert!(rows.len() >= 3, "{}", rows.len());
        for row in &mut rows {
            let told = format!("{} {}", row.next::<String>().unwrap(), row.next::<String>().unwrap());
            assert!(!told.contains("192.0.2") && !told.contains("mia"), "{told}");
        }
        server.app.clock.advance(3 * 3_600_000);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        assert_eq!(
            server
                .app
                .db
                .count("select count(*) from limit_window", &[])
                .await
                .unwrap(),
            0
        );
    }
}
