//! Tokens that only the client can read, and request objects that only the realm can.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vestibule_jose::{Alg, EncryptionKey, Jwks, SigningKey, jwe, jwt};

use crate::client_policies::{any, lay};
use crate::support::oidc::{CALLBACK, at, claims, code, shop, text, token, unsigned, userinfo};
use crate::support::{self, Server, encode};

async fn private(server: &Server, key: &EncryptionKey, more: Value) -> String {
    let realm = shop(server, json!({})).await;
    let set = Jwks {
        keys: vec![key.public_jwk()],
    };
    let mut attributes = json!({ "use.jwks.string": "true", "jwks.string": serde_json::to_string(&set).unwrap() });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let doc =
        json!({ "clientId": "private", "publicClient": true, "redirectUris": [CALLBACK], "attributes": attributes });
    server.client(&realm, doc).await;
    realm
}

async fn tokens(server: &Server, realm: &str) -> crate::support::Answer {
    let code = code(server, realm, "private", "").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "private"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
    ];
    token(server, realm, &fields).await
}

fn opened(token: &str, key: &EncryptionKey) -> String {
    String::from_utf8(jwe::decrypt(token, key).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_and_userinfo_are_for_the_clients_eyes_only() {
    let server = support::sqlite().await;
    let key = EncryptionKey::generate(2048).unwrap();
    let attributes = json!({
        "id.token.encrypted.response.alg": "RSA-OAEP", "id.token.encrypted.response.enc": "A256GCM",
        "user.info.encrypted.response.alg": "RSA-OAEP"
    });
    let realm = private(&server, &key, attributes).await;
    let got = tokens(&server, &realm).await.json();
    let id = claims(&opened(&text(&got, "id_token"), &key));
    assert_eq!(id["preferred_username"], "mia");
    let told = userinfo(&server, &realm, &text(&got, "access_token")).await;
    assert_eq!(told.header("content-type"), "application/jwt");
    let told: Value = serde_json::from_str(&opened(&told.body, &key)).unwrap();
    assert_eq!(told["sub"], id["sub"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_encrypted_is_not_sent_in_clear() {
    let server = support::sqlite().await;
    let key = EncryptionKey::generate(2048).unwrap();
    for (alg, enc) in [("ECDH-ES", "A128GCM"), ("RSA-OAEP", "A1GCM"), ("ROT13", "A128GCM")] {
        let attributes = json!({ "id.token.encrypted.response.alg": alg, "id.token.encrypted.response.enc": enc });
        let realm = private(&server, &key, attributes).await;
        let answer = tokens(&server, &realm).await;
        assert_eq!(answer.status, 400, "{alg} {enc}");
        assert!(!answer.body.contains("token"), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_object_may_be_encrypted_and_must_be_signed_all_the_same() {
    let server = support::sqlite().await;
    let own = EncryptionKey::generate(2048).unwrap();
    let signer = SigningKey::generate(Alg::ES256).unwrap();
    let keys = Jwks {
        keys: vec![signer.public_jwk().unwrap()],
    };
    let attributes = json!({
        "jwks.string": serde_json::to_string(&keys).unwrap(), "request.object.signature.alg": "ES256"
    });
    let realm = private(&server, &own, attributes).await;
    let certs = server.get(&at(&realm, "certs")).await;
    let set = Jwks::parse(certs.body.as_bytes()).unwrap();
    let theirs = set.find_for_encryption(jwe::KeyAlg::RsaOaep).unwrap();
    let said = json!({
        "client_id": "private", "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "prompt": "none"
    });
    let signed = jwt::encode(&signer, "JWT", &said).unwrap();
    let unsigned = unsigned(&said);
    for (inner, status) in [(signed.as_str(), 302), (unsigned.as_str(), 400), ("garbage", 400)] {
        let (alg, enc) = (jwe::KeyAlg::RsaOaep, jwe::Enc::A256Gcm);
        let object = jwe::encrypt(inner.as_bytes(), alg, enc, theirs, "JWT").unwrap();
        let query = encode(&[("client_id", "private"), ("request", &object)]);
        let answer = server.get(&format!("{}?{query}", at(&realm, "auth"))).await;
        assert_eq!(answer.status, status, "{inner}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_wants_request_objects_encrypted_takes_those_that_are() {
    let servers = support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let server = servers.await.remove(0);
    let own = EncryptionKey::generate(2048).unwrap();
    let realm = private(&server, &own, json!({})).await;
    let wanted = json!({ "encryption-required": true });
    lay(&server, &realm, "secure-request-object", wanted, any()).await;
    let certs = server.get(&at(&realm, "certs")).await;
    let set = Jwks::parse(certs.body.as_bytes()).unwrap();
    let theirs = set.find_for_encryption(jwe::KeyAlg::RsaOaep).unwrap();
    let now = server.app.now_seconds();
    let said = json!({
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "prompt": "none", "nbf": now,
        "exp": now + 60, "aud": format!("http://{}/realms/{realm}", support::HOST)
    });
    let plain = unsigned(&said);
    let (alg, enc) = (jwe::KeyAlg::RsaOaep, jwe::Enc::A256Gcm);
    let encrypted = jwe::encrypt(plain.as_bytes(), alg, enc, theirs, "JWT").unwrap();
    for (object, error) in [(&plain, "invalid_request_object"), (&encrypted, "login_required")] {
        let query = encode(&[("client_id", "private"), ("request", object)]);
        let answer = server.get(&format!("{}?{query}", at(&realm, "auth"))).await;
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            Some(error),
            "{}",
            answer.body
        );
    }
    // The object counts, however it came.
    for (object, error) in [(&plain, "invalid_request_object"), (&encrypted, "login_required")] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://127.0.0.1:{}/request.jwt", listener.local_addr().unwrap().port());
        let path = format!("/{realm}/clients?clientId=private");
        let mut client = server.admin("GET", &path, Value::Null).await.json()[0].clone();
        client["attributes"]["request.uris"] = json!(uri);
        let path = format!("/{realm}/clients/{}", client["id"].as_str().unwrap());
        assert_eq!(server.admin("PUT", &path, client).await.status, 204);
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await.unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                object.len()
            );
            stream.write_all(format!("{head}{object}").as_bytes()).await.unwrap();
        };
        let query = encode(&[("client_id", "private"), ("request_uri", &uri)]);
        let path = format!("{}?{query}", at(&realm, "auth"));
        let answer = tokio::join!(server.get(&path), serving).0;
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            Some(error),
            "{}",
            answer.body
        );
    }
}
