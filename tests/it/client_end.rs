//! The end of registered applications: to the instant, and where it was told.

use serde_json::{Value, json};
use vestibule::client_registration::life;

use super::approval::{approve, crane, desk, register_crane, waiting_realm};
use super::client_registration::{initial, register, text};
use super::support::oidc::token;
use super::support::{self, Answer, Server};

const HOUR: i64 = 3_600_000;

fn service() -> Value {
    json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post", "client_name": "Crane",
        "contacts": ["crane@example.com"]
    })
}

async fn use_it(server: &Server, realm: &str, client: &Value) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
    ];
    token(server, realm, &fields).await
}

/// What the client itself gets from where it is managed.
async fn own(server: &Server, client: &Value, method: &str, body: Value) -> Answer {
    let uri = text(client, "registration_client_uri");
    let path = uri.strip_prefix(&format!("http://{}", support::HOST)).unwrap();
    let rat = text(client, "registration_access_token");
    server.with_token(rat, method, path, body).await
}

async fn told(server: &Server, realm: &str, client: &Value) -> Value {
    let path = format!("/{realm}/clients/{}/registration", text(client, "client_id"));
    server.admin("GET", &path, Value::Null).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_dead_at_that_instant_and_is_not_revived_by_use() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "attributes": {
                "clientRegistration.unused.expires": "7200", "clientRegistration.idle.expires": "14400",
                "clientRegistration.warn.before": "0"
            } }))
            .await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let unused = register(&server, &realm, Some(&token), &service()).await.json();
        let used = register(&server, &realm, Some(&token), &service()).await.json();
        let page = json!({ "redirect_uris": ["https://a.example.com/cb"], "token_endpoint_auth_method": "none" });
        let page = register(&server, &realm, Some(&token), &page).await.json();
        let front = format!(
            "/realms/{realm}/protocol/openid-connect/auth?client_id={}&response_type=code&redirect_uri=https://a.example.com/cb\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
            text(&page, "client_id")
        );
        let ends = told(&server, &realm, &unused).await["expires"].as_i64().unwrap();
        server.app.clock.advance(2 * HOUR - 30_000);
        assert_eq!(server.get(&front).await.status, 200);
        assert_eq!(own(&server, &unused, "GET", Value::Null).await.status, 200);
        assert_eq!(use_it(&server, &realm, &used).await.status, 200);

        server.app.clock.advance(ends - server.app.now());
        assert_eq!(use_it(&server, &realm, &unused).await.json()["error"], "invalid_client");
        for (method, body) in [
            ("GET", Value::Null),
            ("PUT", json!({ "client_name": "B" })),
            ("DELETE", Value::Null),
        ] {
            assert_eq!(own(&server, &unused, method, body).await.status, 401, "{method}");
        }
        server.app.clock.advance(1_000);
        assert_eq!(server.get(&front).await.status, 400);
        let after = told(&server, &realm, &unused).await;
        assert_eq!(after["expires"], ends);
        assert!(after.get("lastUsed").is_none(), "{after}");
        // The first use is known at once, on every node: another limit counts from then on.
        let last = told(&server, &realm, &used).await;
        assert_eq!(
            last["expires"].as_i64().unwrap() - last["lastUsed"].as_i64().unwrap(),
            4 * HOUR
        );

        // Uses before the end put it off, though no sweep has come by; not those after it.
        let access = use_it(&server, &realm, &used).await.json();
        server.app.clock.advance(4 * HOUR - 1_000);
        assert_eq!(use_it(&server, &realm, &used).await.status, 200);
        server.app.clock.advance(4 * HOUR - 1_000);
        assert_eq!(use_it(&server, &realm, &used).await.status, 200);
        let ends = told(&server, &realm, &used).await["expires"].as_i64().unwrap();
        server.app.clock.advance(ends - server.app.now());
        assert_eq!(use_it(&server, &realm, &used).await.status, 401);
        assert!(access["access_token"].is_string());
        life::sweep(&server.app).await.unwrap();
        for gone in [&unused, &used] {
            let path = format!("/{realm}/clients/{}", text(gone, "client_id"));
            assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_client_that_has_expired_is_good_for_nothing() {
    let server = support::sqlite().await;
    let realm = server
        .realm(json!({ "attributes": {
            "clientRegistration.unused.expires": "60", "clientRegistration.idle.expires": "60"
        } }))
        .await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let made = register(&server, &realm, Some(&token), &service()).await.json();
    let access = use_it(&server, &realm, &made).await.json();
    let access = text(&access, "access_token").to_owned();
    let path = format!("/realms/{realm}/clients-registrations/openid-connect");
    // It may not, but it is known.
    let plain = json!({ "redirect_uris": ["https://a.example.com/cb"] });
    assert_eq!(
        server.with_token(&access, "POST", &path, plain.clone()).await.status,
        403
    );
    server.app.clock.advance(60_000);
    assert_eq!(server.with_token(&access, "POST", &path, plain).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_is_told_does_not_move_when_its_people_are_warned() {
    for server in support::servers().await {
        for (limit, lead) in [(7_200, HOUR), (240, 120_000)] {
            let realm = server
                .realm(json!({ "attributes": { "clientRegistration.unused.expires": limit.to_string() } }))
                .await;
            let (_, token) = initial(&server, &realm, json!({})).await;
            let made = register(&server, &realm, Some(&token), &service()).await.json();
            let before = told(&server, &realm, &made).await["expires"].as_i64().unwrap();
            // A sweep that comes by a minute late.
            server.app.clock.advance(before - lead + 60_000 - server.app.now());
            life::sweep(&server.app).await.unwrap();
            assert_eq!(told(&server, &realm, &made).await["expires"], before, "{limit}");
            server.app.clock.advance(before - server.app.now());
            assert_eq!(own(&server, &made, "GET", Value::Null).await.status, 401, "{limit}");
            life::sweep(&server.app).await.unwrap();
            let path = format!("/{realm}/clients/{}", text(&made, "client_id"));
            assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404, "{limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_does_not_put_off_the_end() {
    for server in support::servers().await {
        let rules = json!({ "clientRegistration.unused.expires": "7200", "clientRegistration.warn.before": "0" });
        let realm = waiting_realm(&server, rules).await;
        let client = register_crane(&server, &realm).await;
        // What waits to come into force does not end by that.
        server.app.clock.advance(3 * HOUR);
        life::sweep(&server.app).await.unwrap();
        approve(&server, &realm, &client).await;
        let mut change = crane();
        change["redirect_uris"] = json!(["https://elsewhere.example.com/cb"]);
        let changed = own(&server, &client, "PUT", change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.json()["registration_status"], "update_pending");
        let ends = told(&server, &realm, &client).await["expires"].as_i64().unwrap();
        server.app.clock.advance(ends - server.app.now());
        assert_eq!(use_it(&server, &realm, &client).await.json()["error"], "invalid_client");
        server.app.clock.advance(1_000);
        life::sweep(&server.app).await.unwrap();
        let path = format!("/{realm}/clients/{}", text(&client, "client_id"));
        assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404);
        let waiting = desk(&server, &realm, "GET", "/count?status=approval", Value::Null).await;
        assert_eq!(waiting.body, "0");
    }
}
