//! Who registered which application, with which token, from where; and who was refused, by what.

use serde_json::{Value, json};

use super::client_registration::{initial_token_with, make_realm, plain, register, text};
use super::support::{self, Server};

/// The newest event of a type.
async fn newest(server: &Server, kind: &str) -> Value {
    let answer = server
        .admin("GET", &format!("/r/events?type={kind}"), Value::Null)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_leaves_an_event() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (id, token) = initial_token_with(&server, "r", 2, 0, &[]).await;
    let told = register(&server, "r", Some(&token), &plain()).await.json();
    let made = newest(&server, "CLIENT_REGISTER").await;
    assert_eq!(made["clientId"], told["client_id"]);
    assert_eq!(
        (&made["ipAddress"], &made["details"]["token"]),
        (&json!("127.0.0.1"), &json!(id))
    );

    register(&server, "r", None, &plain()).await;
    let refused = newest(&server, "CLIENT_REGISTER_ERROR").await;
    assert_eq!(
        (&refused["error"], &refused["ipAddress"]),
        (&json!("not_allowed"), &json!("127.0.0.1"))
    );
    assert_eq!(refused["details"]["policy"], "Trusted Hosts");
    assert_eq!(refused["details"]["reason"], "Host not trusted.");

    register(&server, "r", Some(&token), &json!({ "scope": "service_account" })).await;
    let refused = newest(&server, "CLIENT_REGISTER_ERROR").await;
    let details = &refused["details"];
    assert_eq!(
        (&details["field"], &details["value"], &details["token"]),
        (&json!("scope"), &json!("service_account"), &json!(id))
    );

    register(&server, "r", Some(&token), &json!({ "redirect_uris": ["x#y"] })).await;
    assert_eq!(
        newest(&server, "CLIENT_REGISTER_ERROR").await["error"],
        "invalid_redirect_uri"
    );
    register(&server, "r", Some("garbage"), &plain()).await;
    assert_eq!(
        newest(&server, "CLIENT_REGISTER_ERROR").await["details"]["reason"],
        "Failed decode token"
    );

    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    let next = server.with_token(rat, "PUT", uri, plain()).await.json();
    assert_eq!(newest(&server, "CLIENT_UPDATE").await["clientId"], told["client_id"]);
    server.with_token("garbage", "DELETE", uri, Value::Null).await;
    assert_eq!(
        newest(&server, "CLIENT_DELETE_ERROR").await["clientId"],
        told["client_id"]
    );
    server
        .with_token(text(&next, "registration_access_token"), "DELETE", uri, Value::Null)
        .await;
    assert_eq!(newest(&server, "CLIENT_DELETE").await["clientId"], told["client_id"]);
}
