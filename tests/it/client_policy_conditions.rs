//! Client policies bite where their conditions hold, and nowhere else.

use serde_json::{Value, json};

use super::authorize::asking;
use super::client_policies::{any, lay, lay_profile, make, reject_when};
use super::client_registration::text;
use super::support::oidc::{self, CALLBACK, shop};
use super::support::{self, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn conditions_say_for_whom() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let attribute = json!({ "attributes": { "foo": "bar" } });
    let text_of_pairs = json!({ "attributes": "[{\"key\":\"foo\",\"value\":\"bar\"}]" });
    let public = json!({ "publicClient": true });
    for (condition, configuration, client, applies) in [
        ("any-client", json!({}), json!({}), true),
        (
            "client-access-type",
            json!({ "type": ["public"] }),
            public.clone(),
            true,
        ),
        ("client-access-type", json!({ "type": ["public"] }), json!({}), false),
        (
            "client-access-type",
            json!({ "type": ["public"], "is-negative-logic": true }),
            json!({}),
            true,
        ),
        ("client-type", json!({ "protocol": "openid-connect" }), json!({}), true),
        ("client-type", json!({ "protocol": "saml" }), json!({}), false),
        (
            "client-attributes",
            json!({ "attributes": { "foo": "bar" } }),
            attribute.clone(),
            true,
        ),
        ("client-attributes", text_of_pairs, attribute.clone(), true),
        (
            "client-attributes",
            json!({ "attributes": { "foo": "baz" } }),
            attribute,
            false,
        ),
        ("client-roles", json!({ "roles": ["special"] }), json!({}), false),
        (
            "client-scopes",
            json!({ "scopes": ["profile"], "type": "Any" }),
            json!({}),
            false,
        ),
        (
            "client-updater-context",
            json!({ "update-client-source": ["ByAuthenticatedUser"] }),
            json!({}),
            true,
        ),
        (
            "client-updater-context",
            json!({ "update-client-source": ["ByAnonymous"] }),
            json!({}),
            false,
        ),
        (
            "client-updater-source-host",
            json!({ "trusted-hosts": ["localhost"] }),
            json!({}),
            true,
        ),
        (
            "client-updater-source-host",
            json!({ "trusted-hosts": ["192.0.2.1"] }),
            json!({}),
            false,
        ),
        (
            "grant-type",
            json!({ "grant_types": ["client_credentials"] }),
            json!({}),
            false,
        ),
        ("acr-condition", json!({ "acr-property": "gold" }), json!({}), false),
        (
            "identity-provider-alias",
            json!({ "identity_provider_aliases": ["x"] }),
            json!({}),
            false,
        ),
    ] {
        reject_when(&server, &realm, condition, &configuration).await;
        let status = make(&server, &realm, client).await.status;
        assert_eq!(status, if applies { 400 } else { 201 }, "{condition} {configuration}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_roles_of_whoever_makes_a_client_count() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let user = server.user(&realm, "uma", "correct horse").await;
    let group = server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "makers" }))
        .await
        .created();
    server
        .admin("PUT", &format!("/{realm}/users/{user}/groups/{group}"), Value::Null)
        .await;
    let clients = server
        .admin(
            "GET",
            &format!("/{realm}/clients?clientId=realm-management"),
            Value::Null,
        )
        .await
        .json();
    let holder = text(&clients[0], "id").to_owned();
    let role = server
        .admin(
            "GET",
            &format!("/{realm}/clients/{holder}/roles/manage-clients"),
            Value::Null,
        )
        .await
        .json();
    let path = format!("/{realm}/users/{user}/role-mappings/clients/{holder}");
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    let token = server.password_token(&realm, "shop", "uma", "correct horse").await;
    for (condition, configuration, status) in [
        ("client-updater-source-groups", json!({ "groups": ["makers"] }), 400),
        ("client-updater-source-groups", json!({ "groups": ["others"] }), 201),
        (
            "client-updater-source-roles",
            json!({ "roles": ["realm-management.manage-clients"] }),
            400,
        ),
        (
            "client-updater-source-roles",
            json!({ "roles": ["manage-clients"] }),
            201,
        ),
    ] {
        reject_when(&server, &realm, condition, &configuration).await;
        let client = json!({ "clientId": vestibule::random::uuid() });
        let answer = server
            .with_token(&token, "POST", &format!("/admin/realms/{realm}/clients"), client)
            .await;
        assert_eq!(answer.status, status, "{configuration} {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_asks_every_condition_to_have_a_say() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let both = json!([
        { "condition": "client-updater-context", "configuration": { "update-client-source": ["ByAuthenticatedUser"] } },
        { "condition": "any-client", "configuration": {} }
    ]);
    lay(&server, &realm, "reject-request", json!({}), both.clone()).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
    ];
    assert_eq!(oidc::token(&server, &realm, &fields).await.status, 400);
    let policy = json!({ "name": "y", "enabled": true, "mode": "STRICT", "conditions": both, "profiles": ["x"] });
    let path = format!("/{realm}/client-policies/policies");
    assert_eq!(
        server.admin("PUT", &path, json!({ "policies": [policy] })).await.status,
        204
    );
    assert_eq!(oidc::token(&server, &realm, &fields).await.status, 200);
    assert_eq!(make(&server, &realm, json!({})).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_profiles_apply() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let none = json!({ "profiles": [] });
    lay_profile(&server, &realm, none.clone(), "oauth-2-1-for-public-client", any()).await;
    let client = json!({ "publicClient": true, "redirectUris": ["com.example.app:/cb"], "implicitFlowEnabled": true });
    let id = make(&server, &realm, client).await.created();
    let kept = server
        .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
        .await
        .json();
    assert_eq!(kept["attributes"]["pkce.code.challenge.method"], "S256");
    assert_eq!(kept["attributes"]["dpop.bound.access.tokens"], "true");
    assert_eq!(kept["implicitFlowEnabled"], false);
    let client = json!({ "publicClient": true, "redirectUris": ["http://a.example.com/cb"] });
    assert_eq!(make(&server, &realm, client).await.status, 400);
    let answer = Browser::new(&server)
        .get(&asking(&realm, &[("client_id", "shop"), ("redirect_uri", CALLBACK)]))
        .await;
    assert_eq!(answer.location_parameter("error").as_deref(), Some("invalid_request"));

    lay_profile(&server, &realm, none, "fapi-1-baseline", any()).await;
    let client = json!({ "redirectUris": ["https://a.example.com/cb"] });
    let id = make(&server, &realm, client).await.created();
    let kept = server
        .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
        .await
        .json();
    assert_eq!(kept["clientAuthenticatorType"], "client-jwt");
    assert_eq!(
        (&kept["consentRequired"], &kept["fullScopeAllowed"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_we_do_not_know_holds_even_if_it_is_negated() {
    let server = support::sqlite().await;
    for negated in [false, true] {
        let condition = json!({ "condition": "of-another", "configuration": { "is-negative-logic": negated } });
        let profile = json!({ "name": "x", "executors": [{ "executor": "reject-request", "configuration": {} }] });
        let policy = json!({ "name": "y", "enabled": true, "conditions": [condition], "profiles": ["x"] });
        let realm = server
            .realm(json!({
                "clientProfiles": { "profiles": [profile] }, "clientPolicies": { "policies": [policy] }
            }))
            .await;
        assert_eq!(make(&server, &realm, json!({})).await.status, 400, "{negated}");
    }
}
