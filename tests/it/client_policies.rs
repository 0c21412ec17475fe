//! Client policies bite: on what a client becomes, by whomever.

use serde_json::{Value, json};

use super::client_registration::{address, initial_token, plain, register, text};
use super::support::oidc::shop;
use super::support::{self, Answer, Server};

/// Lays one executor on all that these conditions hold for.
pub async fn lay(server: &Server, realm: &str, executor: &str, configuration: Value, conditions: Value) {
    let executors = json!([{ "executor": executor, "configuration": configuration }]);
    let profiles = json!({ "profiles": [{ "name": "x", "executors": executors }] });
    lay_profile(server, realm, profiles, "x", conditions).await;
}

/// Refuses all that this condition holds for.
pub async fn reject_when(server: &Server, realm: &str, condition: &str, configuration: &Value) {
    let conditions = when(condition, configuration);
    lay(server, realm, "reject-request", json!({}), conditions).await;
}

pub async fn lay_profile(server: &Server, realm: &str, profiles: Value, profile: &str, conditions: Value) {
    let base = format!("/{realm}/client-policies");
    for (path, body) in [
        ("policies", json!({ "policies": [] })),
        ("profiles", profiles),
        (
            "policies",
            json!({ "policies": [{ "name": "y", "enabled": true, "conditions": conditions, "profiles": [profile] }] }),
        ),
    ] {
        let answer = server.admin("PUT", &format!("{base}/{path}"), body).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
}

pub fn any() -> Value {
    json!([{ "condition": "any-client", "configuration": {} }])
}

pub fn when(condition: &str, configuration: &Value) -> Value {
    json!([{ "condition": condition, "configuration": configuration }])
}

pub async fn make(server: &Server, realm: &str, client: Value) -> Answer {
    let mut doc = json!({ "clientId": vestibule::random::uuid() });
    doc.as_object_mut().unwrap().extend(client.as_object().unwrap().clone());
    server.admin("POST", &format!("/{realm}/clients"), doc).await
}

pub fn refusal(answer: &Answer) -> (u16, String, String) {
    let told = answer.json();
    (
        answer.status,
        text(&told, "error").to_owned(),
        text(&told, "error_description").to_owned(),
    )
}
#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_becomes_is_judged_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let (off, secure) = (
        json!({ "auto-configure": false }),
        json!({ "redirectUris": ["https://a.example.com/cb"] }),
    );
    let attribute = |name: &str, value: &str| json!({ "attributes": { name: value } });
    let metadata = "invalid_client_metadata";
    for (executor, configuration, client, code, said) in [
        (
            "reject-request",
            json!({}),
            json!({}),
            "invalid_request",
            "Request not allowed",
        ),
        (
            "pkce-enforcer",
            off.clone(),
            json!({}),
            metadata,
            "Invalid client metadata: code_challenge_method",
        ),
        (
            "reject-implicit-grant",
            off.clone(),
            json!({ "implicitFlowEnabled": true }),
            metadata,
            "Invalid client metadata: implicit flow enabled",
        ),
        (
            "reject-ropc-grant",
            off.clone(),
            json!({ "directAccessGrantsEnabled": true }),
            metadata,
            "Invalid client metadata: resource owner password credentials grant enabled",
        ),
        (
            "consent-required",
            off.clone(),
            json!({}),
            "invalid_registration",
            "Client is required to enable consentRequired",
        ),
        (
            "full-scope-disabled",
            off.clone(),
            json!({}),
            "invalid_registration",
            "Not permitted to enable fullScopeAllowed",
        ),
        (
            "holder-of-key-enforcer",
            off.clone(),
            json!({}),
            metadata,
            "Invalid client metadata: MTLS token in disabled",
        ),
        (
            "dpop-bind-enforcer",
            off.clone(),
            json!({}),
            metadata,
            "Invalid client metadata: DPoP token is disabled",
        ),
        (
            "secure-response-type",
            off.clone(),
            json!({}),
            metadata,
            "Invalid client metadata: ID Token as detached signature in disabled",
        ),
        (
            "secure-client-authenticator",
            json!({ "allowed-client-authenticators": ["client-jwt"] }),
            json!({ "clientAuthenticatorType": "client-secret" }),
            metadata,
            "Invalid client metadata: token_endpoint_auth_method",
        ),
        (
            "secure-client-uris",
            json!({}),
            json!({ "baseUrl": "http://a.example.com/" }),
            metadata,
            "Invalid baseUrl",
        ),
        (
            "secure-client-uris",
            json!({}),
            json!({ "redirectUris": ["https://a.example.com/*"] }),
            metadata,
            "Invalid redirectUris",
        ),
        (
            "secure-client-uris",
            json!({}),
            attribute("backchannel.logout.url", "http://a.example.com/x"),
            metadata,
            "Invalid logoutUrl",
        ),
        (
            "secure-client-uris-pattern",
            json!({ "allowed-patterns": ["https://a\\.example\\.com/.*"] }),
            json!({ "redirectUris": ["https://b.example.com/"] }),
            metadata,
            "Invalid redirectUris",
        ),
        (
            "secure-client-uris-pattern",
            json!({}),
            secure.clone(),
            metadata,
            "Invalid redirectUris: No valid allowed patterns configured",
        ),
        (
            "secure-signature-algorithm",
            json!({}),
            attribute("id.token.signed.response.alg", "RS256"),
            "invalid_request",
            "not allowed signature algorithm.",
        ),
        (
            "secure-ciba-req-sig-algorithm",
            json!({}),
            attribute("ciba.backchannel.auth.request.signing.alg", "RS256"),
            "invalid_request",
            "not allowed signature algorithm.",
        ),
        (
            "secure-logout",
            json!({}),
            json!({ "frontchannelLogout": true }),
            "invalid_registration",
            "Front-channel logout is not allowed for this client",
        ),
        (
            "tls-client-auth-ca-subject-dn",
            json!({ "ca-subject-dn": "CN=ca", "enforced": true }),
            json!({ "clientAuthenticatorType": "client-x509", "attributes": { "x509.casubjectdn": "CN=b" } }),
            "invalid_request",
            "Certificate Authority subject DN must be CN=ca",
        ),
        (
            "secure-redirect-uris-enforcer",
            json!({}),
            json!({ "redirectUris": ["http://127.0.0.1/cb"] }),
            "invalid_request",
            "Invalid Redirect Uri: invalid loopback address",
        ),
        (
            "secure-redirect-uris-enforcer",
            json!({}),
            json!({ "redirectUris": ["com.example.app:/cb"] }),
            "invalid_request",
            "Invalid Redirect Uri: invalid private use scheme",
        ),
        (
            "secure-redirect-uris-enforcer",
            json!({ "allow-permitted-domains": ["(.*)\\.example\\.com"] }),
            json!({ "redirectUris": ["https://a.example.org/cb"] }),
            "invalid_request",
            "Invalid Redirect Uri: invalid uri",
        ),
    ] {
        lay(&server, &realm, executor, configuration, any()).await;
        let answer = make(&server, &realm, client.clone()).await;
        assert_eq!(
            refusal(&answer),
            (400, code.to_owned(), said.to_owned()),
            "{executor} {client}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_may_set_a_client_right_by_itself() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let auto = json!({ "auto-configure": true });
    for (executor, configuration, client, pointer, value) in [
        (
            "pkce-enforcer",
            auto.clone(),
            json!({}),
            "/attributes/pkce.code.challenge.method",
            json!("S256"),
        ),
        (
            "reject-implicit-grant",
            auto.clone(),
            json!({ "implicitFlowEnabled": true }),
            "/implicitFlowEnabled",
            json!(false),
        ),
        (
            "consent-required",
            auto.clone(),
            json!({}),
            "/consentRequired",
            json!(true),
        ),
        (
            "consent-required",
            auto.clone(),
            json!({}),
            "/fullScopeAllowed",
            json!(false),
        ),
        (
            "full-scope-disabled",
            auto.clone(),
            json!({}),
            "/fullScopeAllowed",
            json!(false),
        ),
        (
            "dpop-bind-enforcer",
            auto.clone(),
            json!({}),
            "/attributes/dpop.bound.access.tokens",
            json!("true"),
        ),
        (
            "secure-signature-algorithm",
            json!({ "default-algorithm": "ES256" }),
            json!({}),
            "/attributes/id.token.signed.response.alg",
            json!("ES256"),
        ),
        (
            "secure-client-authenticator",
            json!({ "allowed-client-authenticators": ["client-jwt"], "default-client-authenticator": "client-jwt" }),
            json!({}),
            "/clientAuthenticatorType",
            json!("client-jwt"),
        ),
        (
            "tls-client-auth-ca-subject-dn",
            json!({ "ca-subject-dn": "CN=ca" }),
            json!({ "clientAuthenticatorType": "client-x509" }),
            "/attributes/x509.casubjectdn",
            json!("CN=ca"),
        ),
    ] {
        lay(&server, &realm, executor, configuration, any()).await;
        let id = make(&server, &realm, client).await.created();
        let kept = server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(kept.pointer(pointer), Some(&value), "{executor}: {kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_their_updates_are_judged_and_the_refusal_says_what_is_wrong() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        let token = initial_token(&server, &realm, 5).await;
        let made = register(&server, &realm, Some(&token), &plain()).await.json();
        lay(&server, &realm, "secure-client-uris", json!({}), any()).await;
        let bad = json!({ "redirect_uris": ["http://a.example.com/cb"] });
        let answer = register(&server, &realm, Some(&token), &bad).await;
        let expected = (
            403,
            "insufficient_scope".to_owned(),
            "invalid_client_metadata".to_owned(),
        );
        assert_eq!(refusal(&answer), expected);
        let told = answer.json();
        assert_eq!(
            (&told["policy"], &told["message"]),
            (&json!("y"), &json!("Invalid redirectUris"))
        );
        assert_eq!(
            (&told["field"], &told["value"]),
            (&json!("redirect_uris"), &json!("http://a.example.com/cb"))
        );

        let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
        let rat = text(&made, "registration_access_token");
        assert_eq!(server.with_token(rat, "PUT", &own, bad).await.status, 403);
        assert_eq!(server.with_token(rat, "PUT", &own, plain()).await.status, 200);
        let events = server
            .admin("GET", &format!("/{realm}/events?type=CLIENT_UPDATE_ERROR"), Value::Null)
            .await
            .json();
        assert_eq!(events[0]["error"], "invalid_client_metadata");
        assert_eq!(
            events[0]["details"]["client_policy_error_detail"],
            "Invalid redirectUris"
        );
        assert_eq!(events[0]["details"]["policy"], "y");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_keeps_the_registration_access_token_from_changing() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let token = initial_token(&server, &realm, 5).await;
    let by = json!({ "update-client-source": ["ByRegistrationAccessToken"] });
    let condition = when("client-updater-context", &by);
    lay(
        &server,
        &realm,
        "registration-access-token-rotation-disabled",
        json!({}),
        condition,
    )
    .await;
    let made = register(&server, &realm, Some(&token), &plain()).await.json();
    let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
    let rat = text(&made, "registration_access_token");
    for _ in 0..2 {
        let changed = server.with_token(rat, "PUT", &own, plain()).await;
        assert_eq!(text(&changed.json(), "registration_access_token"), rat);
    }
}
