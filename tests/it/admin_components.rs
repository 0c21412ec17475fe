//! Components, authentication flows and required actions.

use serde_json::{Value, json};

use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_provider_brings_a_key_that_signs() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let doc = json!({
            "name": "ec", "providerId": "ecdsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "config": { "priority": ["101"] }
        });
        let id = server
            .admin("POST", &format!("/{realm}/components"), doc)
            .await
            .created();
        let certs = format!("/realms/{realm}/protocol/openid-connect/certs");
        assert!(server.get(&certs).await.body.contains("ES256"));
        let shown = server
            .admin("GET", &format!("/{realm}/components/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["config"]["ecdsaEllipticCurveKey"], json!(["P-256"]));
        let path = format!("/{realm}/components/{id}");
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        assert!(!server.get(&certs).await.body.contains("ES256"));
        let gone = server.admin("DELETE", &path, Value::Null).await;
        assert_eq!(
            (gone.status, gone.json()),
            (404, json!({ "error": "Could not find component" }))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_checked_before_they_are_kept() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let kind = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
    for (provider, config, told) in [
        (
            "nonsense",
            json!({}),
            json!({ "error": "Invalid provider type or no such provider" }),
        ),
        (
            "max-clients",
            json!({}),
            json!({ "errorMessage": "'Max Clients Per Realm' is required" }),
        ),
        (
            "max-clients",
            json!({ "max-clients": ["many"] }),
            json!({ "errorMessage": "'Max Clients Per Realm' should be a number" }),
        ),
        (
            "trusted-hosts",
            json!({ "trusted-hosts": ["localhost"] }),
            json!({ "errorMessage": "'Host Sending Client Registration Request Must Match' is required" }),
        ),
        (
            "trusted-hosts",
            json!({ "host-sending-registration-request-must-match": ["true"] }),
            json!({ "errorMessage": "'Client URIs Must Match' is required" }),
        ),
        (
            "trusted-hosts",
            json!({ "host-sending-registration-request-must-match": ["yes"], "client-uris-must-match": ["true"] }),
            json!({ "errorMessage": "'Host Sending Client Registration Request Must Match' should be 'true' or 'false'" }),
        ),
        (
            "trusted-hosts",
            json!({ "host-sending-registration-request-must-match": ["false"], "client-uris-must-match": ["false"] }),
            json!({ "errorMessage": "At least one of hosts verification or client URIs validation must be enabled" }),
        ),
    ] {
        let doc = json!({ "name": "X", "providerId": provider, "providerType": kind, "subType": "anonymous", "config": config });
        let answer = server.admin("POST", &format!("/{realm}/components"), doc).await;
        assert_eq!((answer.status, answer.json()), (400, told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_flow_can_be_changed_where_a_built_in_one_cannot() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let base = format!("/{realm}/authentication");
        let copy = format!("{base}/flows/browser/copy");
        let id = server
            .admin("POST", &copy, json!({ "newName": "mine" }))
            .await
            .created();
        let again = server.admin("POST", &copy, json!({ "newName": "mine" })).await;
        assert_eq!(
            (again.status, again.json()["errorMessage"].clone()),
            (409, json!("New flow alias name already exists"))
        );
        let steps = format!("{base}/flows/mine/executions");
        let add = server
            .admin(
                "POST",
                &format!("{steps}/execution"),
                json!({ "provider": "auth-otp-form" }),
            )
            .await;
        let step = add.created();
        let listed = server.admin("GET", &steps, Value::Null).await.json();
        let mut added = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["id"] == step)
            .unwrap()
            .clone();
        assert_eq!(
            (&added["displayName"], &added["requirement"]),
            (&json!("OTP Form"), &json!("DISABLED"))
        );
        added["requirement"] = json!("REQUIRED");
        assert_eq!(server.admin("PUT", &steps, added).await.status, 204);
        let shown = server
            .admin("GET", &format!("{base}/executions/{step}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["requirement"], "REQUIRED");

        let built_in = format!("{base}/flows/browser/executions");
        let refused = server
            .admin(
                "POST",
                &format!("{built_in}/execution"),
                json!({ "provider": "auth-otp-form" }),
            )
            .await;
        assert_eq!(
            refused.json()["error"],
            "It is illegal to add execution to a built in flow"
        );
        assert_eq!(
            server
                .admin("DELETE", &format!("{base}/flows/{id}"), Value::Null)
                .await
                .status,
            204
        );
        let flows = server.admin("GET", &format!("{base}/flows"), Value::Null).await;
        assert!(!flows.body.contains("\"mine"), "{}", flows.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn required_actions_are_switched_and_ordered() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let base = format!("/{realm}/authentication/required-actions");
    let doc = json!({
        "alias": "TERMS_AND_CONDITIONS", "name": "Terms and Conditions", "providerId": "TERMS_AND_CONDITIONS",
        "enabled": true, "defaultAction": true, "priority": 20, "config": {}
    });
    let path = format!("{base}/TERMS_AND_CONDITIONS");
    assert_eq!(server.admin("PUT", &path, doc.clone()).await.status, 204);
    assert_eq!(server.admin("GET", &path, Value::Null).await.json(), doc);
    assert_eq!(
        server
            .admin("POST", &format!("{path}/lower-priority"), Value::Null)
            .await
            .status,
        204
    );
    let all = server.admin("GET", &base, Value::Null).await.json();
    assert_eq!(
        (&all[0]["alias"], &all[1]["alias"]),
        (&json!("UPDATE_PROFILE"), &json!("TERMS_AND_CONDITIONS"))
    );
    let unknown = server.admin("GET", &format!("{base}/verify_email"), Value::Null).await;
    assert_eq!(
        (unknown.status, unknown.json()),
        (404, json!({ "error": "Failed to find required action" }))
    );
}
