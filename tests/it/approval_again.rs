//! No other way to change an application leads around those who approve it.

use serde_json::{Value, json};
use vestibule::store;

use super::admin_clients::token_with;
use super::approval::{approve, crane, desk, register_crane, waiting_realm};
use super::client_registration::{address, initial, register, text};
use super::support::{self, Server};

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_the_same_software_once_more_needs_the_same_yes() {
    for server in support::servers().await {
        let later = json!({ "clientRegistration.approval": "none", "clientRegistration.duplicate": "same" });
        let realm = waiting_realm(&server, later).await;
        let (_, initial) = initial(&server, &realm, json!({ "count": 9 })).await;
        let maker = token_with(&server, &realm, "maker", &["create-client"]).await;
        let mut sent = crane();
        sent["software_id"] = json!("crane");
        for token in [&initial, &maker] {
            assert_eq!(register(&server, &realm, Some(token), &sent).await.status, 201);
        }
        let on = json!({ "attributes": { "clientRegistration.approval": "required" } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), on).await.status, 204);
        let mut elsewhere = sent.clone();
        elsewhere["redirect_uris"] = json!(["https://elsewhere.example.com/cb"]);
        for token in [&initial, &maker] {
            assert_eq!(register(&server, &realm, Some(token), &sent).await.status, 200);
            let asks = register(&server, &realm, Some(token), &elsewhere).await;
            assert_eq!(asks.status, 200, "{}", asks.body);
            let told = asks.json();
            assert_eq!(told["registration_status"], "update_pending");
            assert_eq!(told["redirect_uris"], sent["redirect_uris"], "as it was");
        }
    }
}

