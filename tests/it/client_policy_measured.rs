//! What Keycloak 26.7 answers where its client policies bite, asked of it and held here.

use serde_json::{Value, json};
use vestibule_jose::{Alg, SigningKey};

use super::authorize::asking;
use super::client_policies::{any, lay, make, refusal, reject_when};
use super::client_registration::{address, initial_token, plain, register, text};
use super::dpop::{proof, said};
use super::support::oidc::{self, CALLBACK, at, shop};
use super::support::{self, Answer, Browser, Server, encode};

/// An authorization request of `shop`: told to the person or to the application, or nothing.
async fn asked(server: &Server, realm: &str, over: &[(&str, &str)]) -> Answer {
    let mut all = vec![("client_id", "shop"), ("redirect_uri", CALLBACK)];
    all.retain(|(name, _)| !over.iter().any(|(other, _)| other == name));
    all.extend(over);
    Browser::new(server).get(&asking(realm, &all)).await
}

async fn id_of(server: &Server, realm: &str, client_id: &str) -> String {
    let path = format!("/{realm}/clients?clientId={client_id}");
    text(&server.admin("GET", &path, Value::Null).await.json()[0], "id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn some_conditions_speak_before_it_is_known_where_to_answer() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = id_of(&server, &realm, "shop").await;
    let mark = json!({ "attributes": { "mark": "x" } });
    server
        .admin("PUT", &format!("/{realm}/clients/{id}"), mark.clone())
        .await;
    let role = json!({ "name": "special" });
    server
        .admin("POST", &format!("/{realm}/clients/{id}/roles"), role)
        .await;
    for (condition, configuration, page) in [
        ("any-client", json!({}), true),
        ("client-attributes", mark, true),
        ("client-roles", json!({ "roles": ["special"] }), true),
        ("client-type", json!({ "protocol": "openid-connect" }), false),
        ("client-access-type", json!({ "type": ["public"] }), false),
        (
            "client-scopes",
            json!({ "scopes": ["profile"], "type": "Default" }),
            false,
        ),
        ("grant-type", json!({ "grant_types": ["authorization_code"] }), false),
    ] {
        reject_when(&server, &realm, condition, &configuration).await;
        let answer = asked(&server, &realm, &[]).await;
        if page {
            assert_eq!(answer.status, 400, "{condition}");
            assert!(answer.body.contains("Request not allowed"), "{condition}");
        } else {
            let told = answer.location_parameter("error_description");
            assert_eq!(told.as_deref(), Some("Request not allowed"), "{condition}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rejects_everything_rejects_reading_and_removing_too() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let token = initial_token(&server, &realm, 5).await;
        let made = register(&server, &realm, Some(&token), &plain()).await.json();
        let (own, rat) = (
            format!("{}/{}", address(&realm), text(&made, "client_id")),
            text(&made, "registration_access_token").to_owned(),
        );
        let path = format!("/{realm}/clients/{}", id_of(&server, &realm, "back").await);
        let profile = json!({ "scopes": ["profile"], "type": "Default" });
        let by = json!({ "update-client-source": ["ByAuthenticatedUser", "ByRegistrationAccessToken"] });
        for (condition, configuration, look, renew) in [
            ("client-scopes", profile, false, false),
            // Of reading they know nothing, of a new secret they do.
            ("client-updater-context", by, false, true),
            ("client-access-type", json!({ "type": ["confidential"] }), true, true),
            ("any-client", json!({}), true, true),
        ] {
            reject_when(&server, &realm, condition, &configuration).await;
            let by_admin = |refused: bool| if refused { 400 } else { 200 };
            let read = server.admin("GET", &path, Value::Null).await;
            assert_eq!(read.status, by_admin(look), "{condition}: {}", read.body);
            let renewed = server
                .admin("POST", &format!("{path}/client-secret"), Value::Null)
                .await;
            assert_eq!(renewed.status, by_admin(renew), "{condition}: {}", renewed.body);
            let read = server.with_token(&rat, "GET", &own, Value::Null).await;
            assert_eq!(read.status, if look { 403 } else { 200 }, "{condition}: {}", read.body);
        }
        let expected = (400, "invalid_request".to_owned(), "Request not allowed".to_owned());
        assert_eq!(refusal(&server.admin("GET", &path, Value::Null).await), expected);
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 400);
        assert_eq!(server.with_token(&rat, "DELETE", &own, Value::Null).await.status, 403);
        lay(&server, &realm, "consent-required", json!({}), any()).await;
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(server.with_token(&rat, "DELETE", &own, Value::Null).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_exchange_of_a_code_refusals_have_one_code() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (executor, configuration, code, said) in [
        (
            "holder-of-key-enforcer",
            json!({}),
            "invalid_grant",
            "Client Certification missing for MTLS HoK Token Binding",
        ),
        (
            "secure-client-authenticator",
            json!({ "allowed-client-authenticators": ["client-jwt"] }),
            "invalid_grant",
            "Configured client authentication method not allowed for client",
        ),
        (
            "secure-signature-algorithm-signed-jwt",
            json!({ "require-client-assertion": true }),
            "invalid_grant",
            "client assertion is required.",
        ),
        ("reject-request", json!({}), "invalid_request", "Request not allowed"),
    ] {
        lay(&server, &realm, "consent-required", json!({}), any()).await;
        let value = oidc::code(&server, &realm, "back", "").await;
        lay(&server, &realm, executor, configuration, any()).await;
        let fields = [("client_id", "back"), ("client_secret", "back-secret")];
        let mut all = vec![
            ("grant_type", "authorization_code"),
            ("code", value.as_str()),
            ("redirect_uri", CALLBACK),
        ];
        all.extend(fields);
        let answer = oidc::token(&server, &realm, &all).await;
        assert_eq!(refusal(&answer), (400, code.to_owned(), said.to_owned()), "{executor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_has_no_method_and_derived_origins_are_nobodys_wish() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let token = initial_token(&server, &realm, 20).await;
    let here = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    let with = |more: Value| {
        let mut sent = here.clone();
        sent.as_object_mut().unwrap().extend(support::members(more));
        sent
    };
    let jwt = json!({ "allowed-client-authenticators": ["client-jwt", "client-x509"] });
    lay(&server, &realm, "secure-client-authenticator", jwt, any()).await;
    let none = register(
        &server,
        &realm,
        Some(&token),
        &with(json!({ "token_endpoint_auth_method": "none" })),
    )
    .await;
    assert_eq!(none.status, 201, "{}", none.body);
    let none = none.json();
    let own = format!("{}/{}", address(&realm), text(&none, "client_id"));
    let rat = text(&none, "registration_access_token");
    assert_eq!(server.with_token(rat, "PUT", &own, here.clone()).await.status, 200);
    let public = json!({ "publicClient": true, "redirectUris": [CALLBACK] });
    assert_eq!(make(&server, &realm, public).await.status, 201);
    for (method, sent) in [
        ("client_secret_basic", here.clone()),
        (
            "client_secret_post",
            with(json!({ "token_endpoint_auth_method": "client_secret_post" })),
        ),
    ] {
        let refused = register(&server, &realm, Some(&token), &sent).await;
        let told = refused.json();
        assert_eq!(refused.status, 403, "{told}");
        assert_eq!(
            (&told["field"], &told["value"]),
            (&json!("token_endpoint_auth_method"), &json!(method)),
            "as it was sent"
        );
    }

    let pattern = |more: Value| {
        let mut config = json!({ "allowed-patterns": ["https://app\\.example\\.com/.*"] });
        config.as_object_mut().unwrap().extend(support::members(more));
        config
    };
    lay(&server, &realm, "secure-client-uris-pattern", pattern(json!({})), any()).await;
    let made = register(&server, &realm, Some(&token), &here).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let admin = json!({ "redirectUris": ["https://app.example.com/cb"] });
    assert_eq!(make(&server, &realm, admin.clone()).await.status, 201);
    for origins in [json!(["+"]), json!(["https://evil.example"])] {
        let mut bad = admin.clone();
        bad["webOrigins"] = origins;
        assert_eq!(refusal(&make(&server, &realm, bad).await).2, "Invalid webOrigins");
    }
    let evil = json!({ "redirect_uris": ["https://evil.example/cb"] });
    let told = register(&server, &realm, Some(&token), &evil).await.json();
    assert_eq!(
        (&told["field"], &told["value"]),
        (&json!("redirect_uris"), &json!("https://evil.example/cb"))
    );
    // Where origins alone are to be judged, they are, wherever they come from.
    let origins = pattern(json!({ "client-uri-fields": ["webOrigins"] }));
    lay(&server, &realm, "secure-client-uris-pattern", origins, any()).await;
    assert_eq!(register(&server, &realm, Some(&token), &evil).await.status, 403);

    // What is signed with a secret is not signed so that nobody else can.
    lay(&server, &realm, "secure-signature-algorithm", json!({}), any()).await;
    let shared = with(json!({ "token_endpoint_auth_method": "client_secret_jwt" }));
    let refused = register(&server, &realm, Some(&token), &shared).await;
    let told = refused.json();
    assert_eq!(
        (refused.status, &told["field"], &told["message"]),
        (
            403,
            &json!("token_endpoint_auth_signing_alg"),
            &json!("not allowed signature algorithm.")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn redirect_uris_and_proof_keys_are_asked_for_at_the_authorization_endpoint() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = id_of(&server, &realm, "shop").await;
    let uris = [
        CALLBACK,
        "http://a.example.com/cb",
        "http://127.0.0.1/cb",
        "com.example.app:/cb",
    ];
    let path = format!("/{realm}/clients/{id}");
    let more = json!({ "redirectUris": uris, "implicitFlowEnabled": true });
    assert_eq!(server.admin("PUT", &path, more).await.status, 204);
    let open = json!({ "allow-open-redirect": true });
    lay(&server, &realm, "secure-redirect-uris-enforcer", open, any()).await;
    for (uri, said) in [
        (CALLBACK, None),
        ("http://a.example.com/cb", Some("Invalid Redirect Uri: invalid uri")),
        (
            "http://127.0.0.1/cb",
            Some("Invalid Redirect Uri: invalid loopback address"),
        ),
        (
            "com.example.app:/cb",
            Some("Invalid Redirect Uri: invalid private use scheme"),
        ),
    ] {
        let answer = asked(&server, &realm, &[("redirect_uri", uri)]).await;
        assert_eq!(answer.status, if said.is_some() { 400 } else { 200 }, "{uri}");
        assert!(
            said.is_none_or(|said| answer.body.contains(said)),
            "{uri}: {}",
            answer.body
        );
    }
    let missing = "Missing parameter: code_challenge_method";
    lay(&server, &realm, "pkce-enforcer", json!({}), any()).await;
    let told = async |kind: &str| {
        let answer = asked(&server, &realm, &[("response_type", kind), ("nonce", "n")]).await;
        answer.location_parameter("error_description")
    };
    for kind in ["code", "none", "token", "id_token", "id_token token"] {
        assert_eq!(told(kind).await.as_deref(), Some(missing), "{kind}");
    }
    lay(&server, &realm, "full-scope-disabled", json!({}), any()).await;
    let s256 = json!({ "attributes": { "pkce.code.challenge.method": "S256" } });
    assert_eq!(server.admin("PUT", &path, s256).await.status, 204);
    for (kind, asks) in [("code", true), ("none", true), ("token", false), ("id_token", false)] {
        assert_eq!(told(kind).await.is_some_and(|said| said == missing), asks, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_of_an_access_token_counts_at_userinfo() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let with = oidc::tokens_of_mia(&server, &realm, "openid phone").await;
    let without = oidc::tokens_of_mia(&server, &realm, "openid").await;
    for (kind, scope, tokens, status) in [
        ("Optional", "phone", &with, 400),
        ("Optional", "phone", &without, 200),
        ("Any", "phone", &with, 400),
        ("Default", "profile", &without, 400),
        ("Default", "phone", &with, 200),
    ] {
        let config = json!({ "scopes": [scope], "type": kind });
        reject_when(&server, &realm, "client-scopes", &config).await;
        let answer = oidc::userinfo(&server, &realm, text(tokens, "access_token")).await;
        assert_eq!(answer.status, status, "{kind} {scope}: {}", answer.body);
    }
}

async fn proved(
    server: &Server,
    realm: &str,
    endpoint: &str,
    fields: &[(&str, &str)],
    key: Option<&SigningKey>,
) -> Answer {
    let proof = key.map(|key| proof(key, &json!({}), &said(server, realm, "POST", endpoint)));
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(proof.iter().map(|proof| ("dpop", proof.as_str())));
    server
        .request("POST", &at(realm, endpoint), &headers, &encode(fields))
        .await
}

fn redeeming(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_refresh_token_of_a_public_client_is_bound_where_the_policy_says_so() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let (key, thief) = (
            SigningKey::generate(Alg::ES256).unwrap(),
            SigningKey::generate(Alg::ES256).unwrap(),
        );
        let only = json!({ "allow-only-refresh-token-binding": true });
        lay(&server, &realm, "dpop-bind-enforcer", only, any()).await;
        let code = oidc::code(&server, &realm, "shop", "").await;
        let refused = proved(&server, &realm, "token", &redeeming(&code), None).await;
        let expected = (400, "invalid_grant".to_owned(), "DPoP proof is missing".to_owned());
        assert_eq!(refusal(&refused), expected);
        let code = oidc::code(&server, &realm, "shop", "").await;
        let got = proved(&server, &realm, "token", &redeeming(&code), Some(&key)).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let tokens = got.json();
        let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
        assert_eq!(tokens["token_type"], "Bearer");
        assert!(oidc::claims(access).get("cnf").is_none());
        let thumbprint = key.public_jwk().unwrap().thumbprint().unwrap();
        assert_eq!(oidc::claims(refresh)["cnf"], json!({ "jkt": thumbprint }));
        assert_eq!(oidc::userinfo(&server, &realm, access).await.status, 200);

        let refreshing = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", refresh),
        ];
        for (by, status, said) in [
            (None, 400, "DPoP proof is missing"),
            (Some(&thief), 400, "DPoP confirmation doesn't match DPoP proof"),
            (Some(&key), 200, "\"token_type\":\"Bearer\""),
        ] {
            let answer = proved(&server, &realm, "token", &refreshing, by).await;
            assert_eq!(answer.status, status, "{}", answer.body);
            assert!(answer.body.contains(said), "{}", answer.body);
        }
        // Tokens are given up with a proof; one that is bound, with its own key.
        let giving_up = [("client_id", "shop"), ("token", refresh)];
        for (by, expected) in [
            (None, Some(("invalid_dpop_proof", "DPoP proof is missing"))),
            (
                Some(&thief),
                Some(("invalid_token", "DPoP proof and token binding verification failed")),
            ),
            (Some(&key), None),
        ] {
            let answer = proved(&server, &realm, "revoke", &giving_up, by).await;
            match expected {
                Some((code, said)) => assert_eq!(refusal(&answer), (400, code.to_owned(), said.to_owned())),
                None => assert_eq!(answer.status, 200, "{}", answer.body),
            }
        }
        // A password is another way, and a client that has a secret needs no key.
        assert!(oidc::tokens_of_mia(&server, &realm, "openid").await["access_token"].is_string());
        let own = [
            ("grant_type", "client_credentials"),
            ("client_id", "back"),
            ("client_secret", "back-secret"),
        ];
        assert_eq!(oidc::token(&server, &realm, &own).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_what_was_pushed_the_address_says_nothing_else() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    lay(&server, &realm, "secure-request-object", json!({}), any()).await;
    let now = server.app.now_seconds();
    let claims = json!({
        "client_id": "shop", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s",
        "exp": now + 60, "nbf": now, "aud": format!("http://{}/realms/{realm}", support::HOST)
    });
    let object = oidc::unsigned(&claims);
    for (more, same) in [
        ("", true),
        ("&state=s&scope=openid", true),
        ("&state=t", false),
        ("&scope=openid+phone", false),
        ("&prompt=login", false),
    ] {
        let fields = [("client_id", "shop"), ("request", object.as_str())];
        let pushed = server.form(&at(&realm, "ext/par/request"), &fields).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let uri = text(&pushed.json(), "request_uri").to_owned();
        let path = format!("{}?client_id=shop&request_uri={uri}{more}", at(&realm, "auth"));
        let answer = Browser::new(&server).get(&path).await;
        let told = answer.location_parameter("error_description").unwrap_or_default();
        assert_eq!(
            told.contains("not matching with request parameters"),
            !same,
            "{more}: {} {told} {}",
            answer.status,
            answer.body
        );
    }
}
