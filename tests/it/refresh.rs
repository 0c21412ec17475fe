//! Refresh tokens: how long they live, how often they are good, and what ends them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support;
use crate::support::oidc::{at, claims, refresh, shop, text, token, tokens_of_mia, userinfo};

fn description(answer: &support::Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], "invalid_grant");
    text(&answer.json(), "error_description")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_keeps_session_scope_and_sign_in() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let first = tokens_of_mia(&server, &realm, "openid address").await;
        let answer = refresh(&server, &realm, &text(&first, "refresh_token")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let second = answer.json();
        assert_eq!(second["session_state"], first["session_state"]);
        assert_eq!(second["scope"], first["scope"]);
        let said = claims(&text(&second, "access_token"));
        assert!(text(&said, "jti").starts_with("onrtrt:"));
        assert_eq!(said["sid"], first["session_state"]);
        assert_eq!(
            userinfo(&server, &realm, &text(&second, "access_token")).await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_scope_is_given_and_a_wider_one_is_not() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let first = tokens_of_mia(&server, &realm, "openid address").await;
    let ask = |scope: &'static str, refresh_token: String| {
        let (server, realm) = (&server, &realm);
        async move {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", "shop"),
                ("refresh_token", refresh_token.as_str()),
                ("scope", scope),
            ];
            let answer = token(server, realm, &fields).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        }
    };
    let narrow = ask("openid", text(&first, "refresh_token")).await;
    assert!(!text(&narrow, "scope").contains("address"));
    let wide = ask("openid address phone", text(&narrow, "refresh_token")).await;
    assert!(text(&wide, "scope").contains("address"));
    assert!(!text(&wide, "scope").contains("phone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_chain_only_the_newest_is_good_and_reuse_ends_it() {
    for server in support::servers().await {
        let settings = json!({ "revokeRefreshToken": true, "refreshTokenMaxReuse": 0 });
        let realm = shop(&server, settings).await;
        let mut chain = vec![text(&tokens_of_mia(&server, &realm, "openid").await, "refresh_token")];
        let mut access = String::new();
        // Ten within a second: no clock tells them apart.
        for _ in 0..10 {
            let answer = refresh(&server, &realm, chain.last().unwrap()).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            chain.push(text(&answer.json(), "refresh_token"));
            access = text(&answer.json(), "access_token");
        }
        assert_eq!(description(&refresh(&server, &realm, &chain[4]).await), "Stale token");
        assert_eq!(userinfo(&server, &realm, &access).await.status, 401);
        let newest = refresh(&server, &realm, chain.last().unwrap()).await;
        assert_eq!(description(&newest), "Session doesn't have required client");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_used_no_oftener_than_the_realm_allows_however_many_come_at_once() {
    for server in support::servers().await {
        let settings = json!({ "revokeRefreshToken": true, "refreshTokenMaxReuse": 2 });
        let realm = Arc::new(shop(&server, settings).await);
        let one = Arc::new(text(&tokens_of_mia(&server, &realm, "openid").await, "refresh_token"));
        let server = Arc::new(server);
        let sent: Vec<_> = (0..40)
            .map(|_| {
                let (server, realm, one) = (Arc::clone(&server), Arc::clone(&realm), Arc::clone(&one));
                tokio::spawn(async move { refresh(&server, &realm, &one).await })
            })
            .collect();
        let (mut good, mut too_often) = (0, 0);
        for answer in sent {
            let answer = answer.await.unwrap();
            if answer.status == 200 {
                good += 1;
            } else if description(&answer) == "Maximum allowed refresh token reuse exceeded" {
                too_often += 1;
            }
        }
        assert_eq!(good, 3);
        assert!(too_often >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let server = support::sqlite().await;
    let settings = json!({ "ssoSessionIdleTimeout": 600, "ssoSessionMaxLifespan": 1500 });
    let realm = shop(&server, settings).await;
    let first = tokens_of_mia(&server, &realm, "openid").await;
    assert_eq!(first["refresh_expires_in"], 600);
    server.app.clock.advance(500_000);
    let second = refresh(&server, &realm, &text(&first, "refresh_token")).await.json();
    server.app.clock.advance(500_000);
    let third = refresh(&server, &realm, &text(&second, "refresh_token")).await.json();
    // Used all the time, it lasts no longer than its greatest age.
    assert!(third["refresh_expires_in"].as_i64().unwrap() <= 500, "{third}");
    server.app.clock.advance(400_000);
    let fourth = refresh(&server, &realm, &text(&third, "refresh_token")).await.json();
    server.app.clock.advance(101_000);
    assert_eq!(
        description(&refresh(&server, &realm, &text(&fourth, "refresh_token")).await),
        "Token is not active"
    );
    assert_eq!(
        userinfo(&server, &realm, &text(&fourth, "access_token")).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_token_outlives_the_session_but_not_the_right_to_it() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let tokens = tokens_of_mia(&server, &realm, "openid offline_access").await;
        assert_eq!(tokens["refresh_expires_in"], 0);
        let offline = text(&tokens, "refresh_token");
        let said = claims(&offline);
        assert_eq!(
            (said["typ"].as_str(), said["exp"].clone()),
            (Some("Offline"), Value::Null)
        );
        let user = text(&said, "sub");
        let logout = format!("/{realm}/users/{user}/logout");
        assert_eq!(server.admin("POST", &logout, Value::Null).await.status, 204);
        server.app.clock.advance(86_400_000);
        let answer = refresh(&server, &realm, &offline).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(text(&claims(&text(&answer.json(), "access_token")), "jti").starts_with("ofrtrt:"));
        let role = format!("/{realm}/roles/default-roles-{realm}/composites");
        let composites = server.admin("GET", &role, Value::Null).await.json();
        let offline_role: Vec<&Value> = composites
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["name"] == "offline_access")
            .collect();
        assert_eq!(server.admin("DELETE", &role, json!(offline_role)).await.status, 204);
        assert_eq!(refresh(&server, &realm, &offline).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_what_was_given() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let refresh_token = text(&tokens, "refresh_token");
    let fields = [("client_id", "shop"), ("refresh_token", refresh_token.as_str())];
    assert_eq!(server.form(&at(&realm, "logout"), &fields).await.status, 204);
    assert_eq!(
        description(&refresh(&server, &realm, &refresh_token).await),
        "Session not active"
    );
    let seen = userinfo(&server, &realm, &text(&tokens, "access_token")).await;
    assert!(seen.header("www-authenticate").contains("user_session_not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_alive_after_a_revocation_that_raced_a_refresh() {
    for server in support::servers().await {
        let realm = Arc::new(shop(&server, json!({})).await);
        let server = Arc::new(server);
        for _ in 0..20 {
            let first = text(&tokens_of_mia(&server, &realm, "openid").await, "refresh_token");
            let (a, b, one) = (Arc::clone(&server), Arc::clone(&realm), first.clone());
            let refreshing = tokio::spawn(async move { refresh(&a, &b, &one).await });
            let fields = [("client_id", "shop"), ("token", first.as_str())];
            let revoked = server.form(&at(&realm, "revoke"), &fields).await;
            assert_eq!(revoked.status, 200, "{}", revoked.body);
            let answer = refreshing.await.unwrap();
            if answer.status == 200 {
                let newer = answer.json();
                assert_eq!(
                    userinfo(&server, &realm, &text(&newer, "access_token")).await.status,
                    401
                );
                assert_eq!(
                    refresh(&server, &realm, &text(&newer, "refresh_token")).await.status,
                    400
                );
            }
        }
    }
}
