//! Names that registrants choose for themselves, what hooks are told in other forms than OpenID Connect's, key sets of which one key
//! is bad, and mails of alerts.

use serde_json::{Value, json};
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::client_documents::{asking, one_server, open, realm as realm_of_documents};
use crate::client_registration::{initial, plain, register, text};
use crate::people::{self, json_url, mails};
use crate::registration_providers::DESCRIPTOR;
use crate::support::oidc::{at, token};
use crate::support::receiver::{Receiver, Reply};
use crate::support::site::Site;
use crate::support::{self, Answer, Browser, Server, build, send};

async fn of_keycloaks_form(server: &Server, realm: &str, token: &str, body: Value) -> Answer {
    let path = format!("/realms/{realm}/clients-registrations/default");
    server.with_token(token, "POST", &path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrant_takes_no_name_that_is_somebodys_address_or_looks_like_another() {
    let server = support::sqlite().await;
    for attributes in [json!({}), json!({ "clientRegistration.cimd": "on" })] {
        let realm = server.realm(json!({ "attributes": attributes })).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        for (name, told) in [
            ("https://claude.example/client.json", "is an address"),
            ("http://127.0.0.1:9/client.json", "is an address"),
            ("HTTPS://claude.example/client.json", "is an address"),
            ("https:claude.example", "is an address"),
            ("a\u{202e}b", "cannot be seen"),
            ("a\u{200b}b", "cannot be seen"),
            ("a\nb", "control characters"),
            ("../x", "segments"),
            ("a/../b", "segments"),
            ("a\\..\\b", "segments"),
        ] {
            let refused = of_keycloaks_form(&server, &realm, &token, json!({ "clientId": name })).await;
            assert_eq!(refused.status, 400, "{name:?}: {}", refused.body);
            let refused = refused.json();
            assert_eq!(text(&refused, "error"), "invalid_client_metadata");
            assert!(
                text(&refused, "error_description").contains(told),
                "{name:?}: {refused}"
            );
        }
        for name in ["shop", "def/four ü", "urn:example:shop", "httpsx", "a..b"] {
            let made = of_keycloaks_form(&server, &realm, &token, json!({ "clientId": name })).await;
            assert_eq!(made.status, 201, "{name:?}: {}", made.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_took_an_address_before_the_realm_knew_such_names_is_not_who_publishes_there() {
    let server = one_server().await;
    let site = Site::open().await;
    let realm = realm_of_documents(&server, json!({ "clientRegistration.cimd": "off" })).await;
    let id = site.describe("/sextant.json", json!({}));
    let (_, token) = initial(&server, &realm, json!({})).await;
    let doc = json!({ "clientId": "taken", "redirectUris": ["https://evil.example/cb"] });
    let made = of_keycloaks_form(&server, &realm, &token, doc).await;
    assert_eq!(made.status, 201, "{}", made.body);
    // By whatever means it came to be called so.
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId=taken"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/clients/{}", text(&found[0], "id"));
    let renamed = server.admin("PUT", &path, json!({ "clientId": id })).await;
    assert_eq!(renamed.status, 204, "{}", renamed.body);
    let on = json!({ "attributes": { "clientRegistration.cimd": "on" } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), on).await.status, 204);
    for callback in ["https://evil.example/cb", "https://app.example/cb"] {
        let asked = server.get(&asking(&realm, &id, &[("redirect_uri", callback)])).await;
        assert_eq!(asked.status, 400, "{callback}: {}", asked.body);
    }
    // An administrator vouches for it, or takes it away.
    let vouched = json!({ "attributes": { "client.verified": "true" } });
    assert_eq!(server.admin("PUT", &path, vouched).await.status, 204);
    let asked = server
        .get(&asking(&realm, &id, &[("redirect_uri", "https://evil.example/cb")]))
        .await;
    assert!(asked.status < 400, "{}", asked.body);
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
    let mut ann = Browser::new(&server);
    let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
    assert!(page.body.contains("Sextant"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_for_backchannel_authentication() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let mut sent = plain();
    sent["grant_types"] = json!(["authorization_code", "urn:openid:params:grant-type:ciba"]);
    let refused = register(&server, &realm, Some(&token), &sent).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(text(&refused.json(), "error_description").contains("ciba"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_told_what_registers_in_other_forms() {
    let server = support::sqlite().await;
    let receiver = Receiver::start(|_| Reply::Json(json!({ "decision": "allow" }))).await;
    let attributes = json!({
        "clientRegistration.hook.before": receiver.url,
        "clientRegistration.hook.secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
    });
    let realm = server.realm(json!({ "attributes": attributes })).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let heard = || receiver.heard().last().unwrap().json()["data"]["client"].clone();

    let made = register(&server, &realm, Some(&token), &plain()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(heard().get("protocol").is_none() && heard().get("client_id").is_none());

    let doc = json!({ "clientId": "shop", "redirectUris": ["https://shop.example/cb"] });
    let made = of_keycloaks_form(&server, &realm, &token, doc).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let told = heard();
    assert_eq!(
        (text(&told, "client_id"), text(&told, "protocol")),
        ("shop", "openid-connect")
    );
    assert!(told["grant_types"].is_array());

    let path = format!("/realms/{realm}/clients-registrations/saml2-entity-descriptor");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/xml")];
    let made = server.request("POST", &path, &headers, DESCRIPTOR).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let told = heard();
    assert_eq!(
        (text(&told, "client_id"), text(&told, "protocol")),
        ("https://sp.example.com/saml", "saml")
    );
    assert_eq!(told["redirect_uris"], json!(["https://sp.example.com/acs"]));
    assert!(
        told.get("grant_types").is_none() && told.get("response_types").is_none(),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_key_in_a_published_set_does_not_make_the_others_useless() {
    let server = one_server().await;
    let realm = server.realm(json!({})).await;
    let site = Site::open().await;
    let key = SigningKey::generate(Alg::ES256).unwrap().with_kid("good");
    let set = Jwks {
        keys: vec![key.public_jwk().unwrap()],
    };
    let mut set = serde_json::to_value(&set).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    for bad in [
        json!({ "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }),
        json!({ "kty": "RSA", "kid": "told", "n": "AQAB", "e": "AQAB", "d": "AQAB" }),
        json!({ "kid": "nothing" }),
        json!(7),
    ] {
        keys.insert(0, bad);
    }
    site.put("/jwks", "200 OK\r\ncontent-type: application/json\r\n", set.to_string());
    let doc = json!({
        "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
        "attributes": { "use.jwks.url": "true", "jwks.url": site.address("/jwks") }
    });
    server.client(&realm, doc).await;
    let now = server.app.now_seconds();
    let said = json!({
        "iss": "signer", "sub": "signer", "aud": format!("http://localhost:8080/realms/{realm}"), "jti": "j", "iat": now,
        "exp": now + 60
    });
    let assertion = jwt::encode(&key, "JWT", &said).unwrap();
    let fields = [
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion.as_str()),
    ];
    let answer = token(&server, &realm, &fields).await;
    assert_eq!(answer.status, 200, "{}: {}", at(&realm, "token"), answer.body);
}

/// Registers at an address that nobody else calls from.
async fn from_elsewhere(server: &Server, realm: &str, n: usize) {
    let person = json!({
        "username": format!("per{n}"), "email": format!("per{n}@example.org"), "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse"
    });
    let headers = [("content-type", "application/json")];
    let mut request = build("POST", &json_url(realm), &headers, person.to_string());
    let peer = std::net::SocketAddr::from(([203, 0, 113, n as u8], 4711));
    request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    send(&server.router, request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cheap_alerts_do_not_use_up_the_mails_about_others() {
    for server in support::servers().await {
        let attributes = json!({
            "registration.alert.address": "1/3600", "registration.alert.mail": "watch@example.org",
            "registration.limit.mail": "1/3600", "registration.limit.mail.realm": "1/3600"
        });
        let realm = people::realm(&server, json!({ "attributes": attributes, "sslRequired": "none" })).await;
        for n in 0..8 {
            from_elsewhere(&server, &realm, n).await;
        }
        assert_eq!(mails(&server, "watch@example.org").await.len(), 8);
        for n in 8..30 {
            from_elsewhere(&server, &realm, n).await;
        }
        assert_eq!(mails(&server, "watch@example.org").await.len(), 20);
    }
}
