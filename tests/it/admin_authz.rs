//! Who may do what at the Admin API: as in Keycloak, and `create-users` creates users and nothing else.

use serde_json::{Value, json};

use crate::support::{self, Server};

/// A token of a service account with these roles of `realm-management`, in `master` of `master-realm`.
pub async fn token_with(server: &Server, realm: &str, roles: &[&str]) -> String {
    let client_id = format!("sa-{}", roles.join("-"));
    let client = json!({ "clientId": client_id, "secret": "secret", "serviceAccountsEnabled": true });
    let id = server.client(realm, client).await;
    let account = server
        .admin(
            "GET",
            &format!("/{realm}/clients/{id}/service-account-user"),
            Value::Null,
        )
        .await
        .json();
    let account = account["id"].as_str().unwrap();
    let holder = if realm == "master" {
        "master-realm"
    } else {
        "realm-management"
    };
    let path = format!("/{realm}/clients?clientId={holder}");
    let found = server.admin("GET", &path, Value::Null).await.json();
    let management = found[0]["id"].as_str().unwrap();
    let mut given = Vec::new();
    for role in roles {
        let role = server
            .admin(
                "GET",
                &format!("/{realm}/clients/{management}/roles/{role}"),
                Value::Null,
            )
            .await;
        assert_eq!(role.status, 200, "{}", role.body);
        given.push(role.json());
    }
    let path = format!("/{realm}/users/{account}/role-mappings/clients/{management}");
    assert_eq!(server.admin("POST", &path, json!(given)).await.status, 204);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &client_id),
        ("client_secret", "secret"),
    ];
    let answer = server
        .form(&format!("/realms/{realm}/protocol/openid-connect/token"), &fields)
        .await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_opens_what_it_opens_in_keycloak() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let user = server.user(&realm, "ann", "Passw0rd!").await;
    let roles: [&[&str]; 7] = [
        &[],
        &["manage-users"],
        &["view-users"],
        &["query-users"],
        &["view-realm"],
        &["view-events"],
        &["realm-admin"],
    ];
    let mut tokens = Vec::new();
    for set in roles {
        tokens.push(token_with(&server, &realm, set).await);
    }
    let one = format!("/users/{user}");
    for (method, path, statuses) in [
        ("GET", "/users", [403, 200, 200, 200, 403, 403, 200]),
        ("GET", one.as_str(), [403, 200, 200, 403, 403, 403, 200]),
        ("GET", "/users/nosuch", [403, 404, 404, 404, 403, 403, 404]),
        ("DELETE", "/users/nosuch", [403, 404, 404, 404, 403, 403, 404]),
        ("GET", "", [403, 200, 200, 200, 200, 200, 200]),
        ("GET", "/events", [403, 403, 403, 403, 403, 200, 200]),
        ("GET", "/admin-events", [403, 403, 403, 403, 403, 200, 200]),
        ("GET", "/keys", [403, 403, 403, 403, 200, 403, 200]),
        ("GET", "/users/profile", [403, 200, 200, 200, 200, 403, 200]),
    ] {
        for (token, (status, set)) in tokens.iter().zip(statuses.iter().zip(roles)) {
            let answer = server
                .with_token(token, method, &format!("/admin/realms/{realm}{path}"), Value::Null)
                .await;
            assert_eq!(answer.status, *status, "{method} {path} with {set:?}: {}", answer.body);
        }
    }
    let change = json!({ "firstName": "Q" });
    for (token, status) in tokens.iter().zip([403, 204, 403, 403, 403, 403, 204]) {
        let answer = server
            .with_token(token, "PUT", &format!("/admin/realms/{realm}{one}"), change.clone())
            .await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn create_users_creates_users_and_nothing_else() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        server
            .admin("POST", &format!("/{realm}/groups"), json!({ "name": "staff" }))
            .await;
        let token = token_with(&server, &realm, &["create-users"]).await;
        let path = format!("/admin/realms/{realm}/users");
        let user =
            json!({ "username": "bob", "enabled": true, "credentials": [{ "value": "Temp-123", "temporary": true }] });
        let made = server.with_token(&token, "POST", &path, user).await;
        assert_eq!(made.status, 201, "{}", made.body);
        for more in [
            json!({ "groups": ["/staff"] }),
            json!({ "realmRoles": ["offline_access"] }),
            json!({ "clientRoles": { "realm-management": ["realm-admin"] } }),
            json!({ "federatedIdentities": [{ "identityProvider": "x", "userId": "1" }] }),
        ] {
            let mut user = json!({ "username": "eve" });
            user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(
                server.with_token(&token, "POST", &path, user).await.status,
                403,
                "{more}"
            );
        }
        assert_eq!(server.with_token(&token, "GET", &path, Value::Null).await.status, 403);
        let one = format!("{path}/{}", made.created());
        assert_eq!(server.with_token(&token, "GET", &one, Value::Null).await.status, 403);
        assert_eq!(
            server
                .with_token(&token, "PUT", &one, json!({ "enabled": false }))
                .await
                .status,
            403
        );
        assert_eq!(server.with_token(&token, "DELETE", &one, Value::Null).await.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_good_token_learns_anything() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let refused = r#"{"error":"HTTP 401 Unauthorized"}"#;
    for (path, headers) in [
        (format!("/admin/realms/{realm}/users"), vec![]),
        ("/admin/realms/nosuch/users".to_owned(), vec![]),
        ("/admin/realms/nosuch/nothing".to_owned(), vec![]),
        (
            format!("/admin/realms/{realm}/users"),
            vec![("authorization", "Basic YWRtaW46YWRtaW4=")],
        ),
        (
            format!("/admin/realms/{realm}/users"),
            vec![("authorization", "Bearer x.y.z")],
        ),
    ] {
        let answer = server.request("GET", &path, &headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (401, refused), "{path}");
    }
    let token = token_with(&server, &realm, &["realm-admin"]).await;
    let other = server.realm(json!({})).await;
    let there = server
        .with_token(&token, "GET", &format!("/admin/realms/{other}/users"), Value::Null)
        .await;
    assert_eq!(there.status, 403, "an administrator of one realm is nobody in another");
    let seen = server
        .with_token(&token, "GET", "/admin/realms", Value::Null)
        .await
        .json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(
        server
            .with_token(&token, "POST", "/admin/realms", json!({ "realm": "mine" }))
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_does_not_matter_and_a_page_may_ask() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    assert_eq!(
        server
            .admin("GET", &format!("/{realm}/users/"), Value::Null)
            .await
            .status,
        200
    );
    let origin = [("origin", "https://page.example.org")];
    let asked = server
        .request("OPTIONS", &format!("/admin/realms/{realm}/users"), &origin, "")
        .await;
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (200, "https://page.example.org")
    );
    let client = json!({
        "clientId": "page", "publicClient": true, "directAccessGrantsEnabled": true, "fullScopeAllowed": true,
        "webOrigins": ["https://page.example.org"]
    });
    server.client("master", client).await;
    let token = server.password_token("master", "page", "admin", "admin").await;
    let bearer = format!("Bearer {token}");
    for (origin, allowed) in [
        ("https://page.example.org", "https://page.example.org"),
        ("https://evil.example.org", ""),
    ] {
        let headers = [("authorization", bearer.as_str()), ("origin", origin)];
        let answer = server
            .request("GET", &format!("/admin/realms/{realm}/users"), &headers, "")
            .await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, allowed)
        );
    }
}
