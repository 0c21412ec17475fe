//! What programs written for Keycloak were seen to lean on (`tests/clients`), each as small as it goes.

use serde_json::{Value, json};

use super::admin_identity_providers::upload_file;
use super::support;

fn names(list: &Value, member: &str) -> Vec<String> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one[member].as_str().unwrap_or("none").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_new_user_keep_the_order_in_which_they_were_sent() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let otp = |label: &str| json!({ "type": "otp", "userLabel": label, "secretData": "{}", "credentialData": "{}", "priority": 1 });
        let password = json!({ "type": "password", "value": "StrongPass123!", "userLabel": "none" });
        for (username, sent) in [
            ("first", json!([password, otp("b"), otp("a")])),
            ("between", json!([otp("b"), password, otp("a")])),
            ("last", json!([otp("b"), otp("a"), password])),
        ] {
            let body = json!({ "username": username, "enabled": true, "credentials": sent });
            let made = server.admin("POST", &format!("/{realm}/users"), body).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let path = format!("/{realm}/users/{}/credentials", made.created());
            let kept = server.admin("GET", &path, Value::Null).await.json();
            assert_eq!(names(&kept, "userLabel"), names(&sent, "userLabel"), "{username}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_role_are_searched_and_paged_by_its_id() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for name in ["baker", "barker", "miller"] {
        let made = server
            .admin("POST", &format!("/{realm}/roles"), json!({ "name": name }))
            .await;
        assert_eq!(made.status, 201);
    }
    let all = json!({ "name": "all", "composite": true, "composites": { "realm": ["baker", "barker", "miller"] } });
    server.admin("POST", &format!("/{realm}/roles"), all).await;
    let role = server.admin("GET", &format!("/{realm}/roles/all"), Value::Null).await;
    let id = role.json()["id"].as_str().unwrap().to_owned();
    for (query, found) in [
        ("", vec!["baker", "barker", "miller"]),
        ("?search=BA", vec!["baker", "barker"]),
        ("?search=ba&first=1&max=5", vec!["barker"]),
        ("?first=3", vec![]),
    ] {
        let path = format!("/{realm}/roles-by-id/{id}/composites{query}");
        let parts = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(names(&parts, "name"), found, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_in_the_configuration_of_a_component_is_no_value() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let body = |config: Value| json!({ "name": "key", "providerId": "hmac-generated", "providerType": "org.keycloak.keys.KeyProvider", "config": config });
    for config in [
        json!({ "priority": ["7", null] }),
        json!({ "priority": ["7"], "algorithm": null }),
    ] {
        let path = format!("/{realm}/components");
        let made = server.admin("POST", &path, body(config)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = server
            .admin("GET", &format!("{path}/{}", made.created()), Value::Null)
            .await;
        assert_eq!(made.json()["config"]["priority"], json!(["7"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_is_answered_as_by_a_keycloak_without_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let user = server.user(&realm, "ada", "StrongPass123!").await;
    for cache in ["user", "keys", "crl", "realm"] {
        let cleared = server
            .admin("POST", &format!("/{realm}/clear-{cache}-cache"), Value::Null)
            .await;
        assert_eq!((cleared.status, cleared.body.as_str()), (204, ""));
    }
    for (method, path, status, text) in [
        (
            "GET",
            format!("users/{user}/vc/credentials"),
            400,
            "Feature oid4vc-vci not enabled",
        ),
        ("POST", "user-storage/any/sync".into(), 501, "Feature not enabled"),
        ("POST", "testLDAPConnection".into(), 400, "NamingError"),
    ] {
        let refused = server.admin(method, &format!("/{realm}/{path}"), json!({})).await;
        assert_eq!(refused.status, status, "{path}");
        assert!(refused.body.contains(text), "{path}: {}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_invitations_come_in_parts() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "organizationsEnabled": true })).await;
    let (one, other) = (
        server.client(&realm, json!({ "clientId": "one" })).await,
        server.client(&realm, json!({ "clientId": "other" })).await,
    );
    let of = |client: &str| format!("/{realm}/clients/{client}/certificates/jwt.credential");
    let made = server
        .admin("POST", &format!("{}/generate", of(&one)), Value::Null)
        .await;
    let certificate = made.json()["certificate"].as_str().unwrap().to_owned();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let upload = format!("{}/upload-certificate", of(&other));
    let format = [("keystoreFormat", "Certificate PEM")];
    let sent = upload_file(&server, &upload, &format, &pem).await;
    assert_eq!((sent.status, &sent.json()["certificate"]), (200, &json!(certificate)));
    let broken = upload_file(&server, &upload, &format, "none").await;
    assert_eq!(broken.status, 400);
    let kept = server.admin("GET", &of(&other), Value::Null).await;
    assert_eq!(kept.json()["certificate"], json!(certificate));

    let acme = json!({ "name": "acme", "domains": [{ "name": "acme.example" }] });
    let acme = server
        .admin("POST", &format!("/{realm}/organizations"), acme)
        .await
        .created();
    let invite = format!("/{realm}/organizations/{acme}/members/invite-user");
    let invited = upload_file(
        &server,
        &invite,
        &[("email", "new@acme.example"), ("firstName", "New")],
        "",
    )
    .await;
    assert_eq!(invited.status, 204, "{}", invited.body);
    let pending = format!("/{realm}/organizations/{acme}/invitations");
    let pending = server.admin("GET", &pending, Value::Null).await.json();
    assert_eq!(names(&pending, "email"), ["new@acme.example"]);
}
