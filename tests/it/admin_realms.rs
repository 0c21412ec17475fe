//! Realms are made, read, changed and removed as Keycloak does it.

use serde_json::{Value, json};

use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_realm_shows_keycloaks_settings_in_keycloaks_order() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "displayName": "Acme" })).await;
        let shown = server.admin("GET", &format!("/{realm}"), Value::Null).await.json();
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(keys[..4], ["id", "realm", "displayName", "notBefore"]);
        assert_eq!(keys.len(), 105, "104 of a new realm, and the display name");
        assert_eq!(shown["accessTokenLifespan"], 300);
        assert!(shown.get("passwordPolicy").is_none(), "what is not set is absent");
        assert!(shown.get("users").is_none() && shown.get("components").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_realms_are_refused_in_keycloaks_words() {
    let server = support::sqlite().await;
    let told = |answer: &support::Answer| (answer.status, answer.body.clone());
    server.admin("POST", "", json!({ "realm": "taken" })).await;
    let again = server.admin("POST", "", json!({ "realm": "taken" })).await;
    assert_eq!(
        told(&again),
        (409, r#"{"errorMessage":"Realm taken already exists"}"#.into())
    );
    let nameless = server.admin("POST", "", json!({ "enabled": true })).await;
    assert_eq!(
        told(&nameless),
        (400, r#"{"errorMessage":"Realm name cannot be empty"}"#.into())
    );
    let slash = server.admin("POST", "", json!({ "realm": "a/b" })).await;
    assert_eq!(told(&slash), (400, r#"{"error":"Character '/' not allowed."}"#.into()));
    let unknown = server.admin("POST", "", json!({ "realm": "x", "nonsense": 1 })).await;
    assert_eq!(
        told(&unknown),
        (400, r#"{"errorMessage":"unable to read contents from stream"}"#.into())
    );
    let policy = server
        .admin("PUT", "/taken", json!({ "passwordPolicy": "nonsense(8)" }))
        .await;
    assert_eq!(
        told(&policy),
        (400, r#"{"errorMessage":"Password policy not found"}"#.into())
    );
    let gone = server.admin("GET", "/nosuch", Value::Null).await;
    assert_eq!(told(&gone), (404, r#"{"error":"Realm not found."}"#.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_merges_and_what_excludes_each_other_is_switched_off() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "attributes": { "a": "1" } })).await;
        let path = format!("/{realm}");
        let change = json!({ "displayName": "Gold", "attributes": { "b": "2" } });
        assert_eq!(server.admin("PUT", &path, change).await.status, 204);
        assert_eq!(
            server
                .admin("PUT", &path, json!({ "duplicateEmailsAllowed": true }))
                .await
                .status,
            204
        );
        let shown = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(
            (&shown["displayName"], &shown["enabled"]),
            (&json!("Gold"), &json!(true))
        );
        assert_eq!(
            (&shown["attributes"]["a"], &shown["attributes"]["b"]),
            (&json!("1"), &json!("2"))
        );
        assert_eq!(shown["loginWithEmailAllowed"], false, "shared addresses cannot sign in");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_password_is_masked_sealed_and_kept_for_its_server_only() {
    for server in support::servers().await {
        let mail = json!({ "host": "mail.example.org", "from": "a@example.org", "auth": "true", "user": "u", "password": "hush" });
        let realm = server
            .realm(json!({ "smtpServer": mail, "attributes": { "registration.proof.secret": "key" } }))
            .await;
        let path = format!("/{realm}");
        let shown = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(shown["smtpServer"]["password"], "**********");
        assert_eq!(shown["attributes"]["registration.proof.secret"], "**********");
        assert_eq!(server.admin("PUT", &path, shown.clone()).await.status, 204);
        let kept = || async {
            let found = vestibule::store::realm::by_name(&server.app.db, &realm)
                .await
                .unwrap()
                .unwrap();
            found.doc["smtpServer"]["password"].as_str().map(str::to_owned)
        };
        assert_eq!(kept().await.as_deref(), Some("hush"), "the mask means what is there");
        let mut moved = shown["smtpServer"].clone();
        moved["host"] = json!("evil.example.org");
        assert_eq!(
            server.admin("PUT", &path, json!({ "smtpServer": moved })).await.status,
            204
        );
        assert_eq!(kept().await, None, "another server does not get the password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_realm_keeps_its_administration() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let change = json!({ "realm": "renamed" });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), change).await.status, 204);
        assert_eq!(server.admin("GET", &format!("/{realm}"), Value::Null).await.status, 404);
        let users = server.admin("GET", "/renamed/users", Value::Null).await;
        assert_eq!(users.status, 200, "{}", users.body);
        let master = server.admin("PUT", "/master", json!({ "realm": "other" })).await;
        assert_eq!(master.body, r#"{"errorMessage":"Can't rename master realm"}"#);
        assert_eq!(server.admin("DELETE", "/renamed", Value::Null).await.status, 204);
        assert_eq!(server.admin("DELETE", "/renamed", Value::Null).await.status, 404);
        assert_eq!(server.admin("DELETE", "/master", Value::Null).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_comes_with_its_roles_groups_clients_and_users_or_not_at_all() {
    for server in support::servers().await {
        let whole = json!({
            "realm": "whole", "enabled": true,
            "roles": { "realm": [{ "name": "editor" }], "client": { "shop": [{ "name": "buyer" }] } },
            "clients": [{ "clientId": "shop", "publicClient": true, "directAccessGrantsEnabled": true }],
            "groups": [{ "name": "staff", "realmRoles": ["editor"], "subGroups": [{ "name": "night" }] }],
            "defaultGroups": ["/staff"],
            "users": [{
                "username": "ann", "email": "ann@example.org", "firstName": "A", "lastName": "N", "enabled": true, "groups": ["/staff/night"], "clientRoles": { "shop": ["buyer"] },
                "credentials": [{ "type": "password", "value": "Passw0rd!" }]
            }]
        });
        let made = server.admin("POST", "", whole.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        server.password_token("whole", "shop", "ann", "Passw0rd!").await;
        let shown = server.admin("GET", "/whole", Value::Null).await.json();
        assert_eq!(shown["defaultGroups"], json!(["/staff"]));
        let mut broken = whole;
        broken["realm"] = json!("broken");
        broken["users"][0]["groups"] = json!(["/nowhere"]);
        assert_eq!(server.admin("POST", "", broken).await.status, 400);
        assert_eq!(
            server.admin("GET", "/broken", Value::Null).await.status,
            404,
            "nothing half-made stays"
        );
    }
}
