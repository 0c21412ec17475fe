//! Many decide at once, and the application changes itself meanwhile: one thing happens after the other.

use serde_json::{Value, json};

use super::approval::{acts, crane, desk, events, own, register_crane, waiting_realm};
use super::client_registration::{address, text};
use super::support;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_decisions_at_once_one_counts() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        for _ in 0..3 {
            let client = register_crane(&server, &realm).await;
            let id = text(&client, "client_id");
            let token = server.admin_token().await;
            let decide = |action: &'static str| {
                let (router, token) = (server.router.clone(), token.clone());
                let path = format!("/admin/realms/{realm}/client-registrations/{id}/{action}");
                tokio::spawn(async move {
                    let bearer = format!("Bearer {token}");
                    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                    let request = support::build("POST", &path, &headers, "{}".to_owned());
                    (action, support::send(&router, request).await.status)
                })
            };
            let all: Vec<_> = (0..8)
                .map(|n| decide(if n % 2 == 0 { "approve" } else { "refuse" }))
                .collect();
            let mut counted = Vec::new();
            for one in all {
                let (action, status) = one.await.unwrap();
                assert!([204, 409].contains(&status), "{status}");
                if status == 204 {
                    counted.push(action);
                }
            }
            assert_eq!(counted.len(), 1, "{counted:?}");
            let works = acts(&server, &realm, &client).await.status == 200;
            assert_eq!(works, counted[0] == "approve");
        }
        let kinds = events(&server, &realm).await;
        let decided = kinds
            .iter()
            .filter(|kind| kind.starts_with("CLIENT_REGISTRATION_") && !kind.ends_with("PENDING"));
        assert_eq!(decided.count(), 3, "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_approved_is_what_was_seen_whatever_the_application_does_meanwhile() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        for _ in 0..6 {
            let client = register_crane(&server, &realm).await;
            let id = text(&client, "client_id");
            let seen = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
                .await
                .json();
            let mut other = crane();
            other["redirect_uris"] = json!(["https://evil.example.com/cb"]);
            let key = text(&client, "registration_access_token");
            let path = format!("{}/{id}", address(&realm));
            let approve = format!("/{id}/approve");
            let (approved, changed) = tokio::join!(
                desk(&server, &realm, "POST", &approve, json!({ "ask": seen["ask"] })),
                server.with_token(key, "PUT", &path, other)
            );
            assert_eq!(changed.status, 200, "{}", changed.body);
            let now = own(&server, &realm, &changed.json()).await.json();
            match approved.status {
                // First the approval: the change waits for one of its own.
                204 => {
                    assert_eq!(now["registration_status"], "update_pending", "{now}");
                    assert_eq!(now["redirect_uris"], crane()["redirect_uris"]);
                    assert_eq!(acts(&server, &realm, &client).await.status, 200);
                }
                // First the change: what was seen is asked for no more.
                409 => {
                    assert_eq!(now["registration_status"], "pending", "{now}");
                    assert_eq!(acts(&server, &realm, &client).await.status, 400);
                }
                status => panic!("{status}: {}", approved.body),
            }
        }
    }
}
