//! Rules that hold for applications that register themselves, whatever they send.

use serde_json::{Value, json};
use vestibule::client_registration::policy::TYPE;

use super::client_registration::{address, initial, plain, register, text};
use super::support::oidc::{claims, token};
use super::support::{self, Answer, Server};

async fn lay(server: &Server, realm: &str, sub_type: &str, provider: &str, config: Value) -> Answer {
    let doc = json!({
        "name": format!("our {provider}"), "providerId": provider, "providerType": TYPE, "subType": sub_type, "config": config
    });
    server.admin("POST", &format!("/{realm}/components"), doc).await
}

async fn change(server: &Server, realm: &str, made: &Value, body: Value) -> Answer {
    let path = format!("{}/{}", address(realm), text(made, "client_id"));
    let rat = text(made, "registration_access_token");
    server.with_token(rat, "PUT", &path, body).await
}

/// A token that the application gets for itself.
async fn own_token(server: &Server, realm: &str, made: &Value, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", text(made, "client_id")),
        ("client_secret", text(made, "client_secret")),
    ];
    fields.extend(more);
    token(server, realm, &fields).await
}

fn service() -> Value {
    json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_given_automatically_is_in_the_token() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        for role in ["crane", "crate", "boss"] {
            let path = format!("/{realm}/roles");
            server.admin("POST", &path, json!({ "name": role })).await.created();
        }
        let settings = json!({ "attributes": {
            "clientRegistration.access": "open", "clientRegistration.roles": "crane, boss"
        } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), settings).await.status, 204);
        let made = lay(
            &server,
            &realm,
            "anonymous",
            "assign-roles",
            json!({ "roles": ["crate"] }),
        )
        .await;
        assert_eq!(made.status, 201, "{}", made.body);
        // It comes to administer only afterwards.
        let holder = format!("/{realm}/clients?clientId=realm-management");
        let holder = server.admin("GET", &holder, Value::Null).await.json();
        let role = format!("/{realm}/clients/{}/roles/manage-users", text(&holder[0], "id"));
        let role = server.admin("GET", &role, Value::Null).await.json();
        let composites = format!("/{realm}/roles/boss/composites");
        assert_eq!(server.admin("POST", &composites, json!([role])).await.status, 204);
        // The realm's policies let strangers' applications hand on only what was mapped to them.
        let made = register(&server, &realm, None, &service()).await.json();
        let later = register(&server, &realm, None, &plain()).await.json();
        let begun = change(&server, &realm, &later, service()).await.json();
        let secret = json!({ "client_id": begun["client_id"], "client_secret": later["client_secret"] });
        for one in [&made, &secret] {
            let answer = own_token(&server, &realm, one, &[]).await.json();
            let claims = claims(text(&answer, "access_token"));
            let roles = claims["realm_access"]["roles"].as_array().cloned().unwrap_or_default();
            assert!(
                roles.contains(&json!("crane")) && roles.contains(&json!("crate")),
                "{claims}"
            );
            // What administers is not given, and not handed on.
            assert!(!roles.contains(&json!("boss")), "{claims}");
            assert!(claims["resource_access"].get("realm-management").is_none(), "{claims}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_and_offline_access_block_no_registration() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let asking = |scope: &str| json!({ "redirect_uris": ["https://a.example.com/cb"], "scope": scope });
    let (_, narrow) = initial(&server, &realm, json!({ "scopes": ["profile"] })).await;
    let made = register(&server, &realm, Some(&narrow), &asking("openid offline_access profile")).await;
    assert_eq!(
        (made.status, &made.json()["scope"]),
        (201, &json!("profile")),
        "{}",
        made.body
    );
    let changed = change(&server, &realm, &made.json(), asking("profile offline_access")).await;
    assert_eq!((changed.status, &changed.json()["scope"]), (200, &json!("profile")));
    let refused = register(&server, &realm, Some(&narrow), &asking("openid email")).await;
    assert_eq!(refused.status, 400);

    let (_, token) = initial(&server, &realm, json!({})).await;
    let policies = server
        .admin("GET", &format!("/{realm}/components?type={TYPE}"), Value::Null)
        .await
        .json();
    let policies = policies.as_array().unwrap().iter();
    let known = policies
        .clone()
        .find(|p| p["providerId"] == "allowed-client-templates" && p["subType"] == "authenticated");
    for (allowed, scope, status, told) in [
        (json!([]), "openid", 201, ""),
        (json!([]), "openid offline_access", 201, ""),
        (json!(["basic"]), "openid offline_access", 201, ""),
        (
            json!(["basic", "offline_access"]),
            "openid offline_access",
            201,
            "offline_access",
        ),
        (json!(["basic"]), "openid offline_access email", 403, ""),
    ] {
        let mut policy = known.unwrap().clone();
        policy["config"] = json!({ "allow-default-scopes": ["false"], "allowed-client-scopes": allowed });
        let path = format!("/{realm}/components/{}", text(&policy, "id"));
        assert_eq!(server.admin("PUT", &path, policy).await.status, 204);
        let made = register(&server, &realm, Some(&token), &asking(scope)).await;
        assert_eq!(made.status, status, "{allowed} {scope} {}", made.body);
        if status == 201 {
            assert_eq!(made.json()["scope"], told, "{allowed} {scope}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_12_a_scope_that_comes_later_arms_nobody_who_had_invented_it() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "attributes": { "clientRegistration.scopes.spontaneous": "allow" } }))
            .await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let mut body = service();
        body["scope"] = json!("email later");
        let made = register(&server, &realm, Some(&token), &body).await.json();
        assert_eq!(made["scope"], "email later");
        let settings = json!({ "attributes": { "clientRegistration.scopes.spontaneous": "deny" } });
        let scoped = json!({ "serviceAccountsEnabled": true, "redirectUris": ["https://a.example.com/cb"],
            "optionalClientScopes": ["email", "later"] });
        let path = format!("/realms/{realm}/clients-registrations/default");
        let other = server.with_token(&token, "POST", &path, scoped).await;
        assert_eq!(other.status, 201, "{}", other.body);
        for step in 0..3 {
            match step {
                1 => assert_eq!(
                    server.admin("PUT", &format!("/{realm}"), settings.clone()).await.status,
                    204
                ),
                2 => {
                    let scope = json!({ "name": "later", "protocol": "openid-connect" });
                    let id = server
                        .admin("POST", &format!("/{realm}/client-scopes"), scope)
                        .await
                        .created();
                    let path = format!("/{realm}/default-optional-client-scopes/{id}");
                    assert_eq!(server.admin("PUT", &path, Value::Null).await.status, 204);
                }
                _ => {}
            }
            let answer = own_token(&server, &realm, &made, &[("scope", "email later")]).await;
            assert_eq!(answer.status, 200, "{step} {}", answer.body);
            let answer = answer.json();
            let told = text(&answer, "scope").to_owned();
            assert!(told.contains("email") && !told.contains("later"), "{step}: {told}");
            let other = other.json();
            let other = json!({ "client_id": other["clientId"], "client_secret": other["secret"] });
            let answer = own_token(&server, &realm, &other, &[("scope", "later")]).await;
            assert_eq!(answer.status, 400, "{step} {}", answer.body);
        }
        // Who asks for it now is given it.
        body["scope"] = json!("email later");
        let changed = change(&server, &realm, &made, body).await.json();
        assert_eq!(changed["scope"], "email later");
        let answer = own_token(&server, &realm, &made, &[("scope", "later")]).await.json();
        assert!(text(&answer, "scope").contains("later"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_is_not_there_for_rules_either() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let made = register(&server, &realm, Some(&token), &plain()).await.json();
    let gone = change(
        &server,
        &realm,
        &made,
        json!({ "client_name": null, "client_uri": null }),
    )
    .await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    let gone = gone.json();
    assert!(
        gone.get("client_name").is_none() && gone.get("client_uri").is_none(),
        "{gone}"
    );
    assert_eq!(
        change(&server, &realm, &gone, json!({ "client_name": "A" }))
            .await
            .status,
        200
    );
    let rule = json!({ "rule": ["client.client_name != ()"] });
    assert_eq!(
        lay(&server, &realm, "authenticated", "expression", rule).await.status,
        201
    );
    let refused = change(&server, &realm, &gone, json!({ "client_name": null })).await;
    assert_eq!((refused.status, &refused.json()["field"]), (403, &json!("client_name")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_01_an_address_that_would_never_be_opened_is_not_registered() {
    let servers = support::servers_with(|config| config.allow_private_hooks = false);
    let server = servers.await.remove(0);
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    for address in [
        "http://127.0.0.1:1/j",
        "https://127.0.0.1/j",
        "https://169.254.169.254/j",
        "https://[::1]/j",
        "https://[::ffff:10.0.0.1]/j",
        "https://100.64.0.1/j",
        "https://0.0.0.0/j",
        "https://2130706433/j",
        "https://localhost/j",
    ] {
        for member in [
            "jwks_uri",
            "request_uris",
            "sector_identifier_uri",
            "backchannel_logout_uri",
            "backchannel_client_notification_endpoint",
        ] {
            let value = match member {
                "request_uris" => json!([address]),
                _ => json!(address),
            };
            let mut body = plain();
            body[member] = value.clone();
            let refused = register(&server, &realm, Some(&token), &body).await;
            assert_eq!(refused.status, 400, "{member} {address}: {}", refused.body);
            assert_eq!(refused.json()["error"], "invalid_client_metadata");
        }
        let sent = json!({ "clientId": "own", "attributes": { "use.jwks.url": "true", "jwks.url": address } });
        let path = format!("/realms/{realm}/clients-registrations/default");
        assert_eq!(
            server.with_token(&token, "POST", &path, sent).await.status,
            400,
            "{address}"
        );
    }
    // What an administrator wrote is let be.
    let made = register(&server, &realm, Some(&token), &plain()).await.json();
    let path = format!("/{realm}/clients/{}", text(&made, "client_id"));
    let private = json!({ "attributes": { "backchannel.logout.url": "https://10.0.0.1/out" } });
    assert_eq!(server.admin("PUT", &path, private).await.status, 204);
    assert_eq!(
        change(&server, &realm, &made, json!({ "client_name": "B" }))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_can_never_work_is_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let unknown = json!({ "keys": [{ "kty": "ZZ" }] });
    for (more, accepted) in [
        (
            json!({ "jwks": unknown, "token_endpoint_auth_method": "private_key_jwt" }),
            false,
        ),
        (json!({ "jwks": unknown }), true),
        (json!({ "contacts": ["notmail"] }), false),
        (
            json!({ "contacts": ["ada@example.org", "https://a.example.com/help"] }),
            true,
        ),
        (json!({ "request_object_encryption_enc": "A128GCM" }), false),
        (
            json!({ "backchannel_logout_uri": "https://a.example.com/out#x" }),
            false,
        ),
        (json!({ "frontchannel_logout_uri": "https://b.example.com/out" }), false),
        (json!({ "frontchannel_logout_uri": "http://a.example.com/out" }), false),
        (json!({ "frontchannel_logout_uri": "https://a.example.com/out" }), true),
        (
            json!({ "redirect_uris": ["http://127.0.0.1/cb"], "frontchannel_logout_uri": "http://127.0.0.1:8000/out" }),
            true,
        ),
        // As Keycloak was seen to take them.
        (json!({ "jwks": { "keys": [] } }), true),
        (json!({ "application_type": "nonsense" }), true),
        (
            json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" }),
            true,
        ),
    ] {
        let mut body = plain();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = register(&server, &realm, Some(&token), &body).await;
        assert_eq!(
            answer.status,
            if accepted { 201 } else { 400 },
            "{more}: {}",
            answer.body
        );
    }
}
