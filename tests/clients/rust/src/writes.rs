//! What is read in the client's types is written back as it is; what is made is found, and what is deleted is gone.

use keycloak::types::*;
use serde_json::{Value, json};

use crate::world::{Admin, REALM, Report, World};

/// Reads with one method and writes with another what was read.
macro_rules! round_trip {
    ($report:ident, $admin:ident, $get:ident($($argument:expr),*) $([$($option:expr),*])?, $put:ident) => {
        match $admin.$get($($argument),* $(, $($option),*)?).await {
            Ok(read) => $report.note(stringify!($put), $admin.$put($($argument),*, read).await.map(drop)),
            Err(error) => $report.note(stringify!($get), Err(error)),
        }
    };
}

/// Makes something, reads it by its id, and deletes it.
macro_rules! life {
    ($report:ident, $admin:ident, $post:ident($body:expr), $get:ident $([$($option:expr),*])?, $delete:ident) => {
        match $admin.$post(REALM, typed($body)).await {
            Ok(answer) => {
                let id = answer.to_id().unwrap_or_default().to_owned();
                $report.note(stringify!($get), $admin.$get(REALM, &id $(, $($option),*)?).await.map(drop));
                $report.note(stringify!($delete), $admin.$delete(REALM, &id).await.map(drop));
                if $admin.$get(REALM, &id $(, $($option),*)?).await.is_ok() {
                    $report.wrong.push(format!("{}: what was deleted is still there", stringify!($delete)));
                }
            }
            Err(error) => $report.note(stringify!($post), Err(error)),
        }
    };
}

/// A body in the client's own type.
fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a body in the client's types")
}

/// Everything that can be written back.
pub async fn back(admin: &Admin, world: &World, report: &mut Report) {
    round_trip!(report, admin, realm_get(REALM), realm_put);
    round_trip!(report, admin, realm_users_profile_get(REALM), realm_users_profile_put);
    round_trip!(
        report,
        admin,
        realm_users_with_user_id_get(REALM, &world.user)[None],
        realm_users_with_user_id_put
    );
    round_trip!(
        report,
        admin,
        realm_groups_with_group_id_get(REALM, &world.group),
        realm_groups_with_group_id_put
    );
    round_trip!(
        report,
        admin,
        realm_roles_with_role_name_get(REALM, "clerk"),
        realm_roles_with_role_name_put
    );
    round_trip!(
        report,
        admin,
        realm_roles_by_id_with_role_id_get(REALM, &world.role),
        realm_roles_by_id_with_role_id_put
    );
    round_trip!(
        report,
        admin,
        realm_clients_with_client_uuid_get(REALM, &world.client),
        realm_clients_with_client_uuid_put
    );
    round_trip!(
        report,
        admin,
        realm_clients_with_client_uuid_roles_with_role_name_get(REALM, &world.client, "buyer"),
        realm_clients_with_client_uuid_roles_with_role_name_put
    );
    round_trip!(
        report,
        admin,
        realm_clients_with_client_uuid_protocol_mappers_models_with_id_get(REALM, &world.client, &world.client_mapper),
        realm_clients_with_client_uuid_protocol_mappers_models_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_client_scopes_with_client_scope_id_get(REALM, &world.scope),
        realm_client_scopes_with_client_scope_id_put
    );
    round_trip!(
        report,
        admin,
        realm_client_scopes_with_client_scope_id_protocol_mappers_models_with_id_get(
            REALM,
            &world.scope,
            &world.scope_mapper
        ),
        realm_client_scopes_with_client_scope_id_protocol_mappers_models_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_components_with_id_get(REALM, &world.component),
        realm_components_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_identity_provider_instances_with_alias_get(REALM, "far"),
        realm_identity_provider_instances_with_alias_put
    );
    round_trip!(
        report,
        admin,
        realm_identity_provider_instances_with_alias_mappers_with_id_get(REALM, "far", &world.provider_mapper),
        realm_identity_provider_instances_with_alias_mappers_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_authentication_flows_with_id_get(REALM, &world.flow),
        realm_authentication_flows_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_authentication_config_with_id_get(REALM, &world.config),
        realm_authentication_config_with_id_put
    );
    round_trip!(
        report,
        admin,
        realm_authentication_required_actions_with_alias_get(REALM, "UPDATE_PASSWORD"),
        realm_authentication_required_actions_with_alias_put
    );
    round_trip!(
        report,
        admin,
        realm_authentication_required_actions_with_alias_config_get(REALM, "UPDATE_PASSWORD"),
        realm_authentication_required_actions_with_alias_config_put
    );
    round_trip!(report, admin, realm_events_config_get(REALM), realm_events_config_put);
    round_trip!(
        report,
        admin,
        realm_client_policies_policies_get(REALM)[None],
        realm_client_policies_policies_put
    );
    round_trip!(
        report,
        admin,
        realm_client_policies_profiles_get(REALM)[None],
        realm_client_policies_profiles_put
    );
}

