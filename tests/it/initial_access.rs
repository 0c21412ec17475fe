//! Initial access tokens count exactly.

use std::sync::Arc;

use serde_json::json;

use super::client_registration::{address, initial_token, initial_token_with, make_realm, plain, register, remaining};
use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn ten_of_a_thousand_uses_at_once_are_good() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let (id, token) = initial_token_with(&server, "r", 10, 0, &[]).await;
        let server = Arc::new(server);
        let uses = (0..1_000).map(|_| {
            let (server, token) = (Arc::clone(&server), token.clone());
            tokio::spawn(async move { register(&server, "r", Some(&token), &plain()).await.status })
        });
        let mut made = 0;
        for one in uses.collect::<Vec<_>>() {
            match one.await.unwrap() {
                201 => made += 1,
                status => assert!(status == 401 || status == 503, "{status}"),
            }
        }
        assert_eq!((made, remaining(&server, "r", &id).await), (10, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_registration_uses_nothing() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let (id, token) = initial_token_with(&server, "r", 1, 0, &[]).await;
        for body in [
            json!({ "redirect_uris": ["x#y"] }),
            json!({ "jwks": {} }),
            json!({ "client_id": "x" }),
        ] {
            assert_eq!(register(&server, "r", Some(&token), &body).await.status, 400);
        }
        assert_eq!(remaining(&server, "r", &id).await, 1);
        assert_eq!(register(&server, "r", Some(&token), &plain()).await.status, 201);
        let answer = register(&server, "r", Some(&token), &plain()).await;
        assert_eq!(answer.status, 401);
        let expected =
            json!({ "error": "invalid_token", "error_description": "No remaining count on initial access token" });
        assert_eq!(answer.json(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_minus_one_has_no_limit() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (id, token) = initial_token_with(&server, "r", -1, 0, &[]).await;
    for _ in 0..3 {
        assert_eq!(register(&server, "r", Some(&token), &plain()).await.status, 201);
    }
    assert_eq!(remaining(&server, "r", &id).await, -1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_late_deleted_foreign_or_made_up_are_refused() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    make_realm(&server, "other", json!({})).await;
    let (_, late) = initial_token_with(&server, "r", 1, server.app.now() - 1_000, &[]).await;
    let foreign = initial_token(&server, "other", 1).await;
    let (id, deleted) = initial_token_with(&server, "r", 1, 0, &[]).await;
    let realm = vestibule::store::realm::by_name(&server.app.db, "r")
        .await
        .unwrap()
        .unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    vestibule::store::initial_access::remove(&mut tx, &realm.id, &id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for (token, text) in [
        (late.as_str(), "Failed decode token"),
        (foreign.as_str(), "Failed decode token"),
        (deleted.as_str(), "Initial Access Token not found"),
        ("garbage", "Failed decode token"),
        (&format!("{late}x"), "Failed decode token"),
    ] {
        let answer = register(&server, "r", Some(token), &plain()).await;
        assert_eq!(
            (answer.status, &answer.json()["error_description"]),
            (401, &json!(text))
        );
        assert!(answer.header("www-authenticate").contains("invalid_token"));
    }
    let token = initial_token(&server, "r", 1).await;
    let answer = server
        .with_token(
            &token,
            "GET",
            &format!("{}/account", address("r")),
            serde_json::Value::Null,
        )
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error_description"]),
        (401, &json!("Not initial access token allowed"))
    );
}
