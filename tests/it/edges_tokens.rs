//! The same of tokens, and of clients that are made with little: what a running Keycloak 26.7.4 makes of them.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::edges::change;
use crate::support::oidc::{CALLBACK, claims, code, exchange, shop, text, tokens_of_mia};
use crate::support::{self, Browser, Server};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_the_authorization_endpoint_say_that_no_grant_made_them() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    change(&server, &realm, "shop", json!({ "implicitFlowEnabled": true })).await;
    for (kind, lifespan) in [("token", 900), ("code token", 300)] {
        let mut browser = Browser::new(&server);
        let over = [
            ("client_id", "shop"),
            ("redirect_uri", CALLBACK),
            ("response_type", kind),
        ];
        let page = browser.get(&asking(&realm, &over)).await;
        let fields = [("username", "mia"), ("password", "correct horse")];
        let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
        let answer = browser.follow(answer).await;
        let (_, sent) = answer.header("location").split_once('#').expect("a fragment");
        let access = url::form_urlencoded::parse(sent.as_bytes()).find(|(name, _)| name == "access_token");
        let said = claims(&access.expect("a token").1);
        assert!(text(&said, "jti").starts_with("onrtna:"), "{said}");
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), lifespan);
    }
    let of_code = exchange(&server, &realm, &code(&server, &realm, "shop", "").await, &[]).await;
    assert!(text(&claims(&text(&of_code.json(), "access_token")), "jti").starts_with("onrtac:"));
}

async fn map(server: &Server, realm: &str, provider: &str, config: Value) {
    let mapper =
        json!({ "name": provider, "protocol": "openid-connect", "protocolMapper": provider, "config": config });
    let found = format!("/{realm}/clients?clientId=shop");
    let id = text(&server.admin("GET", &found, Value::Null).await.json()[0], "id");
    let path = format!("/{realm}/clients/{id}/protocol-mappers/models");
    let answer = server.admin("POST", &path, mapper).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappers_with_less_than_they_ask_for_do_as_in_keycloak() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = text(
        &server
            .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
            .await
            .json()[0],
        "id",
    );
    let made = server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "staff" }))
        .await;
    let joined = format!("/{realm}/users/{id}/groups/{}", made.created());
    assert_eq!(server.admin("PUT", &joined, Value::Null).await.status, 204);
    let both = |more: Value| {
        let mut all = json!({ "access.token.claim": "true", "id.token.claim": "true" });
        all.as_object_mut().unwrap().extend(support::members(more));
        all
    };
    map(
        &server,
        &realm,
        "oidc-group-membership-mapper",
        both(json!({ "claim.name": "groups" })),
    )
    .await;
    map(
        &server,
        &realm,
        "oidc-usermodel-realm-role-mapper",
        both(json!({ "claim.name": "role" })),
    )
    .await;
    map(&server, &realm, "oidc-allowed-origins-mapper", both(json!({}))).await;
    let beside = json!({
        "claim.name": "region", "claim.value": "north", "jsonType.label": "String", "access.tokenResponse.claim": "true"
    });
    map(&server, &realm, "oidc-hardcoded-claim-mapper", beside).await;
    change(
        &server,
        &realm,
        "shop",
        json!({ "attributes": { "acr.loa.map": r#"{"silver":"1","gold":"2"}"# } }),
    )
    .await;
    let body = tokens_of_mia(&server, &realm, "openid").await;
    let (access, id) = (claims(&text(&body, "access_token")), claims(&text(&body, "id_token")));
    // Names, not paths, where nothing is said; one role, not a list, where one claim is asked for.
    assert_eq!(
        (&access["groups"], &id["groups"]),
        (&json!(["staff"]), &json!(["staff"]))
    );
    assert!(
        access["role"].as_str().is_some_and(|role| !role.starts_with('[')),
        "{access}"
    );
    // Where a token may be used from is no business of the ID token.
    assert!(
        access.get("allowed-origins").is_some() && id.get("allowed-origins").is_none(),
        "{id}"
    );
    // Where nobody asks for a level, the name of the one that was reached is told.
    assert_eq!((&access["acr"], &id["acr"]), (&json!("silver"), &json!("silver")));
    assert_eq!((&body["region"], access.get("region")), (&json!("north"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_its_protocol_named_has_keycloaks_usual_settings() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (sent, public, direct, addresses) in [
        (json!({}), false, false, json!([])),
        (json!({ "protocol": "openid-connect" }), true, true, json!([])),
        (
            json!({ "protocol": "openid-connect", "publicClient": false, "rootUrl": "https://app.example/" }),
            false,
            true,
            json!(["https://app.example/*"]),
        ),
        (
            json!({ "protocol": "openid-connect", "directAccessGrantsEnabled": false, "redirectUris": [CALLBACK] }),
            true,
            false,
            json!([CALLBACK]),
        ),
    ] {
        let id = server.client(&realm, sent.clone()).await;
        let made = server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(
            (&made["publicClient"], &made["directAccessGrantsEnabled"]),
            (&json!(public), &json!(direct)),
            "{sent}"
        );
        assert_eq!(made["redirectUris"], addresses, "{sent}");
        assert_eq!(made.get("secret").is_some(), !public, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_https_is_asked_of_all_nothing_is_told_without() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({ "sslRequired": "all" })).await;
    let expected = json!({ "error": "invalid_request", "error_description": "HTTPS required" });
    for path in ["protocol/openid-connect/certs", ".well-known/openid-configuration"] {
        let answer = server.get(&format!("/realms/{realm}/{path}")).await;
        assert_eq!((answer.status, answer.json()), (403, expected.clone()), "{path}");
    }
    let page = server
        .get(&asking(&realm, &[("client_id", "shop"), ("redirect_uri", CALLBACK)]))
        .await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("HTTPS required"), "{}", page.body);
}
