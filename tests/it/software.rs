//! Which software an application is: what somebody whom the realm trusts has signed (RFC 7591 section 2.3), and who it was
//! when it registered before.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::client_registration::{address, initial, plain, register, remaining, text};
use crate::support::oidc::{shop, token, unsigned};
use crate::support::site::Site;
use crate::support::{self, Answer, Server};

const ISSUER: &str = "https://directory.example";

fn key() -> SigningKey {
    SigningKey::generate(Alg::ES256).unwrap().with_kid("k")
}

fn set_of(key: &SigningKey) -> Jwks {
    Jwks {
        keys: vec![key.public_jwk().unwrap()],
    }
}

/// A realm that takes the statements of this key.
async fn trusting(server: &Server, mode: &str, key: &SigningKey) -> String {
    let issuers = json!([{ "iss": ISSUER, "jwks": set_of(key) }]).to_string();
    server
        .realm(json!({ "attributes": {
            "clientRegistration.statements": mode, "clientRegistration.statements.issuers": issuers
        } }))
        .await
}

fn statement(key: &SigningKey, more: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "iat": 1_700_000_000, "software_id": "sextant", "client_name": "Sextant",
        "redirect_uris": ["https://sextant.example/cb"]
    });
    claims.as_object_mut().unwrap().extend(support::members(more));
    jwt::encode(key, "JWT", &claims).unwrap()
}

fn sent(statement: &str) -> Value {
    json!({ "software_statement": statement, "client_name": "Mine", "redirect_uris": ["https://evil.example/cb"] })
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!(code)),
        "{}",
        answer.body
    );
}