/// A realm with the client scope `orders`, which no policy keeps from anybody.
async fn with_orders(server: &Server, more: Value) -> String {
    let realm = waiting_realm(server, more).await;
    let scope = json!({ "name": "orders", "protocol": "openid-connect" });
    server
        .admin("POST", &format!("/{realm}/client-scopes"), scope)
        .await
        .created();
    let components = server
        .admin("GET", &format!("/{realm}/components"), Value::Null)
        .await
        .json();
    for one in components.as_array().unwrap() {
        if one["providerId"] == "allowed-client-templates" {
            let path = format!("/{realm}/components/{}", text(one, "id"));
            assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        }
    }
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keycloaks_own_form_can_say_of_scopes_waits_as_well() {
    for server in support::servers().await {
        let realm = with_orders(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let id = text(&client, "client_id");
        let path = format!("/realms/{realm}/clients-registrations/default/{id}");
        let sent = json!({ "clientId": id, "defaultClientScopes": ["orders", "offline_access"] });
        let token = text(&client, "registration_access_token");
        let answer = server.with_token(token, "PUT", &path, sent).await;
        assert_eq!(
            answer.json()["registration_status"],
            "update_pending",
            "{}",
            answer.body
        );
        let shown = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert!(text(&shown["metadata"], "scope").contains("orders"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_see_every_scope_that_a_client_gets() {
    let server = support::sqlite().await;
    let rule = json!({
        "clientRegistration.approval": "rule",
        "clientRegistration.approval.rule": r#"if client.scope.contains("orders") { "queue" } else { "approve" }"#
    });
    let realm = with_orders(&server, rule).await;
    let (_, token) = initial(&server, &realm, json!({ "count": 9 })).await;
    let path = format!("/realms/{realm}/clients-registrations/default");
    for (scopes, status) in [(json!(["orders"]), json!("pending")), (json!(["profile"]), Value::Null)] {
        let sent = json!({ "redirectUris": ["https://crane.example.com/cb"], "defaultClientScopes": scopes });
        let answer = server.with_token(&token, "POST", &path, sent).await;
        assert_eq!(
            (answer.status, &answer.json()["registration_status"]),
            (201, &status),
            "{}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_were_asked_about_waits_for_them() {
    let server = support::sqlite().await;
    for later in [
        json!({ "clientRegistration.approval": "none" }),
        // A hook had asked for it, say.
        json!({ "clientRegistration.approval": "rule", "clientRegistration.approval.rule": r#""approve""# }),
    ] {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let settings = json!({ "attributes": later.clone() });
        assert_eq!(
            server.admin("PUT", &format!("/{realm}"), settings).await.status,
            204,
            "{later}"
        );
        let path = format!("{}/{}", address(&realm), text(&client, "client_id"));
        let token = text(&client, "registration_access_token");
        let answer = server.with_token(token, "PUT", &path, crane()).await;
        assert_eq!(
            (answer.status, &answer.json()["registration_status"]),
            (200, &json!("pending")),
            "{later}"
        );
        approve(&server, &realm, &client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_certificate_is_approved_as_a_key_is() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let (_, token) = initial(&server, &realm, json!({ "count": 9 })).await;
    let mut sent = crane();
    sent["token_endpoint_auth_method"] = json!("tls_client_auth");
    sent["tls_client_auth_subject_dn"] = json!("CN=good");
    let client = register(&server, &realm, Some(&token), &sent).await.json();
    approve(&server, &realm, &client).await;
    sent["tls_client_auth_subject_dn"] = json!("CN=evil");
    let path = format!("{}/{}", address(&realm), text(&client, "client_id"));
    let token = text(&client, "registration_access_token");
    let answer = server.with_token(token, "PUT", &path, sent).await;
    assert_eq!(
        answer.json()["registration_status"],
        "update_pending",
        "{}",
        answer.body
    );

    let path = format!(
        "/realms/{realm}/clients-registrations/default/{}",
        text(&client, "client_id")
    );
    let token = text(&answer.json(), "registration_access_token").to_owned();
    let pattern = json!({ "clientId": client["client_id"], "attributes": {
        "x509.subjectdn": ".*", "x509.allow.regex.pattern.comparison": "true" } });
    let answer = server.with_token(&token, "PUT", &path, pattern).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keycloaks_own_form_tells_of_a_client_that_waits_may_be_sent_back() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let client = register_crane(&server, &realm).await;
    let path = format!(
        "/realms/{realm}/clients-registrations/default/{}",
        text(&client, "client_id")
    );
    let token = text(&client, "registration_access_token");
    let told = server.with_token(token, "GET", &path, Value::Null).await.json();
    assert_eq!(
        (&told["registration_status"], &told["enabled"]),
        (&json!("pending"), &json!(false))
    );
    let token = told["registrationAccessToken"].as_str().unwrap_or(token).to_owned();
    let answer = server.with_token(&token, "PUT", &path, told).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    approve(&server, &realm, &client).await;
    let now = server
        .admin(
            "GET",
            &format!("/{realm}/clients/{}", text(&client, "client_id")),
            Value::Null,
        )
        .await;
    assert_eq!(now.json()["enabled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_address_of_an_application_that_describes_itself() {
    let server = support::sqlite().await;
    let realm = server
        .realm(json!({ "attributes": { "clientRegistration.cimd": "on" } }))
        .await;
    let (_, token) = initial(&server, &realm, json!({ "count": 9 })).await;
    let sent = json!({ "clientId": "https://app.example/client.json", "redirectUris": ["https://evil.example/cb"] });
    let path = format!("/realms/{realm}/clients-registrations/default");
    let refused = server.with_token(&token, "POST", &path, sent).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_is_kept_without_secrets() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let client = register_crane(&server, &realm).await;
    approve(&server, &realm, &client).await;
    let (id, token) = (text(&client, "client_id"), text(&client, "registration_access_token"));
    let mut sent = crane();
    sent["redirect_uris"] = json!(["https://elsewhere.example.com/cb"]);
    sent["client_secret"] = client["client_secret"].clone();
    sent["registration_access_token"] = client["registration_access_token"].clone();
    let answer = server
        .with_token(token, "PUT", &format!("{}/{id}", address(&realm)), sent)
        .await;
    assert_eq!(answer.json()["registration_status"], "update_pending");
    let realm_id = store::realm::id_by_name(&server.app.db, &realm).await.unwrap().unwrap();
    let row = store::approval::read(&server.app.db, &realm_id, id)
        .await
        .unwrap()
        .unwrap();
    let kept = serde_json::to_string(&row.asked).unwrap();
    assert!(kept.contains("elsewhere"), "{kept}");
    for secret in ["client_secret", "registration_access_token"] {
        assert!(!kept.contains(text(&client, secret)), "{kept}");
    }
}
