//! Members of a registration do what they say, for devices and programs, too.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::client_registration::{initial, register, text};
use crate::device::{answer_device, poll_as};
use crate::login::{arrived, sign_in};
use crate::registration_faces::{open_realm, registered};
use crate::support::oidc::at;
use crate::support::{self, Browser};

const BACK: &str = "https://app.example.com/cb";

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_registers_itself_gets_its_tokens() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        server.user(&realm, "mia", "correct horse").await;
        let (_, iat) = initial(&server, &realm, json!({})).await;
        let device = json!({
            "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            "token_endpoint_auth_method": "none", "client_name": "Television"
        });
        let made = register(&server, &realm, Some(&iat), &device).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let told = made.json();
        let id = text(&told, "client_id");
        let started = server
            .form(&at(&realm, "auth/device"), &[("client_id", id), ("scope", "openid")])
            .await;
        assert_eq!(started.status, 200, "{}", started.body);
        let started = started.json();
        let end = answer_device(&server, &realm, text(&started, "user_code"), "accept").await;
        assert!(end.body.contains("Device Login Successful"), "{}", end.body);
        let code = text(&started, "device_code");
        let wrong = poll_as(&server, &realm, id, code, &[("code_verifier", &"v".repeat(43))]).await;
        assert_eq!(wrong.status, 400, "{}", wrong.body);
        server.app.clock.advance(5_000);
        let got = poll_as(&server, &realm, id, code, &[]).await;
        assert_eq!(got.status, 200, "{}", got.body);
        // And goes on by itself.
        let refresh = text(&got.json(), "refresh_token").to_owned();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", id),
            ("refresh_token", &refresh),
        ];
        let refreshed = server.form(&at(&realm, "token"), &fields).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn default_max_age_is_obeyed_and_null_takes_a_member_away() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    server.user(&realm, "ann", "Passw0rd!").await;
    let (_, iat) = initial(&server, &realm, json!({})).await;
    let more = json!({ "default_max_age": 60, "tos_uri": "https://app.example.com/t", "client_name#de": "Logbuch" });
    let told = registered(&server, &realm, Some(&iat), more).await;
    assert_eq!(told["default_max_age"], 60);
    let id = text(&told, "client_id");
    let path = format!("/{realm}/clients/{id}");
    let kept = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(
        kept["attributes"]["default.max.age"], "60",
        "Keycloak's own name for it"
    );
    let mut browser = Browser::new(&server);
    let request = asking(&realm, &[("client_id", id)]);
    let page = browser.get(&request).await;
    arrived(&sign_in(&mut browser, &page, "ann", "Passw0rd!").await);
    arrived(&browser.get(&request).await);
    server.app.clock.advance(61_000);
    let again = browser.get(&request).await;
    assert_eq!(again.status, 200, "{}", again.header("location"));
    assert!(again.body.contains("type=\"password\""), "{}", again.body);

    let uri = text(&told, "registration_client_uri");
    let rat = text(&told, "registration_access_token");
    let change = json!({ "default_max_age": null, "client_name#de": null, "grant_types": null });
    let changed = server.with_token(rat, "PUT", uri, change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changed = changed.json();
    for gone in ["default_max_age", "client_name#de"] {
        assert!(changed.get(gone).is_none(), "{gone}: {changed}");
    }
    // What is not sent stays, and so does what a client cannot be without.
    for kept in ["client_name", "tos_uri", "grant_types", "redirect_uris"] {
        assert_eq!(changed[kept], told[kept], "{kept}");
    }
    arrived(&browser.get(&request).await);
    let rat = text(&changed, "registration_access_token");
    let changed = server
        .with_token(rat, "PUT", uri, json!({ "client_name": null, "tos_uri": null }))
        .await
        .json();
    assert!(changed.get("client_name").is_none_or(|name| name == ""), "{changed}");
    assert!(changed.get("tos_uri").is_none(), "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_registers_its_own_scheme_where_trusted_hosts_names_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let kind = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
    let path = format!("/{realm}/components?type={kind}");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let mut policy = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["providerId"] == "trusted-hosts")
        .unwrap()
        .clone();
    let path = format!("/{realm}/components/{}", text(&policy, "id"));
    let native = |uri: &str| json!({ "application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": [uri] });
    policy["config"]["trusted-hosts"] = json!(["localhost"]);
    assert_eq!(server.admin("PUT", &path, policy.clone()).await.status, 204);
    let refused = register(&server, &realm, None, &native("com.example.app:/cb")).await;
    assert_eq!(
        (refused.status, &refused.json()["field"]),
        (403, &json!("redirect_uris"))
    );
    policy["config"]["trusted-hosts"] = json!(["localhost", "com.example.app:"]);
    assert_eq!(server.admin("PUT", &path, policy.clone()).await.status, 204);
    let made = register(&server, &realm, None, &native("com.example.app:/cb")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for other in ["com.example.other:/cb", "https://com.example.app/cb"] {
        let refused = register(&server, &realm, None, &native(other)).await;
        assert_eq!(refused.status, 403, "{other}: {}", refused.body);
    }
    for everybody in ["https:", "HTTP:"] {
        policy["config"]["trusted-hosts"] = json!([everybody]);
        let refused = server.admin("PUT", &path, policy.clone()).await;
        assert_eq!(refused.status, 400, "{everybody}: {}", refused.body);
    }
}

/// RFC 8252 section 7.3 frees the port of a loopback address; of `localhost`, which it advises against, Keycloak frees it where
/// none was registered.
#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_a_loopback_address_is_free_and_that_of_localhost_where_none_was_registered() {
    let server = support::sqlite().await;
    let realm = open_realm(&server, json!({})).await;
    for (kept, sent, good) in [
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:4000/cb", true),
        ("http://[::1]:3000/cb", "http://[::1]:4000/cb", true),
        ("http://localhost/cb", "http://localhost:4000/cb", true),
        ("http://localhost:3000/cb", "http://localhost:3000/cb", true),
        ("http://localhost:3000/cb", "http://localhost:4000/cb", false),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:4000/other", false),
        (BACK, "https://app.example.com:4000/cb", false),
    ] {
        let told = registered(&server, &realm, None, json!({ "redirect_uris": [kept] })).await;
        let over = [("client_id", text(&told, "client_id")), ("redirect_uri", sent)];
        let page = server.get(&asking(&realm, &over)).await;
        let expected = if good { 200 } else { 400 };
        assert_eq!(page.status, expected, "{kept} {sent}: {}", page.body);
    }
}
