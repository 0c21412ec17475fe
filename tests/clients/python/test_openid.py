"""`KeycloakOpenID` of python-keycloak, unmodified: discovery, tokens, userinfo, introspection, logout, registration of clients."""

import html
import re
import unittest

import requests
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakError, KeycloakPostError

from kit import BASE, PASSWORD, new_realm

REALM = "python-openid"
CALLBACK = "https://shop.example.com/callback"


class OpenID(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.admin = new_realm(REALM)
        cls.admin.create_client(
            {
                "clientId": "shop",
                "secret": "secret-of-the-shop",
                "redirectUris": [CALLBACK],
                "directAccessGrantsEnabled": True,
                "serviceAccountsEnabled": True,
                # Only those that a token is for may ask whether it is good.
                "protocolMappers": [
                    {
                        "name": "for the shop",
                        "protocol": "openid-connect",
                        "protocolMapper": "oidc-audience-mapper",
                        "config": {"included.client.audience": "shop", "access.token.claim": "true"},
                    }
                ],
            }
        )
        cls.user = cls.admin.create_user(
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
        cls.shop = KeycloakOpenID(server_url=BASE, realm_name=REALM, client_id="shop", client_secret_key="secret-of-the-shop")

    @classmethod
    def tearDownClass(cls):
        cls.admin.delete_realm(REALM)

    def test_discovery_and_keys(self):
        document = self.shop.well_known()
        self.assertEqual(document["issuer"], f"{BASE}/realms/{REALM}")
        keys = self.shop.certs()["keys"]
        self.assertTrue(any(key["alg"] == "RS256" and key["use"] == "sig" for key in keys))
        self.assertGreater(len(self.shop.public_key()), 300)

    def test_password_refresh_and_logout(self):
        tokens = self.shop.token("ada", PASSWORD)
        self.assertEqual(tokens["token_type"], "Bearer")
        claims = self.shop.decode_token(tokens["access_token"])
        self.assertEqual((claims["preferred_username"], claims["azp"]), ("ada", "shop"))
        self.assertEqual(self.shop.userinfo(tokens["access_token"])["email"], "ada@example.com")
        again = self.shop.refresh_token(tokens["refresh_token"])
        self.assertNotEqual(again["access_token"], tokens["access_token"])
        self.assertTrue(self.shop.introspect(again["access_token"])["active"])
        self.shop.logout(again["refresh_token"])
        self.assertFalse(self.shop.introspect(again["access_token"])["active"])
        with self.assertRaises(KeycloakPostError) as refusal:
            self.shop.refresh_token(again["refresh_token"])
        self.assertIn("invalid_grant", str(refusal.exception))

    def test_a_wrong_password(self):
        with self.assertRaises(KeycloakError) as refusal:
            self.shop.token("ada", "wrong")
        self.assertIn("invalid_grant", str(refusal.exception))

    def test_a_client_for_itself(self):
        tokens = self.shop.token(grant_type="client_credentials")
        self.assertEqual(self.shop.decode_token(tokens["access_token"])["client_id"], "shop")

    def test_the_browser(self):
        browser = requests.Session()
        address = self.shop.auth_url(redirect_uri=CALLBACK, scope="openid email", state="state-1", nonce="nonce-1")
        page = browser.get(address, timeout=10)
        action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
        # Cookies that are for https come along on localhost, as browsers see to it.
        cookies = {cookie.name: cookie.value for cookie in browser.cookies}
        answer = browser.post(action, data={"username": "ada", "password": PASSWORD}, cookies=cookies, allow_redirects=False, timeout=10)
        self.assertTrue(answer.headers["Location"].startswith(CALLBACK), answer.text)
        code = re.search(r"[?&]code=([^&]+)", answer.headers["Location"])[1]
        tokens = self.shop.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
        self.assertEqual(self.shop.decode_token(tokens["id_token"], check_claims={"aud": "shop"})["nonce"], "nonce-1")

    def test_the_registration_of_clients(self):
        # The client's own method for this takes no 201, which is what it is answered by every server.
        path = f"/admin/realms/{REALM}/clients-initial-access"
        token = self.admin.connection.raw_post(path, data='{"count": 1, "expiration": 60}').json()["token"]
        anybody = KeycloakOpenID(server_url=BASE, realm_name=REALM, client_id="unused")
        made = anybody.register_client(token, {"clientId": "registered", "redirectUris": ["https://app.example.com/callback"]})
        self.assertEqual(made["clientId"], "registered")
        changed = anybody.update_client(
            made["registrationAccessToken"], "registered", {"clientId": "registered", "name": "Registered", "redirectUris": made["redirectUris"]}
        )
        self.assertEqual(changed["name"], "Registered")
        with self.assertRaises(KeycloakError):
            anybody.register_client(token, {"clientId": "once-too-often"})


if __name__ == "__main__":
    unittest.main()
