//! Users are made, found, changed and removed as Keycloak does it.

use serde_json::{Value, json};

use crate::support::{self, Server};

async fn names(server: &Server, realm: &str, query: &str) -> Vec<String> {
    let found = server
        .admin("GET", &format!("/{realm}/users?{query}"), Value::Null)
        .await;
    assert_eq!(found.status, 200, "{}", found.body);
    let all = found.json();
    all.as_array()
        .unwrap()
        .iter()
        .map(|u| u["username"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_can_sign_in_and_looks_like_keycloaks() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let client = json!({ "clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true });
        server.client(&realm, client).await;
        let id = server.user(&realm, "Ann", "Passw0rd!").await;
        let shown = server
            .admin("GET", &format!("/{realm}/users/{id}"), Value::Null)
            .await
            .json();
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        let expected = [
            "id",
            "username",
            "firstName",
            "lastName",
            "email",
            "emailVerified",
            "enabled",
            "createdTimestamp",
            "totp",
            "disableableCredentialTypes",
            "requiredActions",
            "notBefore",
            "access",
        ];
        assert_eq!(keys, expected);
        assert_eq!(
            (&shown["username"], &shown["email"]),
            (&json!("ann"), &json!("ann@example.org"))
        );
        server.password_token(&realm, "app", "ann", "Passw0rd!").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_users_are_refused_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "passwordPolicy": "length(8)" })).await;
    server.user(&realm, "ann", "Passw0rd!").await;
    let path = format!("/{realm}/users");
    for (sent, status, told) in [
        (
            json!({ "username": "ANN" }),
            409,
            r#"{"errorMessage":"User exists with same username"}"#,
        ),
        (
            json!({ "username": "ann2", "email": "Ann@example.org" }),
            409,
            r#"{"errorMessage":"User exists with same email"}"#,
        ),
        (
            json!({ "username": "ann@example.org" }),
            409,
            r#"{"errorMessage":"User exists with same username"}"#,
        ),
        (
            json!({ "enabled": true }),
            400,
            r#"{"errorMessage":"User name is missing"}"#,
        ),
        (
            json!({ "username": "bob", "email": "bad" }),
            400,
            r#"{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}"#,
        ),
        (
            json!({ "username": "usr4", "nonsense": 1 }),
            400,
            "{\"error\":\"Invalid json representation for UserRepresentation. Unrecognized field \\\"nonsense\\\" at line 1 column 32.\"}",
        ),
        (
            json!({ "username": "bob", "credentials": [{ "value": "short" }] }),
            400,
            r#"{"error":"invalidPasswordMinLengthMessage","error_description":"Invalid password: minimum length 8."}"#,
        ),
        (
            json!({ "username": "bob", "groups": ["/nowhere"] }),
            400,
            r#"{"errorMessage":"Unable to find group specified by path: /nowhere"}"#,
        ),
    ] {
        let answer = server.admin("POST", &path, sent).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, told));
    }
    assert_eq!(names(&server, &realm, "").await, ["ann"], "nobody was half-made");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_beginnings_parts_attributes_and_pages() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let profile = format!("/{realm}/users/profile");
        let mut config = server.admin("GET", &profile, Value::Null).await.json();
        config["unmanagedAttributePolicy"] = json!("ENABLED");
        assert_eq!(server.admin("PUT", &profile, config).await.status, 200);
        for (username, last, shoe) in [
            ("alice", "Smith", "44"),
            ("bob", "Stone", "41"),
            ("carol", "SMITH", "44"),
        ] {
            let user = json!({
                "username": username, "email": format!("{username}@example.org"), "lastName": last, "enabled": username != "carol",
                "attributes": { "shoe": [shoe] }
            });
            server.admin("POST", &format!("/{realm}/users"), user).await.created();
        }
        for (query, found) in [
            ("search=ali", vec!["alice"]),
            ("search=lic", vec![]),
            ("search=*lic*", vec!["alice"]),
            ("search=%22alice%22", vec!["alice"]),
            ("search=smith", vec!["alice", "carol"]),
            ("search=smith%20car", vec!["carol"]),
            ("search=*example.org", vec!["alice", "bob", "carol"]),
            ("search=a_ice", vec![]),
            ("search=%25", vec![]),
            ("username=LIC", vec!["alice"]),
            ("username=ali&exact=true", vec![]),
            ("username=ALICE&exact=true", vec!["alice"]),
            ("q=shoe:44", vec!["alice", "carol"]),
            ("q=shoe:44&enabled=true", vec!["alice"]),
            ("first=1&max=1", vec!["bob"]),
            ("max=0", vec![]),
            ("max=-1", vec!["alice", "bob", "carol"]),
            ("createdBefore=2020-01-01", vec![]),
        ] {
            assert_eq!(names(&server, &realm, query).await, found, "{query}");
        }
        let count = server
            .admin("GET", &format!("/{realm}/users/count?search=smith"), Value::Null)
            .await;
        assert_eq!(count.body, "2");
        let bad = server
            .admin("GET", &format!("/{realm}/users?createdAfter=bad"), Value::Null)
            .await;
        assert_eq!(bad.status, 400);
        assert_eq!(
            server
                .admin("GET", &format!("/{realm}/users?max=abc"), Value::Null)
                .await
                .status,
            404
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_for_a_name_reads_no_whole_table() {
    use vestibule::store::Query as _;
    let server = support::sqlite().await;
    for sql in [
        "select id from account where realm_id = $1 and service_client is null order by username limit 100",
        "select id from account where realm_id = $1 and id in (
             select id from account where realm_id = $1 and (username >= 'a' and username < 'b')
             union select id from account where realm_id = $1 and (email >= 'a' and email < 'b')
             union select id from account where realm_id = $1 and (first_name_key >= 'a' and first_name_key < 'b')
             union select id from account where realm_id = $1 and (last_name_key >= 'a' and last_name_key < 'b'))",
        "select id from account where realm_id = $1 and id in (select account_id from account_attribute
             where realm_id = $1 and name = 'a' and value_key = 'b')",
        "select account_id from federated_identity where realm_id = $1 and external_id = 'b'",
    ] {
        let plan = (&server.app.db)
            .all(&format!("explain query plan {sql}"), &[&"r"])
            .await
            .unwrap();
        for mut row in plan {
            let _: (i64, i64, i64) = (row.next().unwrap(), row.next().unwrap(), row.next().unwrap());
            let step: String = row.next().unwrap();
            assert!(
                !step.starts_with("SCAN account") && !step.starts_with("SCAN federated"),
                "{step} in {sql}"
            );
            if sql.contains("external_id") {
                assert!(step.contains("external_id=?"), "{step} in {sql}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_was_not_sent() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let path = format!("/{realm}/users/{id}");
        assert_eq!(
            server.admin("PUT", &path, json!({ "firstName": "Anna" })).await.status,
            204
        );
        let shown = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(
            (&shown["firstName"], &shown["lastName"]),
            (&json!("Anna"), &json!("Last"))
        );
        let renamed = server.admin("PUT", &path, json!({ "username": "other" })).await;
        assert_eq!(
            renamed.body,
            r#"{"field":"username","errorMessage":"error-user-attribute-read-only","params":["username"]}"#
        );
        assert_eq!(server.admin("PUT", &path, json!({ "email": "" })).await.status, 204);
        assert!(
            server
                .admin("GET", &path, Value::Null)
                .await
                .json()
                .get("email")
                .is_none()
        );
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(
            server.admin("GET", &path, Value::Null).await.body,
            r#"{"error":"User not found"}"#
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_groups_are_given_and_taken() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        server
            .admin("POST", &format!("/{realm}/roles"), json!({ "name": "editor" }))
            .await;
        let role = server
            .admin("GET", &format!("/{realm}/roles/editor"), Value::Null)
            .await
            .json();
        let mappings = format!("/{realm}/users/{id}/role-mappings");
        let by_name = server
            .admin("POST", &format!("{mappings}/realm"), json!([{ "name": "editor" }]))
            .await;
        assert_eq!(
            (by_name.status, by_name.body.as_str()),
            (404, r#"{"error":"Role not found"}"#)
        );
        assert_eq!(
            server
                .admin("POST", &format!("{mappings}/realm"), json!([role]))
                .await
                .status,
            204
        );
        let all = server.admin("GET", &mappings, Value::Null).await.json();
        let given: Vec<&str> = all["realmMappings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["name"].as_str().unwrap())
            .collect();
        assert_eq!(given, [format!("default-roles-{realm}").as_str(), "editor"]);
        assert_eq!(
            server
                .admin("DELETE", &format!("{mappings}/realm"), json!([role]))
                .await
                .status,
            204
        );
        let group = server
            .admin("POST", &format!("/{realm}/groups"), json!({ "name": "staff" }))
            .await
            .created();
        let membership = format!("/{realm}/users/{id}/groups");
        assert_eq!(
            server
                .admin("PUT", &format!("{membership}/{group}"), Value::Null)
                .await
                .status,
            204
        );
        let groups = server.admin("GET", &membership, Value::Null).await.json();
        assert_eq!(
            (&groups[0]["path"], &groups[0]["subGroups"]),
            (&json!("/staff"), &json!([]))
        );
        assert_eq!(
            server
                .admin("DELETE", &format!("{membership}/{group}"), Value::Null)
                .await
                .status,
            204
        );
        assert_eq!(
            server
                .admin("GET", &format!("{membership}/count"), Value::Null)
                .await
                .body,
            r#"{"count":0}"#
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_reset_and_a_temporary_one_must_be_changed() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let path = format!("/{realm}/users/{id}");
        let address = format!("{path}/reset-password");
        let reset = |body: Value| server.admin("PUT", &address, body);
        assert_eq!(reset(json!({ "value": "New-1", "temporary": true })).await.status, 204);
        assert_eq!(
            server.admin("GET", &path, Value::Null).await.json()["requiredActions"],
            json!(["UPDATE_PASSWORD"])
        );
        assert_eq!(reset(json!({ "value": "New-2" })).await.status, 204);
        assert_eq!(
            server.admin("GET", &path, Value::Null).await.json()["requiredActions"],
            json!([])
        );
        assert_eq!(reset(json!({})).await.body, r#"{"error":"No password provided"}"#);
        assert_eq!(
            reset(json!({ "value": " " })).await.body,
            r#"{"error":"Empty password not allowed"}"#
        );
        let credentials = server.admin("GET", &format!("{path}/credentials"), Value::Null).await;
        assert_eq!(credentials.json().as_array().unwrap().len(), 1);
        assert!(!credentials.body.contains("secretData"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_asks_for_actions_by_mail() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let id = server.user(&realm, "ann", "Passw0rd!").await;
    let path = format!("/{realm}/users/{id}/execute-actions-email");
    let unknown = server.admin("PUT", &path, json!(["NOSUCH"])).await;
    assert_eq!(unknown.body, r#"{"errorMessage":"Provided invalid required actions"}"#);
    assert_eq!(server.admin("PUT", &path, json!(["UPDATE_PASSWORD"])).await.status, 204);
    let inbox = server.get("/inbox/messages?to=ann@example.org").await.json();
    assert_eq!(inbox.as_array().unwrap().len(), 1);
    assert!(
        inbox[0]["links"][0]
            .as_str()
            .unwrap()
            .contains("/login-actions/action-token?key="),
        "{inbox}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_hundreds_is_answered_whole() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let token = server.admin_token().await;
        for n in 0..250 {
            let body = json!({ "username": format!("user{n:03}"), "enabled": true });
            let made = server
                .with_token(&token, "POST", &format!("/admin/realms/{realm}/users"), body)
                .await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        let listed = server
            .admin("GET", &format!("/{realm}/users?max=1000"), Value::Null)
            .await;
        assert_eq!(listed.status, 200, "{}", listed.body);
        assert_eq!(listed.json().as_array().unwrap().len(), 250);
    }
}
