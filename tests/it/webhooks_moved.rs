//! Webhooks in an export, and back.

use serde_json::{Value, json};

use super::realm_moves::{export, import};
use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_go_along_with_their_realm() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let secret = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5IGJ5dGVzLCBhYm91dA==";
        let hook = json!({ "url": "https://hooks.example.org/a", "events": ["REGISTER", "admin.*"], "secret": secret });
        let path = format!("/{realm}/webhooks");
        assert_eq!(server.admin("POST", &path, hook).await.status, 201);
        let mut other = json!({ "url": "https://hooks.example.org/b", "events": [], "enabled": false });
        assert_eq!(server.admin("POST", &path, other.clone()).await.status, 201);
        let part = server
            .admin("POST", &format!("/{realm}/partial-export"), Value::Null)
            .await;
        let shown = part.json()["attributes"]["webhooks"].as_str().unwrap().to_owned();
        assert!(
            shown.contains("hooks.example.org/b") && shown.contains("**********"),
            "{shown}"
        );
        assert!(!part.body.contains(secret), "secrets are masked");

        let whole = export(&server, &realm).await;
        assert!(whole.to_string().contains(secret));
        let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
        std::fs::write(file.path(), whole.to_string()).unwrap();
        import(&server, &[file.path().to_str().unwrap()]).await.unwrap();
        let known = vestibule::store::realm::by_name(&server.app.db, &realm)
            .await
            .unwrap()
            .unwrap();
        let there: Vec<(&str, bool, usize)> = known
            .webhooks
            .iter()
            .map(|hook| (hook.url.as_str(), hook.enabled, hook.events.len()))
            .collect();
        let wanted = [
            ("https://hooks.example.org/a", true, 2),
            ("https://hooks.example.org/b", false, 0),
        ];
        assert_eq!(there, wanted);
        assert_eq!(known.webhooks[0].secret, secret);
        assert_eq!(known.attribute("webhooks"), None, "nothing stays in clear");

        // What is not shown is made anew, and tells nobody until somebody knows it; what is wrong is refused.
        other["enabled"] = json!(true);
        other["secret"] = json!("**********");
        for (hooks, status) in [
            (json!([other]), 201),
            (json!([{ "url": "ftp://hooks.example.org" }]), 400),
            (json!([{ "url": "https://hooks.example.org", "events": ["NOPE"] }]), 400),
            (json!({}), 400),
        ] {
            let name = format!("{realm}-{}", hooks.to_string().len());
            let doc = json!({ "realm": name, "attributes": { "webhooks": hooks.to_string() } });
            let made = server.admin("POST", "", doc).await;
            assert_eq!(made.status, status, "{hooks}: {}", made.body);
            if status == 201 {
                let shown = server
                    .admin("GET", &format!("/{name}/webhooks"), Value::Null)
                    .await
                    .json();
                assert_eq!(shown[0]["enabled"], false, "{shown}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_put_over_its_realm_leaves_no_secrets_among_the_settings() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let secret = "whsec_YSBzZWNyZXQgb2YgdGhpcnR5IGJ5dGVzLCBhYm91dA==";
        let hook = json!({ "url": "https://hooks.example.org/a", "events": ["REGISTER"], "secret": secret });
        let made = server.admin("POST", &format!("/{realm}/webhooks"), hook).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let attributes = export(&server, &realm).await["attributes"].clone();
        assert!(attributes["webhooks"].as_str().unwrap().contains(secret));
        let part = json!({
            "adminEventsEnabled": true, "adminEventsDetailsEnabled": true, "displayName": "Put",
            "attributes": attributes
        });
        let mut whole = part.clone();
        whole["realm"] = json!(realm);
        let mut added = part.clone();
        added["ifResourceExists"] = json!("SKIP");
        for (method, path, body, status) in [
            ("PUT", format!("/{realm}"), part, 204),
            ("PUT", format!("/{realm}"), whole, 204),
            ("POST", format!("/{realm}/partialImport"), added, 200),
        ] {
            let answer = server.admin(method, &path, body).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
            let known = vestibule::store::realm::by_name(&server.app.db, &realm)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(known.attribute("webhooks"), None, "{method} {path}");
            assert_eq!(known.doc["displayName"], "Put");
            assert_eq!((known.webhooks.len(), known.webhooks[0].secret.as_str()), (1, secret));
        }
        for path in [format!("/{realm}"), format!("/{realm}/admin-events")] {
            let shown = server.admin("GET", &path, Value::Null).await;
            assert_eq!(shown.status, 200);
            assert!(!shown.body.contains(secret), "{path}: {}", shown.body);
        }
    }
}
