//! Every address that can be read, read into the client's types, which refuse a `null`, a number or a name that is not Keycloak's.

use crate::world::{Admin, REALM, Report, World};

/// Reads each address, and notes what went wrong.
macro_rules! read {
    ($admin:ident, $report:ident; $($name:ident($($argument:expr),* $(,)?);)*) => {
        $($report.note(stringify!($name), $admin.$name($($argument),*).await.map(drop));)*
    };
}

/// All that is there in every realm.
pub async fn all(admin: &Admin, world: &World, report: &mut Report) {
    attack_detection(admin, world, report).await;
    authentication_management(admin, world, report).await;
    client_attribute_certificate(admin, world, report).await;
    client_initial_access(admin, world, report).await;
    client_registration_policy(admin, world, report).await;
    client_role_mappings(admin, world, report).await;
    client_scopes(admin, world, report).await;
    clients(admin, world, report).await;
    component(admin, world, report).await;
    groups(admin, world, report).await;
    identity_providers(admin, world, report).await;
    key(admin, world, report).await;
    protocol_mappers(admin, world, report).await;
    realms_admin(admin, world, report).await;
    role_mapper(admin, world, report).await;
    roles(admin, world, report).await;
    roles_by_id(admin, world, report).await;
    scope_mappings(admin, world, report).await;
    users(admin, world, report).await;
}

/// Attack detection.
async fn attack_detection(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_attack_detection_brute_force_users_with_user_id_get(REALM, &world.user);
    }
}

/// Flows, executions and their configuration, required actions.
async fn authentication_management(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_authentication_authenticator_providers_get(REALM);
        realm_authentication_client_authenticator_providers_get(REALM);
        realm_authentication_config_description_with_provider_id_get(REALM, "identity-provider-redirector");
        realm_authentication_config_with_id_get(REALM, &world.config);
        realm_authentication_executions_with_execution_id_get(REALM, &world.execution);
        realm_authentication_executions_with_execution_id_config_with_id_get(REALM, &world.execution, &world.config);
        realm_authentication_flows_get(REALM);
        realm_authentication_flows_with_flow_alias_executions_get(REALM, "mine");
        realm_authentication_flows_with_id_get(REALM, &world.flow);
        realm_authentication_form_action_providers_get(REALM);
        realm_authentication_form_providers_get(REALM);
        realm_authentication_per_client_config_description_get(REALM);
        realm_authentication_required_actions_get(REALM);
        realm_authentication_required_actions_with_alias_get(REALM, "UPDATE_PASSWORD");
        realm_authentication_required_actions_with_alias_config_get(REALM, "UPDATE_PASSWORD");
        realm_authentication_required_actions_with_alias_config_description_get(REALM, "UPDATE_PASSWORD");
        realm_authentication_unregistered_required_actions_get(REALM);
    }
}

/// Client attribute certificate.
async fn client_attribute_certificate(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_clients_with_client_uuid_certificates_with_attr_get(REALM, &world.client, "jwt.credential");
    }
}

/// Client initial access.
async fn client_initial_access(admin: &Admin, _: &World, report: &mut Report) {
    read! { admin, report;
        realm_clients_initial_access_get(REALM);
    }
}

/// Client registration policy.
async fn client_registration_policy(admin: &Admin, _: &World, report: &mut Report) {
    read! { admin, report;
        realm_client_registration_policy_providers_get(REALM);
    }
}

/// Client role mappings.
async fn client_role_mappings(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_groups_with_group_id_role_mappings_clients_with_client_id_get(REALM, &world.group, &world.client);
        realm_groups_with_group_id_role_mappings_clients_with_client_id_available_get(REALM, &world.group, &world.client);
        realm_groups_with_group_id_role_mappings_clients_with_client_id_composite_get(REALM, &world.group, &world.client, Some(false));
        realm_users_with_user_id_role_mappings_clients_with_client_id_get(REALM, &world.user, &world.client);
        realm_users_with_user_id_role_mappings_clients_with_client_id_available_get(REALM, &world.user, &world.client);
        realm_users_with_user_id_role_mappings_clients_with_client_id_composite_get(REALM, &world.user, &world.client, Some(false));
    }
}

