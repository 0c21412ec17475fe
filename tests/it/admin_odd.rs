//! What a running Keycloak answers to requests that are odd, or say less than they might.

use serde_json::{Value, json};

use super::support::{self, Server};

pub async fn get(server: &Server, path: &str) -> Value {
    let answer = server.admin("GET", path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Sends each and looks for its status and for a part of its answer.
async fn answers(server: &Server, all: &[(&str, String, Value, u16, &str)]) {
    for (method, path, body, status, part) in all {
        let answer = server.admin(method, path, body.clone()).await;
        let told = (answer.status, &answer.body);
        assert_eq!(answer.status, *status, "{method} {path} {body}: {told:?}");
        assert!(answer.body.contains(part), "{method} {path} {body}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_roles_answer_the_odd_as_keycloak_does() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (groups, roles) = (format!("/{realm}/groups"), format!("/{realm}/roles"));
    let staff = json!({ "name": "staff", "description": "d", "attributes": { "a": ["1"], "b": [] } });
    let staff = server.admin("POST", &groups, staff).await.created();
    let one = format!("{groups}/{staff}");
    assert_eq!(get(&server, &one).await["attributes"], json!({ "a": ["1"] }));
    server.admin("POST", &groups, json!({ "name": "a/b" })).await.created();
    let user = server.user(&realm, "ann", "Passw0rd!").await;
    let odd = json!({ "name": "odd", "composites": { "realm": ["offline_access"] }, "attributes": { "a": [] } });
    assert_eq!(server.admin("POST", &roles, odd).await.status, 201);
    let role = get(&server, &format!("{roles}/odd")).await;
    assert_eq!((&role["composite"], &role["attributes"]), (&json!(false), &json!({})));
    let mapped = format!("/{realm}/users/{user}/role-mappings/realm");
    answers(
        &server,
        &[
            (
                "PUT",
                one.clone(),
                json!({ "name": "staff", "id": "x" }),
                400,
                "Invalid group id",
            ),
            ("PUT", one.clone(), json!({ "name": "staff" }), 204, ""),
            (
                "POST",
                groups.clone(),
                json!({ "name": "x", "attributes": { "a": "b" } }),
                400,
                "Cannot parse the JSON",
            ),
            (
                "POST",
                roles.clone(),
                json!({ "name": "x", "attributes": { "a": "b" } }),
                400,
                "Cannot parse the JSON",
            ),
            (
                "GET",
                format!("/{realm}/group-by-path/staff"),
                Value::Null,
                200,
                "\"subGroupCount\":0",
            ),
            (
                "GET",
                format!("/{realm}/group-by-path/a/b"),
                Value::Null,
                200,
                "\"path\":\"/a/b\"",
            ),
            (
                "GET",
                format!("/{realm}/group-by-path/"),
                Value::Null,
                404,
                "Group path does not exist",
            ),
            (
                "GET",
                format!("{groups}/count?search=staff&top=true"),
                Value::Null,
                200,
                "\"count\":1",
            ),
            (
                "PUT",
                format!("{roles}/odd"),
                json!({ "name": "" }),
                400,
                "role has no name",
            ),
            (
                "POST",
                mapped.clone(),
                json!([{ "id": role["id"] }]),
                404,
                "Role not found",
            ),
            ("POST", mapped, json!([{ "id": role["id"], "name": "odd" }]), 204, ""),
            (
                "GET",
                format!("{roles}/odd/users"),
                Value::Null,
                200,
                "\"access\":{\"manage\":true}",
            ),
        ],
    )
    .await;
    assert_eq!(get(&server, &one).await.get("description"), None);
    let all = get(&server, &roles).await.as_array().unwrap().len();
    for (query, count) in [
        ("max=1", all),
        ("first=1", all),
        ("first=0&max=1", 1),
        ("search=odd%20&max=1", 1),
    ] {
        let found = get(&server, &format!("{roles}?{query}")).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_their_mappers_answer_the_odd_as_keycloak_does() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let clients = format!("/{realm}/clients");
    let with = |name: &str, value: &str| json!({ "clientId": "odd", "attributes": { name: value } });
    let refused = |sent: Value, told: &'static str| ("POST", clients.clone(), sent, 400, told);
    answers(
        &server,
        &[
            refused(
                with("post.logout.redirect.uris", "javascript:x"),
                "A post-logout redirect URI uses an illegal scheme",
            ),
            refused(
                with("post.logout.redirect.uris", "a b"),
                "A post-logout redirect URI is not a valid URI",
            ),
            refused(with("jwks.url", "x"), "JWKS URL is not a valid URL"),
            refused(
                with("frontchannel.logout.url", "javascript:x"),
                "Front-channel logout URL uses an illegal scheme",
            ),
            refused(
                with("client.session.idle.timeout", "999999"),
                "cannot exceed realm SSO session idle timeout.",
            ),
            refused(
                with("client.session.idle.timeout", "99999999999999999999"),
                "cannot exceed realm SSO session idle timeout.",
            ),
            refused(
                with("client.session.max.lifespan", "9999999"),
                "cannot exceed realm SSO session max lifespan.",
            ),
            refused(
                json!({ "clientId": "odd", "redirectUris": ["http://"] }),
                "A redirect URI is not a valid URI",
            ),
        ],
    )
    .await;
    let sent = json!({ "clientId": "app", "redirectUris": ["https://a.example/x", "https://a.example/x", ""], "webOrigins": [] });
    let one = format!("{clients}/{}", server.client(&realm, sent).await);
    assert_eq!(get(&server, &one).await["redirectUris"], json!(["https://a.example/x"]));
    assert_eq!(server.admin("PUT", &one, json!({ "name": "n" })).await.status, 204);
    assert_eq!(get(&server, &one).await["webOrigins"], json!(["https://a.example"]));
    let models = format!("{one}/protocol-mappers/models");
    let mapper = json!({ "name": "m", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
                         "config": { "claim.name": "c", "claim.value": "" } });
    let id = server.admin("POST", &models, mapper.clone()).await.created();
    let many = format!("{one}/protocol-mappers/add-models");
    let named = |name: &str| json!({ "id": id, "name": "other", "protocolMapper": name });
    answers(
        &server,
        &[
            (
                "POST",
                many,
                json!([mapper]),
                409,
                "Protocol mapper name must be unique per protocol",
            ),
            (
                "POST",
                models.clone(),
                json!({ "name": "x", "protocolMapper": "oidc-sub-mapper" }),
                409,
                "Duplicate resource error",
            ),
            (
                "PUT",
                format!("{models}/{id}"),
                named("nonsense"),
                404,
                "ProtocolMapper provider not found",
            ),
            (
                "PUT",
                format!("{models}/{id}"),
                named("oidc-hardcoded-claim-mapper"),
                204,
                "",
            ),
            ("GET", format!("{models}/{id}"), Value::Null, 200, "\"name\":\"m\""),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn realms_and_what_is_in_them_answer_the_odd_as_keycloak_does() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "organizationsEnabled": true })).await;
    let one = format!("/{realm}");
    let scopes = get(&server, &format!("{one}/default-default-client-scopes")).await;
    let (organizations, providers) = (
        format!("{one}/organizations"),
        format!("{one}/identity-provider/instances"),
    );
    let organization = json!({ "name": "acme", "domains": [{ "name": "acme.org" }], "description": "d" });
    let organization = server.admin("POST", &organizations, organization).await.created();
    let kept = format!("{organizations}/{organization}");
    let oidc = |more: Value| {
        let mut config =
            json!({ "clientId": "x", "authorizationUrl": "https://a.example", "tokenUrl": "https://a.example" });
        config.as_object_mut().unwrap().extend(support::members(more));
        json!({ "alias": "idp", "providerId": "oidc", "config": config })
    };
    let no_key =
        "The 'Validating public key' is required when 'Validate signatures' enabled and 'Use JWKS URL' disabled";
    let role = json!({ "roles": { "client": { "account": [{ "name": "odd" }] } } });
    answers(
        &server,
        &[
            (
                "POST",
                String::new(),
                json!({ "realm": " " }),
                400,
                "Realm name cannot be empty",
            ),
            (
                "PUT",
                one.clone(),
                json!({ "browserFlow": "" }),
                400,
                "Failed to update realm",
            ),
            (
                "PUT",
                one.clone(),
                json!({ "defaultDefaultClientScopes": ["email"], "privateKey": "x" }),
                204,
                "",
            ),
            (
                "PUT",
                one.clone(),
                json!({ "rememberMe": true, "clientSessionIdleTimeout": 9_999_999 }),
                400,
                "and RememberMe idle timeout.",
            ),
            (
                "GET",
                format!("{one}/admin-events?resourceTypes="),
                Value::Null,
                200,
                "[",
            ),
            ("POST", format!("{one}/partialImport"), role, 200, "account-->odd"),
            ("PUT", kept.clone(), json!({ "name": "acme" }), 204, ""),
            ("GET", kept, Value::Null, 200, "\"attributes\":{}"),
            (
                "POST",
                organizations.clone(),
                json!({ "name": "b", "alias": "b b" }),
                400,
                "Empty Space not allowed.",
            ),
            (
                "POST",
                organizations,
                json!({ "name": "b", "attributes": { "a": "b" } }),
                400,
                "Cannot parse the JSON",
            ),
            (
                "POST",
                providers.clone(),
                oidc(json!({ "validateSignature": "true" })),
                400,
                no_key,
            ),
            ("POST", providers.clone(), oidc(json!({ "issuer": "" })), 201, ""),
            (
                "PUT",
                format!("{providers}/idp"),
                json!({ "alias": "idp", "providerId": "google", "config": {} }),
                204,
                "",
            ),
            (
                "GET",
                format!("{providers}/idp"),
                Value::Null,
                200,
                "\"providerId\":\"oidc\"",
            ),
            (
                "GET",
                format!("{one}/components/x/sub-component-types"),
                Value::Null,
                404,
                "Could not find parent component",
            ),
        ],
    )
    .await;
    assert_eq!(
        get(&server, &format!("{one}/default-default-client-scopes")).await,
        scopes
    );
    assert_eq!(get(&server, &one).await.get("privateKey"), None);
    let events = format!("{one}/events/config");
    for (sent, enabled, expiration) in [
        (
            json!({ "eventsEnabled": true, "eventsExpiration": 60 }),
            true,
            json!(60),
        ),
        (json!({}), false, Value::Null),
    ] {
        assert_eq!(server.admin("PUT", &events, sent).await.status, 204);
        let shown = get(&server, &events).await;
        assert_eq!(
            (&shown["eventsEnabled"], &shown["eventsExpiration"]),
            (&json!(enabled), &expiration)
        );
    }
    let flows = format!("{one}/authentication/flows");
    let flow = json!({ "alias": "mine", "providerId": "basic-flow", "topLevel": true });
    server.admin("POST", &flows, flow).await.created();
    let step = json!({ "provider": "auth-username-password-form" });
    assert_eq!(
        server
            .admin("POST", &format!("{flows}/mine/executions/execution"), step)
            .await
            .status,
        201
    );
    let inner = json!({ "alias": "inner", "type": "basic-flow" });
    assert_eq!(
        server
            .admin("POST", &format!("{flows}/mine/executions/flow"), inner)
            .await
            .status,
        201
    );
    let steps = get(&server, &format!("{flows}/mine/executions")).await;
    assert_eq!(
        (&steps[0]["requirement"], &steps[1]["description"]),
        (&json!("REQUIRED"), &json!(""))
    );
}
