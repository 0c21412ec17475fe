//! Administrators see what happened, and what they did themselves.

use serde_json::{Value, json};

use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_do_is_kept_without_secrets() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "adminEventsEnabled": true, "adminEventsDetailsEnabled": true }))
            .await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let reset = json!({ "type": "password", "value": "Hush-1234", "temporary": false });
        server
            .admin("PUT", &format!("/{realm}/users/{id}/reset-password"), reset)
            .await;
        let kept = server
            .admin("GET", &format!("/{realm}/admin-events"), Value::Null)
            .await;
        assert!(
            !kept.body.contains("Passw0rd!") && !kept.body.contains("Hush-1234"),
            "{}",
            kept.body
        );
        let kept = kept.json();
        assert_eq!(kept[0]["operationType"], "ACTION");
        assert_eq!(kept[0]["resourcePath"], format!("users/{id}/reset-password"));
        assert_eq!(
            (&kept[1]["operationType"], &kept[1]["resourceType"]),
            (&json!("CREATE"), &json!("USER"))
        );
        let sent: Value = serde_json::from_str(kept[1]["representation"].as_str().unwrap()).unwrap();
        assert_eq!(sent["username"], "ann");
        for (query, count) in [
            ("operationTypes=CREATE&resourceTypes=USER", 1),
            ("resourcePath=users/*", 2),
            ("authRealm=master", 0),
            ("dateFrom=2020-01-01&max=1", 1),
            ("dateTo=2020-01-01", 0),
            ("direction=asc&first=1", 1),
        ] {
            let found = server
                .admin("GET", &format!("/{realm}/admin-events?{query}"), Value::Null)
                .await
                .json();
            assert_eq!(found.as_array().unwrap().len(), count, "{query}: {found}");
        }
        let unknown = server
            .admin(
                "GET",
                &format!("/{realm}/admin-events?resourceTypes=NOSUCH"),
                Value::Null,
            )
            .await;
        assert_eq!(unknown.status, 400);
        assert_eq!(
            server
                .admin("DELETE", &format!("/{realm}/admin-events"), Value::Null)
                .await
                .status,
            204
        );
        assert_eq!(
            server
                .admin("GET", &format!("/{realm}/admin-events"), Value::Null)
                .await
                .body,
            "[]"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_type_client_and_day() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        let client = json!({ "clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true });
        server.client(&realm, client).await;
        server.user(&realm, "ann", "Passw0rd!").await;
        server.password_token(&realm, "app", "ann", "Passw0rd!").await;
        let wrong = [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", "ann"),
            ("password", "no"),
        ];
        server
            .form(&format!("/realms/{realm}/protocol/openid-connect/token"), &wrong)
            .await;
        for (query, kinds) in [
            ("", vec!["LOGIN_ERROR", "LOGIN"]),
            ("direction=asc", vec!["LOGIN", "LOGIN_ERROR"]),
            ("type=LOGIN", vec!["LOGIN"]),
            ("type=LOGIN&type=LOGIN_ERROR&client=app", vec!["LOGIN_ERROR", "LOGIN"]),
            ("user=nosuch", vec![]),
            ("dateTo=2020-01-01", vec![]),
            ("first=1&max=1", vec!["LOGIN"]),
        ] {
            let found = server
                .admin("GET", &format!("/{realm}/events?{query}"), Value::Null)
                .await
                .json();
            let found: Vec<&str> = found
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["type"].as_str().unwrap())
                .collect();
            assert_eq!(found, kinds, "{query}");
        }
        let bad = server
            .admin("GET", &format!("/{realm}/events?dateFrom=bad"), Value::Null)
            .await;
        let text = r#"{"error":"Invalid value for 'dateFrom', expected format is yyyy-MM-dd or an Epoch timestamp"}"#;
        assert_eq!((bad.status, bad.body.as_str()), (400, text));
        let config = format!("/{realm}/events/config");
        let unknown = server
            .admin("PUT", &config, json!({ "eventsListeners": ["nosuch"] }))
            .await;
        assert_eq!(unknown.body, r#"{"error":"Unknown event listener"}"#);
        let listed = server.admin("GET", &config, Value::Null).await.json();
        assert!(
            listed["enabledEventTypes"]
                .as_array()
                .unwrap()
                .contains(&json!("REGISTER"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_and_which_events_are_kept_is_taken_as_keycloak_takes_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let config = format!("/{realm}/events/config");
    for (sent, expiration, types) in [
        (json!({ "eventsExpiration": -1 }), json!(-1), None),
        (json!({ "eventsExpiration": i64::MAX }), json!(i64::MAX), None),
        (
            json!({ "enabledEventTypes": ["NOPE", "LOGIN"] }),
            Value::Null,
            Some(json!(["NOPE", "LOGIN"])),
        ),
        (
            json!({ "enabledEventTypes": ["LOGIN", "LOGIN"] }),
            Value::Null,
            Some(json!(["LOGIN"])),
        ),
    ] {
        for path in [&config, &format!("/{realm}")] {
            let put = server.admin("PUT", path, sent.clone()).await;
            assert_eq!(put.status, 204, "{path} {sent}: {}", put.body);
            let shown = server.admin("GET", &config, Value::Null).await.json();
            assert_eq!(shown["eventsExpiration"], expiration, "{path} {sent}");
            if let Some(types) = &types {
                assert_eq!(shown["enabledEventTypes"], *types, "{path} {sent}");
            }
        }
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
    }
    let odd = json!({ "eventsExpiration": "x" });
    assert_eq!(server.admin("PUT", &config, odd).await.status, 400);
}
