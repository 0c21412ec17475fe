//! No other way to change an application leads around those who approve it.

use serde_json::{Value, json};
use vestibule::store;

use super::admin_clients::token_with;
use super::approval::{approve, crane, desk, register_crane, waiting_realm};
use super::client_registration::{address, initial, register, text};
use super::support;

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
            let refused = register(&server, &realm, Some(token), &elsewhere).await;
            assert_eq!(refused.status, 400, "{}", refused.body);
            assert!(refused.body.contains("needs approval"), "{}", refused.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keycloaks_own_form_can_say_of_scopes_waits_as_well() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        approve(&server, &realm, &client).await;
        let id = text(&client, "client_id");
        let path = format!("/realms/{realm}/clients-registrations/default/{id}");
        let mut token = text(&client, "registration_access_token").to_owned();
        for more in [
            json!({ "defaultClientScopes": ["roles", "web-origins", "offline_access"] }),
            json!({ "fullScopeAllowed": true }),
        ] {
            let mut sent = json!({ "clientId": id });
            sent.as_object_mut().unwrap().extend(support::members(more));
            let answer = server.with_token(&token, "PUT", &path, sent.clone()).await;
            if answer.status == 200 {
                assert_eq!(answer.json()["registration_status"], "update_pending", "{sent}");
                text(&answer.json(), "registrationAccessToken").clone_into(&mut token);
            }
        }
        let count = desk(&server, &realm, "GET", "/count?status=approval", Value::Null).await;
        assert_eq!(count.body, "1");
    }
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