/// Organizations, and their groups and members.
pub async fn organizations(admin: &Admin, world: &World, report: &mut Report, organization: &str, group: &str) {
    read! { admin, report;
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_clients_with_client_id_get(REALM, organization, &group, &world.client);
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_clients_with_client_id_available_get(REALM, organization, &group, &world.client);
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_clients_with_client_id_composite_get(REALM, organization, &group, &world.client, Some(false));
        realm_organizations_get(REALM, Some(false), None, None, None, None, None, None);
        realm_organizations_count_get(REALM, None, None, None, None);
        realm_organizations_members_with_member_id_organizations_get(REALM, &world.user, Some(false));
        realm_organizations_with_org_id_get(REALM, organization);
        realm_organizations_with_org_id_groups_get(REALM, organization, Some(false), None, None, None, None, None, None, None);
        realm_organizations_with_org_id_groups_group_by_path_with_path_get(REALM, organization, "staff", Some(false), None);
        realm_organizations_with_org_id_groups_with_group_id_get(REALM, organization, &group, None);
        realm_organizations_with_org_id_groups_with_group_id_children_get(REALM, organization, &group, None, None, None, None, None);
        realm_organizations_with_org_id_groups_with_group_id_members_get(REALM, organization, &group, Some(false), None, None);
        realm_organizations_with_org_id_identity_providers_get(REALM, organization);
        realm_organizations_with_org_id_identity_providers_with_alias_get(REALM, organization, "far");
        realm_organizations_with_org_id_identity_providers_with_alias_groups_get(REALM, organization, "far", Some(false), None, None, None, None, None, None);
        realm_organizations_with_org_id_invitations_get(REALM, organization, None, None, None, None, None, None, None);
        realm_organizations_with_org_id_members_get(REALM, organization, Some(false), None, None, None, None, None);
        realm_organizations_with_org_id_members_count_get(REALM, organization);
        realm_organizations_with_org_id_members_with_member_id_get(REALM, organization, &world.user);
        realm_organizations_with_org_id_members_with_member_id_groups_get(REALM, organization, &world.user, Some(false), None, None, None);
        realm_organizations_with_org_id_members_with_member_id_organizations_get(REALM, organization, &world.user, Some(false));
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_get(REALM, organization, &group);
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_realm_get(REALM, organization, &group);
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_realm_available_get(REALM, organization, &group);
        realm_organizations_with_org_id_groups_with_group_id_role_mappings_realm_composite_get(REALM, organization, &group, Some(false));
    }
}

/// Client scopes.
async fn client_scopes(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_client_scopes_get(REALM);
        realm_client_scopes_with_client_scope_id_get(REALM, &world.scope);
        realm_client_templates_get(REALM);
        realm_client_templates_with_client_scope_id_get(REALM, &world.scope);
    }
}

/// Clients.
async fn clients(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_clients_get(REALM, None, None, None, None, None, None);
        realm_clients_with_client_uuid_get(REALM, &world.client);
        realm_clients_with_client_uuid_client_secret_get(REALM, &world.client);
        realm_clients_with_client_uuid_default_client_scopes_get(REALM, &world.client);
        realm_clients_with_client_uuid_evaluate_scopes_generate_example_access_token_get(REALM, &world.client, None, Some("openid".into()), Some(world.user.clone()));
        realm_clients_with_client_uuid_evaluate_scopes_generate_example_id_token_get(REALM, &world.client, None, Some("openid".into()), Some(world.user.clone()));
        realm_clients_with_client_uuid_evaluate_scopes_generate_example_userinfo_get(REALM, &world.client, Some("openid".into()), Some(world.user.clone()));
        realm_clients_with_client_uuid_evaluate_scopes_protocol_mappers_get(REALM, &world.client, Some("openid".into()));
        realm_clients_with_client_uuid_evaluate_scopes_scope_mappings_with_role_container_id_granted_get(REALM, &world.client, REALM, Some("openid".into()));
        realm_clients_with_client_uuid_evaluate_scopes_scope_mappings_with_role_container_id_not_granted_get(REALM, &world.client, REALM, Some("openid".into()));
        realm_clients_with_client_uuid_installation_providers_with_provider_id_get(REALM, &world.client, "keycloak-oidc-keycloak-json");
        realm_clients_with_client_uuid_offline_session_count_get(REALM, &world.client);
        realm_clients_with_client_uuid_offline_sessions_get(REALM, &world.client, None, None);
        realm_clients_with_client_uuid_optional_client_scopes_get(REALM, &world.client);
        realm_clients_with_client_uuid_service_account_user_get(REALM, &world.client);
        realm_clients_with_client_uuid_session_count_get(REALM, &world.client);
        realm_clients_with_client_uuid_test_nodes_available_get(REALM, &world.client);
        realm_clients_with_client_uuid_user_sessions_get(REALM, &world.client, None, None);
    }
}

/// Component.
async fn component(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_components_get(REALM, None, None, None, None);
        realm_components_with_id_get(REALM, &world.component);
        realm_components_with_id_sub_component_types_get(REALM, &world.component, Some("org.keycloak.storage.ldap.mappers.LDAPStorageMapper".into()));
    }
}

/// Groups.
async fn groups(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_groups_get(REALM, Some(false), None, None, None, None, None, None, None);
        realm_groups_count_get(REALM, None, None);
        realm_groups_with_group_id_get(REALM, &world.group);
        realm_groups_with_group_id_children_get(REALM, &world.group, Some(false), None, None, None, None, None);
        realm_groups_with_group_id_members_get(REALM, &world.group, Some(false), None, None);
    }
}

