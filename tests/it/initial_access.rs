//! Initial access tokens count exactly.

use std::sync::Arc;

use serde_json::{Value, json};

use super::client_registration::{
    address, initial, initial_token, initial_token_with, make_realm, plain, register, remaining, text,
};
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
        .with_token(&token, "GET", &format!("{}/account", address("r")), Value::Null)
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error_description"]),
        (401, &json!("Not initial access token allowed"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_binds_its_clients_to_outlives_it() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let component = json!({
            "name": "blue", "providerId": "allowed-redirect-uris", "providerType": vestibule::client_registration::policy::TYPE,
            "subType": "token", "config": { "hosts": ["*.blue.example"] }
        });
        let policy = server.admin("POST", &format!("/{realm}/components"), component).await;
        let bound = json!({ "count": 5, "expiration": 60, "policies": [policy.created()], "scopes": ["profile"] });
        let (revoked, first) = initial(&server, &realm, bound.clone()).await;
        let (_, second) = initial(&server, &realm, bound).await;
        let sent = json!({ "redirect_uris": ["https://a.blue.example/cb"], "scope": "profile" });
        let mut made = Vec::new();
        for token in [&first, &second] {
            let answer = register(&server, &realm, Some(token), &sent).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
            made.push(answer.json());
        }
        let path = format!("/{realm}/clients-initial-access/{revoked}");
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        server.app.clock.advance(120_000);
        let now = server.app.now();
        vestibule::store::sweep::expired(&server.app.db, now).await.unwrap();
        for told in made {
            let (uri, rat) = (
                text(&told, "registration_client_uri"),
                text(&told, "registration_access_token"),
            );
            for (wrong, status) in [
                (json!({ "redirect_uris": ["https://a.red.example/cb"] }), 403),
                (json!({ "scope": "profile email" }), 400),
            ] {
                let answer = server.with_token(rat, "PUT", uri, wrong).await;
                assert_eq!(answer.status, status, "{}", answer.body);
            }
            let answer = server.with_token(rat, "PUT", uri, sent.clone()).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scopes_of_a_token_bound_the_client_by_every_door() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({ "scopes": ["profile"] })).await;
    let scopes = |client_id: String| {
        let (server, realm) = (&server, &realm);
        async move {
            let path = format!("/{realm}/clients?clientId={client_id}");
            let found = server.admin("GET", &path, Value::Null).await.json();
            let lists = ["defaultClientScopes", "optionalClientScopes"].into_iter();
            let all = lists.flat_map(|list| found[0][list].as_array().unwrap().clone());
            all.collect::<Vec<_>>()
        }
    };
    let default = format!("/realms/{realm}/clients-registrations/default");
    // Who names no scope gets of the realm's what may be asked for.
    let silent = register(&server, &realm, Some(&token), &plain()).await.json();
    let quiet = server
        .with_token(
            &token,
            "POST",
            &default,
            json!({ "clientId": "quiet", "optionalClientScopes": [] }),
        )
        .await;
    assert_eq!(quiet.status, 201, "{}", quiet.body);
    let (id, quiet) = (text(&silent, "client_id").to_owned(), quiet.json());
    for id in [id.clone(), "quiet".to_owned()] {
        let has = scopes(id).await;
        assert!(
            has.contains(&json!("profile")) && has.contains(&json!("basic")),
            "{has:?}"
        );
        for beyond in ["email", "phone", "address", "offline_access"] {
            assert!(!has.contains(&json!(beyond)), "{has:?}");
        }
    }
    let more = json!({ "clientId": "more", "defaultClientScopes": ["basic", "email"] });
    assert_eq!(server.with_token(&token, "POST", &default, more).await.status, 400);

    let rat = text(&silent, "registration_access_token");
    let own = format!("{}/{id}", address(&realm));
    for (uri, wrong) in [
        (&own, json!({ "scope": "email" })),
        (
            &format!("{default}/{id}"),
            json!({ "defaultClientScopes": ["basic", "email"] }),
        ),
    ] {
        let answer = server.with_token(rat, "PUT", uri, wrong).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(text(&answer.json(), "error_description").contains("initial access token"));
    }
    // To stay signed in is asked for by many who know no better: it keeps nobody out, and is not given.
    let stays = json!({ "optionalClientScopes": ["offline_access"] });
    let answer = server.with_token(rat, "PUT", &format!("{default}/{id}"), stays).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!scopes(id.clone()).await.contains(&json!("offline_access")));
    // What an administrator gave is no matter of the token.
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId={id}"), Value::Null)
        .await
        .json();
    let uuid = text(&found[0], "id");
    let all = format!("/{realm}/client-scopes");
    let all = server.admin("GET", &all, Value::Null).await.json();
    let email = all
        .as_array()
        .unwrap()
        .iter()
        .find(|scope| scope["name"] == "email")
        .unwrap();
    let path = format!("/{realm}/clients/{uuid}/optional-client-scopes/{}", text(email, "id"));
    assert_eq!(server.admin("PUT", &path, Value::Null).await.status, 204);
    let answer = server.with_token(rat, "PUT", &own, json!({ "scope": "email" })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = text(&quiet, "registrationAccessToken");
    let answer = server
        .with_token(told, "PUT", &format!("{default}/quiet"), json!({ "name": "Quiet" }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
