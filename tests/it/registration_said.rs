//! What is said of a registration that is refused, of settings that could never do anything, and by the answers around them.

use serde_json::{Value, json};
use vestibule::client_registration::policy::TYPE;

use super::approval::{approve, desk, register_crane, waiting_realm};
use super::client_registration::{address, initial, plain, register, text};
use super::support::oidc::at;
use super::support::{self, Answer, Browser, Server};

async fn lay(server: &Server, realm: &str, provider: &str, config: Value) -> Answer {
    let doc = json!({
        "name": format!("our {provider}"), "providerId": provider, "providerType": TYPE, "subType": "authenticated",
        "config": config
    });
    server.admin("POST", &format!("/{realm}/components"), doc).await
}

async fn dry(server: &Server, realm: &str, metadata: Value) -> Value {
    let path = format!("/{realm}/client-registration-policy/evaluate");
    let body = json!({ "subType": "authenticated", "metadata": metadata });
    server.admin("POST", &path, body).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_names_every_member_that_is_wrong() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let told = dry(
        &server,
        &realm,
        json!({
            "redirect_uris": ["https://a.example.com/cb", "javascript:x"], "client_name": "Keycloak", "subject_type": "both",
            "contacts": ["nobody"]
        }),
    )
    .await;
    assert_eq!(told["allowed"], false);
    assert!(
        told.get("client").is_none() && !told.to_string().contains("null"),
        "{told}"
    );
    let refusals = told["refusals"].as_array().unwrap();
    let about: Vec<_> = refusals
        .iter()
        .map(|one| (one["field"].clone(), one["value"].clone()))
        .collect();
    for expected in [
        (json!("redirect_uris"), json!("javascript:x")),
        (json!("subject_type"), json!("both")),
        (json!("client_name"), json!("Keycloak")),
    ] {
        assert!(about.contains(&expected), "{expected:?}: {told}");
    }
    assert!(refusals.iter().all(|one| one["message"].is_string()));
    let told = dry(
        &server,
        &realm,
        json!({ "contacts": ["nobody"], "jwks_uri": "https://127.0.0.1/j" }),
    )
    .await;
    let refusals = told["refusals"].as_array().unwrap();
    assert_eq!(refusals[0]["field"], "contacts", "{told}");
    assert_eq!(
        (&refusals[1]["field"], &refusals[1]["value"]),
        (&json!("jwks_uri"), &json!("https://127.0.0.1/j"))
    );
    assert!(told["client"].is_object());
    let fine = dry(&server, &realm, plain()).await;
    assert_eq!((&fine["allowed"], &fine["refusals"]), (&json!(true), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_names_the_member_that_was_refused() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let made = register(&server, &realm, Some(&token), &plain()).await.json();
        for (body, field, value) in [
            (
                json!({ "redirect_uris": ["https://a.example.com/", "javascript:x"] }),
                "redirect_uris",
                "javascript:x",
            ),
            (
                json!({ "default_acr_values": ["gold"] }),
                "default_acr_values",
                "[\"gold\"]",
            ),
            (
                json!({ "jwks_uri": "https://10.0.0.1/" }),
                "jwks_uri",
                "https://10.0.0.1/",
            ),
        ] {
            let refused = register(&server, &realm, Some(&token), &body).await;
            assert_eq!(refused.status, 400, "{}", refused.body);
            let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
            let rat = text(&made, "registration_access_token");
            assert_eq!(server.with_token(rat, "PUT", &own, body).await.status, 400);
            for kind in ["CLIENT_REGISTER_ERROR", "CLIENT_UPDATE_ERROR"] {
                let path = format!("/{realm}/events?type={kind}&max=1");
                let events = server.admin("GET", &path, Value::Null).await.json();
                let details = &events[0]["details"];
                assert_eq!(
                    (&details["field"], &details["value"]),
                    (&json!(field), &json!(value)),
                    "{events}"
                );
                assert!(details["reason"].is_string());
            }
        }
        let refused = register(&server, &realm, None, &plain()).await.json();
        assert_eq!(
            (&refused["field"], &refused["value"]),
            (&json!("address"), &json!("127.0.0.1"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_type_is_named_as_it_was_sent() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let made = lay(
        &server,
        &realm,
        "allowed-response-types",
        json!({ "response-types": ["code"] }),
    )
    .await;
    assert_eq!(made.status, 201);
    let sent = json!({ "redirect_uris": ["https://a.example.com/cb"], "grant_types": ["implicit"], "response_types": ["token"] });
    let refused = register(&server, &realm, Some(&token), &sent).await;
    assert_eq!(
        (refused.status, &refused.json()["value"]),
        (403, &json!("token")),
        "{}",
        refused.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_would_never_do_anything_are_refused() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let refused = lay(
            &server,
            &realm,
            "assign-roles",
            json!({ "roles": ["realm-management:manage-users"] }),
        )
        .await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains("administers"), "{}", refused.body);
        for (key, value, said) in [
            (
                "clientRegistration.roles",
                "realm-management:realm-admin",
                "administers",
            ),
            ("clientRegistration.approval.stages", "any,role:nope", "nope"),
            ("clientRegistration.approval.stages", "group:/nope", "/nope"),
            ("registration.approval.stages", "role:realm-management:nope", "nope"),
        ] {
            let settings = json!({ "attributes": { key: value } });
            let refused = server.admin("PUT", &format!("/{realm}"), settings).await;
            assert_eq!(refused.status, 400, "{key} {value}");
            assert!(
                refused.body.contains(said) && refused.body.contains(key),
                "{}",
                refused.body
            );
        }
        let settings = json!({ "attributes": {
            "clientRegistration.approval.stages": "any,role:realm-management:manage-clients",
            "clientRegistration.roles": "offline_access"
        } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), settings).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_that_can_only_fail_is_not_saved() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (rule, said) in [
        ("sleep(5); true", "line 1, position 1"),
        ("timestamp(); true", "line 1, position 1"),
        ("throw \"boom\"", "line 1, position"),
        (
            "if client.client_name == \"x\" {\n  unheard_of(client)\n} else { true }",
            "line 2, position 3",
        ),
        ("client.client_name.unheard_of()", "line 1, position 20"),
        ("matches(client.client_name, \"(\")", "regular expression"),
        ("who == 1", "line 1, position 1"),
        ("1 / 0 == 1", "line 1, position"),
    ] {
        let refused = lay(&server, &realm, "expression", json!({ "rule": [rule] })).await;
        assert_eq!(refused.status, 400, "{rule}");
        assert!(refused.body.contains(said), "{rule}: {}", refused.body);
        let verdict = rule.replace("true", "\"queue\"");
        let settings = json!({ "attributes": { "clientRegistration.approval.rule": verdict } });
        assert_eq!(
            server.admin("PUT", &format!("/{realm}"), settings).await.status,
            400,
            "{verdict}"
        );
    }
    for rule in [
        "client.software_id.len() > 3",
        "client.unheard_of.deeper == 1",
        "client.redirect_uris[0].starts_with(\"https://\")",
        "client.redirect_uris.filter(|uri| uri.contains(\"x\")).len() == 0",
        "client.contacts.map(|one| one.to_lower()).some(|one| one.sub_string(0, 3) == \"ada\")",
        "let n = 0; for uri in client.redirect_uris { n += max(1, min(2, 3)) + abs(-1) } n > 0",
        "fn own(x) { x.replace(\"a\", \"b\"); true } own(client.client_name)",
        "parse_int(\"5\") == 5 && client.keys().contains(\"scope\") && type_of(client) == \"map\"",
        "client.scope.split(\" \").reduce(|sum, one| sum + one.len(), 0) >= 0",
        "if client.client_name == () { throw \"no name\" } true",
    ] {
        let saved = lay(&server, &realm, "expression", json!({ "rule": [rule] })).await;
        assert_eq!(saved.status, 201, "{rule}: {}", saved.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tokens_and_secrets_are_kept_by_no_cache_and_405_says_what_may_be_done() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let id = server.client(&realm, json!({ "clientId": "hand" })).await;
    for (path, body) in [
        (format!("/{realm}/clients-initial-access"), json!({ "count": 1 })),
        (format!("/{realm}/clients/{id}/client-secret"), json!({})),
        (format!("/{realm}/clients/{id}/registration-access-token"), json!({})),
    ] {
        let answer = server.admin("POST", &path, body).await;
        assert!(answer.status < 300, "{path} {}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    for (path, methods) in [
        (address(&realm), "POST, OPTIONS"),
        (format!("{}/{id}", address(&realm)), "GET, PUT, DELETE, OPTIONS"),
        (format!("{}/{id}/secret", address(&realm)), "POST, OPTIONS"),
    ] {
        let answer = server.request("PATCH", &path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, methods), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_no_page_gets_none_that_waits() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let made = register_crane(&server, &realm).await;
    let front = format!(
        "{}?client_id={}&response_type=code&scope=openid&redirect_uri=https://crane.example.com/cb",
        at(&realm, "auth"),
        text(&made, "client_id")
    );
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get(&front).await.status, 200);
    let answer = browser.get(&format!("{front}&prompt=none")).await;
    // It leads nobody anywhere either before somebody has approved it.
    assert_eq!((answer.status, answer.header("location")), (400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_decide_are_written_to_once_more() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let made = register_crane(&server, &realm).await;
        let id = format!("/{}", text(&made, "client_id"));
        let again = desk(&server, &realm, "POST", &format!("{id}/resend"), json!({})).await;
        assert_eq!(again.status, 204, "{}", again.body);
        assert_eq!(
            desk(&server, &realm, "POST", "/nobody/resend", json!({})).await.status,
            404
        );
        approve(&server, &realm, &made).await;
        let late = desk(&server, &realm, "POST", &format!("{id}/resend"), json!({})).await;
        assert_eq!((late.status, &late.json()["error"]), (409, &json!("already_decided")));
    }
}
