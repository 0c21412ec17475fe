"""The server that is fuzzed, found in BASE, ADMIN and PASSWORD, and a realm in it with one of everything, and ids of ours."""

import os
import time

import requests

BASE = os.environ["BASE"]
ADMIN = os.environ["ADMIN"]
PASSWORD = os.environ["PASSWORD"]
REALM = "fuzz"
HANGS_AFTER = 10  # seconds

session = requests.Session()


def realm():
    """The realm as it is made: one of everything, with ids of ours."""
    mapper = {
        "name": "nickname",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": {"user.attribute": "nickname", "claim.name": "nickname", "access.token.claim": "true"},
    }
    people = [
        {
            "id": f"user-{n}",
            "username": f"person-{n}",
            "email": f"person-{n}@example.com",
            "firstName": "Ada",
            "lastName": "Lovelace",
            "enabled": True,
            "groups": ["/staff", "/staff/night"],
            "realmRoles": ["clerk"],
            "clientRoles": {"shop": ["buyer"]},
            "credentials": [
                {"id": f"credential-{n}", "type": "password", "value": "StrongPass123!"},
            ],
            "federatedIdentities": [{"identityProvider": "elsewhere", "userId": f"far-{n}", "userName": f"far-{n}"}],
        }
        for n in (1, 2)
    ]
    return {
        "id": REALM,
        "realm": REALM,
        "enabled": True,
        "organizationsEnabled": True,
        "registrationAllowed": True,
        "eventsEnabled": True,
        "adminEventsEnabled": True,
        "internationalizationEnabled": True,
        "supportedLocales": ["en", "de"],
        "localizationTexts": {"en": {"greeting": "Hello"}},
        "roles": {
            "realm": [
                {"id": "role-1", "name": "clerk", "composite": True, "composites": {"realm": ["reader"], "client": {"shop": ["buyer"]}}},
                {"id": "role-2", "name": "reader"},
            ],
            "client": {"shop": [{"id": "role-3", "name": "buyer"}, {"id": "role-4", "name": "seller"}]},
        },
        "groups": [
            {
                "id": "group-1",
                "name": "staff",
                "realmRoles": ["reader"],
                "subGroups": [{"id": "group-2", "name": "night", "clientRoles": {"shop": ["seller"]}}],
            }
        ],
        "clients": [
            {
                "id": "client-1",
                "clientId": "shop",
                "secret": "shop-secret-of-the-fuzzed-realm",
                "redirectUris": ["https://shop.example.com/*"],
                "serviceAccountsEnabled": True,
                "directAccessGrantsEnabled": True,
                "protocolMappers": [{"id": "mapper-1", **mapper}],
                "registeredNodes": {"node.example.com": 1},
            },
            {"id": "client-2", "clientId": "page", "publicClient": True, "redirectUris": ["https://page.example.com/*"]},
        ],
        "users": people,
        "identityProviders": [
            {"alias": "elsewhere", "internalId": "provider-1", "providerId": "oidc", "enabled": True, "config": {"clientId": "us"}}
        ],
        "identityProviderMappers": [
            {
                "id": "idp-mapper-1",
                "name": "role",
                "identityProviderAlias": "elsewhere",
                "identityProviderMapper": "oidc-hardcoded-role-idp-mapper",
                "config": {"role": "clerk", "syncMode": "INHERIT"},
            }
        ],
        # A key that is made at once.
        "components": {
            "org.keycloak.keys.KeyProvider": [
                {"id": "component-1", "name": "ecdsa", "providerId": "ecdsa-generated", "config": {"priority": ["100"]}},
                {"id": "component-2", "name": "hmac", "providerId": "hmac-generated", "config": {"algorithm": ["HS512"]}},
            ]
        },
    }


class Server:
    """The administrator's token, the realm, and the ids of what is in it."""

    def __init__(self):
        self.token, self.until = "", 0.0
        self.ids = {}
        self.operation = None
        self.changed = True

    def bearer(self):
        if time.monotonic() > self.until:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": PASSWORD}
            answer = session.post(f"{BASE}/realms/master/protocol/openid-connect/token", data=form, timeout=HANGS_AFTER)
            answer.raise_for_status()
            self.token, self.until = answer.json()["access_token"], time.monotonic() + 30
        return f"Bearer {self.token}"

    def call(self, method, path, body=None):
        headers = {"Authorization": self.bearer()}
        return session.request(method, f"{BASE}/admin/realms{path}", json=body, headers=headers, timeout=HANGS_AFTER)

    def make(self, method, path, body):
        """Makes something; its id, or nothing where there is no such thing on this server."""
        answer = self.call(method, path, body)
        return answer.headers.get("Location", "").rsplit("/", 1)[-1] if answer.ok else None

    def renew(self):
        self.call("DELETE", f"/{REALM}")
        for other in self.call("GET", "?briefRepresentation=true").json():
            if other["realm"] != "master":
                self.call("DELETE", "/" + requests.utils.quote(other["realm"], safe=""))
        answer = self.call("POST", "", realm())
        assert answer.status_code == 201, f"the realm cannot be made: {answer.status_code} {answer.text}"
        self.call("POST", f"/{REALM}/authentication/flows/browser/copy", {"newName": "mine"})
        flows = self.call("GET", f"/{REALM}/authentication/flows").json()
        executions = self.call("GET", f"/{REALM}/authentication/flows/mine/executions").json()
        config = self.make("POST", f"/{REALM}/authentication/executions/{executions[0]['id']}/config", {"alias": "a", "config": {"x": "y"}})
        scopes = self.call("GET", f"/{REALM}/client-scopes").json()
        profile = next(scope for scope in scopes if scope["name"] == "profile")
        tokens = self.call("POST", f"/{REALM}/clients-initial-access", {"count": 1}).json()
        organization = self.make("POST", f"/{REALM}/organizations", {"name": "acme", "domains": [{"name": "acme.example"}]})
        self.ids = {
            "realm": [REALM],
            "user": ["user-1", "user-2"],
            "client": ["client-1", "client-2"],
            "role": ["role-1", "role-2", "role-3"],
            "role-name": ["clerk", "reader", "buyer"],
            "group": ["group-1", "group-2"],
            "scope": [profile["id"], scopes[0]["id"]],
            "scope-mapper": [mapper["id"] for mapper in profile["protocolMappers"]][:3],
            "client-mapper": ["mapper-1"],
            "provider": ["elsewhere"],
            "provider-mapper": ["idp-mapper-1"],
            "component": ["component-1", "component-2"],
            "flow": [flow["id"] for flow in flows if flow["alias"] in ("mine", "browser")],
            "flow-alias": ["mine", "browser"],
            "execution": [execution["id"] for execution in executions],
            "config": [config] if config else [],
            "action": ["UPDATE_PASSWORD", "CONFIGURE_TOTP"],
            "token": [tokens["id"]],
            "organization": [organization] if organization else [],
        }
        self.changed = False


def is_fault(response):
    """Nothing that a caller sends is the server's fault: 5xx. Two are Keycloak's answers for something else: 501 for a feature
    that is off, and 500 where a mail server that was named does not take a mail."""
    if response.status_code == 501 or (response.status_code == 500 and "Failed to send" in response.text):
        return False
    return response.status_code >= 500
