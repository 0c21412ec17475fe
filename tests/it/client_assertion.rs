//! A client that signs for itself: `private_key_jwt` (RFC 7523).

use std::sync::Arc;

use serde_json::json;
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::support::oidc::{shop, token};
use crate::support::{self, Answer, Server};
use crate::token::refused;

const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// A realm with the client `signer`, which proves itself with this key.
async fn signer(server: &Server, key: &SigningKey) -> String {
    let realm = shop(server, json!({})).await;
    let keys = Jwks {
        keys: vec![key.public_jwk().unwrap()],
    };
    let doc = json!({
        "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
        "attributes": { "use.jwks.string": "true", "jwks.string": serde_json::to_string(&keys).unwrap() }
    });
    server.client(&realm, doc).await;
    realm
}

fn assertion(server: &Server, realm: &str, key: &SigningKey, jti: &str) -> String {
    let now = server.app.now_seconds();
    let said = json!({
        "iss": "signer", "sub": "signer", "aud": format!("http://localhost:8080/realms/{realm}"),
        "jti": jti, "iat": now, "exp": now + 60
    });
    jwt::encode(key, "JWT", &said).unwrap()
}

async fn with_assertion(server: &Server, realm: &str, assertion: &str) -> Answer {
    let fields = [
        CLIENT_CREDENTIALS,
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    token(server, realm, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_good_once_however_many_come_at_once() {
    for server in support::servers().await {
        let key = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
        let realm = Arc::new(signer(&server, &key).await);
        let one = Arc::new(assertion(&server, &realm, &key, "j-1"));
        let server = Arc::new(server);
        let sent: Vec<_> = (0..20)
            .map(|_| {
                let (server, realm, one) = (Arc::clone(&server), Arc::clone(&realm), Arc::clone(&one));
                tokio::spawn(async move { with_assertion(&server, &realm, &one).await })
            })
            .collect();
        let mut good = 0;
        for answer in sent {
            let answer = answer.await.unwrap();
            match answer.status {
                200 => good += 1,
                _ => refused(&answer, 400, "invalid_client", "Token reuse detected"),
            }
        }
        assert_eq!(good, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_assertion_does_not_use_up_the_real_one() {
    let server = support::sqlite().await;
    let key = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
    let realm = signer(&server, &key).await;
    let stranger = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
    let forged = with_assertion(&server, &realm, &assertion(&server, &realm, &stranger, "j-1")).await;
    assert_eq!(
        (forged.status, forged.json()["error"].as_str()),
        (400, Some("invalid_client"))
    );
    let real = with_assertion(&server, &realm, &assertion(&server, &realm, &key, "j-1")).await;
    assert_eq!(real.status, 200, "{}", real.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_as_good_as_a_set_of_keys() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
    let doc = json!({
        "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
        "attributes": { "jwt.credential.certificate": vestibule_jose::digest::b64(certificate.der()) }
    });
    server.client(&realm, doc).await;
    let key = SigningKey::from_pkcs8(Alg::ES256, "any", pair.serialized_der()).unwrap();
    let real = with_assertion(&server, &realm, &assertion(&server, &realm, &key, "j-1")).await;
    assert_eq!(real.status, 200, "{}", real.body);
    let stranger = SigningKey::generate(Alg::ES256).unwrap().with_kid("any");
    let forged = with_assertion(&server, &realm, &assertion(&server, &realm, &stranger, "j-2")).await;
    assert_eq!(
        (forged.status, forged.json()["error"].as_str()),
        (400, Some("invalid_client"))
    );
    let other = SigningKey::generate(Alg::RS256).unwrap().with_kid("any");
    let forged = with_assertion(&server, &realm, &assertion(&server, &realm, &other, "j-3")).await;
    refused(&forged, 400, "invalid_client", "Unable to load public key");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registered_way_is_the_only_one() {
    let server = support::sqlite().await;
    let key = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
    let realm = signer(&server, &key).await;
    let secret = server
        .admin(
            "GET",
            &format!("/{realm}/clients?clientId=signer"),
            serde_json::Value::Null,
        )
        .await;
    let id = secret.json()[0]["id"].as_str().unwrap().to_owned();
    let new = server
        .admin(
            "POST",
            &format!("/{realm}/clients/{id}/client-secret"),
            serde_json::Value::Null,
        )
        .await;
    let value = new.json()["value"].as_str().unwrap_or("none").to_owned();
    let fields = [CLIENT_CREDENTIALS, ("client_id", "signer"), ("client_secret", &value)];
    assert_ne!(token(&server, &realm, &fields).await.status, 200);
    // And a client with a secret cannot sign for itself.
    let now = server.app.now_seconds();
    let said = json!({
        "iss": "back", "sub": "back", "aud": format!("http://localhost:8080/realms/{realm}"), "jti": "j", "exp": now + 60
    });
    let by_secret = SigningKey::from_secret(Alg::HS256, "", &[b'x'; 32]).unwrap();
    for key in [&key, &by_secret] {
        let answer = with_assertion(&server, &realm, &jwt::encode(key, "JWT", &said).unwrap()).await;
        assert_ne!(answer.status, 200, "{}", answer.body);
    }
}
