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

/// What a client says that signs by a secret.
fn by_secret(server: &Server, realm: &str, client_id: &str, secret: &str) -> String {
    let now = server.app.now_seconds();
    let key = SigningKey::from_secret(Alg::HS256, "", secret.as_bytes()).unwrap();
    let said = json!({
        "iss": client_id, "sub": client_id, "aud": format!("http://localhost:8080/realms/{realm}"),
        "jti": vestibule::random::uuid(), "iat": now, "exp": now + 60
    });
    jwt::encode(&key, "JWT", &said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_a_key_overlaps_the_next_one_and_dies_with_its_time() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "attributes": {
                "clientRegistration.secret.overlap": "600", "clientRegistration.secret.expires": "3600"
            } }))
            .await;
        let (_, initial) = crate::client_registration::initial(&server, &realm, json!({})).await;
        let body = json!({
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_jwt",
            "token_endpoint_auth_signing_alg": "HS256"
        });
        let made = crate::client_registration::register(&server, &realm, Some(&initial), &body)
            .await
            .json();
        let text = |made: &serde_json::Value, member: &str| made[member].as_str().unwrap().to_owned();
        let (id, first) = (text(&made, "client_id"), text(&made, "client_secret"));
        let works = async |secret: &str| {
            with_assertion(&server, &realm, &by_secret(&server, &realm, &id, secret))
                .await
                .status
                == 200
        };
        assert!(works(&first).await);
        let path = format!("/realms/{realm}/clients-registrations/openid-connect/{id}/secret");
        let rat = text(&made, "registration_access_token");
        let told = server
            .with_token(&rat, "POST", &path, serde_json::Value::Null)
            .await
            .json();
        let second = text(&told, "client_secret");
        let until = told["previous_secret_expires_at"].as_i64().unwrap() * 1000;
        assert!(works(&first).await && works(&second).await);
        // Time goes on by itself, too.
        server.app.clock.advance(until - 5_000 - server.app.now());
        assert!(works(&first).await);
        server.app.clock.advance(5_000);
        assert!(!works(&first).await && works(&second).await);
        server.app.clock.advance(3_600_000);
        assert!(!works(&second).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_made_to_sign_by_its_secret_gets_one_that_can_be_read() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, initial) = crate::client_registration::initial(&server, &realm, json!({})).await;
    let body = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post" });
    let made = crate::client_registration::register(&server, &realm, Some(&initial), &body)
        .await
        .json();
    let id = made["client_id"].as_str().unwrap();
    let path = format!("/{realm}/clients/{id}");
    let secret = async || {
        let path = format!("{path}/client-secret");
        let told = server.admin("GET", &path, serde_json::Value::Null).await.json();
        told["value"].as_str().map(str::to_owned)
    };
    assert_eq!(secret().await, None);
    for _ in 0..2 {
        let changed = json!({ "clientAuthenticatorType": "client-secret-jwt" });
        assert_eq!(server.admin("PUT", &path, changed).await.status, 204);
    }
    let told = secret().await.unwrap();
    let answer = with_assertion(&server, &realm, &by_secret(&server, &realm, id, &told)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // What is a key already stays as it is.
    assert_eq!(server.admin("PUT", &path, json!({ "name": "B" })).await.status, 204);
    assert_eq!(secret().await.unwrap(), told);
}
