//! What tokens say: mappers, roles, scopes, algorithms.

use serde_json::{Value, json};
use vestibule_jose::{Alg, Jwks, jwt};

use crate::support::oidc::{at, claims, shop, text, token, tokens_of_mia, userinfo};
use crate::support::{self, Server};

async fn client_id(server: &Server, realm: &str, client: &str) -> String {
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId={client}"), Value::Null)
        .await;
    text(&found.json()[0], "id")
}

async fn map(server: &Server, realm: &str, name: &str, provider: &str, config: Value) {
    let id = client_id(server, realm, "shop").await;
    let mapper = json!({ "name": name, "protocol": "openid-connect", "protocolMapper": provider, "config": config });
    let path = format!("/{realm}/clients/{id}/protocol-mappers/models");
    let answer = server.admin("POST", &path, mapper).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

async fn set_attributes(server: &Server, realm: &str, attributes: Value) {
    let id = client_id(server, realm, "shop").await;
    let doc = json!({ "clientId": "shop", "attributes": attributes });
    let answer = server.admin("PUT", &format!("/{realm}/clients/{id}"), doc).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_look_as_keycloaks_do() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let names = |token: &str| -> Vec<String> { claims(token).as_object().unwrap().keys().cloned().collect() };
    let access = names(&text(&tokens, "access_token"));
    let first = [
        "exp",
        "iat",
        "jti",
        "iss",
        "aud",
        "sub",
        "typ",
        "azp",
        "sid",
        "acr",
        "allowed-origins",
        "realm_access",
        "resource_access",
        "scope",
    ];
    assert_eq!(access[..first.len()], first);
    let id = names(&text(&tokens, "id_token"));
    assert_eq!(
        id[..11],
        [
            "exp", "iat", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "at_hash", "acr"
        ]
    );
    let refresh = names(&text(&tokens, "refresh_token"));
    assert_eq!(
        refresh,
        [
            "exp", "iat", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "scope", "aud_x", "prov"
        ]
    );
    let said = claims(&text(&tokens, "access_token"));
    assert_eq!(said["aud"], "account");
    assert_eq!(said["iss"], format!("http://localhost:8080/realms/{realm}"));
    assert_eq!(said["allowed-origins"], json!(["https://shop.example"]));
    let scope: Vec<&str> = said["scope"].as_str().unwrap().split(' ').collect();
    assert!(scope.contains(&"openid") && scope.contains(&"profile") && scope.contains(&"email") && scope.len() == 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapper_adds_its_claim_where_it_says() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let profile = json!({
        "unmanagedAttributePolicy": "ENABLED",
        "attributes": [{ "name": "username" }, { "name": "email" }, { "name": "firstName" }, { "name": "lastName" }]
    });
    let answer = server.admin("PUT", &format!("/{realm}/users/profile"), profile).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = server
        .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/users/{}", text(&found[0], "id"));
    let mut user = found[0].clone();
    user["attributes"] = json!({ "team": ["red", "blue"], "level": ["7"] });
    let answer = server.admin("PUT", &path, user).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let attribute = "oidc-usermodel-attribute-mapper";
    let teams = json!({
        "user.attribute": "team", "claim.name": "work.teams", "multivalued": "true", "jsonType.label": "String",
        "access.token.claim": "true"
    });
    map(&server, &realm, "teams", attribute, teams).await;
    let level = json!({
        "user.attribute": "level", "claim.name": "level", "jsonType.label": "long", "id.token.claim": "true",
        "userinfo.token.claim": "false"
    });
    map(&server, &realm, "level", attribute, level).await;
    let fixed = json!({
        "claim.name": "https://example\\.org/tier", "claim.value": "gold", "jsonType.label": "String",
        "userinfo.token.claim": "true"
    });
    map(&server, &realm, "tier", "oidc-hardcoded-claim-mapper", fixed).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let access = claims(&text(&tokens, "access_token"));
    assert_eq!(access["work"], json!({ "teams": ["red", "blue"] }));
    assert_eq!(
        (&access["level"], &access["https://example.org/tier"]),
        (&Value::Null, &Value::Null)
    );
    let id = claims(&text(&tokens, "id_token"));
    assert_eq!((&id["level"], &id["work"]), (&json!(7), &Value::Null));
    let told = userinfo(&server, &realm, &text(&tokens, "access_token")).await.json();
    assert_eq!(told["https://example.org/tier"], "gold");
    assert_eq!(
        (&told["level"], &told["work"], &told["acr"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_their_roles_are_told() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let role = server
        .admin("POST", &format!("/{realm}/roles"), json!({ "name": "lawyer" }))
        .await;
    assert_eq!(role.status, 201);
    let group = server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "staff" }))
        .await
        .created();
    let role = server
        .admin("GET", &format!("/{realm}/roles/lawyer"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/groups/{group}/role-mappings/realm");
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    let found = server
        .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/users/{}/groups/{group}", text(&found[0], "id"));
    assert_eq!(server.admin("PUT", &path, json!({})).await.status, 204);
    let config = json!({ "claim.name": "groups", "full.path": "true", "access.token.claim": "true" });
    map(&server, &realm, "groups", "oidc-group-membership-mapper", config).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let said = claims(&text(&tokens, "access_token"));
    assert_eq!(said["groups"], json!(["/staff"]));
    let roles: Vec<&str> = said["realm_access"]["roles"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(roles.contains(&"lawyer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_full_scope_only_mapped_roles_pass() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = client_id(&server, &realm, "shop").await;
    let doc = json!({ "clientId": "shop", "fullScopeAllowed": false });
    assert_eq!(
        server.admin("PUT", &format!("/{realm}/clients/{id}"), doc).await.status,
        204
    );
    let said = claims(&text(&tokens_of_mia(&server, &realm, "openid").await, "access_token"));
    assert_eq!(
        (&said["realm_access"], &said["resource_access"], &said["aud"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let role = server
        .admin("GET", &format!("/{realm}/roles/uma_authorization"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/clients/{id}/scope-mappings/realm");
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    let said = claims(&text(&tokens_of_mia(&server, &realm, "openid").await, "access_token"));
    assert_eq!(said["realm_access"], json!({ "roles": ["uma_authorization"] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_chooses_its_algorithm_and_its_kind_of_token() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let attributes = json!({
            "access.token.signed.response.alg": "ES256", "id.token.signed.response.alg": "PS256",
            "access.token.header.type.rfc9068": "true", "access.token.lifespan": "60"
        });
        set_attributes(&server, &realm, attributes).await;
        let tokens = tokens_of_mia(&server, &realm, "openid").await;
        assert_eq!(tokens["expires_in"], 60);
        let (access, id) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
        let parsed = jwt::decode(&access).unwrap();
        assert_eq!((parsed.alg(), parsed.typ()), (Alg::ES256, Some("at+jwt")));
        assert_eq!(parsed.unverified_claims()["client_id"], "shop");
        assert_eq!(jwt::decode(&id).unwrap().alg(), Alg::PS256);
        let keys = Jwks::parse(server.get(&at(&realm, "certs")).await.body.as_bytes()).unwrap();
        for token in [&access, &id] {
            let parsed = jwt::decode(token).unwrap();
            let key = keys.find(parsed.kid(), parsed.alg()).expect("published");
            parsed.check(&key.verifying_key(parsed.alg()).unwrap()).unwrap();
        }
        assert_eq!(userinfo(&server, &realm, &access).await.status, 200);
        set_attributes(
            &server,
            &realm,
            json!({ "client.use.lightweight.access.token.enabled": "true" }),
        )
        .await;
        let tokens = tokens_of_mia(&server, &realm, "openid").await;
        let said = claims(&text(&tokens, "access_token"));
        assert!(text(&said, "jti").starts_with("onltro:"));
        assert_eq!(
            (&said["sub"], &said["aud"], &said["realm_access"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        let told = userinfo(&server, &realm, &text(&tokens, "access_token")).await;
        assert_eq!(told.json()["preferred_username"], "mia");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_scopes_that_the_client_has_can_be_asked_for() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for scope in ["banana", "openid banana", "", "a\"b", "profile\u{1}"] {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "shop"),
            ("username", "mia"),
            ("password", "correct horse"),
            ("scope", scope),
        ];
        let answer = token(&server, &realm, &fields).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_scope")),
            "{scope:?}"
        );
    }
    let tokens = tokens_of_mia(&server, &realm, "openid microprofile-jwt").await;
    assert_eq!(claims(&text(&tokens, "access_token"))["upn"], "mia");
}
