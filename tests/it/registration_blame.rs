//! What is repeated of metadata that is refused: what is wrong with it, but no secret, and nothing at length.

use serde_json::{Value, json};

use super::client_registration::{address, initial, plain, register, text};
use super::support::{self, Server};

/// What nobody must be told.
const CANARY: &str = "Y2FuYXJ5LW9mLWEtcHJpdmF0ZS1rZXk";

async fn dry(server: &Server, realm: &str, metadata: Value) -> Value {
    let path = format!("/{realm}/client-registration-policy/evaluate");
    let body = json!({ "subType": "authenticated", "metadata": metadata });
    server.admin("POST", &path, body).await.json()
}

/// The details of the newest event of a type.
async fn newest(server: &Server, realm: &str, kind: &str) -> Value {
    let path = format!("/{realm}/events?type={kind}&max=1");
    server.admin("GET", &path, Value::Null).await.json()[0]["details"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_or_secret_is_repeated_in_an_event_or_an_answer() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let made = register(&server, &realm, Some(&token), &plain()).await.json();
        let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
        let rat = text(&made, "registration_access_token");
        let private = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": CANARY }] });
        let symmetric = json!({ "keys": [{ "kty": "oct", "k": CANARY }] });
        for (field, value) in [
            ("jwks", private.clone()),
            ("jwks", symmetric.clone()),
            ("jwks", json!(symmetric.to_string())),
            ("jwks", json!([symmetric])),
            ("jwks_uri", private.clone()),
            ("jwks_uri", json!(private.to_string())),
            ("software_statement", json!([CANARY])),
            (
                "attributes",
                json!({ "pkce.code.challenge.method": "none", "jwks.string": CANARY }),
            ),
        ] {
            let sent = json!({
                "redirect_uris": ["https://a.example.com/cb"], "client_secret": CANARY, "registration_access_token": CANARY,
                field: value
            });
            let refused = register(&server, &realm, Some(&token), &sent).await;
            assert_eq!(refused.status, 400, "{sent}: {}", refused.body);
            let unchanged = server.with_token(rat, "PUT", &own, sent.clone()).await;
            assert_eq!(unchanged.status, 400, "{sent}: {}", unchanged.body);
            let told = dry(&server, &realm, sent.clone()).await;
            let first = &told["refusals"][0];
            assert_eq!(first["field"], field, "{told}");
            assert!(first.get("value").is_none() && first["message"].is_string(), "{told}");
            for kind in ["CLIENT_REGISTER_ERROR", "CLIENT_UPDATE_ERROR"] {
                let details = newest(&server, &realm, kind).await;
                assert_eq!(details["field"], field, "{sent}: {details}");
                assert!(
                    details.get("value").is_none() && details["reason"].is_string(),
                    "{details}"
                );
            }
            for body in [refused.body, unchanged.body, told.to_string()] {
                assert!(!body.contains(CANARY), "{body}");
            }
        }
        let path = format!("/{realm}/events?max=100");
        let events = server.admin("GET", &path, Value::Null).await;
        assert!(events.status == 200 && !events.body.contains(CANARY), "{}", events.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_twice_is_refused_once() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let sent =
        json!({ "redirect_uris": ["javascript:x", "javascript:x", "https://a.example.com/cb"], "client_name": "A" });
    let told = dry(&server, &realm, sent).await;
    let refusals = told["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 1, "{told}");
    assert_eq!(
        (&refusals[0]["field"], &refusals[0]["value"]),
        (&json!("redirect_uris"), &json!("javascript:x"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_long_is_named_but_not_repeated() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "eventsEnabled": true })).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let many: Vec<String> = (0..5_000).map(|number| format!("javascript:{number}")).collect();
    let sent = json!({ "redirect_uris": many, "subject_type": "x".repeat(5_000) });
    let told = dry(&server, &realm, sent.clone()).await;
    let refusals = told["refusals"].as_array().unwrap();
    assert_eq!(refusals[0]["field"], "redirect_uris");
    assert!(refusals[0].get("value").is_none());
    assert_eq!(refusals[1]["field"], "subject_type");
    assert_eq!(refusals[1]["value"], "x".repeat(2_000));
    assert_eq!(register(&server, &realm, Some(&token), &sent).await.status, 400);
    let details = newest(&server, &realm, "CLIENT_REGISTER_ERROR").await;
    assert_eq!(details["field"], "redirect_uris", "{details}");
    assert!(details.get("value").is_none());
    let sent = json!({ "subject_type": "x".repeat(5_000) });
    assert_eq!(register(&server, &realm, Some(&token), &sent).await.status, 400);
    let details = newest(&server, &realm, "CLIENT_REGISTER_ERROR").await;
    assert_eq!(details["value"], "x".repeat(2_000));
}