/// Identity providers.
async fn identity_providers(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_identity_provider_instances_get(REALM, Some(false), None, None, None, None, None, None);
        realm_identity_provider_instances_with_alias_get(REALM, "far");
        realm_identity_provider_instances_with_alias_export_get(REALM, "far", None);
        realm_identity_provider_instances_with_alias_mapper_types_get(REALM, "far");
        realm_identity_provider_instances_with_alias_mappers_get(REALM, "far");
        realm_identity_provider_instances_with_alias_mappers_with_id_get(REALM, "far", &world.provider_mapper);
        realm_identity_provider_instances_with_alias_reload_keys_get(REALM, "far");
        realm_identity_provider_providers_with_provider_id_get(REALM, "oidc");
    }
}

/// Key.
async fn key(admin: &Admin, _: &World, report: &mut Report) {
    read! { admin, report;
        realm_keys_get(REALM);
    }
}

/// Protocol mappers.
async fn protocol_mappers(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_client_scopes_with_client_scope_id_protocol_mappers_models_get(REALM, &world.scope);
        realm_client_scopes_with_client_scope_id_protocol_mappers_models_with_id_get(REALM, &world.scope, &world.scope_mapper);
        realm_client_scopes_with_client_scope_id_protocol_mappers_protocol_with_protocol_get(REALM, &world.scope, "openid-connect");
        realm_client_templates_with_client_scope_id_protocol_mappers_models_get(REALM, &world.scope);
        realm_client_templates_with_client_scope_id_protocol_mappers_models_with_id_get(REALM, &world.scope, &world.scope_mapper);
        realm_client_templates_with_client_scope_id_protocol_mappers_protocol_with_protocol_get(REALM, &world.scope, "openid-connect");
        realm_clients_with_client_uuid_protocol_mappers_models_get(REALM, &world.client);
        realm_clients_with_client_uuid_protocol_mappers_models_with_id_get(REALM, &world.client, &world.client_mapper);
        realm_clients_with_client_uuid_protocol_mappers_protocol_with_protocol_get(REALM, &world.client, "openid-connect");
    }
}

/// Realms admin.
async fn realms_admin(admin: &Admin, _: &World, report: &mut Report) {
    read! { admin, report;
        get(Some(false));
        realm_get(REALM);
        realm_admin_events_get(REALM, None, None, None, None, None, None, None, None, None, None, None, None);
        realm_client_policies_policies_get(REALM, None);
        realm_client_policies_profiles_get(REALM, None);
        realm_client_session_stats_get(REALM);
        realm_credential_registrators_get(REALM);
        realm_default_default_client_scopes_get(REALM);
        realm_default_groups_get(REALM);
        realm_default_optional_client_scopes_get(REALM);
        realm_events_get(REALM, None, None, None, None, None, None, None, None, None);
        realm_events_config_get(REALM);
        realm_group_by_path_with_path_get(REALM, "staff");
        realm_localization_get(REALM);
        realm_localization_with_locale_get(REALM, "en", None);
        realm_localization_with_locale_with_key_get(REALM, "greeting", "en");
    }
}

/// Role mapper.
async fn role_mapper(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_groups_with_group_id_role_mappings_get(REALM, &world.group);
        realm_groups_with_group_id_role_mappings_realm_get(REALM, &world.group);
        realm_groups_with_group_id_role_mappings_realm_available_get(REALM, &world.group);
        realm_groups_with_group_id_role_mappings_realm_composite_get(REALM, &world.group, Some(false));
        realm_users_with_user_id_role_mappings_get(REALM, &world.user);
        realm_users_with_user_id_role_mappings_realm_get(REALM, &world.user);
        realm_users_with_user_id_role_mappings_realm_available_get(REALM, &world.user);
        realm_users_with_user_id_role_mappings_realm_composite_get(REALM, &world.user, Some(false));
    }
}

/// Roles.
async fn roles(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_clients_with_client_uuid_roles_get(REALM, &world.client, Some(false), None, None, None);
        realm_clients_with_client_uuid_roles_with_role_name_get(REALM, &world.client, "buyer");
        realm_clients_with_client_uuid_roles_with_role_name_composites_get(REALM, &world.client, "buyer");
        realm_clients_with_client_uuid_roles_with_role_name_composites_clients_with_target_client_uuid_get(REALM, &world.client, "buyer", &world.client);
        realm_clients_with_client_uuid_roles_with_role_name_composites_realm_get(REALM, &world.client, "buyer");
        realm_clients_with_client_uuid_roles_with_role_name_groups_get(REALM, &world.client, "buyer", Some(false), None, None);
        realm_clients_with_client_uuid_roles_with_role_name_users_get(REALM, &world.client, "buyer", Some(false), None, None);
        realm_roles_get(REALM, Some(false), None, None, None);
        realm_roles_with_role_name_get(REALM, "clerk");
        realm_roles_with_role_name_composites_get(REALM, "clerk");
        realm_roles_with_role_name_composites_clients_with_target_client_uuid_get(REALM, "clerk", &world.client);
        realm_roles_with_role_name_composites_realm_get(REALM, "clerk");
        realm_roles_with_role_name_groups_get(REALM, "clerk", Some(false), None, None);
        realm_roles_with_role_name_users_get(REALM, "clerk", Some(false), None, None);
    }
}

