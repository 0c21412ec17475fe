//! A realm with one of everything, made through the client's types, and what became of the calls.

use std::env;

use keycloak::types::RealmRepresentation;
use keycloak::{KeycloakAdmin, KeycloakAdminToken, KeycloakError, prelude::reqwest};
use serde_json::json;

pub const REALM: &str = "typed-client";
pub type Admin = KeycloakAdmin;

/// The ids of what is in the realm.
pub struct World {
    pub user: String,
    pub client: String,
    pub client_mapper: String,
    pub scope: String,
    pub scope_mapper: String,
    pub group: String,
    pub role: String,
    pub component: String,
    pub provider_mapper: String,
    pub flow: String,
    pub execution: String,
    pub config: String,
}

/// What was called, and what went wrong.
#[derive(Default)]
pub struct Report {
    pub called: usize,
    pub wrong: Vec<String>,
}

impl Report {
    pub fn note(&mut self, name: &str, outcome: Result<(), KeycloakError>) {
        self.called += 1;
        if let Err(error) = outcome {
            self.wrong.push(format!("{name}: {error:?}"));
        }
    }
}

/// The client, signed in at the server that BASE names.
pub async fn connect() -> Admin {
    let setting = |name: &str, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.into());
    let base = setting("BASE", "http://localhost:8080");
    let client = reqwest::Client::new();
    let (user, password) = (setting("ADMIN", "admin"), setting("PASSWORD", "admin"));
    let token = KeycloakAdminToken::acquire(&base, &user, &password, &client).await;
    KeycloakAdmin::new(&base, token.expect("the administrator signs in"), client)
}

/// Makes the realm anew.
pub async fn make(admin: &Admin) -> World {
    admin.realm_delete(REALM).await.ok();
    let mapper = json!({
        "id": "mapper-1", "name": "nickname", "protocol": "openid-connect", "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": { "user.attribute": "nickname", "claim.name": "nickname", "access.token.claim": "true" },
    });
    let realm: RealmRepresentation = serde_json::from_value(json!({
        "realm": REALM,
        "enabled": true,
        "organizationsEnabled": true,
        "eventsEnabled": true,
        "adminEventsEnabled": true,
        "adminEventsDetailsEnabled": true,
        "internationalizationEnabled": true,
        "supportedLocales": ["en", "de"],
        "localizationTexts": { "en": { "greeting": "Hello" } },
        "roles": {
            "realm": [{ "id": "role-1", "name": "clerk", "composite": true, "composites": { "realm": ["offline_access"] } }],
            "client": { "shop": [{ "id": "role-2", "name": "buyer" }] },
        },
        "groups": [{ "id": "group-1", "name": "staff", "realmRoles": ["clerk"], "subGroups": [{ "id": "group-2", "name": "night" }] }],
        "clients": [{
            "id": "client-1", "clientId": "shop", "secret": "secret-of-the-typed-shop", "redirectUris": ["https://shop.example.com/*"],
            "serviceAccountsEnabled": true, "protocolMappers": [mapper],
        }],
        "users": [{
            "id": "user-1", "username": "ada", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "enabled": true,
            "groups": ["/staff"], "realmRoles": ["clerk"], "clientRoles": { "shop": ["buyer"] },
            "credentials": [{ "id": "credential-1", "type": "password", "value": "StrongPass123!" }],
            "federatedIdentities": [{ "identityProvider": "far", "userId": "far-1", "userName": "ada-there" }],
        }],
        "identityProviders": [{ "alias": "far", "providerId": "oidc", "enabled": true, "config": { "clientId": "us", "clientSecret": "s" } }],
        "identityProviderMappers": [{
            "id": "idp-mapper-1", "name": "role", "identityProviderAlias": "far", "identityProviderMapper": "oidc-hardcoded-role-idp-mapper",
            "config": { "role": "clerk", "syncMode": "INHERIT" },
        }],
    }))
    .expect("a realm in the client's types");
    admin.post(realm).await.expect("the realm is made");

    let copy = [("newName".to_owned(), "mine".to_owned())].into();
    admin
        .realm_authentication_flows_with_flow_alias_copy_post(REALM, "browser", copy)
        .await
        .expect("the flow is copied");
    let flows = admin.realm_authentication_flows_get(REALM).await.expect("flows");
    let flow = flows
        .into_iter()
        .find(|flow| flow.alias.as_deref() == Some("mine"))
        .and_then(|flow| flow.id);
    let executions = admin
        .realm_authentication_flows_with_flow_alias_executions_get(REALM, "mine")
        .await
        .expect("executions");
    let execution = executions.into_iter().find_map(|one| one.id).expect("an execution");
    let config = serde_json::from_value(json!({ "alias": "set", "config": { "defaultProvider": "far" } }))
        .expect("a configuration");
    let config = admin
        .realm_authentication_executions_with_execution_id_config_post(REALM, &execution, config)
        .await;
    let config = config.expect("the execution is configured").to_id().map(str::to_owned);
    let scopes = admin.realm_client_scopes_get(REALM).await.expect("client scopes");
    let profile = scopes
        .into_iter()
        .find(|scope| scope.name.as_deref() == Some("profile"))
        .expect("the scope profile");
    let components = admin
        .realm_components_get(REALM, None, None, None, None)
        .await
        .expect("components");
    World {
        user: "user-1".into(),
        client: "client-1".into(),
        client_mapper: "mapper-1".into(),
        scope: profile.id.expect("an id"),
        scope_mapper: profile
            .protocol_mappers
            .into_iter()
            .flatten()
            .find_map(|mapper| mapper.id)
            .expect("a mapper"),
        group: "group-1".into(),
        role: "role-1".into(),
        component: components
            .into_iter()
            .find_map(|component| component.id)
            .expect("a component"),
        provider_mapper: "idp-mapper-1".into(),
        flow: flow.expect("the copied flow"),
        execution,
        config: config.expect("the configuration's id"),
    }
}
