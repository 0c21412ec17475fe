//! Whoever registers an application and is told yes gets what was asked for; else they are told no, and why.

use serde_json::{Value, json};
use vestibule_jose::{Alg, SigningKey, VerifyingKey, jwt};

use crate::client_registration::{initial, make_realm, register, text};
use crate::support::oidc::{CALLBACK, at, code, token};
use crate::support::{self, Server};

const REFUSED: &str = "invalid_client_metadata";

async fn sent(server: &Server, token: &str, more: &Value) -> support::Answer {
    let mut sent = json!({ "redirect_uris": [CALLBACK] });
    sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    register(server, "r", Some(token), &sent).await
}

fn rsa() -> Value {
    let key = SigningKey::generate(Alg::RS256).unwrap();
    serde_json::to_value(key.public_jwk().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_14_what_is_not_done_is_refused_by_its_name() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, token) = initial(&server, "r", json!({})).await;
    let signatures = "one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512";
    for member in [
        "id_token_signed_response_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
        "token_endpoint_auth_signing_alg",
    ] {
        for value in ["none", "FOO", "RSA1_5", "rs256"] {
            let answer = sent(&server, &token, &json!({ member: value })).await;
            let told = json!({ "error": REFUSED, "error_description": format!("{member} must be {signatures}") });
            assert_eq!((answer.status, answer.json()), (400, told), "{member} {value}");
        }
    }
    let point =
        |x: &str, y: &str, crv: &str| json!({ "jwks": { "keys": [{ "kty": "EC", "crv": crv, "x": x, "y": y }] } });
    let same = "A".repeat(43);
    for (more, told) in [
        (
            json!({ "userinfo_signed_response_alg": "FOO" }),
            "userinfo_signed_response_alg must be one of",
        ),
        (
            json!({ "request_object_signing_alg": "FOO" }),
            "request_object_signing_alg must be one of",
        ),
        (
            json!({ "request_object_encryption_alg": "RSA1_5" }),
            "request_object_encryption_alg must be one of RSA-OAEP, RSA-OAEP-256",
        ),
        (
            json!({ "id_token_encrypted_response_alg": "dir" }),
            "id_token_encrypted_response_alg must be one of",
        ),
        (
            json!({ "id_token_encrypted_response_enc": "A1" }),
            "id_token_encrypted_response_enc must be one of",
        ),
        (
            json!({ "userinfo_encrypted_response_enc": "A128GCM" }),
            "userinfo_encrypted_response_enc needs userinfo_encrypted_response_alg",
        ),
        (
            json!({ "id_token_encrypted_response_alg": "RSA-OAEP" }),
            "id_token_encrypted_response_alg RSA-OAEP needs a key for it in jwks, or a jwks_uri",
        ),
        (
            json!({ "authorization_encrypted_response_alg": "ECDH-ES", "jwks": { "keys": [rsa()] } }),
            "authorization_encrypted_response_alg ECDH-ES needs a key",
        ),
        (
            json!({ "introspection_encrypted_response_alg": "RSA-OAEP" }),
            "introspection_encrypted_response_alg is not supported",
        ),
        (
            json!({ "id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "none" }),
            "id_token_signed_response_alg needs a client secret",
        ),
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256" }),
            "token_endpoint_auth_signing_alg must be HS256",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "HS256", "jwks": { "keys": [rsa()] } }),
            "token_endpoint_auth_signing_alg must not be HS256",
        ),
        (
            point(&same, &same, "P-256"),
            "jwks key 0 must have an x and y that are a point of its curve",
        ),
        (
            point(&same, &same, "P-255"),
            "jwks key 0 must have the crv P-256, P-384 or P-521",
        ),
        (
            json!({ "jwks": { "keys": [{ "kty": "OKP", "crv": "X", "x": same }] } }),
            "jwks key 0 must have the crv Ed25519",
        ),
        (
            json!({ "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }] } }),
            "jwks key 0 must have an x that is a point",
        ),
        (
            json!({ "token_endpoint_auth_method": "tls_client_auth" }),
            "tls_client_auth needs tls_client_auth_subject_dn or one of",
        ),
        (
            json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example" }),
            "Only one of tls_client_auth_subject_dn",
        ),
    ] {
        let answer = sent(&server, &token, &more).await;
        let described = answer.json();
        assert_eq!(
            (answer.status, described["error"].as_str()),
            (400, Some(REFUSED)),
            "{more}: {}",
            answer.body
        );
        assert!(
            text(&described, "error_description").starts_with(told),
            "{more}: {}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_14_addresses_that_lead_nowhere_good_are_refused_in_every_list() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, token) = initial(&server, "r", json!({})).await;
    for address in [
        "file:///etc/passwd",
        "gopher://x/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://x/\"><script>",
        "https://user@x.example/",
        "https://localhost./",
        "https://a..b/",
        "ldap://x/",
        "nonsense",
        "//x/y",
    ] {
        for member in ["request_uris", "post_logout_redirect_uris", "redirect_uris"] {
            let answer = sent(&server, &token, &json!({ member: [address] })).await;
            assert_eq!(answer.status, 400, "{member} {address}: {}", answer.body);
        }
        let attributes = json!({ "attributes": { "request.uris": address } });
        let path = "/realms/r/clients-registrations/default";
        let answer = server.with_token(&token, "POST", path, attributes).await;
        assert_eq!(answer.status, 400, "{address}: {}", answer.body);
    }
    let good = json!({ "request_uris": ["https://a.example/r.jwt#hash"], "post_logout_redirect_uris": ["https://a.example/bye"] });
    let answer = sent(&server, &token, &good).await;
    assert_eq!(
        (answer.status, &answer.json()["request_uris"]),
        (201, &good["request_uris"])
    );
    let long = format!("https://a.example/{}", "x".repeat(255));
    let answer = sent(&server, &token, &json!({ "redirect_uris": [long] })).await;
    assert_eq!(
        answer.json()["error_description"],
        "A redirect URI must not be longer than 255 characters"
    );
    let answer = server
        .admin(
            "POST",
            "/r/clients",
            json!({ "clientId": "long", "redirectUris": [long] }),
        )
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let fits = format!("https://a.example/{}", "x".repeat(255 - 18));
    assert_eq!(
        sent(&server, &token, &json!({ "redirect_uris": [fits] })).await.status,
        201
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_discovery_lists_can_be_registered() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, token) = initial(&server, "r", json!({})).await;
    let known = server.get("/realms/r/.well-known/openid-configuration").await.json();
    for (list, member) in [
        ("id_token_signing_alg_values_supported", "id_token_signed_response_alg"),
        ("userinfo_signing_alg_values_supported", "userinfo_signed_response_alg"),
        (
            "request_object_signing_alg_values_supported",
            "request_object_signing_alg",
        ),
        (
            "request_object_encryption_alg_values_supported",
            "request_object_encryption_alg",
        ),
        (
            "request_object_encryption_enc_values_supported",
            "request_object_encryption_enc",
        ),
        (
            "authorization_signing_alg_values_supported",
            "authorization_signed_response_alg",
        ),
        (
            "id_token_encryption_alg_values_supported",
            "id_token_encrypted_response_alg",
        ),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg",
        ),
    ] {
        for value in known[list].as_array().unwrap() {
            let mut more = json!({ member: value, "jwks_uri": "https://a.example/jwks" });
            if member == "request_object_encryption_enc" {
                more["request_object_encryption_alg"] = json!("RSA-OAEP");
            }
            let answer = sent(&server, &token, &more).await;
            assert_eq!(
                (answer.status, &answer.json()[member]),
                (201, value),
                "{member}: {}",
                answer.body
            );
        }
    }
    let opened = &known["request_object_encryption_alg_values_supported"];
    assert_eq!(opened, &json!(["RSA-OAEP", "RSA-OAEP-256"]), "RSA1_5 is not opened");
}

/// The claims of a token, which the client checks with its secret.
fn checked(alg: Alg, secret: &str, token: &str) -> Value {
    let key = VerifyingKey::from_secret(alg, secret.as_bytes()).unwrap();
    let parsed = jwt::decode(token).unwrap();
    assert_eq!(parsed.alg(), alg);
    parsed.verify(&key).expect("signed with the client's secret").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_checks_its_id_tokens_with_its_secret_however_long_that_must_be() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        server.user("r", "mia", "correct horse").await;
        let (_, initial) = initial(&server, "r", json!({})).await;
        for (alg, bytes) in [(Alg::HS256, 32), (Alg::HS384, 48), (Alg::HS512, 64)] {
            let more = json!({ "id_token_signed_response_alg": alg.as_str(), "scope": "openid" });
            let made = sent(&server, &initial, &more).await.json();
            let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
            assert!(secret.len() >= bytes, "{alg:?}: RFC 7518 section 3.2");
            verified(&server, id, secret, alg).await;
        }
        // A client that wants more later gets a secret that does.
        let made = sent(&server, &initial, &json!({ "scope": "openid" })).await.json();
        let id = text(&made, "client_id");
        assert_eq!(text(&made, "client_secret").len(), 43, "as ever");
        let path = format!("/realms/r/clients-registrations/openid-connect/{id}");
        let mut rat = text(&made, "registration_access_token").to_owned();
        for alg in [Alg::HS256, Alg::HS512] {
            let change = json!({ "client_id": id, "id_token_signed_response_alg": alg.as_str() });
            let changed = server.with_token(&rat, "PUT", &path, change).await.json();
            rat = text(&changed, "registration_access_token").to_owned();
            verified(&server, id, text(&changed, "client_secret"), alg).await;
        }
    }
}

async fn verified(server: &Server, id: &str, secret: &str, alg: Alg) {
    let one = code(server, "r", id, "").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", secret),
        ("code", &*one),
        ("redirect_uri", CALLBACK),
    ];
    let answer = token(server, "r", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let claims = checked(alg, secret, text(&answer.json(), "id_token"));
    assert_eq!(claims["aud"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_signs_its_assertions_with_its_secret_however_long_that_must_be() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, initial) = initial(&server, "r", json!({})).await;
    for alg in [Alg::HS256, Alg::HS384, Alg::HS512] {
        let more = json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": alg.as_str(),
                           "grant_types": ["client_credentials"] });
        let made = sent(&server, &initial, &more).await.json();
        let id = text(&made, "client_id");
        // Which refuses a secret that is too short for the algorithm.
        let key = SigningKey::from_secret(alg, "", text(&made, "client_secret").as_bytes()).expect("long enough");
        let now = server.app.now_seconds();
        let said = json!({ "iss": id, "sub": id, "aud": "http://localhost:8080/realms/r", "jti": vestibule::random::token(),
                           "iat": now, "exp": now + 60 });
        let assertion = jwt::encode(&key, "JWT", &said).unwrap();
        let fields = [
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &*assertion),
        ];
        let answer = server.form(&at("r", "token"), &fields).await;
        assert_eq!(answer.status, 200, "{alg:?}: {}", answer.body);
    }
}
