//! One file per promise, each through the router, on every database that is switched on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::type_complexity,
    clippy::regex_creation_in_loops,
    reason = "tables of cases; a test runs once"
)]

mod account;
mod account_profile;
mod action_links;
mod admin_authz;
mod admin_clients;
mod admin_clients_of_keycloak;
mod admin_components;
mod admin_events;
mod admin_flows;
mod admin_grants;
mod admin_groups;
mod admin_identity_providers;
mod admin_initial_access;
mod admin_organization_parts;
mod admin_organizations;
mod admin_realms;
mod admin_rights;
mod admin_roles;
mod admin_scopes;
mod admin_users;
mod authorize;
mod bad_settings;
mod brute_force;
mod certificates;
mod claims;
mod client_assertion;
mod client_life;
mod client_lists;
mod client_policies;
mod client_policy_conditions;
mod client_policy_requests;
mod client_registration;
mod code;
mod consent;
mod crash;
mod device;
mod dpop;
mod durability;
mod encrypted_tokens;
mod enforced_flow;
mod initial_access;
mod introspection;
mod json_registration;
mod layers;
mod limits;
mod login;
mod logout;
mod logout_notices;
mod lost_updates;
mod mail;
mod mail_security;
mod many_users;
mod nodes;
mod nodes_registration;
mod operations;
mod organizations;
mod otp;
mod own_account;
mod own_console;
mod own_registration_policies;
mod partial_import;
mod password_policy;
mod people;
mod profile_scopes;
mod pushed_requests;
mod realm_moves;
mod recovery;
mod recovery_codes;
mod refresh;
mod registered_tokens;
mod registration;
mod registration_events;
mod registration_input;
mod registration_limits;
mod registration_policies;
mod registration_providers;
mod representation_registration;
mod request_objects;
mod requested_claims;
mod resource_indicators;
mod secret_key;
mod secret_rotation;
mod sso;
mod statements;
mod step_up;
mod store;
#[allow(dead_code, reason = "each promise uses what it needs")]
mod support;
mod token;
mod verification;
