//! Nobody hands out more than they have, by whatever way: groups, documents, names of clients.

use serde_json::{Value, json};

use crate::admin_authz::token_with;
use crate::people::{self, json_url};
use crate::support::{self, Server};

async fn group(server: &Server, realm: &str, name: &str) -> String {
    let path = format!("/{realm}/groups");
    server.admin("POST", &path, json!({ "name": name })).await.created()
}

/// The groups `/admins`, whose members administer the realm, `/staff` and `/plain`.
async fn groups(server: &Server, realm: &str) -> [String; 3] {
    let admins = group(server, realm, "admins").await;
    let path = format!("/{realm}/clients?clientId=realm-management");
    let holder = server.admin("GET", &path, Value::Null).await.json()[0]["id"].clone();
    let holder = holder.as_str().unwrap();
    let role = format!("/{realm}/clients/{holder}/roles/realm-admin");
    let role = server.admin("GET", &role, Value::Null).await.json();
    let path = format!("/{realm}/groups/{admins}/role-mappings/clients/{holder}");
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    [
        admins,
        group(server, realm, "staff").await,
        group(server, realm, "plain").await,
    ]
}

/// Sends requests one after another: method, path below the realm, body, status.
async fn all(server: &Server, token: &str, realm: &str, requests: Vec<(&str, String, Value, u16)>) {
    for (method, path, body, status) in requests {
        let address = format!("/admin/realms/{realm}{path}");
        let answer = server.with_token(token, method, &address, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
        if status == 403 {
            assert_eq!(answer.body, r#"{"error":"HTTP 403 Forbidden"}"#);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_brings_only_what_the_caller_has() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let [admins, staff, plain] = groups(&server, &realm).await;
        let user = |name: &str, path: &str| json!({ "username": name, "groups": [path] });
        let (users, children) = ("/users".to_owned(), |id: &str| format!("/groups/{id}/children"));
        let moved = json!({ "id": staff, "name": "staff" });
        let requests = vec![
            ("POST", users.clone(), user("evil", "/admins"), 403),
            ("POST", users.clone(), user("bob", "/staff"), 201),
            ("POST", children(&admins), moved.clone(), 403),
            ("POST", children(&plain), moved.clone(), 204),
            ("POST", "/groups".into(), moved.clone(), 204),
            ("POST", children(&admins), json!({ "name": "sub" }), 201),
            ("POST", users.clone(), user("evil", "/admins/sub"), 403),
        ];
        all(
            &server,
            &token_with(&server, &realm, &["manage-users"]).await,
            &realm,
            requests,
        )
        .await;
        let default = |id: &str| format!("/default-groups/{id}");
        let import =
            |user: Value, groups: Value| json!({ "ifResourceExists": "FAIL", "users": [user], "groups": groups });
        let below = json!([{ "name": "low", "path": "/admins/low" }]);
        let partial = || "/partialImport".to_owned();
        let requests = vec![
            ("PUT", default(&admins), Value::Null, 403),
            ("PUT", default(&staff), Value::Null, 204),
            ("PUT", String::new(), json!({ "defaultGroups": ["/admins"] }), 403),
            ("PUT", String::new(), json!({ "defaultGroups": ["/plain"] }), 204),
            ("POST", partial(), import(user("evil", "/admins"), json!([])), 403),
            ("POST", partial(), import(user("evil", "/admins/low"), below), 403),
            ("POST", partial(), import(user("carl", "/staff"), json!([])), 200),
        ];
        all(
            &server,
            &token_with(&server, &realm, &["manage-realm"]).await,
            &realm,
            requests,
        )
        .await;
        let path = format!("/{realm}/users?username=evil");
        assert_eq!(server.admin("GET", &path, Value::Null).await.json(), json!([]));
        let requests = vec![
            ("POST", users, user("dora", "/admins"), 201),
            ("PUT", default(&admins), Value::Null, 204),
            ("POST", children(&admins), moved, 204),
            ("POST", partial(), import(user("emil", "/admins"), json!([])), 200),
        ];
        all(
            &server,
            &token_with(&server, &realm, &["realm-admin"]).await,
            &realm,
            requests,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_master_takes_no_realm_over() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let holder = format!("{realm}-realm");
    let token = token_with(&server, "master", &["manage-realm"]).await;
    let client_of = |name: &str| format!("/master/clients?clientId={name}");
    let before = server.admin("GET", &client_of(&holder), Value::Null).await.json();
    let import = "/admin/realms/master/partialImport";
    let role = json!({ "name": "manage-users" });
    let parts = json!({
        "ifResourceExists": "OVERWRITE", "clients": [{ "clientId": holder }, { "clientId": "zz-realm" }],
        "roles": { "client": { (holder.as_str()): [role] } }
    });
    let answer = server.with_token(&token, "POST", import, parts.clone()).await;
    assert_eq!(
        (answer.status, &answer.json()["results"]),
        (200, &json!([])),
        "{}",
        answer.body
    );
    let after = server.admin("GET", &client_of(&holder), Value::Null).await.json();
    assert_eq!(after, before);
    let planted = server.admin("GET", &client_of("zz-realm"), Value::Null).await.json();
    assert_eq!(planted, json!([]));
    for given in [
        json!({ "clientRoles": { (holder.as_str()): ["manage-users"] } }),
        json!({ "clientRoles": { (holder.as_str()): ["of-my-own"] } }),
        json!({ "realmRoles": ["admin"] }),
    ] {
        let mut parts = parts.clone();
        parts["users"] = json!([{ "username": "evil" }]);
        parts["users"][0]
            .as_object_mut()
            .unwrap()
            .extend(given.as_object().unwrap().clone());
        let answer = server.with_token(&token, "POST", import, parts).await;
        assert_eq!(answer.status, 403, "{given}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_adopts_no_client_of_its_administrators_name() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let client = json!({ "clientId": "yy-realm", "attributes": { "realm_client": "true" } });
    let planted = server.client("master", client.clone()).await;
    let told = json!({ "errorMessage": "Realm yy cannot be made: realm master has another client yy-realm" });
    let made = server.admin("POST", "", json!({ "realm": "yy" })).await;
    assert_eq!((made.status, made.json()), (409, told.clone()));
    let renamed = server
        .admin("PUT", &format!("/{realm}"), json!({ "realm": "yy" }))
        .await;
    assert_eq!((renamed.status, renamed.json()), (409, told));
    let path = format!("/master/clients/{planted}");
    assert_eq!(server.admin("PUT", &path, client).await.status, 204);
    let shown = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(shown["attributes"]["realm_client"], "false", "it is nobody's holder");
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
    let made = server.admin("POST", "", json!({ "realm": "yy" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let again = server
        .admin("POST", "/master/clients", json!({ "clientId": "yy-realm" }))
        .await;
    assert_eq!(again.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_an_administrator_by_registering() {
    let server = support::sqlite().await;
    let attributes = json!({
        "registration.groups": "/admins,/staff", "registration.roles": "realm-management:realm-admin,reader"
    });
    let realm = people::realm(&server, json!({ "attributes": attributes })).await;
    groups(&server, &realm).await;
    let path = format!("/{realm}/roles");
    server.admin("POST", &path, json!({ "name": "reader" })).await;
    let person = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse", "client_id": "app"
    });
    let made = server.json(&json_url(&realm), &person).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let user = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/{realm}/users/{user}/groups");
    let joined = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(
        (&joined[0]["path"], joined.as_array().unwrap().len()),
        (&json!("/staff"), 1)
    );
    let path = format!("/{realm}/users/{user}/role-mappings");
    let roles = server.admin("GET", &path, Value::Null).await.body;
    assert!(roles.contains("reader") && !roles.contains("realm-admin"), "{roles}");
}
