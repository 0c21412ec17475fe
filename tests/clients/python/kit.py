"""The server that the tests talk to, found in BASE, ADMIN and PASSWORD, and a new realm in it."""

import os

from keycloak import KeycloakAdmin

BASE = os.environ["BASE"]
PASSWORD = "StrongPass123!"


def new_realm(name):
    """An administrator's client, turned to a realm that has just been made."""
    admin = KeycloakAdmin(server_url=BASE, username=os.environ["ADMIN"], password=os.environ["PASSWORD"], realm_name="master")
    if any(realm["realm"] == name for realm in admin.get_realms()):
        admin.delete_realm(name)
    admin.create_realm({"realm": name, "enabled": True})
    admin.change_current_realm(name)
    return admin
