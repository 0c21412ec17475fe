//! Keycloak's other providers: the file of adapters, and clients that describe themselves in SAML.

use serde_json::{Value, json};

use super::client_registration::{initial_token, plain, register, text};
use super::support::{self, Answer, Server};

async fn install(server: &Server, realm: &str, client: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/realms/{realm}/clients-registrations/install/{client}");
    server.request("GET", &path, headers, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_client_goes_to_itself_and_to_those_who_may_see_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    server
        .client(&realm, json!({ "clientId": "page", "publicClient": true }))
        .await;
    server
        .client(&realm, json!({ "clientId": "shop", "secret": "s3cret" }))
        .await;
    server
        .client(&realm, json!({ "clientId": "other", "secret": "s3cret" }))
        .await;
    server
        .client(&realm, json!({ "clientId": "api", "bearerOnly": true }))
        .await;
    server
        .client(
            &realm,
            json!({ "clientId": "off", "publicClient": true, "enabled": false }),
        )
        .await;

    let told = install(&server, &realm, "page", &[]).await.json();
    assert_eq!(told["resource"], "page");
    assert_eq!((&told["realm"], &told["public-client"]), (&json!(realm), &json!(true)));
    let basic = |id: &str, secret: &str| {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        format!("Basic {pair}")
    };
    let told = install(&server, &realm, "shop", &[("authorization", &basic("shop", "s3cret"))])
        .await
        .json();
    assert_eq!(told["credentials"]["secret"], "s3cret");
    for (client, header, said) in [
        ("shop", None, "Failed to authenticate client"),
        ("api", None, "Failed to authenticate client"),
        ("shop", Some(basic("shop", "wrong")), "Failed to authenticate client"),
        ("shop", Some(basic("other", "s3cret")), "Different client authenticated"),
        (
            "nobody",
            None,
            "Not authorized to view client. Not valid token or client credentials provided.",
        ),
        (
            "off",
            None,
            "Not authorized to view client. Not valid token or client credentials provided.",
        ),
    ] {
        let headers: Vec<(&str, &str)> = header.as_deref().map(|h| ("authorization", h)).into_iter().collect();
        let answer = install(&server, &realm, client, &headers).await;
        assert_eq!(
            (answer.status, text(&answer.json(), "error_description")),
            (401, said),
            "{client}"
        );
    }
    let token = initial_token(&server, &realm, 1).await;
    let made = register(&server, &realm, Some(&token), &plain()).await.json();
    let bearer = format!("Bearer {}", text(&made, "registration_access_token"));
    let id = text(&made, "client_id");
    let told = install(&server, &realm, id, &[("authorization", &bearer)]).await.json();
    assert_eq!((&told["resource"], told.get("credentials")), (&json!(id), None));
    let path = format!("/realms/{realm}/clients-registrations/install");
    assert_eq!(server.json(&path, &json!({})).await.status, 405);
}

pub const DESCRIPTOR: &str = r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example.com/saml">
<SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example.com/acs" index="1"/>
</SPSSODescriptor></EntityDescriptor>"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_provider_describes_itself() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let token = initial_token(&server, &realm, 9).await;
    let path = format!("/realms/{realm}/clients-registrations/saml2-entity-descriptor");
    let bearer = format!("Bearer {token}");
    let send = |body: String, kind: &'static str| {
        let (server, path, bearer) = (&server, &path, &bearer);
        async move {
            let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
            server.request("POST", path, &headers, &body).await
        }
    };
    let answer = send(DESCRIPTOR.to_owned(), "application/xml").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let told = answer.json();
    assert_eq!(
        (&told["clientId"], &told["protocol"]),
        (&json!("https://sp.example.com/saml"), &json!("saml"))
    );
    assert_eq!(told["redirectUris"], json!(["https://sp.example.com/acs"]));
    assert!(told["attributes"]["saml.signing.certificate"].is_string());
    assert!(!answer.body.contains("private"), "{}", answer.body);
    let again = send(DESCRIPTOR.to_owned(), "application/xml").await;
    assert_eq!(
        (again.status, text(&again.json(), "error_description")),
        (400, "Client Identifier in use")
    );
    assert_eq!(send("<x".to_owned(), "application/xml").await.status, 400);
    assert_eq!(send("{}".to_owned(), "application/json").await.status, 415);
    let evil = DESCRIPTOR
        .replace("https://sp.example.com/acs", "javascript:alert(1)")
        .replace("/saml", "/evil");
    assert_eq!(send(evil, "application/xml").await.status, 400);
    let get = server
        .request("GET", &format!("{path}/x"), &[("authorization", &bearer)], "")
        .await;
    assert_eq!(get.status, 405);
    let converter = format!("/admin/realms/{realm}/client-description-converter");
    let admin = format!("Bearer {}", server.admin_token().await);
    let headers = [("authorization", admin.as_str()), ("content-type", "application/xml")];
    let converted: Value = server.request("POST", &converter, &headers, DESCRIPTOR).await.json();
    assert_eq!(converted["attributes"]["saml.assertion.signature"], "true");
}
