//! The tokens of a registration by JSON, and those of the authorization endpoint, are no way around what a client's tokens are
//! bound to, nor around the realm's policies.

use serde_json::{Value, json};
use vestibule_jose::{Alg, SigningKey};

use crate::authorize::asking;
use crate::client_policies::{any, lay};
use crate::dpop::{proof, said};
use crate::people::{self, BACK, json_url};
use crate::support::{self, Browser, Server};

/// Registers somebody through a client, and gives the member `tokens` of the answer.
async fn tokens(server: &Server, realm: &str, client: &str, name: &str, proof: Option<&str>) -> Value {
    let body = json!({
        "username": name, "email": format!("{name}@example.org"), "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse", "client_id": client, "tokens": true
    });
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(proof.map(|proof| ("dpop", proof)));
    let answer = server
        .request("POST", &json_url(realm), &headers, &body.to_string())
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["tokens"].clone()
}

async fn bound(server: &Server, realm: &str) {
    let client = json!({
        "clientId": "bound", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": [BACK],
        "implicitFlowEnabled": true, "standardFlowEnabled": true, "attributes": { "dpop.bound.access.tokens": "true" }
    });
    server.client(realm, client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_proves_the_key_of_the_tokens() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    bound(&server, &realm).await;
    let refused = tokens(&server, &realm, "bound", "ann", None).await;
    assert_eq!(refused["error"], "invalid_dpop_proof", "{refused}");
    assert!(refused.get("access_token").is_none(), "{refused}");
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let proof = proof(&key, &json!({}), &said(&server, &realm, "POST", "registrations"));
    let given = tokens(&server, &realm, "bound", "ben", Some(&proof)).await;
    assert_eq!(given["token_type"], "DPoP", "{given}");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_judge_the_tokens_of_a_registration() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    for (executor, name, code) in [
        ("reject-request", "ann", "invalid_request"),
        ("reject-ropc-grant", "ben", "invalid_grant"),
    ] {
        lay(&server, &realm, executor, json!({}), any()).await;
        let refused = tokens(&server, &realm, "app", name, None).await;
        assert_eq!(refused["error"], code, "{refused}");
        assert!(refused.get("access_token").is_none(), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_holds_a_token_that_should_be_bound() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    bound(&server, &realm).await;
    for (asked, error) in [
        ("id_token token", Some("unauthorized_client")),
        ("code token", Some("unauthorized_client")),
        ("code id_token", None),
    ] {
        let over = [("client_id", "bound"), ("nonce", "n"), ("response_type", asked)];
        let answer = Browser::new(&server).get(&asking(&realm, &over)).await;
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            error,
            "{asked}: {}",
            answer.body
        );
    }
}
