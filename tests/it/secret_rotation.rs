//! An application replaces its own secret, and nothing stands still meanwhile.

use serde_json::{Value, json};

use super::client_registration::{initial_token, make_realm, register, text};
use super::support::oidc::token;
use super::support::{self, Answer, Server};

fn service() -> Value {
    json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post" })
}

/// `/secret` below where a client manages itself.
fn below(made: &Value) -> String {
    let uri = text(made, "registration_client_uri");
    let path = uri.strip_prefix(&format!("http://{}", support::HOST)).unwrap();
    format!("{path}/secret")
}

async fn renew(server: &Server, made: &Value) -> Answer {
    let rat = text(made, "registration_access_token");
    server.with_token(rat, "POST", &below(made), Value::Null).await
}

async fn works(server: &Server, made: &Value, secret: &str) -> bool {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(made, "client_id")),
        ("client_secret", secret),
    ];
    token(server, "r", &fields).await.status == 200
}

async fn made(server: &Server, attributes: Value, metadata: &Value) -> Value {
    make_realm(server, "r", attributes).await;
    let token = initial_token(server, "r", 5).await;
    let answer = register(server, "r", Some(&token), metadata).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_secret_overlap_for_as_long_as_the_realm_says() {
    for server in support::servers().await {
        let made = made(
            &server,
            json!({ "clientRegistration.secret.overlap": "600" }),
            &service(),
        )
        .await;
        let first = text(&made, "client_secret");
        let answer = renew(&server, &made).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let told = answer.json();
        let second = text(&told, "client_secret");
        let until = server.app.now_seconds() + 600;
        let expected = json!({
            "client_id": made["client_id"], "client_secret": second, "client_secret_expires_at": 0,
            "previous_secret_expires_at": told["previous_secret_expires_at"]
        });
        assert_eq!(told, expected);
        assert!((until - 10..=until).contains(&told["previous_secret_expires_at"].as_i64().unwrap()));
        assert_ne!(first, second);
        assert!(works(&server, &made, first).await && works(&server, &made, second).await);
        // Of two replaced ones only the last is good; the registration access token is the same.
        let third = renew(&server, &made).await.json();
        let third = text(&third, "client_secret");
        assert!(!works(&server, &made, first).await && works(&server, &made, second).await);
        server.app.clock.advance(600_000);
        assert!(!works(&server, &made, second).await && works(&server, &made, third).await);

        let events = server
            .admin("GET", "/r/events?type=CLIENT_SECRET_ROTATED", Value::Null)
            .await
            .json();
        let events = events.as_array().unwrap();
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event["clientId"] == made["client_id"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_overlap_the_old_secret_is_dead_and_no_member_tells_its_end() {
    let server = support::sqlite().await;
    let made = made(&server, json!({ "clientRegistration.secret.overlap": "0" }), &service()).await;
    let told = renew(&server, &made).await.json();
    assert!(told.get("previous_secret_expires_at").is_none(), "{told}");
    assert!(!works(&server, &made, text(&made, "client_secret")).await);
    assert!(works(&server, &made, text(&told, "client_secret")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_with_an_end_is_not_good_beyond_it_and_the_new_one_has_its_own() {
    for server in support::servers().await {
        let made = made(
            &server,
            json!({ "clientRegistration.secret.expires": "1000" }),
            &service(),
        )
        .await;
        let end = made["client_secret_expires_at"].as_i64().unwrap();
        server.app.clock.advance(400_000);
        let told = renew(&server, &made).await.json();
        assert_eq!(told["previous_secret_expires_at"], end);
        assert!(told["client_secret_expires_at"].as_i64().unwrap() >= end + 400);
        assert!(works(&server, &made, text(&made, "client_secret")).await);
        server.app.clock.advance(600_000);
        assert!(!works(&server, &made, text(&made, "client_secret")).await);
        assert!(works(&server, &made, text(&told, "client_secret")).await);
        // One that has ended is replaced, and does not rise again.
        server.app.clock.advance(1_000_000);
        assert!(!works(&server, &made, text(&told, "client_secret")).await);
        let last = renew(&server, &made).await.json();
        assert!(last.get("previous_secret_expires_at").is_none(), "{last}");
        assert!(!works(&server, &made, text(&told, "client_secret")).await);
        assert!(works(&server, &made, text(&last, "client_secret")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_the_client_by_a_way_that_the_rules_allow() {
    for server in support::servers().await {
        let public = json!({ "redirect_uris": ["https://a.example.com/cb"], "token_endpoint_auth_method": "none" });
        let public = made(&server, json!({}), &public).await;
        let refused = renew(&server, &public).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (400, &json!("invalid_client_metadata"))
        );
        let token = initial_token(&server, "r", 5).await;
        let made = register(&server, "r", Some(&token), &service()).await.json();
        let path = below(&made);
        for other in [text(&public, "registration_access_token"), &token, "x"] {
            let answer = server.with_token(other, "POST", &path, Value::Null).await;
            assert_eq!(answer.status, 401, "{}", answer.body);
        }
        assert_eq!(server.request("POST", &path, &[], "").await.status, 401);
        assert_eq!(server.get(&path).await.status, 405);
        assert!(works(&server, &made, text(&made, "client_secret")).await);

        // The token that a `PUT` gave is now known to have arrived: the one before it is dead.
        let rat = text(&made, "registration_access_token");
        let own = path.trim_end_matches("/secret");
        let changed = server.with_token(rat, "PUT", own, service()).await.json();
        assert_eq!(renew(&server, &made).await.status, 200);
        assert_eq!(renew(&server, &changed).await.status, 200);
        assert_eq!(renew(&server, &made).await.status, 401);

        let policy = json!({
            "name": "keys only", "providerId": "allowed-client-authentication", "subType": "authenticated",
            "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
            "config": { "methods": ["private_key_jwt"] }
        });
        assert_eq!(server.admin("POST", "/r/components", policy).await.status, 201);
        let refused = server
            .with_token(text(&changed, "registration_access_token"), "PUT", own, service())
            .await;
        assert_eq!((refused.status, &refused.json()["policy"]), (403, &json!("keys only")));
        // A secret that has leaked is replaced all the same.
        let renewed = renew(&server, &changed).await;
        assert_eq!(renewed.status, 200, "{}", renewed.body);
        assert!(works(&server, &made, text(&renewed.json(), "client_secret")).await);
        let off = json!({ "attributes": { "clientRegistration.access": "off" } });
        assert_eq!(server.admin("PUT", "/r", off).await.status, 204);
        assert_eq!(renew(&server, &changed).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_rotate_at_once_the_last_two_secrets_are_good() {
    for server in support::servers().await {
        let made = made(&server, json!({}), &service()).await;
        let (a, b, c) = tokio::join!(renew(&server, &made), renew(&server, &made), renew(&server, &made));
        let mut good = 0;
        for answer in [a, b, c] {
            assert_eq!(answer.status, 200, "{}", answer.body);
            good += i32::from(works(&server, &made, text(&answer.json(), "client_secret")).await);
        }
        assert_eq!(good, 2);
        assert!(!works(&server, &made, text(&made, "client_secret")).await);
    }
}
