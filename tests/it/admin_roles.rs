//! Roles and scope mappings as administrators handle them.

use serde_json::{Value, json};

use super::admin_clients::token_with;
use super::support::{self, Server};

async fn role(server: &Server, realm: &str, name: &str) -> Value {
    server
        .admin("GET", &format!("/{realm}/roles/{name}"), Value::Null)
        .await
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_renamed_composed_and_removed() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let roles = format!("/{realm}/roles");
        let made = server
            .admin("POST", &roles, json!({ "name": "a/b ü", "attributes": { "k": ["v"] } }))
            .await;
        assert_eq!(made.status, 201);
        assert!(
            made.header("location").ends_with("/roles/a%2Fb%20%C3%BC"),
            "{}",
            made.header("location")
        );
        let again = server.admin("POST", &roles, json!({ "name": "a/b ü" })).await;
        assert_eq!(again.json()["errorMessage"], "Role with name a/b ü already exists");
        let nameless = server.admin("POST", &roles, json!({})).await;
        assert_eq!(
            (nameless.status, nameless.json()),
            (400, json!({ "error": "role has no name" }))
        );

        let renamed = server
            .admin("PUT", &format!("{roles}/a%2Fb%20%C3%BC"), json!({ "name": "r1" }))
            .await;
        assert_eq!(renamed.status, 204, "{}", renamed.body);
        assert_eq!(role(&server, &realm, "r1").await["attributes"], json!({ "k": ["v"] }));
        server
            .admin(
                "POST",
                &roles,
                json!({ "name": "r2", "composite": true, "composites": { "realm": ["r1"] } }),
            )
            .await;
        assert_eq!(role(&server, &realm, "r2").await["composite"], true);
        let parts = server
            .admin("GET", &format!("{roles}/r2/composites"), Value::Null)
            .await
            .json();
        assert_eq!((parts.as_array().unwrap().len(), &parts[0]["name"]), (1, &json!("r1")));

        let circle = json!([role(&server, &realm, "r2").await]);
        assert_eq!(
            server
                .admin("POST", &format!("{roles}/r1/composites"), circle)
                .await
                .status,
            204
        );
        let unknown = server
            .admin("POST", &format!("{roles}/r1/composites"), json!([{ "id": "nope" }]))
            .await;
        assert_eq!(
            (unknown.status, unknown.json()),
            (404, json!({ "error": "Could not find composite role" }))
        );

        let id = role(&server, &realm, "r1").await["id"].as_str().unwrap().to_owned();
        let by_id = format!("/{realm}/roles-by-id/{id}");
        assert_eq!(server.admin("DELETE", &by_id, Value::Null).await.status, 204);
        let gone = server.admin("DELETE", &by_id, Value::Null).await;
        assert_eq!(
            (gone.status, gone.json()),
            (404, json!({ "error": "Could not find role with id" }))
        );
        assert_eq!(role(&server, &realm, "r2").await["composite"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_role_stays() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let answer = server
        .admin("DELETE", &format!("/{realm}/roles/default-roles-{realm}"), Value::Null)
        .await;
    let text = format!("default-roles-{realm} is default role of the realm and cannot be removed.");
    assert_eq!((answer.status, answer.json()), (400, json!({ "errorMessage": text })));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_composes_roles_that_they_do_not_have() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    server
        .admin("POST", &format!("/{realm}/roles"), json!({ "name": "mine" }))
        .await;
    let token = token_with(&server, &realm, "manager", &["manage-realm", "view-clients"]).await;
    let base = format!("/admin/realms/{realm}");
    let path = format!("{base}/clients?clientId=realm-management");
    let holders = server.with_token(&token, "GET", &path, Value::Null).await;
    let holder = holders.json()[0]["id"].as_str().unwrap().to_owned();
    for (name, status) in [("manage-users", 403), ("realm-admin", 403), ("view-clients", 204)] {
        let path = format!("{base}/clients/{holder}/roles/{name}");
        let role = server.with_token(&token, "GET", &path, Value::Null).await.json();
        let path = format!("{base}/roles/mine/composites");
        let answer = server.with_token(&token, "POST", &path, json!([role])).await;
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scope_mappings_say_what_passes_without_full_scope() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server
            .client(&realm, json!({ "clientId": "app", "fullScopeAllowed": false }))
            .await;
        let path = format!("/{realm}/clients/{id}/scope-mappings/realm");
        let offline = role(&server, &realm, "offline_access").await;
        assert_eq!(server.admin("POST", &path, json!([offline])).await.status, 204);
        let listed = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(listed[0]["name"], "offline_access");
        let rest = server
            .admin("GET", &format!("{path}/available"), Value::Null)
            .await
            .json();
        assert_eq!(rest.as_array().unwrap().len(), 2);
        let granted = format!("/{realm}/clients/{id}/evaluate-scopes/scope-mappings/{realm}/granted");
        let granted = server.admin("GET", &granted, Value::Null).await.json();
        assert_eq!(
            (granted.as_array().unwrap().len(), &granted[0]["name"]),
            (1, &json!("offline_access"))
        );
        assert_eq!(server.admin("DELETE", &path, json!([offline])).await.status, 204);
        assert_eq!(server.admin("GET", &path, Value::Null).await.json(), json!([]));
        let shown = server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await;
        assert!(!shown.body.contains("_scopeRoles"), "{}", shown.body);
    }
}
