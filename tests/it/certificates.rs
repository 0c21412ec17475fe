//! Clients that prove themselves with a certificate, and tokens that are bound to one (RFC 8705). A proxy in front tells of it.

use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use serde_json::{Value, json};
use vestibule_jose::digest::{b64, b64url, sha256};

use crate::client_registration::{initial, register};
use crate::support::oidc::{at, claims, shop, text};
use crate::support::{self, Answer, Server, encode};

struct Own {
    der: Vec<u8>,
}

/// A certificate for `CN=machine,O=Harbour`.
fn certificate() -> Own {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Harbour");
    params.distinguished_name.push(DnType::CommonName, "machine");
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Own { der }
}

async fn behind_a_proxy(trusted: &str) -> Server {
    let servers = support::servers_with(|config| {
        config.client_certificate_header = Some("client-cert".into());
        config.client_verified_header = Some("client-verify".into());
        config.trusted_proxies = vec![trusted.parse().unwrap()];
    });
    servers.await.remove(0)
}

async fn ask(server: &Server, realm: &str, client: &str, own: Option<&Own>, verified: &str) -> Answer {
    let shown = own.map(|own| format!(":{}:", b64(&own.der)));
    let mut headers = vec![
        ("content-type", "application/x-www-form-urlencoded"),
        ("client-verify", verified),
    ];
    headers.extend(shown.iter().map(|shown| ("client-cert", shown.as_str())));
    let fields = [("grant_type", "client_credentials"), ("client_id", client)];
    server
        .request("POST", &at(realm, "token"), &headers, &encode(&fields))
        .await
}

