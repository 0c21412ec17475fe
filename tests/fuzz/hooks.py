"""What Schemathesis needs to know of us: a realm in which all that can be named is there, its ids, and what counts as a fault.

Loaded by `run.sh` through SCHEMATHESIS_HOOKS. Every operation meets the realm whole: it is made anew after each that changed
something. Nothing is done to the realm `master`, in which the administrator is.
"""

import os
import random
import sys

import schemathesis

sys.path.insert(0, os.path.dirname(__file__))
from realm import Server, is_fault  # noqa: E402

luck = random.Random(int(os.environ.get("SEED", "1")))
server = Server()


def kind(name, path):
    """What a path's parameter names."""
    before = path.split("{" + name + "}")[0]
    if name == "alias":
        return "provider" if "identity-provider" in path else "action"
    if name == "id":
        for part, what in [
            ("/flows/", "flow"),
            ("/config/", "config"),
            ("/components/", "component"),
            ("/clients-initial-access/", "token"),
            ("/identity-provider/", "provider-mapper"),
            ("/client-scopes/", "scope-mapper"),
            ("/client-templates/", "scope-mapper"),
            ("/clients/", "client-mapper"),
        ]:
            if part in before:
                return what
    return {
        "user-id": "user",
        "userId": "user",
        "member-id": "user",
        "client-id": "client",
        "client-uuid": "client",
        "client": "client",
        "clientUuid": "client",
        "targetClientUuid": "client",
        "roleContainerId": "client",
        "client-scope-id": "scope",
        "clientScopeId": "scope",
        "group-id": "group",
        "groupId": "group",
        "role-id": "role",
        "role-name": "role-name",
        "executionId": "execution",
        "flowAlias": "flow-alias",
        "org-id": "organization",
        "realm": "realm",
    }.get(name)


FIXED = {
    "attr": ["jwt.credential", "saml.signing"],
    "credentialId": ["credential-1", "credential-2"],
    "newPreviousCredentialId": ["credential-1"],
    "key": ["greeting"],
    "locale": ["en", "de"],
    "node": ["node.example.com"],
    "path": ["staff", "staff/night"],
    "protocol": ["openid-connect", "saml"],
    "providerId": ["keycloak-oidc-keycloak-json", "auth-cookie", "identity-provider-redirector"],
    "provider_id": ["oidc", "google", "saml"],
    "provider": ["elsewhere"],
}


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = (case.operation.method, case.operation.path)
    if server.changed and server.operation != operation:
        server.renew()
    server.operation = operation
    for name in case.path_parameters or {}:
        good = FIXED.get(name) or server.ids.get(kind(name, case.operation.path) or "", [])
        if good and (name == "realm" or luck.random() < 0.8):
            case.path_parameters[name] = luck.choice(good)
    case.headers["Authorization"] = server.bearer()


@schemathesis.hook
def after_call(context, case, response):
    if is_fault(response):
        note(case, f"{response.status_code} {response.text[:200]}")
    if case.operation.method.upper() != "GET" and response.status_code < 300:
        server.changed = True


@schemathesis.hook
def after_network_error(context, case, request):
    note(case, "no answer")


def note(case, what):
    """Keeps a fault as it was met, in the file that FAULTS names: the summary at the end shows one of each kind only."""
    if "FAULTS" in os.environ:
        with open(os.environ["FAULTS"], "a", encoding="utf-8") as file:
            query = f" ?{case.query}" if case.query else ""
            print(f"{case.method} {case.formatted_path}{query} {str(case.body)[:2000]}\n    {what}", file=file)


@schemathesis.check
def no_fault(context, response, case):
    """Nothing that a caller sends is the server's fault."""
    if is_fault(response):
        raise AssertionError(f"{response.status_code} {response.text[:300]}")
