//! Initial access tokens as administrators make them: Keycloak's answers, and what the contract adds.

use serde_json::{Value, json};

use super::admin_clients::token_with;
use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_listed_with_its_counts() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let path = format!("/{realm}/clients-initial-access");
        let made = server
            .admin("POST", &path, json!({ "count": 2, "expiration": 60, "name": "team a" }))
            .await;
        let id = made.created();
        let told = made.json();
        let members: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            members.join(" "),
            "id token timestamp expiration count remainingCount name"
        );
        let listed = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(
            (&listed[0]["remainingCount"], &listed[0]["token"]),
            (&json!(2), &Value::Null)
        );
        let one = server.admin("GET", &format!("{path}/{id}"), Value::Null).await.json();
        assert_eq!(one["name"], "team a");
        let token = told["token"].as_str().unwrap();
        let url = format!("/realms/{realm}/clients-registrations/openid-connect");
        let registered = server
            .with_token(
                token,
                "POST",
                &url,
                json!({ "redirect_uris": ["https://a.example.org/cb"] }),
            )
            .await;
        assert_eq!(registered.status, 201, "{}", registered.body);
        let clients = server
            .admin("GET", &format!("{path}/{id}/clients"), Value::Null)
            .await
            .json();
        assert_eq!(clients[0]["clientId"], registered.json()["client_id"]);
        // Nobody reads back the secret of an application that registered itself.
        assert_eq!(clients[0]["secret"], Value::Null);
        server.app.clock.advance(61_000);
        assert_eq!(server.admin("GET", &path, Value::Null).await.json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn minus_one_means_no_limit_and_less_is_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}/clients-initial-access");
    let made = server.admin("POST", &path, json!({ "count": -1 })).await;
    assert_eq!((made.status, made.json()["remainingCount"].clone()), (201, json!(-1)));
    let refused = server.admin("POST", &path, json!({ "count": -2 })).await;
    assert_eq!(
        (refused.status, refused.json()["error"].clone()),
        (400, json!("Invalid value for count"))
    );
    let refused = server.admin("POST", &path, json!({ "expiration": -1 })).await;
    assert_eq!(
        refused.json()["error_description"],
        "The expiration time interval cannot be less than 0"
    );
    let refused = server.admin("POST", &path, json!({ "policies": ["nope"] })).await;
    assert_eq!(refused.json()["error"], "Invalid value for policies");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_clients_makes_tokens() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/admin/realms/{realm}/clients-initial-access");
    for (role, list, create) in [
        ("create-client", 403, 403),
        ("view-clients", 200, 403),
        ("manage-clients", 200, 201),
    ] {
        let token = token_with(&server, &realm, role, &[role]).await;
        assert_eq!(
            server.with_token(&token, "GET", &path, Value::Null).await.status,
            list,
            "{role}"
        );
        assert_eq!(
            server.with_token(&token, "POST", &path, json!({})).await.status,
            create,
            "{role}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_can_never_match_or_never_bind_are_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}/components");
    let policy = |provider: &str, whose: Value, config: Value| {
        let mut doc = json!({
            "name": provider, "providerId": provider, "providerType": vestibule::client_registration::policy::TYPE,
            "subType": whose, "config": config
        });
        doc.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        server.admin("POST", &path, doc)
    };
    let hosts = |host: &str| json!({ "hosts": [host] });
    let trusted = |host: &str| {
        json!({
            "trusted-hosts": [host], "client-uris-must-match": ["true"],
            "host-sending-registration-request-must-match": ["true"]
        })
    };
    let ours = "allowed-redirect-uris";
    for (provider, whose, config, status) in [
        (ours, json!("token"), hosts("a.example"), 201),
        (ours, json!("token"), hosts("*.a.example"), 201),
        (ours, json!("token"), hosts("10.0.0.0/8"), 201),
        (ours, json!("token"), hosts("com.example.app:"), 201),
        (ours, json!("token"), hosts("https://x"), 400),
        (ours, json!("token"), hosts("a.example:443"), 400),
        (ours, json!("token"), hosts("a.example/cb"), 400),
        (ours, json!("zzz"), hosts("a.example"), 400),
        (ours, Value::Null, hosts("a.example"), 400),
        ("trusted-hosts", json!("anonymous"), trusted("10.0.0.0/99"), 400),
        ("trusted-hosts", json!("anonymous"), trusted("10.0.0.0/9"), 201),
        ("trusted-hosts", json!("anonymous"), trusted("::1"), 201),
        // As Keycloak.
        ("consent-required", json!("zzz"), json!({}), 201),
    ] {
        let answer = policy(provider, whose.clone(), config.clone()).await;
        assert_eq!(answer.status, status, "{provider} {whose} {config}: {}", answer.body);
    }
    let tokens = format!("/{realm}/clients-initial-access");
    for (whose, status) in [("token", 201), ("authenticated", 201), ("anonymous", 400)] {
        let id = policy(ours, json!(whose), hosts("a.example")).await.created();
        let made = server.admin("POST", &tokens, json!({ "policies": [id] })).await;
        assert_eq!(made.status, status, "{whose}: {}", made.body);
    }
}
