//! Applications that register at two nodes at the same moment: tokens count, quotas hold, secrets are replaced, as at one.

use axum::Router;
use serde_json::{Value, json};

use super::client_registration::{address, initial, initial_token, plain, remaining, text};
use super::nodes::two_nodes;
use super::support::{self, Answer, Server, build, encode, send};

/// Sends the same request with a token often, at the same moment, to both nodes in turn.
async fn at_once(nodes: &[Router; 2], token: &str, path: &str, body: &Value, times: usize) -> Vec<Answer> {
    let bearer = format!("Bearer {token}");
    let sent: Vec<_> = (0..times)
        .map(|n| {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let request = build("POST", path, &headers, body.to_string());
            let node = nodes[n % 2].clone();
            tokio::spawn(async move { send(&node, request).await })
        })
        .collect();
    let mut answers = Vec::new();
    for one in sent {
        answers.push(one.await.unwrap());
    }
    answers
}

async fn registered(server: &Server, realm: &str) -> usize {
    let path = format!("/{realm}/clients/count?registered=true");
    server.admin("GET", &path, Value::Null).await.json().as_u64().unwrap() as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_of_a_thousand_uses_at_two_nodes_are_good() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = server.realm(json!({})).await;
        let (id, token) = initial(&server, &realm, json!({ "count": 10 })).await;
        let answers = at_once(&nodes, &token, &address(&realm), &plain(), 1_000).await;
        for answer in &answers {
            assert!(
                matches!(answer.status, 201 | 401 | 503),
                "{} {}",
                answer.status,
                answer.body
            );
        }
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((made, remaining(&server, &realm, &id).await), (10, 0));
        assert_eq!(registered(&server, &realm).await, 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_hold_between_two_nodes() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        for of in ["token", "owner", "address", "realm"] {
            let quota = format!("clientRegistration.quota.{of}");
            let realm = server.realm(json!({ "attributes": { quota: "3" } })).await;
            let (_, token) = initial(&server, &realm, json!({ "count": 50, "owner": "blue" })).await;
            let answers = at_once(&nodes, &token, &address(&realm), &plain(), 30).await;
            let made = answers.iter().filter(|answer| answer.status == 201).count();
            assert_eq!((made, registered(&server, &realm).await), (3, 3), "{of}");
            let others = answers.iter().filter(|answer| answer.status != 201);
            for answer in others {
                assert_eq!(
                    (answer.status, &answer.json()["error"]),
                    (403, &json!("quota_exceeded")),
                    "{of}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_secrets_that_both_nodes_hand_out_at_once_the_last_two_are_good_at_both() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = server.realm(json!({})).await;
        let token = initial_token(&server, &realm, 1).await;
        let service =
            json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post" });
        let made = super::client_registration::register(&server, &realm, Some(&token), &service).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        let id = text(&made, "client_id");
        let path = format!("{}/{id}/secret", address(&realm));
        let answers = at_once(
            &nodes,
            text(&made, "registration_access_token"),
            &path,
            &Value::Null,
            12,
        )
        .await;
        let mut secrets = vec![text(&made, "client_secret").to_owned()];
        for answer in answers {
            assert_eq!(answer.status, 200, "{}", answer.body);
            secrets.push(text(&answer.json(), "client_secret").to_owned());
        }
        // What one node keeps of a client follows the other within a second.
        tokio::time::sleep(std::time::Duration::from_millis(950)).await;
        let endpoint = format!("/realms/{realm}/protocol/openid-connect/token");
        let mut good = [Vec::new(), Vec::new()];
        for (node, good) in nodes.iter().zip(&mut good) {
            for secret in &secrets {
                let fields = [
                    ("grant_type", "client_credentials"),
                    ("client_id", id),
                    ("client_secret", secret),
                ];
                let form = [("content-type", "application/x-www-form-urlencoded")];
                if send(node, build("POST", &endpoint, &form, encode(&fields)))
                    .await
                    .status
                    == 200
                {
                    good.push(secret.clone());
                }
            }
        }
        assert_eq!((good[0].len(), &good[0]), (2, &good[1]));
        assert!(!good[0].contains(&secrets[0]), "the first one was replaced twice");
    }
}
