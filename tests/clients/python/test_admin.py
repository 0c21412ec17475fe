"""`KeycloakAdmin` of python-keycloak, unmodified."""

import unittest

from keycloak.exceptions import KeycloakDeleteError, KeycloakError, KeycloakGetError, KeycloakPostError, KeycloakPutError

from kit import PASSWORD, new_realm

REALM = "python-admin"


def names(items):
    return sorted(item["name"] for item in items)


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.admin = new_realm(REALM)

    @classmethod
    def tearDownClass(cls):
        cls.admin.delete_realm(REALM)

    def refused(self, status, call, *args, **kwargs):
        with self.assertRaises(KeycloakError) as refusal:
            call(*args, **kwargs)
        self.assertEqual(refusal.exception.response_code, status, str(refusal.exception))

    def person(self, username, **more):
        names = {"email": f"{username}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
        user = self.admin.create_user({"username": username, "enabled": True, **names, **more})
        self.addCleanup(lambda: self.quietly(self.admin.delete_user, user))
        return user

    @staticmethod
    def quietly(call, *args):
        try:
            call(*args)
        except KeycloakDeleteError:
            pass

    def test_realms(self):
        admin = self.admin
        self.assertIn(REALM, [realm["realm"] for realm in admin.get_realms()])
        admin.update_realm(REALM, {"displayName": "By Python", "eventsEnabled": True, "adminEventsEnabled": True})
        self.assertEqual(admin.get_realm(REALM)["displayName"], "By Python")
        self.assertIn("RS256", admin.get_keys()["active"])
        self.assertTrue(admin.get_server_info()["systemInfo"]["version"].startswith("26."))
        self.refused(404, admin.get_realm, "no-such-realm")
        self.assertEqual(admin.export_realm(export_clients=True, export_groups_and_role=True)["realm"], REALM)
        result = admin.partial_import_realm(REALM, {"ifResourceExists": "SKIP", "roles": {"realm": [{"name": "from-file"}]}})
        self.assertEqual(result["added"], 1)
        admin.set_events({"eventsEnabled": True, "eventsListeners": ["jboss-logging"]})
        self.assertIsInstance(admin.get_events({"max": 5}), list)
        self.assertTrue(admin.get_admin_events({"operationTypes": "UPDATE"}))
        for clear in (admin.clear_keys_cache, admin.clear_realm_cache, admin.clear_user_cache):
            clear()

    def test_users(self):
        admin = self.admin
        user = self.person("grace", attributes={"locale": ["en"]})
        self.assertEqual(admin.create_user({"username": "grace"}, exist_ok=True), user)
        self.refused(409, admin.create_user, {"username": "grace"})
        self.assertEqual(admin.get_user_id("grace"), user)
        self.assertIsNone(admin.get_user_id("nobody"))
        admin.update_user(user, {"lastName": "Hopper"})
        self.assertEqual(admin.get_user(user, user_profile_metadata=True)["lastName"], "Hopper")
        self.assertEqual([one["id"] for one in admin.get_users({"search": "hopper", "max": 10})], [user])
        self.assertEqual(admin.users_count({"search": "hopper"}), 1)
        admin.disable_user(user)
        self.assertFalse(admin.get_user(user)["enabled"])
        admin.enable_user(user)
        admin.disable_all_users()
        admin.enable_all_users()
        self.assertTrue(admin.get_user(user)["enabled"])
        admin.set_user_password(user, PASSWORD, temporary=False)
        (credential,) = admin.get_credentials(user)
        self.assertEqual(credential["type"], "password")
        admin.delete_credential(user, credential["id"])
        self.assertEqual(admin.get_credentials(user), [])
        self.assertEqual(admin.get_sessions(user), [])
        self.assertEqual(admin.user_consents(user), [])
        self.refused(404, admin.revoke_consent, user, "account")
        admin.user_logout(user)
        self.assertEqual(admin.get_bruteforce_detection_status(user)["numFailures"], 0)
        admin.clear_bruteforce_attempts_for_user(user)
        admin.clear_all_bruteforce_attempts()
        self.assertEqual(admin.get_user_organizations(user) if admin.get_realm(REALM)["organizationsEnabled"] else [], [])
        admin.delete_user(user)
        self.refused(404, admin.get_user, user)

    def test_the_profile(self):
        admin = self.admin
        profile = admin.get_realm_users_profile()
        changed = admin.update_realm_users_profile({**profile, "unmanagedAttributePolicy": "ENABLED"})
        self.assertEqual(changed["unmanagedAttributePolicy"], "ENABLED")
        user = self.person("free", attributes={"anything": ["goes"]})
        self.assertEqual(admin.get_user(user)["attributes"], {"anything": ["goes"]})
        admin.update_realm_users_profile(profile)

    def test_groups(self):
        admin = self.admin
        staff = admin.create_group({"name": "staff", "attributes": {"a": ["b"]}})
        self.assertIsNone(admin.create_group({"name": "staff"}, skip_exists=True))
        self.refused(409, admin.create_group, {"name": "staff"})
        night = admin.create_group({"name": "night"}, parent=staff)
        self.assertEqual(names(admin.get_groups({"search": "staff"})), ["staff"])
        self.assertEqual(names(admin.get_groups(full_hierarchy=True)[0]["subGroups"]), ["night"])
        self.assertEqual(admin.get_group(staff, full_hierarchy=True)["subGroups"][0]["id"], night)
        self.assertEqual(admin.get_group_by_path("/staff/night")["id"], night)
        self.assertEqual(names(admin.get_group_children(staff)), ["night"])
        self.assertEqual(admin.groups_count()["count"], 2)
        admin.update_group(night, {"name": "late"})
        user = self.person("worker")
        admin.group_user_add(user, night)
        self.assertEqual([one["username"] for one in admin.get_group_members(night)], ["worker"])
        self.assertEqual(names(admin.get_user_groups(user)), ["late"])
        admin.group_user_remove(user, night)
        self.assertEqual(admin.get_user_groups(user), [])
        role = admin.get_realm_role("offline_access")
        admin.assign_group_realm_roles(staff, [role])
        self.assertEqual(names(admin.get_group_realm_roles(staff)), ["offline_access"])
        self.assertEqual(names(admin.get_realm_role_groups("offline_access")), ["staff"])
        admin.delete_group_realm_roles(staff, [role])
        account = admin.get_client_id("account")
        view = admin.get_client_role(account, "view-groups")
        admin.assign_group_client_roles(staff, account, [view])
        self.assertEqual(names(admin.get_group_client_roles(staff, account)), ["view-groups"])
        self.assertEqual(names(admin.get_composite_client_roles_of_group(account, staff)), ["view-groups"])
        self.assertEqual(names(admin.get_client_role_groups(account, "view-groups")), ["staff"])
        admin.delete_group_client_roles(staff, account, [view])
        admin.delete_group(staff)
        self.refused(404, admin.get_group, night)

    def test_roles(self):
        admin = self.admin
        admin.create_realm_role({"name": "outer", "description": "d"})
        admin.create_realm_role({"name": "inner"})
        self.assertEqual(admin.create_realm_role({"name": "inner"}, skip_exists=True), "inner")
        self.refused(409, admin.create_realm_role, {"name": "inner"})
        outer, inner = admin.get_realm_role("outer"), admin.get_realm_role("inner")
        self.assertEqual(admin.get_realm_role_by_id(outer["id"])["name"], "outer")
        self.assertEqual(names(admin.get_realm_roles(search_text="inn")), ["inner"])
        admin.add_composite_realm_roles_to_role("outer", [inner])
        self.assertEqual(names(admin.get_composite_realm_roles_of_role("outer")), ["inner"])
        self.assertEqual(names(admin.get_role_composites_by_id(outer["id"])), ["inner"])
        user = self.person("holder")
        admin.assign_realm_roles(user, [outer])
        self.assertIn("inner", names(admin.get_composite_realm_roles_of_user(user)))
        self.assertIn("outer", names(admin.get_realm_roles_of_user(user)))
        self.assertNotIn("outer", names(admin.get_available_realm_roles_of_user(user)))
        self.assertEqual([one["id"] for one in admin.get_realm_role_members("outer")], [user])
        self.assertIn("realmMappings", admin.get_all_roles_of_user(user))
        admin.delete_realm_roles_of_user(user, [outer])
        admin.remove_composite_realm_roles_to_role("outer", [inner])
        admin.update_realm_role("inner", {**inner, "name": "core"})
        admin.update_role_by_id(outer["id"], {**outer, "description": "changed"})
        self.assertEqual(admin.get_role_by_id(outer["id"])["description"], "changed")
        admin.add_realm_default_roles([outer])
        self.assertIn("outer", names(admin.get_realm_default_roles()))
        admin.remove_realm_default_roles([outer])
        admin.delete_role_by_id(outer["id"])
        admin.delete_realm_role("core")
        self.refused(404, admin.get_realm_role, "core")

    def test_clients(self):
        admin = self.admin
        client = admin.create_client({"clientId": "till", "serviceAccountsEnabled": True, "redirectUris": ["https://till.example.com/*"]})
        self.assertEqual(admin.create_client({"clientId": "till"}, skip_exists=True), client)
        self.assertEqual(admin.get_client_id("till"), client)
        self.assertIn("till", [one["clientId"] for one in admin.get_clients()])
        admin.update_client(client, {**admin.get_client(client), "name": "The till"})
        self.assertEqual(admin.get_client(client)["name"], "The till")
        self.assertEqual(admin.generate_client_secrets(client)["value"], admin.get_client_secrets(client)["value"])
        self.assertEqual(admin.get_client_service_account_user(client)["username"], "service-account-till")
        self.assertEqual(admin.get_client_installation_provider(client, "keycloak-oidc-keycloak-json")["resource"], "till")
        self.assertEqual(admin.get_client_all_sessions(client), [])
        self.assertIsInstance(admin.get_client_sessions_stats(), list)
        self.assertEqual(admin.get_client_certificate_key_info(client, "jwt.credential"), {})

        admin.create_client_role(client, {"name": "cashier"})
        admin.create_client_role(client, {"name": "chief"})
        cashier, chief = admin.get_client_role(client, "cashier"), admin.get_client_role(client, "chief")
        self.assertEqual(admin.get_client_role_id(client, "cashier"), cashier["id"])
        self.assertEqual(names(admin.get_client_roles(client)), ["cashier", "chief"])
        admin.add_composite_client_roles_to_role(client, "chief", [cashier])
        self.assertEqual(names(admin.get_composite_client_roles_of_role(client, "chief")), ["cashier"])
        self.assertEqual(names(admin.get_role_client_level_children(client, chief["id"])), ["cashier"])
        user = self.person("at-the-till")
        admin.assign_client_role(user, client, [chief])
        self.assertEqual(names(admin.get_client_roles_of_user(user, client)), ["chief"])
        self.assertEqual(names(admin.get_composite_client_roles_of_user(user, client)), ["cashier", "chief"])
        self.assertEqual(names(admin.get_available_client_roles_of_user(user, client)), ["cashier"])
        self.assertEqual([one["id"] for one in admin.get_client_role_members(client, "chief")], [user])
        admin.delete_client_roles_of_user(user, client, [chief])
        admin.remove_composite_client_roles_from_role(client, "chief", [cashier])
        admin.update_client_role(client, "chief", {**chief, "description": "d"})
        admin.delete_client_role(client, "chief")

        role = admin.get_realm_role("offline_access")
        admin.assign_realm_roles_to_client_scope(client, [role])
        self.assertEqual(names(admin.get_realm_roles_of_client_scope(client)), ["offline_access"])
        admin.delete_realm_roles_of_client_scope(client, [role])
        admin.assign_client_roles_to_client_scope(client, client, [cashier])
        self.assertEqual(names(admin.get_client_roles_of_client_scope(client, client)), ["cashier"])
        admin.delete_client_roles_of_client_scope(client, client, [cashier])
        admin.delete_client(client)
        self.refused(404, admin.get_client, client)

    def test_client_scopes_and_mappers(self):
        admin = self.admin
        mapper = {
            "name": "fixed",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-hardcoded-claim-mapper",
            "config": {"claim.name": "fixed", "claim.value": "1"},
        }
        scope = admin.create_client_scope({"name": "extra", "protocol": "openid-connect"})
        self.assertEqual(admin.get_client_scope_by_name("extra")["id"], scope)
        admin.update_client_scope(scope, {**admin.get_client_scope(scope), "description": "more"})
        admin.add_mapper_to_client_scope(scope, mapper)
        (added,) = admin.get_mappers_from_client_scope(scope)
        admin.update_mapper_in_client_scope(scope, added["id"], {**added, "config": {**added["config"], "claim.value": "2"}})
        self.assertEqual(admin.get_mappers_from_client_scope(scope)[0]["config"]["claim.value"], "2")
        admin.delete_mapper_from_client_scope(scope, added["id"])
        account = admin.get_client_id("account")
        view = admin.get_client_role(account, "view-profile")
        admin.add_client_specific_roles_to_client_scope(scope, account, [view])
        self.assertEqual(names(admin.get_client_specific_roles_of_client_scope(scope, account)), ["view-profile"])
        self.assertIn("clientMappings", admin.get_all_roles_of_client_scope(scope))
        admin.remove_client_specific_roles_of_client_scope(scope, account, [view])

        client = admin.create_client({"clientId": "scoped"})
        body = {"realm": REALM, "client": client, "clientScopeId": scope}
        admin.add_client_default_client_scope(client, scope, body)
        self.assertIn("extra", names(admin.get_client_default_client_scopes(client)))
        admin.delete_client_default_client_scope(client, scope)
        admin.add_client_optional_client_scope(client, scope, body)
        self.assertIn("extra", names(admin.get_client_optional_client_scopes(client)))
        admin.delete_client_optional_client_scope(client, scope)
        admin.add_mapper_to_client(client, mapper)
        (added,) = admin.get_mappers_from_client(client)
        admin.update_client_mapper(client, added["id"], {**added, "config": {**added["config"], "claim.value": "3"}})
        self.assertEqual(admin.get_mappers_from_client(client)[0]["config"]["claim.value"], "3")
        admin.remove_client_mapper(client, added["id"])
        admin.delete_client(client)

        admin.add_default_default_client_scope(scope)
        self.assertIn("extra", names(admin.get_default_default_client_scopes()))
        admin.delete_default_default_client_scope(scope)
        admin.add_default_optional_client_scope(scope)
        self.assertIn("extra", names(admin.get_default_optional_client_scopes()))
        admin.delete_default_optional_client_scope(scope)
        admin.delete_client_scope(scope)

    def test_flows(self):
        admin = self.admin
        admin.create_authentication_flow({"alias": "ours", "providerId": "basic-flow", "topLevel": True, "builtIn": False})
        flow = next(one for one in admin.get_authentication_flows() if one["alias"] == "ours")
        self.assertEqual(admin.get_authentication_flow_for_id(flow["id"])["alias"], "ours")
        admin.update_authentication_flow(flow["id"], {**flow, "description": "ours indeed"})
        admin.copy_authentication_flow({"newName": "copied"}, "browser")
        admin.create_authentication_flow_execution({"provider": "auth-cookie"}, "ours")
        admin.create_authentication_flow_execution({"provider": "identity-provider-redirector"}, "ours")
        admin.create_authentication_flow_subflow({"alias": "sub", "type": "basic-flow", "description": "", "provider": "registration-page-form"}, "ours")
        first, second, _ = admin.get_authentication_flow_executions("ours")
        self.assertEqual(admin.get_authentication_flow_execution(first["id"])["authenticator"], "auth-cookie")
        admin.update_authentication_flow_executions({**first, "requirement": "ALTERNATIVE"}, "ours")
        admin.change_execution_priority(second["id"], 1)
        self.assertEqual(admin.get_authentication_flow_executions("ours")[0]["id"], second["id"])
        admin.create_execution_config(second["id"], {"alias": "set", "config": {"defaultProvider": "far"}})
        config = admin.get_authentication_flow_executions("ours")[0]["authenticationConfig"]
        admin.update_authenticator_config({**admin.get_authenticator_config(config), "config": {"defaultProvider": "near"}}, config)
        self.assertEqual(admin.get_authenticator_config(config)["config"], {"defaultProvider": "near"})
        admin.delete_authenticator_config(config)
        admin.delete_authentication_flow_execution(first["id"])
        self.assertTrue(admin.get_authenticator_providers())
        self.assertTrue(admin.get_authenticator_provider_config_description("identity-provider-redirector")["properties"])
        for one in admin.get_authentication_flows():
            if not one["builtIn"]:
                admin.delete_authentication_flow(one["id"])
        action = admin.get_required_action_by_alias("VERIFY_EMAIL")
        admin.update_required_action("VERIFY_EMAIL", {**action, "defaultAction": True})
        self.assertTrue(admin.get_required_action_by_alias("VERIFY_EMAIL")["defaultAction"])
        admin.update_required_action("VERIFY_EMAIL", action)
        self.assertTrue(admin.get_required_actions())

    def test_components(self):
        admin = self.admin
        component = {"name": "k", "providerId": "hmac-generated", "providerType": "org.keycloak.keys.KeyProvider", "config": {"priority": ["7"]}}
        key = admin.create_component(component)
        self.assertEqual(admin.get_component(key)["config"]["priority"], ["7"])
        admin.update_component(key, {**admin.get_component(key), "config": {"priority": ["8"]}})
        self.assertIn(key, [one["id"] for one in admin.get_components({"type": component["providerType"]})])
        admin.delete_component(key)

    def test_identity_providers(self):
        admin = self.admin
        admin.create_idp({"alias": "far", "providerId": "oidc", "config": {"clientId": "us", "clientSecret": "s"}})
        admin.update_idp("far", {**admin.get_idp("far"), "displayName": "Far away"})
        self.assertEqual([one["displayName"] for one in admin.get_idps()], ["Far away"])
        mapper = {"name": "role", "identityProviderAlias": "far", "identityProviderMapper": "oidc-hardcoded-role-idp-mapper", "config": {"role": "offline_access"}}
        admin.add_mapper_to_idp("far", mapper)
        (added,) = admin.get_idp_mappers("far")
        admin.update_mapper_in_idp("far", added["id"], {**added, "name": "roles"})
        self.assertEqual(names(admin.get_idp_mappers("far")), ["roles"])
        user = self.person("linked")
        admin.add_user_social_login(user, "far", "far-1", "linked-there")
        self.assertEqual([one["userId"] for one in admin.get_user_social_logins(user)], ["far-1"])
        admin.delete_user_social_login(user, "far")
        admin.delete_idp("far")
        self.refused(404, admin.get_idp, "far")

    def test_organizations(self):
        admin = self.admin
        admin.update_realm(REALM, {"organizationsEnabled": True})
        acme = admin.create_organization({"name": "acme", "domains": [{"name": "acme.example"}]})
        admin.update_organization(acme, {**admin.get_organization(acme), "description": "d"})
        self.assertEqual([one["id"] for one in admin.get_organizations({"search": "acme"})], [acme])
        user = self.person("wile")
        admin.organization_user_add(user, acme)
        self.assertEqual([one["username"] for one in admin.get_organization_members(acme)], ["wile"])
        self.assertEqual(admin.get_organization_members_count(acme), 1)
        self.assertEqual([one["id"] for one in admin.get_user_organizations(user)], [acme])
        admin.create_idp({"alias": "acme-idp", "providerId": "oidc", "config": {"clientId": "us"}})
        admin.organization_idp_add(acme, "acme-idp")
        self.assertEqual([one["alias"] for one in admin.get_organization_idps(acme)], ["acme-idp"])
        admin.organization_idp_remove(acme, "acme-idp")
        admin.delete_idp("acme-idp")
        admin.organization_user_remove(user, acme)
        admin.delete_organization(acme)
        self.refused(404, admin.get_organization, acme)

    def test_what_is_off(self):
        client = self.admin.get_client_id("account")
        self.refused(501, self.admin.get_client_management_permissions, client)
        self.refused(501, self.admin.get_client_authz_settings, client)


# A refusal of the client is one of these, by the method.
assert issubclass(KeycloakGetError, KeycloakError) and issubclass(KeycloakPostError, KeycloakError) and issubclass(KeycloakPutError, KeycloakError)

if __name__ == "__main__":
    unittest.main()