/// Roles by id.
async fn roles_by_id(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_roles_by_id_with_role_id_get(REALM, &world.role);
        realm_roles_by_id_with_role_id_composites_get(REALM, &world.role, None, None, None);
        realm_roles_by_id_with_role_id_composites_clients_with_client_uuid_get(REALM, &world.client, &world.role);
        realm_roles_by_id_with_role_id_composites_realm_get(REALM, &world.role);
    }
}

/// Scope mappings.
async fn scope_mappings(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_client_scopes_with_client_scope_id_scope_mappings_get(REALM, &world.scope);
        realm_client_scopes_with_client_scope_id_scope_mappings_clients_with_client_get(REALM, &world.scope, &world.client);
        realm_client_scopes_with_client_scope_id_scope_mappings_clients_with_client_available_get(REALM, &world.scope, &world.client);
        realm_client_scopes_with_client_scope_id_scope_mappings_clients_with_client_composite_get(REALM, &world.scope, &world.client, Some(false));
        realm_client_scopes_with_client_scope_id_scope_mappings_realm_get(REALM, &world.scope);
        realm_client_scopes_with_client_scope_id_scope_mappings_realm_available_get(REALM, &world.scope);
        realm_client_scopes_with_client_scope_id_scope_mappings_realm_composite_get(REALM, &world.scope, Some(false));
        realm_client_templates_with_client_scope_id_scope_mappings_get(REALM, &world.scope);
        realm_client_templates_with_client_scope_id_scope_mappings_clients_with_client_get(REALM, &world.scope, &world.client);
        realm_client_templates_with_client_scope_id_scope_mappings_clients_with_client_available_get(REALM, &world.scope, &world.client);
        realm_client_templates_with_client_scope_id_scope_mappings_clients_with_client_composite_get(REALM, &world.scope, &world.client, Some(false));
        realm_client_templates_with_client_scope_id_scope_mappings_realm_get(REALM, &world.scope);
        realm_client_templates_with_client_scope_id_scope_mappings_realm_available_get(REALM, &world.scope);
        realm_client_templates_with_client_scope_id_scope_mappings_realm_composite_get(REALM, &world.scope, Some(false));
        realm_clients_with_client_uuid_scope_mappings_get(REALM, &world.client);
        realm_clients_with_client_uuid_scope_mappings_clients_with_client_get(REALM, &world.client, &world.client);
        realm_clients_with_client_uuid_scope_mappings_clients_with_client_available_get(REALM, &world.client, &world.client);
        realm_clients_with_client_uuid_scope_mappings_clients_with_client_composite_get(REALM, &world.client, &world.client, Some(false));
        realm_clients_with_client_uuid_scope_mappings_realm_get(REALM, &world.client);
        realm_clients_with_client_uuid_scope_mappings_realm_available_get(REALM, &world.client);
        realm_clients_with_client_uuid_scope_mappings_realm_composite_get(REALM, &world.client, Some(false));
    }
}

/// Users.
async fn users(admin: &Admin, world: &World, report: &mut Report) {
    read! { admin, report;
        realm_users_get(REALM, Some(false), None, None, None, None, None, None, None, None, None, None, None, None, None, None, None);
        realm_users_count_get(REALM, None, None, None, None, None, None, None, None, None, None, None, None, None);
        realm_users_profile_get(REALM);
        realm_users_profile_metadata_get(REALM);
        realm_users_with_user_id_get(REALM, &world.user, Some(true));
        realm_users_with_user_id_configured_user_storage_credential_types_get(REALM, &world.user);
        realm_users_with_user_id_consents_get(REALM, &world.user);
        realm_users_with_user_id_credentials_get(REALM, &world.user);
        realm_users_with_user_id_federated_identity_get(REALM, &world.user);
        realm_users_with_user_id_groups_get(REALM, &world.user, Some(false), None, None, None);
        realm_users_with_user_id_groups_count_get(REALM, &world.user, None);
        realm_users_with_user_id_offline_sessions_with_client_uuid_get(REALM, &world.user, &world.client);
        realm_users_with_user_id_sessions_get(REALM, &world.user);
        realm_users_with_user_id_unmanaged_attributes_get(REALM, &world.user);
    }
}
