//! Client scopes and protocol mappers.

use serde_json::{Value, json};

use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn clients_follow_when_a_scope_is_renamed_or_removed() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let scopes = format!("/{realm}/client-scopes");
        let doc = json!({ "name": "orders", "protocol": "openid-connect" });
        let id = server.admin("POST", &scopes, doc.clone()).await.created();
        let taken = server.admin("POST", &scopes, doc).await;
        assert_eq!(taken.json()["errorMessage"], "Client Scope orders already exists");
        let client = server
            .client(&realm, json!({ "clientId": "app", "optionalClientScopes": ["orders"] }))
            .await;
        let default = format!("/{realm}/default-optional-client-scopes/{id}");
        assert_eq!(server.admin("PUT", &default, Value::Null).await.status, 204);
        assert_eq!(server.admin("PUT", &default, Value::Null).await.status, 409);

        server
            .admin("PUT", &format!("{scopes}/{id}"), json!({ "name": "shop" }))
            .await;
        let shown = server
            .admin("GET", &format!("/{realm}/clients/{client}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["optionalClientScopes"], json!(["shop"]));
        let optional = format!("/{realm}/default-optional-client-scopes");
        assert!(
            server
                .admin("GET", &optional, Value::Null)
                .await
                .body
                .contains("\"shop\"")
        );

        assert_eq!(
            server
                .admin("DELETE", &format!("{scopes}/{id}"), Value::Null)
                .await
                .status,
            204
        );
        let shown = server
            .admin("GET", &format!("/{realm}/clients/{client}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["optionalClientScopes"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapper_puts_its_claim_into_example_tokens() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.client(&realm, json!({ "clientId": "app" })).await;
        let user = server.user(&realm, "ann", "pw").await;
        let mappers = format!("/{realm}/clients/{id}/protocol-mappers/models");
        let mapper = json!({
            "name": "hard", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
            "config": { "claim.name": "shop", "claim.value": "north", "jsonType.label": "String",
                        "access.token.claim": "true" }
        });
        server.admin("POST", &mappers, mapper.clone()).await.created();
        let taken = server.admin("POST", &mappers, mapper).await;
        assert_eq!(taken.json()["errorMessage"], "Protocol mapper exists with same name");
        let unknown = json!({ "name": "x", "protocol": "openid-connect", "protocolMapper": "nonsense" });
        let unknown = server.admin("POST", &mappers, unknown).await;
        assert_eq!(
            (unknown.status, unknown.json()),
            (404, json!({ "error": "ProtocolMapper provider not found" }))
        );
        let base = format!("/{realm}/clients/{id}/evaluate-scopes");
        let example = format!("{base}/generate-example-access-token?scope=openid&userId={user}");
        let example = server.admin("GET", &example, Value::Null).await.json();
        assert_eq!((&example["shop"], &example["sub"]), (&json!("north"), &json!(user)));
        let nobody = server
            .admin("GET", &format!("{base}/generate-example-access-token"), Value::Null)
            .await;
        assert_eq!(
            (nobody.status, nobody.json()),
            (404, json!({ "error": "No userId provided" }))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_has_texts_of_its_own() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}/localization/de");
    assert_eq!(
        server.admin("POST", &path, json!({ "b": "2", "a": "1" })).await.status,
        204
    );
    assert_eq!(
        server.admin("GET", &path, Value::Null).await.json(),
        json!({ "a": "1", "b": "2" })
    );
    assert_eq!(server.admin("GET", &format!("{path}/a"), Value::Null).await.body, "1");
    assert_eq!(
        server.admin("DELETE", &format!("{path}/a"), Value::Null).await.status,
        204
    );
    let gone = server.admin("GET", &format!("{path}/a"), Value::Null).await;
    assert_eq!(gone.json(), json!({ "error": "Localization text not found" }));
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_policies_are_kept_and_checked() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let profiles = format!("/{realm}/client-policies/profiles");
    let good =
        json!({ "profiles": [{ "name": "p", "executors": [{ "executor": "pkce-enforcer", "configuration": {} }] }] });
    assert_eq!(server.admin("PUT", &profiles, good.clone()).await.status, 204);
    assert_eq!(server.admin("GET", &profiles, Value::Null).await.json(), good);
    let bad = json!({ "profiles": [{ "name": "p", "executors": [{ "executor": "nonsense" }] }] });
    assert_eq!(server.admin("PUT", &profiles, bad).await.status, 400);
    let unknown = json!({ "policies": [{ "name": "x", "profiles": ["zzz"] }] });
    let refused = server
        .admin("PUT", &format!("/{realm}/client-policies/policies"), unknown)
        .await;
    assert_eq!(refused.json()["errorMessage"], "Policy x contains invalid profile zzz");
}
