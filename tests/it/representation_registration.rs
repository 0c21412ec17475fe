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

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_set_is_not_taken_away() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    let made = register(&server, &token, &json!({ "clientId": "shop", "name": "Shop" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (uri, told) = (made.header("location").to_owned(), made.json());
    let rat = text(&told, "registrationAccessToken");
    let found = server.admin("GET", "/r/clients?clientId=shop", Value::Null).await;
    let mut client = found.json()[0].clone();
    let flows = server.admin("GET", "/r/authentication/flows", Value::Null).await.json();
    let flow = flows.as_array().unwrap().iter().find(|flow| flow["alias"] == "browser");
    client["rootUrl"] = json!("https://shop.example.com");
    client["authenticationFlowBindingOverrides"] = json!({ "browser": flow.unwrap()["id"] });
    client["attributes"]["require.pushed.authorization.requests"] = json!("true");
    client["attributes"]["access.token.lifespan"] = json!("60");
    client["attributes"]["minimum.acr.value"] = json!("2");
    client["protocolMappers"] = json!([{
        "name": "team", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": { "claim.name": "team", "claim.value": "shop", "access.token.claim": "true" }
    }]);
    let path = format!("/r/clients/{}", text(&client, "id"));
    assert_eq!(server.admin("PUT", &path, client.clone()).await.status, 204);
    let path_of_mappers = format!("{path}/protocol-mappers/add-models");
    let answer = server
        .admin("POST", &path_of_mappers, client["protocolMappers"].clone())
        .await;
    assert!(answer.status == 204 || answer.status == 409, "{}", answer.body);
    let before = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(before["protocolMappers"].as_array().unwrap().len(), 1, "{before}");
    for taken in [
        json!({ "attributes": { "access.token.lifespan": "" } }),
        json!({ "attributes": { "minimum.acr.value": null } }),
        json!({ "attributes": { "access.token.lifespan": 1 } }),
        json!({ "attributes": [] }),
        json!({ "authenticationFlowBindingOverrides": {} }),
        json!({ "protocolMappers": [] }),
        json!({ "rootUrl": "" }),
    ] {
        let answer = server.with_token(rat, "PUT", &uri, taken.clone()).await;
        assert_eq!(answer.status, 400, "{taken}: {}", answer.body);
    }
    let after = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(before, after);
    // What is sent back as it was told is no change.
    let told = server.with_token(rat, "GET", &uri, Value::Null).await.json();
    let answer = server.with_token(rat, "PUT", &uri, told).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.admin("GET", &path, Value::Null).await.json(), before);
}
