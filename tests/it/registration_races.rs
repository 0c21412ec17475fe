//! Counts and quotas are exact, whoever races for the last of them, at however many nodes, and when one of those is killed.

use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};

use super::client_registration::{address, initial, plain, register, remaining, text};
use super::support::process::{Process, call};
use super::support::{self, Server, build, send};

/// Three nodes of one database; of SQLite, one node three times.
async fn three_nodes(server: &Server) -> Vec<Router> {
    let mut nodes = vec![server.router.clone()];
    for _ in 0..2 {
        nodes.push(if server.app.db.engine_name() == "postgres" {
            vestibule::routes::router(server.another_node().await)
        } else {
            server.router.clone()
        });
    }
    nodes
}

/// Registers so often at the same moment, at all nodes in turn; gives the statuses, sorted.
async fn race(nodes: &[Router], realm: &str, token: &str, times: usize) -> Vec<u16> {
    let bearer = format!("Bearer {token}");
    let sent = (0..times).map(|n| {
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let request = build("POST", &address(realm), &headers, plain().to_string());
        let node = nodes[n % nodes.len()].clone();
        tokio::spawn(async move { send(&node, request).await.status })
    });
    let mut statuses = Vec::new();
    for one in sent.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_07_a_hundred_races_for_a_count_or_a_quota_at_three_nodes_end_exactly() {
    for server in support::servers().await {
        // What one node does, many tests look at.
        let rounds = if server.app.db.engine_name() == "postgres" {
            100
        } else {
            30
        };
        let nodes = three_nodes(&server).await;
        let quotas = json!({ "clientRegistration.quota.token": "6", "clientRegistration.quota.owner": "4" });
        let realm = server.realm(json!({ "attributes": quotas })).await;
        let mut all = 0;
        for round in 0..rounds {
            let (sent, good, refused) = match round % 3 {
                0 => (json!({ "count": 3 }), 3, 401),
                1 => (json!({ "count": -1 }), 6, 403),
                _ => (json!({ "count": -1, "owner": format!("team {round}") }), 4, 403),
            };
            let (id, token) = initial(&server, &realm, sent).await;
            let statuses = race(&nodes, &realm, &token, 12).await;
            assert_eq!(statuses[..good], vec![201; good], "{round}: {statuses:?}");
            assert_eq!(statuses[good..], vec![refused; 12 - good], "{round}: {statuses:?}");
            if round % 3 == 0 {
                assert_eq!(remaining(&server, &realm, &id).await, 0);
            }
            all += good;
        }
        let path = format!("/{realm}/clients/count?registered=true");
        assert_eq!(server.admin("GET", &path, Value::Null).await.json(), all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_07_a_quota_of_a_realm_or_an_address_is_exact_at_three_nodes() {
    for server in support::servers().await {
        let nodes = three_nodes(&server).await;
        for quota in ["realm", "address"] {
            for round in 0..3 {
                let attributes = json!({ format!("clientRegistration.quota.{quota}"): "5" });
                let realm = server.realm(json!({ "attributes": attributes })).await;
                let (_, token) = initial(&server, &realm, json!({})).await;
                let statuses = race(&nodes, &realm, &token, 15).await;
                assert_eq!(statuses, [[201; 5], [403; 5], [403; 5]].concat(), "{quota} {round}");
                // What goes makes room again.
                let path = format!("/{realm}/clients?registered=true&max=1");
                let gone = server.admin("GET", &path, Value::Null).await.json();
                let path = format!("/{realm}/clients/{}", text(&gone[0], "id"));
                assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
                let again = register(&server, &realm, Some(&token), &plain()).await;
                assert_eq!(again.status, 201, "{quota} {round}: {}", again.body);
            }
        }
    }
}

/// The count of a token, in its own realm, while one of two nodes is killed.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_07_a_count_is_exact_when_a_node_is_killed_in_the_middle() {
    const COUNT: usize = 10;
    let Some(db) = support::fresh_postgres().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    support::put_secret_key(folder.path()).await;
    let stays = Process::start(folder.path(), Some(&db), &[]).await;
    let admin = stays.admin_token().await;
    let realm = json!({ "realm": "acme", "enabled": true });
    assert_eq!(stays.admin(&admin, "POST", "", &realm).await.status, 201);
    for round in 0..5_u64 {
        let mut goes = Process::start(folder.path(), Some(&db), &[]).await;
        let sent = json!({ "count": COUNT, "expiration": 3600 });
        let made = stays.admin(&admin, "POST", "/acme/clients-initial-access", &sent).await;
        let (id, token) = (made.json()["id"].clone(), made.json()["token"].clone());
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let ask = |port: u16| {
            let bearer = bearer.clone();
            tokio::spawn(async move {
                let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
                let body = plain().to_string();
                let answer = call(port, "POST", &address("acme"), &headers, &body).await;
                answer.map(|answer| answer.status)
            })
        };
        let asked: Vec<_> = (0..8)
            .map(|n| ask(if n % 4 == 0 { stays.port } else { goes.port }))
            .collect();
        tokio::time::sleep(Duration::from_millis(4 + round * 9)).await;
        goes.kill();
        let mut acknowledged = 0;
        for one in asked {
            // No answer: it is done, or it is not.
            match one.await.unwrap() {
                Some(201) => acknowledged += 1,
                None => {}
                other => panic!("{other:?}"),
            }
        }
        let state = async || {
            let path = format!("/acme/clients-initial-access/{}", id.as_str().unwrap());
            let left = stays.admin(&admin, "GET", &path, &Value::Null).await.json();
            let clients = stays
                .admin(&admin, "GET", &format!("{path}/clients"), &Value::Null)
                .await
                .json();
            (
                clients.as_array().unwrap().len(),
                left["remainingCount"].as_u64().unwrap() as usize,
            )
        };
        let (made, left) = state().await;
        assert_eq!(made + left, COUNT, "{round}");
        assert!(
            made >= acknowledged,
            "{round}: {acknowledged} were acknowledged, {made} are there"
        );
        // The rest is still good, and no more than that.
        let asked: Vec<_> = (0..left + 3).map(|_| ask(stays.port)).collect();
        let mut good = 0;
        for one in asked {
            good += usize::from(one.await.unwrap() == Some(201));
        }
        assert_eq!((good, state().await), (left, (COUNT, 0)), "{round}");
    }
}
