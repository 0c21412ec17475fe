//! Client policies bite on what a client asks for.

use serde_json::{Value, json};

use super::authorize::asking;
use super::client_policies::{any, lay, refusal, reject_when, when};
use super::client_registration::text;
use super::login::sign_in;
use super::support::oidc::{self, CALLBACK, at, shop};
use super::support::{self, Browser, Server};

/// What an authorization request of `shop` is answered: the error and its description, or nothing.
async fn asked(server: &Server, realm: &str, over: &[(&str, &str)]) -> Option<(String, String)> {
    let mut all = vec![("client_id", "shop"), ("redirect_uri", CALLBACK)];
    all.retain(|(name, _)| !over.iter().any(|(other, _)| other == name));
    all.extend(over);
    let answer = Browser::new(server).get(&asking(realm, &all)).await;
    if answer.status == 200 {
        return None;
    }
    let error = answer
        .location_parameter("error")
        .unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
    Some((
        error,
        answer.location_parameter("error_description").unwrap_or_default(),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn authorization_requests_are_judged() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let clients = server
        .admin("GET", &format!("/{realm}/clients?clientId=shop"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/clients/{}", text(&clients[0], "id"));
    server.admin("PUT", &path, json!({ "implicitFlowEnabled": true })).await;
    let challenge = "a".repeat(43);
    let (method, nonce) = (("code_challenge_method", "S256"), ("nonce", "n"));
    let cases: [(&str, Value, Vec<(&str, &str)>, Option<(&str, &str)>); 14] = [
        (
            "pkce-enforcer",
            json!({}),
            vec![],
            Some(("invalid_request", "Missing parameter: code_challenge_method")),
        ),
        (
            "pkce-enforcer",
            json!({}),
            vec![("code_challenge_method", "plain"), ("code_challenge", &challenge)],
            Some(("invalid_request", "Invalid parameter: invalid code_challenge_method")),
        ),
        (
            "pkce-enforcer",
            json!({}),
            vec![method],
            Some(("invalid_request", "Missing parameter: code_challenge")),
        ),
        (
            "pkce-enforcer",
            json!({}),
            vec![method, ("code_challenge", &challenge)],
            None,
        ),
        (
            "reject-implicit-grant",
            json!({}),
            vec![("response_type", "code id_token"), nonce],
            Some(("invalid_request", "Implicit/Hybrid flow is prohibited.")),
        ),
        ("reject-implicit-grant", json!({}), vec![], None),
        (
            "secure-session",
            json!({}),
            vec![],
            Some(("invalid_request", "Missing parameter: nonce")),
        ),
        ("secure-session", json!({}), vec![nonce], None),
        (
            "confidential-client",
            json!({}),
            vec![],
            Some(("invalid_client", "invalid client access type: public")),
        ),
        (
            "secure-response-type",
            json!({}),
            vec![],
            Some(("invalid_request", "invalid response_type")),
        ),
        (
            "secure-response-type",
            json!({}),
            vec![("response_type", "code id_token"), nonce],
            None,
        ),
        (
            "secure-request-object",
            json!({}),
            vec![],
            Some(("invalid_request", "Missing parameter: 'request' or 'request_uri'")),
        ),
        (
            "dpop-bind-enforcer",
            json!({ "enforce-authorization-code-binding-to-dpop": true }),
            vec![],
            Some(("invalid_request", "Missing parameter: dpop_jkt")),
        ),
        (
            "intent-client-bind-checker",
            json!({}),
            vec![],
            Some((
                "invalid_request",
                "no claim for an intent value in an authorization request",
            )),
        ),
    ];
    for (executor, configuration, over, expected) in cases {
        lay(&server, &realm, executor, configuration, any()).await;
        let found = asked(&server, &realm, &over).await;
        let found = found.as_ref().map(|(error, text)| (error.as_str(), text.as_str()));
        assert_eq!(found, expected, "{executor} {over:?}");
    }
    for (condition, configuration, over, applies) in [
        (
            "grant-type",
            json!({ "grant_types": ["authorization_code"] }),
            vec![],
            true,
        ),
        ("grant-type", json!({ "grant_types": ["implicit"] }), vec![], false),
        (
            "acr-condition",
            json!({ "acr-property": "gold" }),
            vec![("acr_values", "gold")],
            true,
        ),
        (
            "acr-condition",
            json!({ "acr-property": "gold" }),
            vec![("acr_values", "tin")],
            false,
        ),
        (
            "client-scopes",
            json!({ "scopes": ["phone"], "type": "Optional" }),
            vec![("scope", "openid phone")],
            true,
        ),
        (
            "client-scopes",
            json!({ "scopes": ["phone"], "type": "Optional" }),
            vec![],
            false,
        ),
        (
            "client-scopes",
            json!({ "scopes": ["profile"], "type": "Default" }),
            vec![],
            true,
        ),
        ("client-access-type", json!({ "type": ["public"] }), vec![], true),
    ] {
        reject_when(&server, &realm, condition, &configuration).await;
        let found = asked(&server, &realm, &over).await;
        assert_eq!(
            found.is_some(),
            applies,
            "{condition} {configuration} {over:?}: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_redirect_uri_is_never_sent_there() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let domains = json!({ "allow-permitted-domains": ["other\\.example"] });
    for (executor, configuration, conditions, said) in [
        (
            "secure-redirect-uris-enforcer",
            domains.clone(),
            any(),
            "Invalid Redirect Uri: invalid uri",
        ),
        (
            "secure-redirect-uris-enforcer",
            domains,
            when("client-access-type", &json!({ "type": ["public"] })),
            "Invalid Redirect Uri: invalid uri",
        ),
        ("secure-par-content", json!({}), any(), "PAR request_uri not included."),
        ("reject-request", json!({}), any(), "Request not allowed"),
    ] {
        lay(&server, &realm, executor, configuration, conditions).await;
        let over = [("client_id", "shop"), ("redirect_uri", CALLBACK)];
        let answer = Browser::new(&server).get(&asking(&realm, &over)).await;
        assert_eq!(answer.status, 400, "{executor}");
        assert!(answer.body.contains(said), "{executor}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_tokens_are_judged() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let by_password = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", "mia"),
        ("password", "correct horse"),
    ];
    let for_itself = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
    ];
    let (jwt, none) = (json!({ "allowed-client-authenticators": ["client-jwt"] }), json!({}));
    let asserted = json!({ "require-client-assertion": true });
    for (executor, configuration, fields, expected) in [
        (
            "reject-request",
            none.clone(),
            &by_password[..],
            Some(("invalid_request", "Request not allowed")),
        ),
        (
            "reject-request",
            none.clone(),
            &for_itself[..],
            Some(("invalid_request", "Request not allowed")),
        ),
        (
            "reject-ropc-grant",
            none.clone(),
            &by_password[..],
            Some((
                "invalid_grant",
                "resource owner password credentials grant is prohibited.",
            )),
        ),
        ("reject-ropc-grant", none.clone(), &for_itself[..], None),
        ("confidential-client", none.clone(), &by_password[..], None),
        (
            "holder-of-key-enforcer",
            none.clone(),
            &for_itself[..],
            Some((
                "invalid_request",
                "Client Certification missing for MTLS HoK Token Binding",
            )),
        ),
        (
            "secure-client-authenticator",
            jwt.clone(),
            &for_itself[..],
            Some((
                "invalid_request",
                "Configured client authentication method not allowed for client",
            )),
        ),
        ("secure-client-authenticator", jwt, &by_password[..], None),
        ("secure-signature-algorithm-signed-jwt", none, &for_itself[..], None),
        (
            "secure-signature-algorithm-signed-jwt",
            asserted,
            &for_itself[..],
            Some(("invalid_request", "client assertion is required.")),
        ),
    ] {
        lay(&server, &realm, executor, configuration, any()).await;
        let answer = oidc::token(&server, &realm, fields).await;
        match expected {
            None => assert_eq!(answer.status, 200, "{executor} {}", answer.body),
            Some((code, said)) => assert_eq!(refusal(&answer), (400, code.to_owned(), said.to_owned()), "{executor}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_refreshes_and_all_other_endpoints_are_judged() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let tokens = oidc::tokens_of_mia(&server, &realm, "openid").await;
    let code = oidc::code(&server, &realm, "shop", "").await;
    lay(&server, &realm, "reject-request", json!({}), any()).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let mine = [("client_id", "shop"), ("refresh_token", refresh), ("token", refresh)];
    for answer in [
        oidc::exchange(&server, &realm, &code, &[]).await,
        oidc::refresh(&server, &realm, refresh).await,
        oidc::introspect(&server, &realm, access, &[]).await,
        server.form(&at(&realm, "revoke"), &mine).await,
        server.form(&at(&realm, "logout"), &mine).await,
    ] {
        let expected = (400, "invalid_request".to_owned(), "Request not allowed".to_owned());
        assert_eq!(refusal(&answer), expected);
    }
    let info = oidc::userinfo(&server, &realm, access).await;
    assert_eq!(info.status, 400);
    assert!(info.header("www-authenticate").contains("Request not allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_change_what_tokens_are_given() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    lay(&server, &realm, "suppress-refresh-token-rotation", json!({}), any()).await;
    let tokens = oidc::tokens_of_mia(&server, &realm, "openid").await;
    let refreshed = oidc::refresh(&server, &realm, text(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert!(refreshed.json().get("refresh_token").is_none());
    lay(&server, &realm, "use-lightweight-access-token", json!({}), any()).await;
    let page =
        json!({ "clientId": "page", "publicClient": true, "redirectUris": [CALLBACK], "implicitFlowEnabled": true });
    server.client(&realm, page).await;
    let over = [
        ("client_id", "page"),
        ("redirect_uri", CALLBACK),
        ("response_type", "id_token token"),
        ("nonce", "n"),
    ];
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &over)).await;
    let at_once = sign_in(&mut browser, &page, "mia", "correct horse").await;
    let tokens = oidc::tokens_of_mia(&server, &realm, "openid").await;
    for token in [
        text(&tokens, "access_token"),
        &at_once.location_parameter("access_token").unwrap(),
    ] {
        let claims = oidc::claims(token);
        assert!(
            claims.get("sub").is_none() && claims.get("realm_access").is_none(),
            "{claims}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_of_a_code_or_a_refresh_token_counts() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let code = oidc::code(&server, &realm, "shop", "&scope=openid+phone").await;
    let tokens = oidc::tokens_of_mia(&server, &realm, "openid phone").await;
    let phone = json!({ "scopes": ["phone"], "type": "Optional" });
    reject_when(&server, &realm, "client-scopes", &phone).await;
    assert_eq!(oidc::exchange(&server, &realm, &code, &[]).await.status, 400);
    assert_eq!(
        oidc::refresh(&server, &realm, text(&tokens, "refresh_token"))
            .await
            .status,
        400
    );
    let fields = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", "mia"),
        ("password", "correct horse"),
    ];
    assert_eq!(oidc::token(&server, &realm, &fields).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_enforced_and_one_that_is_not_there_lets_nobody_in() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (alias, shown) in [("browser", true), ("no such flow", false)] {
        lay(
            &server,
            &realm,
            "auth-flow-enforcer",
            json!({ "auth-flow-alias": alias }),
            any(),
        )
        .await;
        let over = [("client_id", "shop"), ("redirect_uri", CALLBACK)];
        let answer = Browser::new(&server).get(&asking(&realm, &over)).await;
        assert_eq!(answer.body.contains("kc-form-login"), shown, "{alias}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn request_objects_are_judged_by_what_they_say() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    lay(&server, &realm, "secure-request-object", json!({}), any()).await;
    let issuer = format!("http://{}/realms/{realm}", support::HOST);
    let now = server.app.now() / 1000;
    for (more, expected) in [
        (
            json!({ "nbf": now, "aud": issuer }),
            Some("Missing parameter in the 'request' object: exp"),
        ),
        (
            json!({ "exp": now + 60, "aud": issuer }),
            Some("Missing parameter in the 'request' object: nbf"),
        ),
        (
            json!({ "exp": now + 9000, "nbf": now, "aud": issuer }),
            Some("Request's available period is long"),
        ),
        (
            json!({ "exp": now + 60, "nbf": now }),
            Some("Missing parameter in the 'request' object: aud"),
        ),
        (
            json!({ "exp": now + 60, "nbf": now, "aud": issuer, "state": "other" }),
            Some("Invalid parameter. Parameters in 'request' object not matching with request parameters"),
        ),
        (json!({ "exp": now + 60, "nbf": now, "aud": issuer }), None),
    ] {
        let mut claims = json!({
            "client_id": "shop", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "st1"
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let found = asked(&server, &realm, &[("request", &oidc::unsigned(&claims))]).await;
        assert_eq!(found.map(|(_, text)| text).as_deref(), expected, "{claims}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_is_judged_and_nothing_is_added_to_it() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let request = [
        ("client_id", "shop"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
    ];
    let address = at(&realm, "ext/par/request");
    let push = || server.form(&address, &request);
    lay(&server, &realm, "secure-par-content", json!({}), any()).await;
    // What was pushed is opened once: the page has an address of its own.
    for (more, status) in [("", 302), ("&prompt=login", 400)] {
        let pushed = push().await.json();
        let uri = text(&pushed, "request_uri");
        let path = format!("{}?client_id=shop&request_uri={uri}{more}", at(&realm, "auth"));
        let answer = Browser::new(&server).get(&path).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.location_parameter("error").is_none());
    }
    lay(&server, &realm, "secure-session", json!({}), any()).await;
    let expected = (400, "invalid_request".to_owned(), "Missing parameter: nonce".to_owned());
    assert_eq!(refusal(&push().await), expected);
}