/// Everything that can be made and deleted.
pub async fn lives(admin: &Admin, report: &mut Report) {
    let user = json!({ "username": "grace", "email": "grace@example.com", "enabled": true, "attributes": { "locale": ["en"] } });
    life!(
        report,
        admin,
        realm_users_post(user),
        realm_users_with_user_id_get[None],
        realm_users_with_user_id_delete
    );
    let group = json!({ "name": "crew", "attributes": { "a": ["b"] } });
    life!(
        report,
        admin,
        realm_groups_post(group),
        realm_groups_with_group_id_get,
        realm_groups_with_group_id_delete
    );
    let role = json!({ "name": "sailor", "description": "at sea" });
    life!(
        report,
        admin,
        realm_roles_post(role),
        realm_roles_with_role_name_get,
        realm_roles_with_role_name_delete
    );
    let client = json!({ "clientId": "till", "redirectUris": ["https://till.example.com/*"] });
    life!(
        report,
        admin,
        realm_clients_post(client),
        realm_clients_with_client_uuid_get,
        realm_clients_with_client_uuid_delete
    );
    let scope = json!({ "name": "extra", "protocol": "openid-connect" });
    life!(
        report,
        admin,
        realm_client_scopes_post(scope),
        realm_client_scopes_with_client_scope_id_get,
        realm_client_scopes_with_client_scope_id_delete
    );
    let component = json!({
        "name": "key", "providerId": "hmac-generated", "providerType": "org.keycloak.keys.KeyProvider", "config": { "priority": ["7"] },
    });
    life!(
        report,
        admin,
        realm_components_post(component),
        realm_components_with_id_get,
        realm_components_with_id_delete
    );
    let provider =
        json!({ "alias": "near", "providerId": "oidc", "config": { "clientId": "us", "clientSecret": "s" } });
    life!(
        report,
        admin,
        realm_identity_provider_instances_post(provider),
        realm_identity_provider_instances_with_alias_get,
        realm_identity_provider_instances_with_alias_delete
    );
    let flow = json!({ "alias": "own", "providerId": "basic-flow", "topLevel": true, "builtIn": false });
    life!(
        report,
        admin,
        realm_authentication_flows_post(flow),
        realm_authentication_flows_with_id_get,
        realm_authentication_flows_with_id_delete
    );
}

/// Single acts with an answer in a type of its own.
pub async fn acts(admin: &Admin, world: &World, report: &mut Report) {
    let password = CredentialRepresentation {
        type_: Some("password".into()),
        value: Some("Another-Pass1!".into()),
        ..Default::default()
    };
    report.note(
        "reset password",
        admin
            .realm_users_with_user_id_reset_password_put(REALM, &world.user, password)
            .await
            .map(drop),
    );
    report.note(
        "log out",
        admin
            .realm_users_with_user_id_logout_post(REALM, &world.user)
            .await
            .map(drop),
    );
    report.note(
        "impersonate",
        admin
            .realm_users_with_user_id_impersonation_post(REALM, &world.user)
            .await
            .map(drop),
    );
    report.note("log all out", admin.realm_logout_all_post(REALM).await.map(drop));
    report.note("revoke", admin.realm_push_revocation_post(REALM).await.map(drop));
    report.note(
        "new secret",
        admin
            .realm_clients_with_client_uuid_client_secret_post(REALM, &world.client)
            .await
            .map(drop),
    );
    let token = admin
        .realm_clients_with_client_uuid_registration_access_token_post(REALM, &world.client)
        .await;
    report.note("registration access token", token.map(drop));
    let revoked = admin
        .realm_clients_with_client_uuid_push_revocation_post(REALM, &world.client)
        .await;
    report.note("revoke of a client", revoked.map(drop));
    let certificate = admin
        .realm_clients_with_client_uuid_certificates_with_attr_generate_post(REALM, &world.client, "jwt.credential")
        .await;
    report.note("certificate", certificate.map(drop));
    let few = ClientInitialAccessCreatePresentation {
        count: Some(1),
        expiration: Some(60),
        ..Default::default()
    };
    report.note(
        "initial access token",
        admin.realm_clients_initial_access_post(REALM, few).await.map(drop),
    );
    report.note(
        "export",
        admin
            .realm_partial_export_post(REALM, Some(true), Some(true))
            .await
            .map(drop),
    );
    let text = "Hallo".to_owned();
    report.note(
        "text",
        admin
            .realm_localization_with_locale_with_key_put(REALM, "greeting", "de", text)
            .await
            .map(drop),
    );
}
