//! Introspection and revocation: who is told what, and what is dead afterwards.

use serde_json::{Value, json};

use crate::support;
use crate::support::oidc::{at, introspect, refresh, shop, text, token_of_back, tokens_of_mia, userinfo};

async fn add_audience(server: &support::Server, realm: &str) {
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId=shop"), Value::Null)
        .await;
    let id = text(&found.json()[0], "id");
    let mapper = json!({
        "name": "aud", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "back", "access.token.claim": "true" }
    });
    let path = format!("/{realm}/clients/{id}/protocol-mappers/models");
    assert_eq!(server.admin("POST", &path, mapper).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_of_to_its_audience_only() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let before = text(&tokens_of_mia(&server, &realm, "openid").await, "access_token");
        assert_eq!(
            introspect(&server, &realm, &before, &[]).await.json(),
            json!({ "active": false })
        );
        // Not even of its own.
        let own = token_of_back(&server, &realm).await;
        assert_eq!(
            introspect(&server, &realm, &own, &[]).await.json(),
            json!({ "active": false })
        );
        add_audience(&server, &realm).await;
        let tokens = tokens_of_mia(&server, &realm, "openid").await;
        let told = introspect(&server, &realm, &text(&tokens, "access_token"), &[])
            .await
            .json();
        assert_eq!(told["active"], true, "{told}");
        for (name, value) in [
            ("azp", "shop"),
            ("client_id", "shop"),
            ("username", "mia"),
            ("token_type", "Bearer"),
            ("email", "mia@example.org"),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
        assert_eq!(
            introspect(&server, &realm, "abc", &[]).await.json(),
            json!({ "active": false })
        );
        let cut = &text(&tokens, "access_token")[1..];
        assert_eq!(
            introspect(&server, &realm, cut, &[]).await.json(),
            json!({ "active": false })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_confidential_client_may_ask() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let path = at(&realm, "token/introspect");
    for (fields, status, error) in [
        (vec![("token", "x")], 401, "invalid_client"),
        (vec![("token", "x"), ("client_id", "shop")], 403, "invalid_request"),
        (
            vec![("token", "x"), ("client_id", "back"), ("client_secret", "no")],
            401,
            "invalid_client",
        ),
        (
            vec![("client_id", "back"), ("client_secret", "back-secret")],
            400,
            "invalid_request",
        ),
    ] {
        let answer = server.form(&path, &fields).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (status, Some(error)),
            "{fields:?}"
        );
    }
    assert_eq!(server.get(&path).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_access_token_is_dead_everywhere_at_once() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        add_audience(&server, &realm).await;
        let tokens = tokens_of_mia(&server, &realm, "openid").await;
        let access = text(&tokens, "access_token");
        // Seen before, so that a cache could know it.
        assert_eq!(userinfo(&server, &realm, &access).await.status, 200);
        let fields = [("client_id", "shop"), ("token", access.as_str())];
        let revoked = server.form(&at(&realm, "revoke"), &fields).await;
        assert_eq!((revoked.status, revoked.body.as_str()), (200, ""));
        assert_eq!(userinfo(&server, &realm, &access).await.status, 401);
        assert_eq!(
            introspect(&server, &realm, &access, &[]).await.json(),
            json!({ "active": false })
        );
        // The session goes on.
        assert_eq!(
            refresh(&server, &realm, &text(&tokens, "refresh_token")).await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_answers_as_keycloak_does() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let path = at(&realm, "revoke");
    let back = [("client_id", "back"), ("client_secret", "back-secret")];
    let (access, id) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    for (sent, status, error) in [
        (Some("abc"), 200, "invalid_token"),
        (None, 400, "invalid_request"),
        (Some(access.as_str()), 400, "invalid_request"),
        (Some(id.as_str()), 400, "unsupported_token_type"),
    ] {
        let mut fields = back.to_vec();
        fields.extend(sent.map(|token| ("token", token)));
        let answer = server.form(&path, &fields).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)));
    }
    let unknown = server
        .form(&path, &[("token", access.as_str()), ("client_id", "nobody")])
        .await;
    assert_eq!(unknown.status, 401);
    assert_eq!(userinfo(&server, &realm, &access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_algorithm_signs_the_answers() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let sent = json!({
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post",
            "introspection_signed_response_alg": "ES256"
        });
        let admin = format!("/{realm}/clients-initial-access");
        let initial = server.admin("POST", &admin, json!({ "count": 1 })).await.json();
        let path = format!("/realms/{realm}/clients-registrations/openid-connect");
        let made = server.with_token(&text(&initial, "token"), "POST", &path, sent).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(made["introspection_signed_response_alg"], "ES256");
        let form = support::encode(&[
            ("token", "x"),
            ("client_id", &text(&made, "client_id")),
            ("client_secret", &text(&made, "client_secret")),
        ]);
        let headers = [
            ("accept", "application/token-introspection+jwt"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = server
            .request("POST", &at(&realm, "token/introspect"), &headers, &form)
            .await;
        let parsed = vestibule_jose::jwt::decode(&answer.body).unwrap();
        assert_eq!(parsed.alg(), vestibule_jose::Alg::ES256);
    }
}
