"""Good bodies with one member of them replaced by what does not fit, for whatever can be written: no 5xx, no hang.

Schemathesis makes bodies from nothing, which are mostly refused at the door; these come further in.
"""

import copy
import sys

import requests

from realm import HANGS_AFTER, REALM, Server, is_fault, realm

MISFITS = [None, [None], {"x": None}, {"x": [None]}, {}, [], [[]], [{}], "", "x" * 300, "a\x00b", "😀", "%00/..", -1, 2**31, 2**40, 1.5, True]
MEMBERS = 140  # of one body, at most

MAPPER = {"name": "m", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper", "config": {"claim.name": "c"}}
STEP = {"authenticator": "auth-cookie", "requirement": "REQUIRED", "priority": 1}


def bodies(server):
    """`(method, path below the realm, a good body)`."""
    ids = server.ids

    def got(path):
        return server.call("GET", f"/{REALM}{path}").json()

    def back(*paths):
        return [("PUT", path, got(path)) for path in paths]

    scope, flow, config, execution = (ids[kind][0] for kind in ("scope", "flow", "config", "execution"))
    actions = "/authentication/required-actions/UPDATE_PASSWORD"
    clerk, buyer = [got("/roles/clerk")], [got("/clients/client-1/roles/buyer")]
    new = realm()
    yield from back("", "/users/user-1", "/groups/group-1", "/roles/clerk", "/roles-by-id/role-1", "/clients/client-1")
    yield from back("/clients/client-1/roles/buyer", "/clients/client-1/protocol-mappers/models/mapper-1", f"/client-scopes/{scope}")
    yield from back("/components/component-1", "/identity-provider/instances/elsewhere", "/events/config", "/users/profile")
    yield from back("/identity-provider/instances/elsewhere/mappers/idp-mapper-1", f"/authentication/flows/{flow}", actions)
    yield from [
        ("POST", "/users", {**new["users"][0], "id": None, "username": "new", "email": "new@example.com"}),
        ("POST", "/groups", {"name": "new", "attributes": {"a": ["b"]}, "realmRoles": ["clerk"]}),
        ("POST", "/groups/group-1/children", {"name": "new", "attributes": {"a": ["b"]}}),
        ("POST", "/roles", {"name": "new", "attributes": {"a": ["b"]}, "composites": {"realm": ["clerk"], "client": {"shop": ["buyer"]}}}),
        ("POST", "/clients", {**new["clients"][0], "id": "new", "clientId": "new", "attributes": {"a": "b"}, "protocolMappers": [MAPPER]}),
        ("POST", "/clients/client-1/protocol-mappers/models", MAPPER),
        ("POST", "/clients/client-1/protocol-mappers/add-models", [MAPPER]),
        ("POST", "/clients/client-1/scope-mappings/realm", clerk),
        ("POST", "/clients/client-1/nodes", {"node": "a.example.com"}),
        ("POST", "/client-scopes", {"name": "new", "protocol": "openid-connect", "attributes": {"a": "b"}, "protocolMappers": [MAPPER]}),
        ("POST", "/components", {**new["components"]["org.keycloak.keys.KeyProvider"][1], "id": "new", "providerType": "org.keycloak.keys.KeyProvider"}),
        ("POST", "/identity-provider/instances", {"alias": "new", "providerId": "oidc", "config": {"clientId": "us"}}),
        ("POST", "/identity-provider/instances/elsewhere/mappers", {**new["identityProviderMappers"][0], "id": "new", "name": "new"}),
        ("POST", "/identity-provider/import-config", {"providerId": "oidc", "fromUrl": "http://127.0.0.1:1/"}),
        ("POST", "/authentication/flows", {"alias": "new", "providerId": "basic-flow", "topLevel": True, "authenticationExecutions": [STEP]}),
        ("POST", "/authentication/flows/mine/copy", {"newName": "new"}),
        ("POST", "/authentication/flows/mine/executions/execution", {"provider": "auth-cookie", "priority": 3}),
        ("POST", "/authentication/flows/mine/executions/flow", {"alias": "new", "type": "basic-flow", "description": "d", "priority": 1}),
        ("PUT", "/authentication/flows/mine/executions", got("/authentication/flows/mine/executions")[0]),
        ("POST", "/authentication/executions", {**STEP, "parentFlow": flow}),
        ("POST", f"/authentication/executions/{execution}/config", {"alias": "new", "config": {"x": "y"}}),
        ("PUT", f"/authentication/config/{config}", {"alias": "a", "config": {"x": "y"}}),
        ("PUT", f"{actions}/config", {"config": {"max_auth_age": "3"}}),
        ("POST", "/authentication/register-required-action", {"providerId": "TERMS_AND_CONDITIONS", "name": "Terms"}),
        ("PUT", "/client-policies/policies", {"policies": [{"name": "p", "enabled": True, "conditions": [{"condition": "any-client", "configuration": {}}], "profiles": []}]}),
        ("PUT", "/client-policies/profiles", {"profiles": [{"name": "p", "executors": [{"executor": "pkce-enforcer", "configuration": {"auto-configure": "true"}}]}]}),
        ("POST", "/localization/en", {"a": "b"}),
        ("POST", "/clients-initial-access", {"count": 1, "expiration": 1, "webOrigins": ["https://a.example.com"]}),
        ("PUT", "/users/user-1/reset-password", {"type": "password", "value": "x", "temporary": True}),
        ("PUT", "/users/user-1/execute-actions-email", ["UPDATE_PASSWORD"]),
        ("POST", "/users/user-2/federated-identity/elsewhere", {"identityProvider": "elsewhere", "userId": "1", "userName": "2"}),
        ("POST", "/users/user-1/role-mappings/realm", clerk),
        ("DELETE", "/users/user-1/role-mappings/realm", clerk),
        ("POST", "/users/user-1/role-mappings/clients/client-1", buyer),
        ("POST", "/roles/reader/composites", clerk),
        ("DELETE", "/roles/clerk/composites", clerk),
        (
            "POST",
            "/partialImport",
            {
                "ifResourceExists": "OVERWRITE",
                "users": [{"username": "new", "realmRoles": ["clerk"], "attributes": {"a": ["b"]}, "credentials": [{"type": "password", "value": "x"}]}],
                "groups": [{"name": "new", "path": "/new", "attributes": {"a": ["b"]}}],
                "roles": {"realm": [{"name": "new"}], "client": {"shop": [{"name": "new"}]}},
                "clients": [{"clientId": "new"}],
                "identityProviders": [{"alias": "new", "providerId": "oidc", "config": {}}],
            },
        ),
        ("POST", "/organizations", {"name": "new", "domains": [{"name": "new.example", "verified": True}], "attributes": {"a": ["b"]}}),
    ]
    for organization in ids["organization"]:
        yield from back(f"/organizations/{organization}")
        yield "POST", f"/organizations/{organization}/groups", {"name": "new", "attributes": {"a": ["b"]}}


def members(value, above=()):
    """The way to each member of a body."""
    if above:
        yield above
    below = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, inner in below:
        yield from members(inner, (*above, name))


def replaced(body, way, misfit):
    body = copy.deepcopy(body)
    inner = body
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = misfit
    return body


def main():
    server = Server()
    server.renew()
    sent, faults = 0, 0
    for number in range(len(list(bodies(server)))):
        # Ids differ after each renewal, so the bodies are asked for anew.
        server.renew()
        method, path, body = list(bodies(server))[number]
        for way in [(), *list(members(body))[:MEMBERS]]:
            for misfit in MISFITS:
                try:
                    answer = server.call(method, f"/{REALM}{path}", replaced(body, way, misfit) if way else misfit)
                    fault = answer.text[:200] if is_fault(answer) else None
                except requests.RequestException:
                    fault = f"no answer in {HANGS_AFTER} s"
                sent += 1
                if fault:
                    faults += 1
                    print(f"{method} {path} with {way} = {str(misfit)[:40]!r}: {fault}", flush=True)
    server.call("DELETE", f"/{REALM}")
    print(f"mutations: {sent - faults} passed, {faults} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
