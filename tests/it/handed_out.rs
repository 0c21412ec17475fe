//! Nobody makes tokens say that somebody has a role which administers, who may not give that role.

use serde_json::{Value, json};

use crate::admin_authz::token_with;
use crate::support::{self, Server};

fn mapper(provider: &str, config: impl Into<Value>) -> Value {
    let config = config.into();
    json!({ "name": format!("m{}", vestibule::random::token()), "protocol": "openid-connect", "protocolMapper": provider,
            "config": config })
}

/// Mappers that give away what administers, or say whose token it is.
fn hostile() -> Vec<Value> {
    let claim = |name: &str| {
        json!({ "claim.name": name, "claim.value": "[\"realm-admin\"]", "jsonType.label": "JSON",
                                     "access.token.claim": "true" })
    };
    vec![
        mapper(
            "oidc-hardcoded-role-mapper",
            json!({ "role": "realm-management.realm-admin" }),
        ),
        mapper(
            "oidc-hardcoded-role-mapper",
            json!({ "role": "realm-management.manage-users" }),
        ),
        mapper(
            "oidc-role-name-mapper",
            json!({ "role": "offline_access", "new.role.name": "realm-management.realm-admin" }),
        ),
        mapper(
            "oidc-hardcoded-claim-mapper",
            claim("resource_access.realm-management.roles"),
        ),
        mapper("oidc-hardcoded-claim-mapper", claim("resource_access")),
        mapper("oidc-hardcoded-claim-mapper", claim("realm_access.roles")),
        mapper("oidc-hardcoded-claim-mapper", claim("realm\\_access.roles")),
        mapper("oidc-hardcoded-claim-mapper", claim("sub")),
        mapper(
            "oidc-usermodel-attribute-mapper",
            json!({ "claim.name": "realm_access.roles", "user.attribute": "x" }),
        ),
        mapper(
            "oidc-usermodel-client-role-mapper",
            json!({ "claim.name": "${client_id}.realm-management.roles", "multivalued": "true" }),
        ),
    ]
}

/// What a delegated administrator may do as ever.
fn harmless() -> Vec<Value> {
    vec![
        mapper("oidc-hardcoded-role-mapper", json!({ "role": "offline_access" })),
        mapper(
            "oidc-hardcoded-role-mapper",
            json!({ "role": "realm-management.manage-clients" }),
        ),
        mapper(
            "oidc-hardcoded-claim-mapper",
            json!({ "claim.name": "tenant.id", "claim.value": "1" }),
        ),
        mapper(
            "oidc-usermodel-realm-role-mapper",
            json!({ "claim.name": "realm_access.roles", "multivalued": "true" }),
        ),
        mapper(
            "oidc-usermodel-client-role-mapper",
            json!({ "claim.name": "resource_access.${client_id}.roles" }),
        ),
        mapper("oidc-group-membership-mapper", json!({ "claim.name": "groups" })),
    ]
}

/// Puts a mapper through every door for them, and gives the statuses. `taken`: the status of one that is taken.
async fn through_all_doors(server: &Server, token: &str, realm: &str, mapper: &Value) -> Vec<(String, u16)> {
    let client = server
        .client(realm, json!({ "clientId": vestibule::random::token() }))
        .await;
    let plain = json!({ "name": "plain", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
                        "config": { "claim.name": "x", "claim.value": "y" } });
    let path = format!("/{realm}/clients/{client}/protocol-mappers/models");
    let there = server.admin("POST", &path, plain).await.created();
    let scope = json!({ "name": vestibule::random::token(), "protocol": "openid-connect" });
    let scope = server
        .admin("POST", &format!("/{realm}/client-scopes"), scope)
        .await
        .created();
    let mut changed = mapper.clone();
    changed["id"] = json!(there);
    let with_mapper = |name: &str| json!({ "clientId": name, "protocolMappers": [mapper] });
    let new_scope =
        json!({ "name": vestibule::random::token(), "protocol": "openid-connect", "protocolMappers": [mapper] });
    let other = vestibule::random::token();
    let clients = format!("clients/{client}");
    let mut statuses = Vec::new();
    for (method, path, body) in [
        ("POST", format!("{clients}/protocol-mappers/models"), mapper.clone()),
        (
            "POST",
            format!("{clients}/protocol-mappers/add-models"),
            json!([mapper]),
        ),
        ("PUT", format!("{clients}/protocol-mappers/models/{there}"), changed),
        (
            "POST",
            format!("client-scopes/{scope}/protocol-mappers/models"),
            mapper.clone(),
        ),
        ("POST", "client-scopes".to_owned(), new_scope),
        ("POST", "clients".to_owned(), with_mapper(&other)),
        ("PUT", clients.clone(), json!({ "protocolMappers": [mapper] })),
        (
            "POST",
            "partialImport".to_owned(),
            json!({ "ifResourceExists": "FAIL", "clients": [with_mapper(&vestibule::random::token())] }),
        ),
    ] {
        let answer = server
            .with_token(token, method, &format!("/admin/realms/{realm}/{path}"), body)
            .await;
        statuses.push((format!("{method} {path}"), answer.status));
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_22_and_dcr_02_who_manages_clients_hands_out_no_role_that_administers() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let delegate = token_with(&server, &realm, &["manage-clients", "view-clients", "manage-realm"]).await;
        for mapper in hostile() {
            for (door, status) in through_all_doors(&server, &delegate, &realm, &mapper).await {
                assert_eq!(status, 403, "{door} {mapper}");
            }
        }
        for mapper in harmless() {
            for (door, status) in through_all_doors(&server, &delegate, &realm, &mapper).await {
                // The second way to add it finds its name taken.
                assert!(
                    status < 300 || status == 409 && door.ends_with("add-models"),
                    "{door} {mapper}: {status}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_administers_a_realm_whole_may_write_any_mapper() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let whole = token_with(&server, &realm, &["realm-admin"]).await;
    let of_all = server.admin_token().await;
    for token in [&whole, &of_all] {
        for mapper in hostile() {
            for (door, status) in through_all_doors(&server, token, &realm, &mapper).await {
                assert!(
                    status < 300 || status == 409 && door.ends_with("add-models"),
                    "{door} {mapper}: {status}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_wrote_may_be_sent_back_by_who_may_not_write_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let delegate = token_with(&server, &realm, &["manage-clients", "view-clients"]).await;
    let own = json!({ "clientId": "c", "protocolMappers": [&hostile()[0]] });
    let id = server.client(&realm, own).await;
    let path = format!("/admin/realms/{realm}/clients/{id}");
    let mut shown = server.with_token(&delegate, "GET", &path, Value::Null).await.json();
    shown["name"] = json!("C");
    let answer = server.with_token(&delegate, "PUT", &path, shown.clone()).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    shown["protocolMappers"][0]["config"]["role"] = json!("realm-management.manage-realm");
    assert_eq!(server.with_token(&delegate, "PUT", &path, shown).await.status, 403);
}
