"""Authlib and idpyoidc from PyPI, unmodified: they find the server, register themselves and get tokens."""

import html
import json
import re
import unittest
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from idpyoidc.client.rp_handler import RPHandler
from jwcrypto import jwk

from kit import BASE, PASSWORD, new_realm

REALM = "python-registering"
ISSUER = f"{BASE}/realms/{REALM}"
CALLBACK = "https://shop.example.com/callback"


def person(url):
    """Somebody signs in and agrees; gives the address that they are sent back to."""
    browser = requests.Session()

    def send(method, address, **more):
        # The cookies are for https and for this machine, which `requests` does not know.
        cookies = {cookie.name: cookie.value for cookie in browser.cookies}
        return browser.request(method, address, cookies=cookies, allow_redirects=False, timeout=10, **more)

    answer = send("GET", url)
    for _ in range(10):
        to = answer.headers.get("Location")
        if to and to.startswith(CALLBACK):
            return to
        if to:
            answer = send("GET", to)
            continue
        action = html.unescape(re.search(r'<form[^>]*action="([^"]*)"', answer.text).group(1))
        code = re.search(r'name="code" value="([^"]*)"', answer.text)
        form = {"code": code.group(1), "accept": "Yes"} if code else {"username": "ada", "password": PASSWORD}
        answer = send("POST", action if "://" in action else BASE + action, data=form)
    raise AssertionError(answer.text)


class Registering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.admin = new_realm(REALM)
        cls.admin.create_user(
            {
                "username": "ada",
                "email": "ada@example.com",
                "firstName": "Ada",
                "lastName": "Lovelace",
                "enabled": True,
                "emailVerified": True,
                "credentials": [{"type": "password", "value": PASSWORD}],
            }
        )
        cls.metadata = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()

    @classmethod
    def tearDownClass(cls):
        cls.admin.delete_realm(REALM)

    def initial_token(self, **more):
        url = f"admin/realms/{REALM}/clients-initial-access"
        asked = json.dumps({"count": 1, "expiration": 600, **more})
        return self.admin.connection.raw_post(url, data=asked).json()["token"]

    def register(self, **metadata):
        """By Authlib, with an initial access token."""
        session = OAuth2Session(token={"access_token": self.initial_token(), "token_type": "Bearer"})
        answer = session.post(self.metadata["registration_endpoint"], json={"client_name": "Authlib", **metadata})
        self.assertEqual(answer.status_code, 201, answer.text)
        return answer.json()

    def code_flow(self, session):
        url, _ = session.create_authorization_url(self.metadata["authorization_endpoint"], code_verifier="v" * 48)
        token = session.fetch_token(self.metadata["token_endpoint"], authorization_response=person(url), code_verifier="v" * 48)
        self.assertTrue(token["id_token"])
        who = session.get(self.metadata["userinfo_endpoint"]).json()
        self.assertEqual(who["preferred_username"], "ada")
        again = session.refresh_token(self.metadata["token_endpoint"], refresh_token=token["refresh_token"])
        self.assertNotEqual(again["access_token"], token["access_token"])

    def test_authlib_with_a_secret_and_without_one(self):
        for method in ("client_secret_basic", "client_secret_post", "none"):
            with self.subTest(method):
                made = self.register(redirect_uris=[CALLBACK], token_endpoint_auth_method=method, scope="openid profile email")
                session = OAuth2Session(
                    made["client_id"],
                    made.get("client_secret"),
                    token_endpoint_auth_method=method,
                    scope="openid profile email",
                    redirect_uri=CALLBACK,
                    code_challenge_method="S256",
                )
                self.code_flow(session)
                session = OAuth2Session(token={"access_token": made["registration_access_token"], "token_type": "Bearer"})
                shown = session.get(made["registration_client_uri"])
                self.assertEqual(shown.json()["client_name"], "Authlib")
                self.assertEqual(session.delete(made["registration_client_uri"]).status_code, 204)

    def test_authlib_signs_for_itself(self):
        grant = {"grant_types": ["client_credentials"]}
        made = self.register(token_endpoint_auth_method="client_secret_jwt", **grant)
        session = OAuth2Session(made["client_id"], made["client_secret"], token_endpoint_auth_method="client_secret_jwt")
        session.register_client_auth_method(ClientSecretJWT(self.metadata["token_endpoint"]))
        self.assertTrue(session.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")["access_token"])

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = {**jwk.JWK.from_pem(pem).export_public(as_dict=True), "use": "sig", "alg": "RS256"}
        made = self.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]}, **grant)
        session = OAuth2Session(made["client_id"], pem.decode(), token_endpoint_auth_method="private_key_jwt")
        session.register_client_auth_method(PrivateKeyJWT(self.metadata["token_endpoint"], headers={"kid": public["kid"]}))
        self.assertTrue(session.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")["access_token"])

    def test_idpyoidc_registers_by_itself(self):
        # It asks for no scope, and takes no answer that names others than `openid`: the initial access token says so.
        token = self.initial_token(defaults={"scope": "openid"})

        def send(method, url, **more):
            if url == self.metadata["registration_endpoint"]:
                more["headers"] = {**more.get("headers", {}), "Authorization": f"Bearer {token}"}
            return requests.request(method, url, **more)

        handler = RPHandler(
            "https://shop.example.com",
            client_configs={
                "": {
                    "issuer": ISSUER,
                    "client_type": "oidc",
                    "redirect_uris": [CALLBACK],
                    "response_types_supported": ["code"],
                }
            },
            httpc=send,
        )
        url = handler.begin(issuer_id=ISSUER)
        sent_back = {name: values[0] for name, values in parse_qs(urlsplit(person(url)).query).items()}
        outcome = handler.finalize(ISSUER, sent_back)
        self.assertTrue(outcome["userinfo"]["sub"])
        self.assertEqual(outcome["userinfo"]["sub"], outcome["id_token"]["sub"])
