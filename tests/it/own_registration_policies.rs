//! The policies that Keycloak has not: they judge the client as it would become, on registration and on every change.

use serde_json::{Value, json};
use vestibule::client_registration::policy::TYPE;

use super::client_registration::{address, initial, plain, register, text};
use super::support::oidc::{claims, token};
use super::support::{self, Answer, Server};

async fn add(server: &Server, realm: &str, sub_type: &str, provider: &str, config: &Value) -> Answer {
    let doc = json!({
        "name": format!("our {provider}"), "providerId": provider, "providerType": TYPE, "subType": sub_type, "config": config
    });
    server.admin("POST", &format!("/{realm}/components"), doc).await
}

fn own(realm: &str, told: &Value) -> String {
    format!("{}/{}", address(realm), text(told, "client_id"))
}

/// Policy, its settings, what is refused, the field and value that the refusal names, a part of what it says.
fn cases() -> Vec<(&'static str, Value, Value, &'static str, Value, &'static str)> {
    let host = json!({ "hosts": ["*.example.com"] });
    let pattern = json!({ "patterns": ["https://(dev|qa)\\.example\\.com/cb"] });
    vec![
        (
            "allowed-redirect-uris",
            host.clone(),
            json!({ "redirect_uris": ["https://a.example.org/cb"] }),
            "redirect_uris",
            json!("https://a.example.org/cb"),
            "of the hosts *.example.com",
        ),
        (
            "allowed-redirect-uris",
            host,
            json!({ "post_logout_redirect_uris": ["https://a.example.org/"] }),
            "post_logout_redirect_uris",
            json!("https://a.example.org/"),
            "Accepted",
        ),
        (
            "allowed-redirect-uris",
            pattern,
            json!({ "redirect_uris": ["https://qa.example.com/cb/x"] }),
            "redirect_uris",
            json!("https://qa.example.com/cb/x"),
            "matching https://(dev|qa)",
        ),
        (
            "allowed-grant-types",
            json!({ "grant-types": ["authorization_code"] }),
            json!({ "grant_types": ["authorization_code", "client_credentials"] }),
            "grant_types",
            json!("client_credentials"),
            "Accepted are authorization_code",
        ),
        (
            "allowed-response-types",
            json!({ "response-types": ["code"] }),
            json!({ "response_types": ["id_token"] }),
            "response_types",
            json!("id_token"),
            "Accepted are code",
        ),
        (
            "allowed-client-authentication",
            json!({ "methods": ["none", "private_key_jwt"] }),
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
            "token_endpoint_auth_method",
            json!("client_secret_post"),
            "Accepted are none, private_key_jwt",
        ),
        (
            "require-pkce",
            json!({}),
            json!({ "token_endpoint_auth_method": "client_secret_post", "attributes": { "pkce.code.challenge.method": "plain" } }),
            "code_challenge_method",
            json!("plain"),
            "Accepted is S256",
        ),
        (
            "client-name",
            json!({ "pattern": ["Team [A-Z].*"] }),
            json!({ "client_name": "team a" }),
            "client_name",
            json!("team a"),
            "matching Team [A-Z].*",
        ),
        (
            "require-contacts",
            json!({}),
            json!({ "contacts": ["nobody"] }),
            "contacts",
            json!(["nobody"]),
            "e-mail address",
        ),
        (
            "expression",
            json!({ "rule": ["request.address != \"\" && client.client_name.starts_with(\"Team \")"], "message": ["Names begin with Team."] }),
            json!({ "client_name": "blue" }),
            "client_name",
            json!("blue"),
            "Details: Names begin with Team.",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_would_be_accepted() {
    for server in support::servers().await {
        for (provider, config, sent, field, value, said) in cases() {
            let realm = server.realm(json!({})).await;
            let (_, token) = initial(&server, &realm, json!({})).await;
            let good = json!({
                "redirect_uris": ["https://dev.example.com/cb"], "client_name": "Team A", "contacts": ["a@example.com"],
                "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]
            });
            let made = register(&server, &realm, Some(&token), &good).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let answer = add(&server, &realm, "authenticated", provider, &config).await;
            assert_eq!(answer.status, 201, "{provider} {}", answer.body);
            assert_eq!(
                register(&server, &realm, Some(&token), &good).await.status,
                201,
                "{provider}"
            );

            let mut bad = good.clone();
            bad.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
            let made = made.json();
            let rat = text(&made, "registration_access_token");
            for answer in [
                register(&server, &realm, Some(&token), &bad).await,
                server.with_token(rat, "PUT", &own(&realm, &made), sent.clone()).await,
            ] {
                assert_eq!(answer.status, 403, "{provider} {}", answer.body);
                let told = answer.json();
                assert_eq!(told["policy"], format!("our {provider}"));
                assert!(told["policyId"].is_string());
                assert_eq!((&told["field"], &told["value"]), (&json!(field), &value), "{provider}");
                assert!(text(&told, "error_description").contains(said), "{told}");
            }
            // Not a word about what is wrong: the whole is judged.
            assert_eq!(
                server.with_token(rat, "PUT", &own(&realm, &made), good).await.status,
                200
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_writes_into_a_policy_is_checked() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (provider, config) in [
        ("allowed-redirect-uris", json!({})),
        ("allowed-redirect-uris", json!({ "patterns": ["("] })),
        ("allowed-grant-types", json!({})),
        ("allowed-response-types", json!({})),
        ("allowed-client-authentication", json!({})),
        ("client-name", json!({})),
        ("client-name", json!({ "pattern": ["("] })),
        ("assign-roles", json!({})),
        ("default-scopes", json!({})),
        ("secret-lifetime", json!({ "seconds": ["0"] })),
        ("expression", json!({})),
        ("expression", json!({ "rule": ["client.client_name ="] })),
        ("expression", json!({ "rule": ["registration.email != ()"] })),
        ("expression", json!({ "rule": ["loop {}"] })),
        ("expression", json!({ "rule": ["client.client_name"] })),
    ] {
        let answer = add(&server, &realm, "anonymous", provider, &config).await;
        assert_eq!(answer.status, 400, "{provider} {config}");
        assert!(answer.json()["errorMessage"].is_string());
    }
    let told = server
        .admin(
            "GET",
            &format!("/{realm}/client-registration-policy/providers"),
            Value::Null,
        )
        .await
        .json();
    let ids: Vec<&str> = told.as_array().unwrap().iter().map(|one| text(one, "id")).collect();
    assert!(ids.contains(&"allowed-redirect-uris") && ids.contains(&"trusted-hosts"));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_give_pkce_scopes_and_an_end_to_secrets_and_narrow_refreshing() {
    let server = support::sqlite().await;
    let realm = server
        .realm(json!({ "attributes": { "clientRegistration.secret.expires": "5000" } }))
        .await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    server
        .admin(
            "POST",
            &format!("/{realm}/client-scopes"),
            json!({ "name": "audit", "protocol": "openid-connect" }),
        )
        .await;
    for (provider, config) in [
        ("require-pkce", json!({})),
        ("default-scopes", json!({ "scopes": ["audit"] })),
        ("secret-lifetime", json!({ "seconds": ["600"] })),
        ("allowed-grant-types", json!({ "grant-types": ["authorization_code"] })),
    ] {
        assert_eq!(
            add(&server, &realm, "authenticated", provider, &config).await.status,
            201
        );
    }
    let answer = register(&server, &realm, Some(&token), &plain()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let told = answer.json();
    assert_eq!(told["grant_types"], json!(["authorization_code"]));
    let ends = told["client_secret_expires_at"].as_i64().unwrap();
    assert!((ends - server.app.now() / 1000 - 600).abs() < 5, "{ends}");
    let id = text(&told, "client_id");
    let kept = server
        .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
        .await
        .json();
    assert_eq!(kept["attributes"]["pkce.code.challenge.method"], "S256");
    assert!(
        kept["defaultClientScopes"]
            .as_array()
            .unwrap()
            .contains(&json!("audit"))
    );
    // A new secret has its own time.
    server.app.clock.advance(300_000);
    server
        .admin("POST", &format!("/{realm}/clients/{id}/client-secret"), Value::Null)
        .await;
    let kept = server
        .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
        .await
        .json();
    let renewed: i64 = text(&kept["attributes"], "client.secret.expiration.time")
        .parse()
        .unwrap();
    assert!(renewed > ends, "{renewed} {ends}");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_to_service_accounts_but_none_that_administers() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "attributes": { "clientRegistration.roles": "everybody" } }))
            .await;
        for name in ["developer", "everybody", "gone", "boss"] {
            let answer = server
                .admin("POST", &format!("/{realm}/roles"), json!({ "name": name }))
                .await;
            assert_eq!(answer.status, 201);
        }
        let config = json!({ "roles": ["developer", "boss", "gone"] });
        assert_eq!(
            add(&server, &realm, "authenticated", "assign-roles", &config)
                .await
                .status,
            201
        );
        let gone = server
            .admin("DELETE", &format!("/{realm}/roles/gone"), Value::Null)
            .await;
        assert_eq!(gone.status, 204);
        // One that comes to administer only afterwards.
        let holder = format!("/{realm}/clients?clientId=realm-management");
        let holder = server.admin("GET", &holder, Value::Null).await.json();
        let role = format!("/{realm}/clients/{}/roles/manage-users", text(&holder[0], "id"));
        let role = server.admin("GET", &role, Value::Null).await.json();
        let composites = format!("/{realm}/roles/boss/composites");
        assert_eq!(server.admin("POST", &composites, json!([role])).await.status, 204);
        let (_, initial) = initial(&server, &realm, json!({})).await;
        let service =
            json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post" });
        let made = register(&server, &realm, Some(&initial), &service).await.json();
        let later = register(&server, &realm, Some(&initial), &plain()).await.json();
        let rat = text(&later, "registration_access_token");
        let grown = json!({
            "grant_types": ["authorization_code", "client_credentials"], "token_endpoint_auth_method": "client_secret_post"
        });
        assert_eq!(
            server.with_token(rat, "PUT", &own(&realm, &later), grown).await.status,
            200
        );
        for client in [made, later] {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", text(&client, "client_id")),
                ("client_secret", text(&client, "client_secret")),
            ];
            let answer = token(&server, &realm, &fields).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let claims = claims(text(&answer.json(), "access_token"));
            let roles = claims["realm_access"]["roles"].as_array().unwrap().clone();
            assert!(
                roles.contains(&json!("developer")) && roles.contains(&json!("everybody")),
                "{claims}"
            );
            assert!(claims["resource_access"].get("realm-management").is_none(), "{claims}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_tokens_binds_those_that_name_it_for_life() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let config = json!({ "hosts": ["*.blue.example"] });
    let policy = add(&server, &realm, "token", "allowed-redirect-uris", &config)
        .await
        .created();
    let (_, free) = initial(&server, &realm, json!({})).await;
    let (_, blue) = initial(&server, &realm, json!({ "policies": [policy] })).await;
    let (inside, outside) = (
        json!({ "redirect_uris": ["https://a.blue.example/cb"] }),
        json!({ "redirect_uris": ["https://a.red.example/cb"] }),
    );
    assert_eq!(register(&server, &realm, Some(&free), &outside).await.status, 201);
    assert_eq!(register(&server, &realm, Some(&blue), &outside).await.status, 403);
    let made = register(&server, &realm, Some(&blue), &inside).await.json();
    let rat = text(&made, "registration_access_token");
    assert_eq!(
        server.with_token(rat, "PUT", &own(&realm, &made), outside).await.status,
        403
    );
    server
        .admin("DELETE", &format!("/{realm}/components/{policy}"), Value::Null)
        .await;
    let gone = register(&server, &realm, Some(&blue), &inside).await;
    assert_eq!((gone.status, &gone.json()["policyId"]), (403, &json!(policy)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_tokens_says_from_where_a_client_is_managed_until_it_is_deleted() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let hosts = |host: &str| {
        json!({
            "trusted-hosts": [host], "host-sending-registration-request-must-match": ["true"],
            "client-uris-must-match": ["false"]
        })
    };
    let made = add(&server, &realm, "token", "trusted-hosts", &hosts("localhost")).await;
    let policy = made.created();
    let (_, token) = initial(&server, &realm, json!({ "policies": [policy] })).await;
    let made = register(&server, &realm, Some(&token), &plain()).await.json();
    let (rat, uri) = (text(&made, "registration_access_token"), own(&realm, &made));
    let path = format!("/{realm}/components/{policy}");
    let mut component = server.admin("GET", &path, Value::Null).await.json();
    component["config"] = hosts("192.0.2.1");
    assert_eq!(server.admin("PUT", &path, component).await.status, 204);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.with_token(rat, method, &uri, plain()).await;
        assert_eq!(answer.status, 403, "{method}: {}", answer.body);
    }
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
    for (method, status) in [("GET", 200), ("PUT", 403), ("DELETE", 204)] {
        let answer = server.with_token(rat, method, &uri, plain()).await;
        assert_eq!(answer.status, status, "{method}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lists_all_that_is_wrong_and_changes_nothing() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    add(
        &server,
        &realm,
        "authenticated",
        "client-name",
        &json!({ "pattern": ["Team .*"] }),
    )
    .await;
    let policy = add(&server, &realm, "token", "require-contacts", &json!({}))
        .await
        .created();
    let more = json!({ "policies": [policy], "defaults": { "client_name": "Team default" } });
    let (id, _) = initial(&server, &realm, more).await;
    let path = format!("/{realm}/client-registration-policy/evaluate");
    let dry = |body: Value| server.admin("POST", &path, body);
    let clients = format!("/{realm}/clients");
    let before = server
        .admin("GET", &clients, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .len();

    let told = dry(json!({ "subType": "authenticated", "metadata": plain() }))
        .await
        .json();
    assert_eq!(told["allowed"], false);
    assert_eq!(told["refusals"][0]["policy"], "our client-name");
    assert_eq!(
        (&told["refusals"][0]["field"], &told["refusals"][0]["value"]),
        (&json!("client_name"), &json!("A"))
    );
    let told = dry(json!({ "tokenId": id, "metadata": { "redirect_uris": ["https://a.example.com/cb"] } }))
        .await
        .json();
    assert_eq!(told["refusals"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["client"]["client_name"], "Team default");
    let told = dry(json!({ "metadata": { "redirect_uris": ["https://a.example.com/cb"] } }))
        .await
        .json();
    assert_eq!(told["refusals"][0]["policy"], "Trusted Hosts", "{told}");
    let good = json!({ "client_name": "Team A", "contacts": ["a@example.com"], "redirect_uris": ["https://a.example.com/cb"] });
    let told = dry(json!({ "tokenId": id, "metadata": good })).await.json();
    assert_eq!((&told["allowed"], &told["refusals"]), (&json!(true), &json!([])));
    let told = dry(json!({ "metadata": { "redirect_uris": ["javascript:alert(1)"] } }))
        .await
        .json();
    assert_eq!(told["allowed"], false);
    for wrong in [
        json!({}),
        json!({ "metadata": 1 }),
        json!({ "metadata": {}, "subType": "x" }),
        json!({ "metadata": {}, "tokenId": "x" }),
    ] {
        assert_eq!(dry(wrong).await.status, 400);
    }
    let after = server
        .admin("GET", &clients, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .len();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_an_administrator_took_away_come_not_back_by_asking_again() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let role = json!({ "name": "developer" });
        server.admin("POST", &format!("/{realm}/roles"), role).await;
        let config = json!({ "roles": ["developer"] });
        let added = add(&server, &realm, "authenticated", "assign-roles", &config).await;
        assert_eq!(added.status, 201);
        let (_, initial) = initial(&server, &realm, json!({})).await;
        let method = "client_secret_post";
        let service = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": method });
        let plain = json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": method });
        let held = async |client: &Value| {
            let path = format!("/{realm}/clients?clientId={}", text(client, "client_id"));
            let id = server.admin("GET", &path, Value::Null).await.json()[0]["id"].clone();
            let path = format!("/{realm}/clients/{}/service-account-user", id.as_str().unwrap());
            let user = server.admin("GET", &path, Value::Null).await.json();
            let path = format!("/{realm}/users/{}/role-mappings/realm", text(&user, "id"));
            let roles = server.admin("GET", &path, Value::Null).await.json();
            let roles = roles.as_array().unwrap().clone();
            (
                path,
                roles
                    .into_iter()
                    .filter(|r| r["name"] == "developer")
                    .collect::<Vec<_>>(),
            )
        };
        let made = register(&server, &realm, Some(&initial), &service).await.json();
        let (path, roles) = held(&made).await;
        assert_eq!(roles.len(), 1);
        assert_eq!(server.admin("DELETE", &path, json!(roles)).await.status, 204);
        let mut rat = text(&made, "registration_access_token").to_owned();
        for wanted in [&plain, &service] {
            let changed = server
                .with_token(&rat, "PUT", &own(&realm, &made), wanted.clone())
                .await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            text(&changed.json(), "registration_access_token").clone_into(&mut rat);
        }
        assert!(held(&made).await.1.is_empty(), "given once");
    }
}
