//! The token endpoint: who gets tokens, and what those who do not are told.

use serde_json::{Value, json};
use vestibule_jose::Alg;

use crate::support::oidc::{
    CALLBACK, at, claims, code, exchange, introspect, refresh, shop, text, token, token_of_back, tokens_of_mia,
    userinfo,
};
use crate::support::{self, Answer};

const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// Fields of a form.
type Sent = &'static [(&'static str, &'static str)];

#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, error: &str, description: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(
        answer.json(),
        json!({ "error": error, "error_description": description })
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_for_itself_by_header_or_form() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let basic = [
            ("authorization", "Basic YmFjazpiYWNrLXNlY3JldA=="),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let by_header = server
            .request("POST", &at(&realm, "token"), &basic, "grant_type=client_credentials")
            .await;
        assert_eq!(by_header.status, 200, "{}", by_header.body);
        let body = by_header.json();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        let expected = [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "token_type",
            "not-before-policy",
            "scope",
        ];
        assert_eq!(names, expected);
        let said = claims(&text(&body, "access_token"));
        assert!(text(&said, "jti").starts_with("trrtcc:"));
        assert_eq!(
            (said["azp"].as_str(), said["client_id"].as_str()),
            (Some("back"), Some("back"))
        );
        assert_eq!(said["preferred_username"], "service-account-back");
        assert_eq!(said["sid"], Value::Null);
        assert_eq!(
            userinfo(&server, &realm, &token_of_back(&server, &realm).await)
                .await
                .status,
            403
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_and_an_unknown_client_are_told_in_the_same_words() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let text = "Invalid client or Invalid client credentials";
    let ask = |client: &'static str, secret: &'static str| {
        let fields = [CLIENT_CREDENTIALS, ("client_id", client), ("client_secret", secret)];
        let (server, realm) = (&server, &realm);
        async move { token(server, realm, &fields).await }
    };
    refused(&ask("back", "wrong").await, 401, "unauthorized_client", text);
    refused(&ask("back", "").await, 401, "unauthorized_client", text);
    refused(&ask("nobody", "back-secret").await, 401, "invalid_client", text);
    refused(
        &token(&server, &realm, &[CLIENT_CREDENTIALS]).await,
        401,
        "invalid_client",
        text,
    );
    let long = "x".repeat(200_000);
    let fields = [CLIENT_CREDENTIALS, ("client_id", "back"), ("client_secret", &long)];
    refused(&token(&server, &realm, &fields).await, 401, "unauthorized_client", text);
    let basic = [
        ("authorization", "Basic YmFjazp3cm9uZw=="),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = server
        .request("POST", &at(&realm, "token"), &basic, "grant_type=client_credentials")
        .await;
    assert_eq!(answer.header("www-authenticate"), format!("Basic realm=\"{realm}\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_authenticates_one_client_in_one_way() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let basic = [
        ("authorization", "Basic YmFjazpiYWNrLXNlY3JldA=="),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    for body in [
        "grant_type=client_credentials&client_id=shop",
        "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
    ] {
        let answer = server.request("POST", &at(&realm, "token"), &basic, body).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_request")),
            "{body}"
        );
    }
    let twice = "grant_type=client_credentials&scope=profile&scope=email";
    let answer = server.request("POST", &at(&realm, "token"), &basic, twice).await;
    refused(&answer, 400, "invalid_request", "duplicated parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registered_method_is_the_only_one() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let doc = json!({
        "clientId": "post", "secret": "s", "serviceAccountsEnabled": true,
        "attributes": { "client.secret.authentication.allowed.method": "client_secret_post" }
    });
    server.client(&realm, doc).await;
    let fields = [CLIENT_CREDENTIALS, ("client_id", "post"), ("client_secret", "s")];
    assert_eq!(token(&server, &realm, &fields).await.status, 200);
    let basic = [
        ("authorization", "Basic cG9zdDpz"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = server
        .request("POST", &at(&realm, "token"), &basic, "grant_type=client_credentials")
        .await;
    refused(
        &answer,
        401,
        "unauthorized_client",
        "Invalid method used to get client secret. Client requires method 'client_secret_post' to obtain client secret from the request",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_wrong_unknown_or_unset_are_told_in_the_same_words() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    server
        .admin(
            "POST",
            &format!("/{realm}/users"),
            json!({ "username": "nopw", "enabled": true }),
        )
        .await
        .created();
    for (user, password) in [("mia", "wrong"), ("nobody", "x"), ("nopw", ""), ("mia", "")] {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "shop"),
            ("username", user),
            ("password", password),
        ];
        refused(
            &token(&server, &realm, &fields).await,
            400,
            "invalid_grant",
            "Invalid user credentials",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_tokens_while_something_is_asked_of_them() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = server.user(&realm, "tom", "correct horse").await;
    let fields = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", "tom@example.org"),
        ("password", "correct horse"),
    ];
    assert_eq!(token(&server, &realm, &fields).await.status, 200);
    let path = format!("/{realm}/users/{id}");
    let asked = server
        .admin("PUT", &path, json!({ "requiredActions": ["UPDATE_PASSWORD"] }))
        .await;
    assert_eq!(asked.status, 204, "{}", asked.body);
    refused(
        &token(&server, &realm, &fields).await,
        400,
        "invalid_grant",
        "Account is not fully set up",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_gives_tokens_once_and_its_second_use_voids_them() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let one = code(&server, &realm, "shop", "&nonce=n-1").await;
        let answer = exchange(&server, &realm, &one, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let (access, id) = (text(&answer.json(), "access_token"), text(&answer.json(), "id_token"));
        let said = claims(&id);
        assert_eq!(
            (said["nonce"].as_str(), said["aud"].as_str()),
            (Some("n-1"), Some("shop"))
        );
        assert_eq!(said["at_hash"], vestibule_jose::digest::at_hash(Alg::RS256, &access));
        assert!(said["auth_time"].is_i64(), "{said}");
        assert_eq!(userinfo(&server, &realm, &access).await.status, 200);
        refused(
            &exchange(&server, &realm, &one, &[]).await,
            400,
            "invalid_grant",
            "Code not valid",
        );
        assert_eq!(userinfo(&server, &realm, &access).await.status, 401);
        let again = refresh(&server, &realm, &text(&answer.json(), "refresh_token")).await;
        assert_eq!(again.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_its_client_its_address_and_its_verifier_only() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let challenge = "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let verifier: Sent = &[("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")];
    let other: Sent = &[("code_verifier", "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")];
    let cases: [(&str, Sent, &str); 5] = [
        (challenge, &[], "PKCE code verifier not specified"),
        (challenge, other, "PKCE verification failed: Code mismatch"),
        (
            challenge,
            &[("code_verifier", "short")],
            "PKCE verification failed: Invalid code verifier",
        ),
        (
            "",
            verifier,
            "PKCE code verifier specified but challenge not present in authorization",
        ),
        (challenge, verifier, ""),
    ];
    for (more, sent, expected) in cases {
        let one = code(&server, &realm, "shop", more).await;
        let answer = exchange(&server, &realm, &one, sent).await;
        if expected.is_empty() {
            assert_eq!(answer.status, 200, "{}", answer.body);
        } else {
            refused(&answer, 400, "invalid_grant", expected);
        }
    }
    let one = code(&server, &realm, "shop", "").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", &one),
        ("redirect_uri", "https://shop.example/other"),
    ];
    refused(
        &token(&server, &realm, &fields).await,
        400,
        "invalid_grant",
        "Incorrect redirect_uri",
    );
    let one = code(&server, &realm, "shop", "").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("code", &one),
        ("redirect_uri", CALLBACK),
    ];
    refused(
        &token(&server, &realm, &fields).await,
        400,
        "invalid_grant",
        "Auth error: Found different client_id in clientSession",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_dead_after_a_minute() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let one = code(&server, &realm, "shop", "").await;
    server.app.clock.advance(61_000);
    refused(
        &exchange(&server, &realm, &one, &[]).await,
        400,
        "invalid_grant",
        "Code is expired",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_token_passes_for_an_access_token() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let other = shop(&server, json!({})).await;
    let foreign = text(&tokens_of_mia(&server, &other, "openid").await, "access_token");
    let (access, id, refresh_token) = (
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
        text(&tokens, "refresh_token"),
    );
    assert_eq!(userinfo(&server, &realm, &access).await.status, 200);
    let mut cut = access.clone();
    cut.pop();
    let (head, _) = access.rsplit_once('.').unwrap();
    let unsigned = format!("{head}.");
    for wrong in [&id, &refresh_token, &foreign, &cut, &unsigned, &format!("{access}=")] {
        let answer = userinfo(&server, &realm, wrong).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            format!(
                "Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"Token verification failed\""
            )
        );
    }
    for wrong in [&id, &access] {
        refused(
            &refresh(&server, &realm, wrong).await,
            400,
            "invalid_grant",
            "Invalid refresh token",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_disabled_is_dead_on_every_path() {
    for server in support::servers().await {
        for (what, off) in [
            ("user", json!({ "enabled": false })),
            ("client", json!({ "enabled": false })),
            ("realm", json!({ "enabled": false })),
        ] {
            let realm = shop(&server, json!({})).await;
            let tokens = tokens_of_mia(&server, &realm, "openid").await;
            let path = match what {
                "user" => {
                    let found = server
                        .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
                        .await;
                    format!("/{realm}/users/{}", text(&found.json()[0], "id"))
                }
                "client" => {
                    let found = server
                        .admin("GET", &format!("/{realm}/clients?clientId=shop"), Value::Null)
                        .await;
                    format!("/{realm}/clients/{}", text(&found.json()[0], "id"))
                }
                _ => format!("/{realm}"),
            };
            assert_eq!(server.admin("PUT", &path, off).await.status, 204, "{what}");
            let seen = userinfo(&server, &realm, &text(&tokens, "access_token")).await;
            assert!(matches!(seen.status, 401 | 403), "{what}: userinfo {}", seen.status);
            let again = refresh(&server, &realm, &text(&tokens, "refresh_token")).await;
            assert!(
                again.status >= 400 && again.status < 500,
                "{what}: refresh {}",
                again.status
            );
            let fields = [
                ("grant_type", "password"),
                ("client_id", "shop"),
                ("username", "mia"),
                ("password", "correct horse"),
            ];
            let grant = token(&server, &realm, &fields).await;
            assert!(
                grant.status >= 400 && grant.status < 500,
                "{what}: password {}",
                grant.status
            );
            if what != "realm" {
                let looked = introspect(&server, &realm, &text(&tokens, "access_token"), &[]).await;
                assert_eq!(looked.json(), json!({ "active": false }), "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_reads_nothing() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let ask = |origin: &'static str| {
        let headers = [
            ("origin", origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = "grant_type=password&client_id=shop&username=mia&password=correct+horse";
        let (server, path) = (&server, at(&realm, "token"));
        async move { server.request("POST", &path, &headers, body).await }
    };
    let own = ask("https://shop.example").await;
    assert_eq!(
        (own.status, own.header("access-control-allow-origin")),
        (200, "https://shop.example")
    );
    let foreign = ask("https://evil.example").await;
    assert_eq!(
        (foreign.status, foreign.body.as_str()),
        (403, r#"{"error":"Invalid origin"}"#)
    );
    assert_eq!(foreign.header("access-control-allow-origin"), "");
    let headers = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
    ];
    let asked = server.request("OPTIONS", &at(&realm, "token"), &headers, "").await;
    assert_eq!(
        (asked.status, asked.header("access-control-allow-methods")),
        (200, "POST, OPTIONS")
    );
    assert!(
        asked
            .header("access-control-allow-headers")
            .contains("MCP-Protocol-Version")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_names_the_issuer_that_was_asked_for() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (path, issuer) in [
        (
            format!("/realms/{realm}/.well-known/openid-configuration"),
            "http://localhost:8080",
        ),
        (
            format!("/realms/{realm}/.well-known/oauth-authorization-server"),
            "http://localhost:8080",
        ),
        (
            format!("/.well-known/oauth-authorization-server/realms/{realm}"),
            "http://localhost:8080",
        ),
        (
            format!("/auth/realms/{realm}/.well-known/openid-configuration"),
            "http://localhost:8080/auth",
        ),
        (
            format!("/.well-known/oauth-authorization-server/auth/realms/{realm}"),
            "http://localhost:8080/auth",
        ),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["issuer"], format!("{issuer}/realms/{realm}"), "{path}");
    }
    let none = server.get("/realms/nobody/.well-known/openid-configuration").await;
    assert_eq!(
        (none.status, none.body.as_str()),
        (404, r#"{"error":"Realm does not exist"}"#)
    );
}