async fn manage(server: &Server, made: &Value, method: &str, body: &Value) -> Answer {
    let path = text(made, "registration_client_uri").replace("http://localhost:8080", "");
    let body = if method == "GET" { Value::Null } else { body.clone() };
    server
        .with_token(text(made, "registration_access_token"), method, &path, body)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trusted_issuer_signed_takes_precedence_for_good() {
    for server in support::servers().await {
        let key = key();
        let realm = trusting(&server, "optional", &key).await;
        let (_, initial) = initial(&server, &realm, json!({ "count": 5 })).await;
        let signed = statement(&key, json!({}));
        let made = register(&server, &realm, Some(&initial), &sent(&signed)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(made["client_name"], "Sextant");
        assert_eq!(made["redirect_uris"], json!(["https://sextant.example/cb"]));
        assert_eq!(made["software_statement"], signed.as_str());
        // What it says cannot be changed by the client, also when it has expired or the issuer has new keys.
        let change = json!({ "client_name": "Mine", "redirect_uris": ["https://evil.example/cb"], "tos_uri": "https://sextant.example/tos" });
        let changed = manage(&server, &made, "PUT", &change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let changed = changed.json();
        assert_eq!(changed["redirect_uris"], json!(["https://sextant.example/cb"]));
        assert_eq!(
            (&changed["client_name"], &changed["tos_uri"]),
            (&json!("Sextant"), &json!("https://sextant.example/tos"))
        );
        let mut away = change.clone();
        away["software_statement"] = json!("");
        refused(
            &manage(&server, &changed, "PUT", &away).await,
            "invalid_software_statement",
        );
        let whole = manage(&server, &changed, "GET", &Value::Null).await.json();
        let same = manage(&server, &whole, "PUT", &whole).await;
        assert_eq!(same.status, 200, "the whole answer may be sent back: {}", same.body);
        let newer = statement(&key, json!({ "redirect_uris": ["https://sextant.example/new"] }));
        let updated = manage(&server, &same.json(), "PUT", &sent(&newer)).await.json();
        assert_eq!(updated["redirect_uris"], json!(["https://sextant.example/new"]));
        // By the other provider it is not managed.
        let path = address(&realm).replace("openid-connect", "default");
        let path = format!("{path}/{}", text(&updated, "client_id"));
        let other = server
            .with_token(
                text(&updated, "registration_access_token"),
                "PUT",
                &path,
                json!({ "redirectUris": ["https://evil.example/cb"] }),
            )
            .await;
        refused(&other, "invalid_software_statement");
        assert_eq!(
            register(&server, &realm, Some(&initial), &plain()).await.status,
            201,
            "optional"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_nobody_trusted_signed_are_refused() {
    let server = support::sqlite().await;
    let (key, stranger) = (key(), self::key());
    let realm = trusting(&server, "required", &key).await;
    let (id, initial) = initial(&server, &realm, json!({ "count": 1 })).await;
    let now = server.app.now_seconds();
    for bad in [
        statement(&stranger, json!({})),
        statement(&key, json!({ "exp": now - 60 })),
        statement(&key, json!({ "exp": "soon" })),
        statement(&key, json!({ "nbf": now + 600 })),
        statement(&key, json!({ "iat": now + 600 })),
        statement(&key, json!({ "iss": null })),
        statement(&SigningKey::generate(Alg::ES256).unwrap().with_kid("other"), json!({})),
        unsigned(&json!({ "iss": ISSUER, "client_name": "x" })),
        "not.a.jwt".to_owned(),
        String::new(),
    ] {
        refused(
            &register(&server, &realm, Some(&initial), &sent(&bad)).await,
            "invalid_software_statement",
        );
    }
    let foreign = statement(&key, json!({ "iss": "https://other.example" }));
    refused(
        &register(&server, &realm, Some(&initial), &sent(&foreign)).await,
        "unapproved_software_statement",
    );
    refused(
        &register(&server, &realm, Some(&initial), &plain()).await,
        "invalid_software_statement",
    );
    refused(
        &register(&server, &realm, Some(&initial), &json!({ "software_statement": 5 })).await,
        "invalid_software_statement",
    );
    // What it says is judged as all that is sent.
    let script = statement(&key, json!({ "redirect_uris": ["javascript:alert(1)"] }));
    refused(
        &register(&server, &realm, Some(&initial), &sent(&script)).await,
        "invalid_redirect_uri",
    );
    assert_eq!(remaining(&server, &realm, &id).await, 1);
    let good = register(
        &server,
        &realm,
        Some(&initial),
        &sent(&statement(&key, json!({ "exp": now + 60 }))),
    )
    .await;
    assert_eq!(good.status, 201, "{}", good.body);
    server.app.clock.advance(120_000);
    let later = manage(
        &server,
        &good.json(),
        "PUT",
        &json!({ "tos_uri": "https://sextant.example/tos" }),
    )
    .await;
    assert_eq!(later.status, 200, "{}", later.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_issuer_are_fetched_and_a_statement_is_a_text_where_nobody_asks() {
    let opened = support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let server = opened.await.remove(0);
    let (key, site) = (key(), Site::open().await);
    site.put("/jwks", "200 OK\r\n", serde_json::to_string(&set_of(&key)).unwrap());
    let issuers = json!([{ "iss": ISSUER, "jwks_uri": site.address("/jwks") }]).to_string();
    let realm = server
        .realm(json!({ "attributes": {
            "clientRegistration.statements": "optional", "clientRegistration.statements.issuers": issuers
        } }))
        .await;
    let (_, token) = initial(&server, &realm, json!({ "count": 5 })).await;
    let made = register(&server, &realm, Some(&token), &sent(&statement(&key, json!({}))))
        .await
        .json();
    assert_eq!(made["client_name"], "Sextant");

    let off = server.realm(json!({})).await;
    let (_, token) = initial(&server, &off, json!({ "count": 5 })).await;
    let junk = statement(&self::key(), json!({}));
    let made = register(&server, &off, Some(&token), &sent(&junk)).await.json();
    assert_eq!(
        (&made["client_name"], &made["software_statement"]),
        (&json!("Mine"), &json!(junk))
    );
    // Switched on later, it still proves nothing.
    let on = json!({ "attributes": { "clientRegistration.statements": "optional" } });
    server.admin("PUT", &format!("/{off}"), on).await;
    let changed = manage(&server, &made, "PUT", &json!({ "client_name": "Mine still" })).await;
    assert_eq!(changed.json()["client_name"], "Mine still");
}

async fn recognising(server: &Server) -> String {
    let realm = shop(server, json!({ "eventsEnabled": true })).await;
    let attributes = json!({ "attributes": { "clientRegistration.duplicate": "same" } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), attributes).await.status, 204);
    realm
}

fn crane(more: Value) -> Value {
    let mut body = json!({
        "client_name": "Crane", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
        "software_id": "crane"
    });
    body.as_object_mut().unwrap().extend(support::members(more));
    body
}

async fn works(server: &Server, realm: &str, client: &Value) -> bool {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
    ];
    token(server, realm, &fields).await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_software_is_given_the_client_that_it_has() {
    for server in support::servers().await {
        let realm = recognising(&server).await;
        let (id, blue) = initial(&server, &realm, json!({ "count": 5, "owner": "blue" })).await;
        let (_, also_blue) = initial(&server, &realm, json!({ "count": 5, "owner": "blue" })).await;
        let (_, red) = initial(&server, &realm, json!({ "count": 5, "owner": "red" })).await;
        let first = register(&server, &realm, Some(&blue), &crane(json!({}))).await;
        assert_eq!(first.status, 201);
        let first = first.json();
        let second = register(
            &server,
            &realm,
            Some(&blue),
            &crane(json!({ "software_version": "2", "client_name": "Crane 2" })),
        )
        .await;
        assert_eq!(second.status, 200, "{}", second.body);
        let second = second.json();
        assert_eq!(first["client_id"], second["client_id"]);
        assert_eq!(second["client_name"], "Crane 2");
        assert_ne!(first["client_secret"], second["client_secret"]);
        assert_ne!(first["registration_access_token"], second["registration_access_token"]);
        assert!(
            works(&server, &realm, &first).await && works(&server, &realm, &second).await,
            "both secrets for a while"
        );
        assert_eq!(
            manage(&server, &first, "GET", &Value::Null).await.status,
            200,
            "until the new one is used"
        );
        assert_eq!(manage(&server, &second, "GET", &Value::Null).await.status, 200);
        assert_eq!(manage(&server, &first, "GET", &Value::Null).await.status, 401);
        assert_eq!(
            remaining(&server, &realm, &id).await,
            4,
            "nothing is taken for a client that is there"
        );
        server.app.clock.advance(86_401_000);
        assert!(!works(&server, &realm, &first).await && works(&server, &realm, &second).await);

        let third = register(&server, &realm, Some(&also_blue), &crane(json!({}))).await;
        assert_eq!(
            (third.status, &third.json()["client_id"]),
            (200, &first["client_id"]),
            "the same owner"
        );
        let other = register(&server, &realm, Some(&red), &crane(json!({}))).await;
        assert_eq!(other.status, 201, "another owner");
        let another = register(&server, &realm, Some(&blue), &crane(json!({ "software_id": "winch" }))).await;
        assert_eq!(another.status, 201, "other software");
        let events = server
            .admin("GET", &format!("/{realm}/events?type=CLIENT_UPDATE"), Value::Null)
            .await
            .json();
        assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_id_software_is_what_it_says_and_strangers_are_never_recognised() {
    let server = support::sqlite().await;
    let realm = recognising(&server).await;
    let (_, token) = initial(&server, &realm, json!({ "count": 9 })).await;
    let one = json!({ "client_name": "A", "redirect_uris": ["https://a.example/cb"] });
    let turned = json!({ "redirect_uris": ["https://a.example/cb"], "client_name": "A", "scope": null });
    let first = register(&server, &realm, Some(&token), &one).await.json();
    let again = register(&server, &realm, Some(&token), &turned).await;
    assert_eq!((again.status, &again.json()["client_id"]), (200, &first["client_id"]));
    let other = json!({ "client_name": "B", "redirect_uris": ["https://a.example/cb"] });
    assert_eq!(register(&server, &realm, Some(&token), &other).await.status, 201);

    let open = json!({ "attributes": { "clientRegistration.access": "open" } });
    server.admin("PUT", &format!("/{realm}"), open).await;
    for _ in 0..2 {
        assert_eq!(register(&server, &realm, None, &one).await.status, 201);
    }
    let closed =
        json!({ "attributes": { "clientRegistration.access": "optional", "clientRegistration.duplicate": "new" } });
    server.admin("PUT", &format!("/{realm}"), closed).await;
    assert_eq!(
        register(&server, &realm, Some(&token), &one).await.status,
        201,
        "new, as Keycloak"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_disabled_or_would_be_refused_does_not_come_back_by_registering_again() {
    let server = support::sqlite().await;
    let realm = recognising(&server).await;
    let (_, token) = initial(&server, &realm, json!({ "count": 2 })).await;
    let made = register(&server, &realm, Some(&token), &crane(json!({}))).await.json();
    let bad = register(
        &server,
        &realm,
        Some(&token),
        &crane(json!({ "redirect_uris": ["javascript:1"] })),
    )
    .await;
    assert_eq!(bad.status, 400);
    let id = text(&made, "client_id").to_owned();
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId={id}"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/clients/{}", text(&found[0], "id"));
    server.admin("PUT", &path, json!({ "enabled": false })).await;
    assert_eq!(
        register(&server, &realm, Some(&token), &crane(json!({}))).await.status,
        400
    );
    assert!(!works(&server, &realm, &made).await);
    server.admin("DELETE", &path, Value::Null).await;
    assert_eq!(
        register(&server, &realm, Some(&token), &crane(json!({}))).await.status,
        201
    );
    assert_eq!(
        register(&server, &realm, Some(&token), &crane(json!({}))).await.status,
        401,
        "a token that is used up is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_register_at_once_are_one_client() {
    for server in support::servers().await {
        let realm = Arc::new(recognising(&server).await);
        let (id, token) = initial(&server, &realm, json!({ "count": 20 })).await;
        let (server, token) = (Arc::new(server), Arc::new(token));
        let all: Vec<_> = (0..16)
            .map(|_| {
                let (server, realm, token) = (Arc::clone(&server), Arc::clone(&realm), Arc::clone(&token));
                tokio::spawn(async move { register(&server, &realm, Some(&token), &crane(json!({}))).await })
            })
            .collect();
        let mut made = Vec::new();
        for one in all {
            let answer = one.await.unwrap();
            assert!([200, 201].contains(&answer.status), "{}", answer.body);
            made.push((answer.status, answer.json()["client_id"].clone()));
        }
        assert_eq!(made.iter().filter(|(status, _)| *status == 201).count(), 1);
        assert!(made.iter().all(|(_, client)| *client == made[0].1));
        assert_eq!(remaining(&server, &realm, &id).await, 19);
    }
}

async fn decide(server: &Server, realm: &str, client: &Value, what: &str) -> u16 {
    let path = format!("/{realm}/client-registrations/{}/{what}", text(client, "client_id"));
    server.admin("POST", &path, json!({ "notify": false })).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn software_that_waits_for_approval_goes_on_to_wait_and_a_change_of_it_is_asked_for() {
    for server in support::servers().await {
        let realm = recognising(&server).await;
        let approval = json!({ "attributes": { "clientRegistration.approval": "required" } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), approval).await.status, 204);
        let (id, token) = initial(&server, &realm, json!({ "count": 5, "owner": "blue" })).await;
        let at = |uri: &str| {
            crane(json!({ "grant_types": ["authorization_code", "client_credentials"], "redirect_uris": [uri] }))
        };
        let (one, two) = (at("https://crane.example/one"), at("https://crane.example/two"));
        let first = register(&server, &realm, Some(&token), &one).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let first = first.json();
        let again = async |sent: &Value, status: Option<&str>| {
            let answer = register(&server, &realm, Some(&token), sent).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let told = answer.json();
            assert_eq!(told["client_id"], first["client_id"]);
            assert_eq!(
                told.get("registration_status").and_then(Value::as_str),
                status,
                "{told}"
            );
            assert_ne!(told["client_secret"], first["client_secret"]);
            assert_ne!(told["registration_access_token"], first["registration_access_token"]);
            assert_eq!(manage(&server, &told, "GET", &Value::Null).await.status, 200);
            told
        };
        // While it waits: the same is asked for as before, or another thing anew.
        let path = format!("/{realm}/client-registrations/{}", text(&first, "client_id"));
        let ask = async || server.admin("GET", &path, Value::Null).await.json()["ask"].clone();
        let asked = ask().await;
        let same = again(&one, Some("pending")).await;
        assert_eq!(ask().await, asked);
        assert!(!works(&server, &realm, &same).await);
        let other = again(&two, Some("pending")).await;
        assert_ne!(ask().await, asked);
        assert_eq!(other["redirect_uris"], two["redirect_uris"]);
        assert_eq!(decide(&server, &realm, &first, "approve").await, 204);
        assert!(works(&server, &realm, &other).await);

        // In force: what somebody must agree to waits, and all else is as it was.
        let same = again(&two, None).await;
        assert!(works(&server, &realm, &same).await);
        let asks = again(&one, Some("update_pending")).await;
        assert_eq!(asks["redirect_uris"], two["redirect_uris"]);
        assert!(works(&server, &realm, &asks).await && works(&server, &realm, &same).await);
        assert_eq!(decide(&server, &realm, &first, "approve").await, 204);
        let now = manage(&server, &asks, "GET", &Value::Null).await.json();
        assert_eq!(now["redirect_uris"], one["redirect_uris"]);
        assert_eq!(remaining(&server, &realm, &id).await, 4);
        let asks = again(&two, Some("update_pending")).await;
        assert_eq!(decide(&server, &realm, &first, "refuse").await, 204);
        assert!(works(&server, &realm, &asks).await);
    }
}
