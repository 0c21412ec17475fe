//! Alerts: bursts from one address, failed logins of applications, countries from which nobody came lately; each told once.

use std::path::Path;

use serde_json::{Value, json};
use vestibule::alerts::Countries;

use crate::people::{self, json_url, mails};
use crate::support::oidc::{shop, token};
use crate::support::{self, Answer, Server, build, send};

/// The smallest database in MaxMind's format: IPv4 networks of 8 bits, each in a country.
fn database(kind: &str, countries: &[(u8, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[0x40 | text.len() as u8], text.as_bytes()].concat();
    let mut data = Vec::new();
    let mut places = Vec::new();
    for (_, code) in countries {
        places.push(data.len());
        // A map of one, `country`, that is a map of one, `iso_code`.
        data.extend([vec![0xe1], text("country"), vec![0xe1], text("iso_code"), text(code)].concat());
    }
    // A binary tree of eight levels; a record is a node, or beyond them a place in the data.
    let mut nodes: Vec<[Option<usize>; 2]> = vec![[None, None]];
    let mut leaves = Vec::new();
    for (at, (net, _)) in countries.iter().enumerate() {
        let mut node = 0;
        for bit in (1..8).rev() {
            let side = usize::from(net >> bit & 1);
            node = match nodes[node][side] {
                Some(next) => next,
                None => {
                    nodes.push([None, None]);
                    let next = nodes.len() - 1;
                    nodes[node][side] = Some(next);
                    next
                }
            };
        }
        leaves.push((node, usize::from(net & 1), places[at]));
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for (at, sides) in nodes.iter().enumerate() {
        for (side, next) in sides.iter().enumerate() {
            let leaf = leaves.iter().find(|leaf| (leaf.0, leaf.1) == (at, side));
            let record = next.or(leaf.map(|leaf| count + 16 + leaf.2)).unwrap_or(count) as u32;
            file.extend(&record.to_be_bytes()[1..]);
        }
    }
    file.extend([0; 16]);
    file.extend(&data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let short = |n: u16| [&[0xa2][..], &n.to_be_bytes()].concat();
    let members = [
        ("binary_format_major_version", short(2)),
        ("binary_format_minor_version", short(0)),
        ("build_epoch", vec![0x04, 0x02, 1, 2, 3, 4]),
        ("database_type", text(kind)),
        ("description", vec![0xe0]),
        ("ip_version", short(4)),
        ("languages", vec![0x00, 0x04]),
        ("node_count", [&[0xc4][..], &(count as u32).to_be_bytes()].concat()),
        ("record_size", short(24)),
    ];
    file.push(0xe0 | members.len() as u8);
    for (name, value) in members {
        file.extend([text(name), value].concat());
    }
    file
}

fn from(address: &str, mut request: axum::http::Request<axum::body::Body>) -> axum::http::Request<axum::body::Body> {
    let peer = std::net::SocketAddr::new(address.parse().unwrap(), 4711);
    request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    request
}

async fn register(server: &Server, realm: &str, name: &str, address: &str) -> Answer {
    let person = json!({
        "username": name, "email": format!("{name}@example.org"), "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse"
    });
    let headers = [("content-type", "application/json")];
    let request = build("POST", &json_url(realm), &headers, person.to_string());
    send(&server.router, from(address, request)).await
}

/// Details of the alerts, the newest first, with the address.
async fn alerts(server: &Server, realm: &str) -> Vec<Value> {
    let path = format!("/{realm}/events?type=ALERT");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let shown = all.as_array().unwrap().iter();
    let shown = shown.map(|e| {
        let mut details = e["details"].clone();
        details["from"] = e["ipAddress"].clone();
        details
    });
    shown.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_registrations_from_one_address_is_told_once_by_event_and_mail() {
    for server in support::servers().await {
        let attributes = json!({
            "registration.alert.address": "4/3600", "registration.alert.mail": "watch@example.org, second@example.org"
        });
        let realm = people::realm(&server, json!({ "attributes": attributes, "sslRequired": "none" })).await;
        let (one, other) = ("203.0.113.7", "203.0.113.8");
        assert_eq!(register(&server, &realm, "per0", one).await.status, 201);
        assert_eq!(register(&server, &realm, "per1", other).await.status, 201);
        // Refusals count as well.
        assert_eq!(register(&server, &realm, "per0", one).await.status, 409);
        assert_eq!(register(&server, &realm, "per0", one).await.status, 409);
        assert!(alerts(&server, &realm).await.is_empty());
        for n in 2..10 {
            register(&server, &realm, &format!("per{n}"), one).await;
        }
        let told = alerts(&server, &realm).await;
        let expected =
            json!({ "reason": "registrations", "field": "address", "value": one, "limit": "4/3600", "from": one });
        assert_eq!(told, [expected]);
        for address in ["watch@example.org", "second@example.org"] {
            let all = mails(&server, address).await;
            assert_eq!(all.len(), 1, "{address}");
            let text = all[0]["text"].as_str().unwrap();
            assert!(text.contains("4 times from 203.0.113.7"), "{text}");
        }

        let off = json!({ "attributes": { "registration.alert.address": "off" } });
        let quiet = people::realm(
            &server,
            json!({ "attributes": off["attributes"], "sslRequired": "none" }),
        )
        .await;
        for n in 0..6 {
            register(&server, &quiet, &format!("per{n}"), one).await;
        }
        assert!(alerts(&server, &quiet).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_attempts_raise_one_alert() {
    for server in support::servers().await {
        let attributes = json!({ "registration.alert.address": "5/3600" });
        let realm = people::realm(&server, json!({ "attributes": attributes, "sslRequired": "none" })).await;
        let names: Vec<String> = (0..16).map(|n| format!("per{n}")).collect();
        let all = names.iter().map(|name| register(&server, &realm, name, "203.0.113.7"));
        futures_util::future::join_all(all).await;
        assert_eq!(alerts(&server, &realm).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_failed_logins_of_applications_are_told_of() {
    for server in support::servers().await {
        let attributes =
            json!({ "clientRegistration.alert.address": "3/600", "clientRegistration.alert.mail": "ops@example.org" });
        let realm = shop(&server, json!({ "eventsEnabled": true, "attributes": attributes })).await;
        let path = format!("/realms/{realm}/clients-registrations/openid-connect");
        for _ in 0..4 {
            assert!(
                server
                    .json(&path, &json!({ "redirect_uris": ["https://a.example/cb"] }))
                    .await
                    .status
                    >= 400
            );
        }
        for n in 0..4 {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", if n == 3 { "nobody" } else { "back" }),
                ("client_secret", "wrong"),
            ];
            assert_eq!(token(&server, &realm, &fields).await.status, 401);
        }
        let mut told: Vec<(String, String)> = alerts(&server, &realm)
            .await
            .iter()
            .map(|a| {
                (
                    a["reason"].as_str().unwrap().to_owned(),
                    a["value"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        told.sort();
        let expected = [
            ("client_logins", "127.0.0.1"),
            ("client_logins", "back"),
            ("client_registrations", "127.0.0.1"),
        ];
        assert_eq!(told, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(mails(&server, "ops@example.org").await.len(), 3);

        // A registration that is not looked at leaves an event all the same.
        let off = json!({ "attributes": { "clientRegistration.access": "off" } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), off).await.status, 204);
        assert_eq!(server.json(&path, &json!({})).await.status, 404);
        let path = format!("/{realm}/events?type=CLIENT_REGISTER_ERROR");
        let events = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(events[0]["error"], "not_allowed");
        assert_eq!(events[0]["ipAddress"], "127.0.0.1");
        assert!(events[1]["details"]["policy"].is_string(), "{events}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_from_a_country_of_which_nobody_was_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countries.mmdb");
    std::fs::write(&file, database("GeoLite2-Country", &[(5, "DE"), (6, "FR"), (77, "BR")])).unwrap();
    for server in support::servers_with(|config| config.geoip = Some(file.clone())).await {
        let realm = people::realm(&server, json!({ "sslRequired": "none" })).await;
        for (name, address) in [
            ("aaa", "5.1.2.3"), // the very first
            ("bbb", "5.9.9.9"),
            ("ccc", "10.0.0.1"), // nowhere
            ("ddd", "77.0.0.1"),
            ("eee", "77.0.0.2"),
            ("fff", "::ffff:6.6.6.6"),
        ] {
            assert_eq!(register(&server, &realm, name, address).await.status, 201);
        }
        let told = alerts(&server, &realm).await;
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|a| (a["value"].as_str().unwrap(), a["from"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("FR", "6.6.6.6"), ("BR", "77.0.0.1")]);
    }
}

#[test]
fn a_file_that_is_no_database_of_countries_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = database("GeoLite2-Country", &[(5, "DE")]);
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("text", b"hello".to_vec(), "no database in MaxMind's format"),
        ("empty", Vec::new(), "no database in MaxMind's format"),
        (
            "half",
            good[..good.len() / 2].to_vec(),
            "no database in MaxMind's format",
        ),
        (
            "other",
            database("GeoLite2-ASN", &[(5, "DE")]),
            "a database of countries or cities is needed",
        ),
    ];
    for (name, bytes, said) in cases {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let why = Countries::open(&file).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(why.starts_with("--geoip ") && why.contains(said), "{name}: {why}");
    }
    let why = Countries::open(Path::new("/nowhere.mmdb")).err().unwrap().to_string();
    assert!(why.contains("/nowhere.mmdb"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_for_alerts_are_looked_at() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (value, status) in [
        ("a@example.org, b@example.org", 204),
        ("", 204),
        ("nobody", 400),
        ("a@b.c,,d@e.f", 400),
    ] {
        let body = json!({ "attributes": { "registration.alert.mail": value } });
        assert_eq!(
            server.admin("PUT", &format!("/{realm}"), body).await.status,
            status,
            "{value}"
        );
    }
}
