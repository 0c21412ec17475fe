//! What a running Keycloak 26.7.4 answers at the edges of the protocol: requests that hardly anybody sends, but suites do.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::support::oidc::{CALLBACK, at, introspect, shop, text, token, token_of_back, tokens_of_mia, userinfo};
use crate::support::{self, Server, encode};
use crate::token::refused;

const INVALID_CLAIMS: &str = r#"{"id_token":{"acr":{"essential":true,"values":["gold"]}}}"#;

pub async fn change(server: &Server, realm: &str, client: &str, mut doc: Value) {
    let found = format!("/{realm}/clients?clientId={client}");
    let id = text(&server.admin("GET", &found, Value::Null).await.json()[0], "id");
    doc["clientId"] = json!(client);
    let answer = server.admin("PUT", &format!("/{realm}/clients/{id}"), doc).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_authorization_request_is_told_back_as_keycloak_tells_it() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    change(&server, &realm, "shop", json!({ "implicitFlowEnabled": true })).await;
    let usual = [("client_id", "shop"), ("redirect_uri", CALLBACK), ("prompt", "none")];
    let resource = "The requested resource is invalid, missing, unknown, or malformed.";
    for (more, error, description) in [
        (&[("response_type", "code code")][..], "login_required", ""),
        (&[("resource", "https://api.example")], "login_required", ""),
        (&[("resource", "https://api.example#part")], "invalid_target", resource),
        (&[("resource", "/api")], "invalid_target", resource),
        (
            &[("authorization_details", "[]")],
            "invalid_request",
            "Authorization_Details parameter cannot be empty",
        ),
        (
            &[("authorization_details", r#"[{"type":"pay"}]"#)],
            "invalid_request",
            "Unsupported type 'pay' of authorization_details parameter supplied in the request. Supported values: []",
        ),
        (
            &[("response_type", "id_token"), ("nonce", "n"), ("response_mode", "post")],
            "invalid_request",
            "Invalid parameter: response_mode",
        ),
        (
            &[("response_type", "code foo"), ("response_mode", "query")],
            "unsupported_response_type",
            "",
        ),
    ] {
        let all: Vec<_> = usual.iter().chain(more).copied().collect();
        let answer = server.get(&asking(&realm, &all)).await;
        assert_eq!(answer.status, 302, "{more:?}: {}", answer.body);
        // Even where tokens were asked for, as how they were to travel cannot be read.
        let (_, query) = answer.header("location").split_once('?').expect("a query");
        let sent: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| {
            let found = sent.iter().find(|(n, _)| n == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        assert_eq!(
            (value("error"), value("error_description")),
            (error, description),
            "{more:?}"
        );
    }
    let fragment = [
        &usual[..],
        &[("response_type", "code foo"), ("response_mode", "fragment")],
    ]
    .concat();
    let answer = server.get(&asking(&realm, &fragment)).await;
    assert!(
        answer.header("location").contains("#error=unsupported_response_type"),
        "{}",
        answer.header("location")
    );
    let unknown_level = [&usual[..2], &[("claims", INVALID_CLAIMS)]].concat();
    let page = server.get(&asking(&realm, &unknown_level)).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Invalid parameter: claims"), "{}", page.body);
    let named = json!({ "attributes": { "acr.loa.map": r#"{"gold":"2"}"# } });
    change(&server, &realm, "shop", named).await;
    assert_eq!(server.get(&asking(&realm, &unknown_level)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_and_the_address_ask_for_the_same_kind_of_answer() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let object = |more: Value| {
        let mut all = json!({
            "client_id": "shop", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "inner"
        });
        all.as_object_mut().unwrap().extend(support::members(more));
        support::oidc::unsigned(&all)
    };
    let ask = async |object: &str| {
        let over = [("client_id", "shop"), ("redirect_uri", CALLBACK), ("request", object)];
        server.get(&asking(&realm, &over)).await
    };
    assert_eq!(ask(&object(json!({}))).await.status, 200);
    let other = ask(&object(json!({ "response_type": "id_token", "nonce": "n" }))).await;
    assert_eq!(other.status, 302, "{}", other.body);
    let location = other.header("location");
    assert!(
        location.contains("error_description=Parameter+response_type+does+not+match"),
        "{location}"
    );
    assert!(location.contains("state=inner"), "{location}");
    let inner = ask(&object(json!({ "request_uri": "https://shop.example/object" }))).await;
    assert_eq!(inner.status, 400, "{}", inner.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_there_are_not_are_told_apart() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (method, path, status, error) in [
        ("GET", "nope", 404, "HTTP 404 Not Found"),
        ("GET", "protocol", 404, "HTTP 404 Not Found"),
        ("GET", "protocol/saml", 404, "Protocol not found"),
        ("GET", "protocol/openid-connect/nope", 404, "HTTP 404 Not Found"),
        (
            "POST",
            "protocol/openid-connect/nope",
            405,
            "HTTP 405 Method Not Allowed",
        ),
        (
            "POST",
            "protocol/openid-connect/3p-cookies/step1.html",
            405,
            "HTTP 405 Method Not Allowed",
        ),
        (
            "GET",
            "protocol/openid-connect/token/",
            405,
            "HTTP 405 Method Not Allowed",
        ),
    ] {
        let answer = server
            .request(method, &format!("/realms/{realm}/{path}"), &[], "")
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (status, json!({ "error": error })),
            "{method} {path}"
        );
        let unknown = server.request(method, &format!("/realms/nope/{path}"), &[], "").await;
        assert_eq!(
            unknown.json()["error"].as_str().is_some(),
            unknown.status >= 400,
            "{method} {path}"
        );
    }
    let unknown = server.get("/realms/nope/nope").await;
    assert_eq!(unknown.json(), json!({ "error": "Realm does not exist" }));
    assert_eq!(
        server.get("/nope").await.json()["error"],
        "Unable to find matching target resource method"
    );
    let keys = server.get(&at(&realm, "certs/")).await;
    assert_eq!((keys.status, keys.header("x-robots-tag")), (200, "none"));
    let wanted = [("accept", "application/jwk-set+json")];
    let keys = server.request("GET", &at(&realm, "certs"), &wanted, "").await;
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn backchannel_authentication_is_open_to_nobody_and_says_so() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let back = [("client_id", "back"), ("client_secret", "back-secret")];
    let answer = server.form(&at(&realm, "ext/ciba/auth"), &back).await;
    let expected = json!({ "error": "invalid_grant", "error_description": "Client not allowed OIDC CIBA Grant" });
    assert_eq!((answer.status, answer.json()), (401, expected));
    let nobody = server.form(&at(&realm, "ext/ciba/auth"), &[]).await;
    assert_eq!(
        (nobody.status, nobody.json()["error"].as_str()),
        (401, Some("invalid_client"))
    );
    assert_eq!(server.get(&at(&realm, "ext/ciba/auth")).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_asks_for_what_the_client_may_ask_for() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let ask = async |refresh_token: &str, scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", refresh_token),
            ("scope", scope),
        ];
        token(&server, &realm, &fields).await
    };
    let tokens = text(&tokens_of_mia(&server, &realm, "openid email").await, "refresh_token");
    refused(
        &ask(&tokens, "openid nope").await,
        400,
        "invalid_scope",
        "Invalid scopes: openid nope",
    );
    assert_eq!(ask(&tokens, "openid phone").await.status, 200);
    let offline = tokens_of_mia(&server, &realm, "openid offline_access").await;
    let offline = text(&offline, "refresh_token");
    let narrower = ask(&offline, "openid").await.json();
    assert!(text(&narrower, "scope").contains("offline_access"), "{narrower}");
    let gone = server
        .form(&at(&realm, "revoke"), &[("client_id", "shop"), ("token", &offline)])
        .await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    refused(
        &ask(&offline, "openid").await,
        400,
        "invalid_grant",
        "Offline user session not found",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_what_its_proof_lacks() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    // The padding is left out: `back:back-secret` without `==`.
    let unpadded = [("authorization", "Basic YmFjazpiYWNrLXNlY3JldA"), form];
    let answer = server
        .request("POST", &at(&realm, "token"), &unpadded, "grant_type=client_credentials")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    change(
        &server,
        &realm,
        "back",
        json!({ "clientAuthenticatorType": "client-jwt" }),
    )
    .await;
    let announced = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
    ];
    let answer = token(&server, &realm, &announced).await;
    refused(&answer, 400, "invalid_client", "client_assertion parameter missing");
    let answer = token(&server, &realm, &announced[..2]).await;
    refused(
        &answer,
        400,
        "invalid_client",
        "Parameter client_assertion_type is missing",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_takes_a_token_from_one_place() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let access = text(&tokens_of_mia(&server, &realm, "openid").await, "access_token");
    let bearer = format!("Bearer {access}");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let (path, field) = (at(&realm, "userinfo"), format!("access_token={access}"));
    let posted = async |headers: &[(&str, &str)], body: &str| server.request("POST", &path, headers, body).await;
    assert_eq!(posted(&[form], &field).await.status, 200);
    assert_eq!(posted(&[form, ("authorization", &bearer)], "").await.status, 200);
    for answer in [
        posted(&[form, ("authorization", &bearer)], &field).await,
        posted(&[form], &format!("{field}&{field}")).await,
    ] {
        assert_eq!(answer.status, 400);
        assert!(answer.header("www-authenticate").contains("invalid_request"));
    }
    let page = [("origin", "https://shop.example"), ("authorization", "Bearer x")];
    let answer = server.request("GET", &path, &page, "").await;
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "Access-Control-Allow-Methods, WWW-Authenticate"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_signs_nobody_in_may_introspect_but_not_revoke() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let sent = token_of_back(&server, &realm).await;
    change(&server, &realm, "back", json!({ "bearerOnly": true })).await;
    let answer = introspect(&server, &realm, &sent, &[]).await;
    assert_eq!((answer.status, answer.json()["active"].as_bool()), (200, Some(false)));
    let back = [
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("token", &sent),
    ];
    let answer = server.form(&at(&realm, "revoke"), &back).await;
    let expected = json!({ "error": "invalid_client", "error_description": "Bearer-only not allowed" });
    assert_eq!((answer.status, answer.json()), (400, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_revoked_without_a_word() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let short = json!({ "attributes": { "access.token.lifespan": "1" } });
    change(&server, &realm, "shop", short).await;
    let access = text(&tokens_of_mia(&server, &realm, "openid").await, "access_token");
    server.app.clock.advance(2_000);
    assert_eq!(userinfo(&server, &realm, &access).await.status, 401);
    let answer = server
        .form(&at(&realm, "revoke"), &[("client_id", "shop"), ("token", &access)])
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_a_client_s_secret_signs_is_a_hint() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for alg in ["HS256", "HS512"] {
        let doc = json!({
            "clientId": alg, "secret": "a secret of thirty-two letters or more, for every algorithm there is", "redirectUris": [CALLBACK],
            "directAccessGrantsEnabled": true, "attributes": { "id.token.signed.response.alg": alg, "post.logout.redirect.uris": "+" }
        });
        server.client(&realm, doc).await;
        let fields = [
            ("grant_type", "password"),
            ("client_id", alg),
            (
                "client_secret",
                "a secret of thirty-two letters or more, for every algorithm there is",
            ),
            ("username", "mia"),
            ("password", "correct horse"),
            ("scope", "openid"),
        ];
        let hint = text(&token(&server, &realm, &fields).await.json(), "id_token");
        let asked = encode(&[("id_token_hint", &hint), ("post_logout_redirect_uri", CALLBACK)]);
        let answer = server.get(&format!("{}?{asked}", at(&realm, "logout"))).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, CALLBACK),
            "{alg} {}",
            answer.body
        );
        // What another secret has signed is none.
        let (signed, _) = hint.rsplit_once('.').unwrap();
        let asked = encode(&[
            ("id_token_hint", &format!("{signed}.{}", "A".repeat(43))),
            ("post_logout_redirect_uri", CALLBACK),
        ]);
        let answer = server.get(&format!("{}?{asked}", at(&realm, "logout"))).await;
        assert_eq!(answer.status, 400, "{alg}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_not_refused_for_an_old_parameter() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let page = server
        .get(&format!("{}?redirect_uri={CALLBACK}", at(&realm, "logout")))
        .await;
    assert_eq!(page.status, 200, "{}", page.body);
    let hint = text(&tokens_of_mia(&server, &realm, "openid").await, "id_token");
    let other = server
        .get(&format!("{}?client_id=back&id_token_hint={hint}", at(&realm, "logout")))
        .await;
    assert_eq!(other.status, 400);
    assert!(
        other.body.contains("Invalid parameter: id_token_hint"),
        "{}",
        other.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_is_refused_by_its_own_code_and_its_page_may_read_that() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    change(
        &server,
        &realm,
        "back",
        json!({ "webOrigins": ["https://shop.example"], "standardFlowEnabled": false }),
    )
    .await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let usual = "client_id=back&client_secret=back-secret&response_type=code&redirect_uri=https://shop.example/cb";
    for (more, status, error) in [
        ("", 401, "unauthorized_client"),
        ("&request=x", 400, "invalid_request_object"),
    ] {
        for (origin, allowed) in [
            ("https://shop.example", "https://shop.example"),
            ("https://evil.example", ""),
        ] {
            let headers = [form, ("origin", origin)];
            let path = at(&realm, "ext/par/request");
            let answer = server.request("POST", &path, &headers, &format!("{usual}{more}")).await;
            assert_eq!(
                (answer.status, answer.json()["error"].as_str()),
                (status, Some(error)),
                "{}",
                answer.body
            );
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
        }
    }
}
