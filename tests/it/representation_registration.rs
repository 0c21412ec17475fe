//! Keycloak's own form of a registration (provider `default`) reaches no further than metadata does.

use serde_json::{Value, json};

use super::client_registration::{initial_token, make_realm, text};
use super::support::{self, Answer, Server};

const ADDRESS: &str = "/realms/r/clients-registrations/default";

async fn register(server: &Server, token: &str, body: &Value) -> Answer {
    server.with_token(token, "POST", ADDRESS, body.clone()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registers_under_a_name_of_its_own() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 5).await;
    let body = json!({
        "clientId": "shop", "name": "Shop", "redirectUris": ["https://shop.example.com/cb"], "webOrigins": ["+"], "publicClient": true,
        "attributes": { "pkce.code.challenge.method": "S256" }, "directAccessGrantsEnabled": true, "fullScopeAllowed": true, "enabled": true
    });
    let made = register(&server, &token, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let told = made.json();
    assert!(made.header("location").ends_with("/clients-registrations/default/shop"));
    for (name, value) in body.as_object().unwrap() {
        if name != "attributes" {
            assert_eq!(&told[name], value, "{name}");
        }
    }
    assert!(told.get("secret").is_none());
    let again = register(&server, &token, &body).await;
    assert_eq!(
        (again.status, &again.json()["error_description"]),
        (400, &json!("Client Identifier in use"))
    );

    // The whole answer may be sent back, and changes are merged.
    let (uri, rat) = (made.header("location"), text(&told, "registrationAccessToken"));
    let changed = server.with_token(rat, "PUT", uri, told.clone()).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let rat = changed.json();
    let changed = server
        .with_token(
            text(&rat, "registrationAccessToken"),
            "PUT",
            uri,
            json!({ "name": "Store" }),
        )
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["redirectUris"]),
        (&json!("Store"), &body["redirectUris"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sets_nothing_that_is_an_administrators() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 2).await;
    let made = register(&server, &token, &json!({ "clientId": "shop" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(text(&made.json(), "secret").len() >= 43);
    let (uri, told) = (made.header("location").to_owned(), made.json());
    let rat = text(&told, "registrationAccessToken");
    let mapper = |kind: &str| json!([{ "name": "m", "protocol": "openid-connect", "protocolMapper": kind, "config": { "claim.name": "realm_access.roles" } }]);
    for (member, value, status) in [
        ("enabled", json!(false), 400),
        ("rootUrl", json!("https://evil.example.com"), 400),
        ("adminUrl", json!("https://evil.example.com"), 400),
        ("bearerOnly", json!(true), 400),
        ("notBefore", json!(5), 400),
        ("authenticationFlowBindingOverrides", json!({ "browser": "x" }), 400),
        ("authorizationServicesEnabled", json!(true), 400),
        ("attributes", json!({ "access.token.lifespan": "99999999" }), 400),
        ("attributes", json!({ "client.secret.recoverable": "true" }), 400),
        ("attributes", json!({ "pkce.code.challenge.method": "none" }), 400),
        ("protocolMappers", mapper("oidc-usermodel-attribute-mapper"), 400),
        ("protocolMappers", mapper("oidc-hardcoded-role-mapper"), 403),
        ("defaultClientScopes", json!(["service_account"]), 403),
        ("redirectUris", json!(["https://a.example.com/*"]), 400),
        ("webOrigins", json!(["*"]), 400),
        ("protocol", json!("saml"), 400),
        ("nonsense", json!(1), 400),
    ] {
        let body = json!({ "clientId": "other", member: value });
        let answer = register(&server, &token, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        let answer = server
            .with_token(rat, "PUT", &uri, json!({ "clientId": "shop", member: value }))
            .await;
        assert_eq!(answer.status, status, "PUT {body}: {}", answer.body);
    }
    let now = server.with_token(rat, "GET", &uri, Value::Null).await.json();
    for (name, value) in told.as_object().unwrap().iter().filter(|(name, _)| *name != "secret") {
        assert_eq!(&now[name], value, "{name}");
    }
}
