//! ID tokens that tell what a request asked for, and nothing else (`id.token.claims`).

use serde_json::{Value, json};

use crate::support::oidc::{at, claims, code, exchange, introspect, shop, text, tokens_of_mia, userinfo};
use crate::support::{self, Server, encode};

/// What an ID token for `shop` says of mia's address, her token's type, and whether the ID of the token says it instead.
async fn told(server: &Server, realm: &str) -> (bool, bool, bool) {
    let said = claims(&text(&tokens_of_mia(server, realm, "openid email").await, "id_token"));
    let id = said["jti"].as_str().unwrap();
    (said.get("email").is_some(), said["typ"] == "ID", id.starts_with("id:"))
}

const ALL: (bool, bool, bool) = (true, true, false);
const ASKED: (bool, bool, bool) = (false, false, true);

async fn set(server: &Server, path: &str, value: &str) -> u16 {
    let sent = json!({ "attributes": { "id.token.claims": value } });
    server.admin("PUT", path, sent).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_beats_its_realm_and_a_realm_tells_all_unless_it_says_otherwise() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let found = server
            .admin("GET", &format!("/{realm}/clients?clientId=shop"), Value::Null)
            .await;
        let client = format!("/{realm}/clients/{}", text(&found.json()[0], "id"));
        assert_eq!(told(&server, &realm).await, ALL);
        for (of_realm, of_client, right) in [
            ("asked", "", ASKED),
            ("asked", "all", ALL),
            ("all", "asked", ASKED),
            ("", "", ALL),
        ] {
            assert_eq!(set(&server, &format!("/{realm}"), of_realm).await, 204);
            assert_eq!(set(&server, &client, of_client).await, 204);
            assert_eq!(told(&server, &realm).await, right, "{of_realm}, {of_client}");
        }
        for path in [format!("/{realm}"), client] {
            assert_eq!(set(&server, &path, "some").await, 400, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_known_as_an_id_token_everywhere_and_opens_nothing() {
    for server in support::servers().await {
        let realm = shop(&server, json!({ "attributes": { "id.token.claims": "asked" } })).await;
        let asked = json!({ "id_token": { "email": null } }).to_string();
        let code = code(&server, &realm, "shop", &format!("&{}", encode(&[("claims", &asked)]))).await;
        let tokens = exchange(&server, &realm, &code, &[]).await.json();
        let id_token = text(&tokens, "id_token");
        let said = claims(&id_token);
        assert_eq!(said["email"], "mia@example.org");
        assert!(said.get("name").is_none() && said.get("typ").is_none(), "{said}");
        let access = text(&tokens, "access_token");
        let told = userinfo(&server, &realm, &access).await;
        assert_eq!(told.json()["name"], "First Last");
        // As a bearer token it is worth nothing.
        assert_eq!(userinfo(&server, &realm, &id_token).await.status, 401);
        let fields = [("client_id", "shop"), ("token", id_token.as_str())];
        let revoked = server.form(&at(&realm, "revoke"), &fields).await;
        assert_eq!(revoked.json()["error"], "unsupported_token_type", "{}", revoked.body);
        let found = server
            .admin("GET", &format!("/{realm}/clients?clientId=back"), Value::Null)
            .await;
        let back = format!("/{realm}/clients/{}", text(&found.json()[0], "id"));
        let sees = json!({ "attributes": { "allow.token.introspection.without.audience.check": "true" } });
        assert_eq!(server.admin("PUT", &back, sees).await.status, 204);
        let told = introspect(&server, &realm, &id_token, &[]).await.json();
        assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("ID")));
    }
}