async fn clients(server: &Server, own: &Own) -> String {
    let realm = shop(server, json!({})).await;
    for (id, attributes) in [
        (
            "by-name",
            json!({
                "x509.subjectdn": "cn=Machine, o=Harbour", "x509.allow.regex.pattern.comparison": "false",
                "tls.client.certificate.bound.access.tokens": "true"
            }),
        ),
        ("by-pattern", json!({ "x509.subjectdn": "CN=mach.*,O=Harbour" })),
        (
            "other",
            json!({ "x509.subjectdn": "CN=other,O=Harbour", "x509.allow.regex.pattern.comparison": "false" }),
        ),
        (
            "by-itself",
            json!({ "jwks.string": json!({ "keys": [{ "kty": "XYZ", "x5c": [b64(&own.der)] }] }).to_string() }),
        ),
    ] {
        let doc = json!({
            "clientId": id, "clientAuthenticatorType": "client-x509", "serviceAccountsEnabled": true, "attributes": attributes
        });
        server.client(&realm, doc).await;
    }
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_proves_the_client_that_it_was_made_for() {
    let server = behind_a_proxy("127.0.0.1/32").await;
    let (own, stranger) = (certificate(), certificate());
    let realm = clients(&server, &own).await;
    for (client, shown, verified, status) in [
        ("by-name", Some(&own), "SUCCESS", 200),
        ("by-pattern", Some(&own), "SUCCESS", 200),
        // Whoever can make a certificate can write any name into it.
        ("by-name", Some(&own), "NONE", 401),
        ("by-name", Some(&own), "FAILED:self-signed certificate", 401),
        ("by-name", None, "SUCCESS", 401),
        ("other", Some(&own), "SUCCESS", 401),
        ("by-itself", Some(&own), "NONE", 200),
        ("by-itself", Some(&stranger), "SUCCESS", 401),
    ] {
        let answer = ask(&server, &realm, client, shown, verified).await;
        assert_eq!(answer.status, status, "{client} {verified}: {}", answer.body);
    }
    // The secret that every client has opens nothing where a certificate is registered.
    let id = server
        .admin("GET", &format!("/{realm}/clients?clientId=by-name"), Value::Null)
        .await
        .json()[0]["id"]
        .clone();
    let path = format!("/{realm}/clients/{}/client-secret", id.as_str().unwrap());
    let secret = server.admin("POST", &path, Value::Null).await.json()["value"]
        .as_str()
        .unwrap_or("x")
        .to_owned();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "by-name"),
        ("client_secret", &secret),
    ];
    assert_eq!(server.form(&at(&realm, "token"), &fields).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_no_trusted_proxy_wrote_proves_nothing() {
    let server = behind_a_proxy("10.0.0.0/8").await;
    let own = certificate();
    let realm = clients(&server, &own).await;
    assert_eq!(ask(&server, &realm, "by-name", Some(&own), "SUCCESS").await.status, 401);
    assert_eq!(
        ask(&server, &realm, "by-itself", Some(&own), "SUCCESS").await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_bound_to_a_certificate_serves_nobody_else() {
    let server = behind_a_proxy("127.0.0.1/32").await;
    let (own, stranger) = (certificate(), certificate());
    let realm = clients(&server, &own).await;
    let doc = json!({
        "clientId": "bank", "secret": "bank-secret", "directAccessGrantsEnabled": true,
        "attributes": { "tls.client.certificate.bound.access.tokens": "true" }
    });
    server.client(&realm, doc).await;
    let shown = |own: &Own| format!(":{}:", b64(&own.der));
    let token = |fields: Vec<(&'static str, String)>, by: Option<String>| {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(by.iter().map(|by| ("client-cert", by.as_str())));
        let mut all = vec![("client_id", "bank"), ("client_secret", "bank-secret")];
        all.extend(fields.iter().map(|(n, v)| (*n, v.as_str())));
        server.send(support::build("POST", &at(&realm, "token"), &headers, encode(&all)))
    };
    let sign_in = || {
        vec![
            ("grant_type", "password".to_owned()),
            ("username", "mia".to_owned()),
            ("password", "correct horse".to_owned()),
            ("scope", "openid".to_owned()),
        ]
    };
    let without = token(sign_in(), None).await;
    assert_eq!(
        without.json()["error_description"],
        "Client Certification missing for MTLS HoK Token Binding"
    );
    let got = token(sign_in(), Some(shown(&own))).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let access = text(&got.json(), "access_token");
    assert_eq!(claims(&access)["cnf"], json!({ "x5t#S256": b64url(&sha256(&own.der)) }));
    for (by, status) in [(Some(&own), 200), (Some(&stranger), 401), (None, 401)] {
        let bearer = format!("Bearer {access}");
        let by = by.map(shown);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(by.iter().map(|by| ("client-cert", by.as_str())));
        let answer = server.request("GET", &at(&realm, "userinfo"), &headers, "").await;
        assert_eq!(answer.status, status);
    }
    let refresh = || {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", text(&got.json(), "refresh_token")),
        ]
    };
    let stolen = token(refresh(), Some(shown(&stranger))).await;
    assert_eq!(
        (stolen.status, &stolen.json()["error"]),
        (401, &json!("unauthorized_client"))
    );
    assert_eq!(token(refresh(), Some(shown(&own))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_client_is_known_by_the_other_name_of_its_certificate() {
    let server = behind_a_proxy("127.0.0.1/32").await;
    let realm = shop(&server, json!({})).await;
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![
        SanType::DnsName("machine.example".try_into().unwrap()),
        SanType::URI("urn:machine:1".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::Rfc822Name("machine@example.org".try_into().unwrap()),
    ];
    let own = Own {
        der: params.self_signed(&key).unwrap().der().to_vec(),
    };
    let (_, initial) = initial(&server, &realm, json!({})).await;
    for (member, good, bad) in [
        ("tls_client_auth_san_dns", "Machine.example", "example"),
        ("tls_client_auth_san_uri", "urn:machine:1", "urn:machine:2"),
        ("tls_client_auth_san_ip", "192.0.2.7", "192.0.2.8"),
        ("tls_client_auth_san_email", "machine@example.org", "other@example.org"),
    ] {
        for (name, verified, status) in [(good, "SUCCESS", 200), (good, "NONE", 401), (bad, "SUCCESS", 401)] {
            let sent = json!({ "token_endpoint_auth_method": "tls_client_auth", member: name,
                               "grant_types": ["client_credentials"] });
            let made = register(&server, &realm, Some(&initial), &sent).await;
            assert_eq!(
                (made.status, &made.json()[member]),
                (201, &json!(name)),
                "{}",
                made.body
            );
            let id = made.json()["client_id"].as_str().unwrap().to_owned();
            let answer = ask(&server, &realm, &id, Some(&own), verified).await;
            assert_eq!(answer.status, status, "{member} {name} {verified}: {}", answer.body);
        }
        let without = certificate();
        let sent = json!({ "token_endpoint_auth_method": "tls_client_auth", member: good, "grant_types": ["client_credentials"] });
        let made = register(&server, &realm, Some(&initial), &sent).await.json();
        let answer = ask(
            &server,
            &realm,
            made["client_id"].as_str().unwrap(),
            Some(&without),
            "SUCCESS",
        )
        .await;
        assert_eq!(answer.status, 401, "{member}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registers_the_certificate_that_it_made_itself() {
    let server = behind_a_proxy("127.0.0.1/32").await;
    let realm = shop(&server, json!({})).await;
    let (own, next, stranger) = (certificate(), certificate(), certificate());
    let (_, initial) = initial(&server, &realm, json!({})).await;
    let method = "self_signed_tls_client_auth";
    let set = |own: &Own| json!({ "keys": [{ "kty": "XYZ", "kid": "a", "x5c": [b64(&own.der)] }] });
    let sent = |more: Value| {
        let mut sent = json!({ "token_endpoint_auth_method": method, "grant_types": ["client_credentials"] });
        sent.as_object_mut().unwrap().extend(support::members(more));
        sent
    };
    for bad in [
        json!({}),
        json!({ "jwks": { "keys": [] } }),
        json!({ "jwks": { "keys": [{ "kty": "XYZ", "x5c": ["?"] }] } }),
        json!({ "jwks": set(&own), "tls_client_auth_subject_dn": "CN=machine,O=Harbour" }),
    ] {
        let refused = register(&server, &realm, Some(&initial), &sent(bad)).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (400, &json!("invalid_client_metadata")),
            "{}",
            refused.body
        );
    }
    let made = register(&server, &realm, Some(&initial), &sent(json!({ "jwks": set(&own) }))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    assert_eq!(made["token_endpoint_auth_method"], method);
    assert!(made.get("client_secret").is_none());
    let id = text(&made, "client_id");
    for (shown, verified, status) in [
        (Some(&own), "NONE", 200),
        (Some(&stranger), "SUCCESS", 401),
        (None, "SUCCESS", 401),
    ] {
        let answer = ask(&server, &realm, &id, shown, verified).await;
        assert_eq!(answer.status, status, "{verified}: {}", answer.body);
    }
    // It goes on to another certificate, to a name in one, and back.
    let path = text(&made, "registration_client_uri").replace("http://localhost:8080", "");
    let mut rat = text(&made, "registration_access_token");
    let by_name = "tls_client_auth";
    for (change, told, shown, verified, status) in [
        (json!({ "jwks": set(&next) }), method, &own, "SUCCESS", 401),
        (json!({ "redirect_uris": [] }), method, &next, "NONE", 200),
        (
            json!({ "token_endpoint_auth_method": by_name, "tls_client_auth_subject_dn": "CN=machine,O=Harbour" }),
            by_name,
            &next,
            "NONE",
            401,
        ),
        (json!({ "redirect_uris": [] }), by_name, &stranger, "SUCCESS", 200),
        (
            json!({ "token_endpoint_auth_method": method }),
            method,
            &stranger,
            "SUCCESS",
            401,
        ),
        (json!({ "redirect_uris": [] }), method, &next, "NONE", 200),
    ] {
        let changed = server.with_token(&rat, "PUT", &path, change.clone()).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.body);
        let changed = changed.json();
        assert_eq!(changed["token_endpoint_auth_method"], told, "{change}");
        rat = text(&changed, "registration_access_token");
        let answer = ask(&server, &realm, &id, Some(shown), verified).await;
        assert_eq!(answer.status, status, "{change}: {}", answer.body);
    }
    let found = server
        .get(&format!("/realms/{realm}/.well-known/openid-configuration"))
        .await;
    let listed = found.json()["token_endpoint_auth_methods_supported"].clone();
    assert!(listed.as_array().unwrap().contains(&json!(method)), "{listed}");
    // A policy may ask for it.
    let policy = json!({
        "name": "certificates", "providerId": "allowed-client-authentication", "subType": "authenticated",
        "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy", "config": { "methods": [method] }
    });
    let policy = server.admin("POST", &format!("/{realm}/components"), policy).await;
    assert_eq!(policy.status, 201, "{}", policy.body);
    for (sent, status) in [
        (sent(json!({ "jwks": set(&own) })), 201),
        (json!({ "grant_types": ["client_credentials"] }), 403),
    ] {
        assert_eq!(
            register(&server, &realm, Some(&initial), &sent).await.status,
            status,
            "{sent}"
        );
    }
}
