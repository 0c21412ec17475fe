//! Identity providers in the Admin API: written, checked, read, and part of a realm.

use serde_json::{Value, json};

use super::support::{self, Answer, Server};

fn provider(alias: &str) -> Value {
    json!({
        "alias": alias, "displayName": "One", "providerId": "oidc", "enabled": true, "trustEmail": true,
        "config": {
            "clientId": "c", "clientSecret": "very secret", "authorizationUrl": "https://op.example/auth",
            "tokenUrl": "https://op.example/token", "issuer": "https://op.example"
        }
    })
}

async fn aliases(server: &Server, path: &str) -> Vec<String> {
    let all = server.admin("GET", path, Value::Null).await.json();
    let all = all.as_array().unwrap_or_else(|| panic!("{path}: {all}"));
    all.iter().map(|p| p["alias"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_kept_and_its_secret_is_not_shown() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let all = format!("/{realm}/identity-provider/instances");
        let made = server.admin("POST", &all, provider("one")).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(made.header("location").ends_with("/identity-provider/instances/one"));
        // What kind it is stays, and it is judged as that.
        let sent = json!({
            "alias": "one", "providerId": "saml",
            "config": { "authorizationUrl": "javascript:alert(1)", "tokenUrl": "https://op.example.com/token" }
        });
        let other = server.admin("PUT", &format!("{all}/one"), sent).await;
        assert_eq!(other.status, 400, "{}", other.body);
        let again = server.admin("POST", &all, provider("one")).await;
        let told = json!({ "errorMessage": "Identity Provider one already exists" });
        assert_eq!((again.status, again.json()), (409, told));

        let one = format!("{all}/one");
        let mut shown = server.admin("GET", &one, Value::Null).await.json();
        assert_eq!(shown["config"]["clientSecret"], "**********");
        assert_eq!(shown["types"][0], "USER_AUTHENTICATION");
        assert!(shown.get("linkOnly").is_none());
        shown["displayName"] = json!("Uno");
        shown["config"]["defaultScope"] = json!("openid");
        assert_eq!(server.admin("PUT", &one, shown.clone()).await.status, 204);
        let after = server.admin("GET", &one, Value::Null).await.json();
        assert_eq!(after, shown);
        assert_eq!(secret(&server, &realm, "one").await.as_deref(), Some("very secret"));

        for place in ["tokenUrl", "jwksUrl", "clientId"] {
            let mut moved = shown.clone();
            moved["config"][place] = json!("https://evil.example/token");
            assert_eq!(server.admin("PUT", &one, moved).await.status, 204);
            let kept = secret(&server, &realm, "one").await;
            assert_eq!(kept, None, "another {place} does not get the secret");
            shown["config"]["clientSecret"] = json!("very secret");
            assert_eq!(server.admin("PUT", &one, shown.clone()).await.status, 204);
            shown["config"]["clientSecret"] = json!("**********");
        }
        shown["config"]["clientSecret"] = json!("another");
        assert_eq!(server.admin("PUT", &one, shown.clone()).await.status, 204);
        assert_eq!(secret(&server, &realm, "one").await.as_deref(), Some("another"));
        shown["config"].as_object_mut().unwrap().remove("clientSecret");
        assert_eq!(server.admin("PUT", &one, shown.clone()).await.status, 204);
        assert_eq!(secret(&server, &realm, "one").await, None);

        assert_eq!(server.admin("DELETE", &one, Value::Null).await.status, 204);
        let gone = server.admin("GET", &one, Value::Null).await;
        assert_eq!(
            (gone.status, gone.json()),
            (404, json!({ "error": "HTTP 404 Not Found" }))
        );
    }
}

/// Sends a form with texts and a file.
pub async fn upload_file(server: &Server, path: &str, texts: &[(&str, &str)], file: &str) -> Answer {
    let mut body = String::new();
    for (name, text) in texts {
        body += &format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    body += &format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let bearer = format!("Bearer {}", server.admin_token().await);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "multipart/form-data; boundary=edge"),
    ];
    server
        .request("POST", &format!("/admin/realms{path}"), &headers, &body)
        .await
}

async fn secret(server: &Server, realm: &str, alias: &str) -> Option<String> {
    let db = &server.app.db;
    let realm = vestibule::store::realm::by_name(db, realm).await.unwrap().unwrap();
    let found = vestibule::store::identity_provider::by_alias(db, &realm.id, alias).await;
    let found = found.unwrap().unwrap();
    let raw = serde_json::to_string(&found.doc).unwrap();
    assert!(!raw.contains("very secret") && !raw.contains("another"), "{raw}");
    found.secret(db).unwrap().map(|s| s.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let all = format!("/{realm}/identity-provider/instances");
    assert_eq!(server.admin("POST", &all, provider("one")).await.status, 201);
    let with = |config: Value| json!({ "alias": "x", "providerId": "oidc", "config": config });
    let message = |text: &str| json!({ "errorMessage": text });
    for (sent, told) in [
        (json!({}), message("Invalid identity provider id [null]")),
        (
            json!({ "alias": "a", "providerId": "nope" }),
            message("Invalid identity provider id [nope]"),
        ),
        (json!({ "providerId": "oidc" }), message("path is null")),
        (
            json!({ "alias": "a b/c", "providerId": "oidc" }),
            json!({ "error": "Empty Space not allowed." }),
        ),
        (
            with(json!({ "authorizationUrl": "nonsense" })),
            message("The url [authorization_url] is malformed"),
        ),
        (
            with(json!({ "authorizationUrl": "ftp://x/y" })),
            message("Invalid protocol/scheme for url [authorization_url]"),
        ),
        (
            with(json!({ "tokenUrl": "http://op.example/" })),
            message("The url [token_url] requires secure connections"),
        ),
        (
            with(json!({ "pkceEnabled": "true", "pkceMethod": "S1" })),
            message("PKCE Method not supported: S1"),
        ),
        (
            json!({ "alias": "x", "providerId": "oauth2", "config": { "authorizationUrl": "https://x/a" } }),
            message("User Info URL not provided"),
        ),
        (
            json!({ "alias": "x", "providerId": "google", "config": { "issuer": "https://op.example" } }),
            message("The issuer url [https://op.example] is invalid"),
        ),
        (
            json!({ "alias": "x", "providerId": "oidc", "firstBrokerLoginFlowAlias": "nope" }),
            message("No available authentication flow with alias: nope"),
        ),
    ] {
        let answer = server.admin("POST", &all, sent.clone()).await;
        assert_eq!((answer.status, answer.json()), (400, told), "{sent}");
    }
    let one = format!("{all}/one");
    for (sent, told) in [
        (json!({}), message("Invalid identity provider id [null]")),
        (
            json!({ "alias": "uno", "providerId": "oidc" }),
            message("Identity Provider alias cannot be changed"),
        ),
    ] {
        let answer = server.admin("PUT", &one, sent.clone()).await;
        assert_eq!((answer.status, answer.json()), (400, told), "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_listed_by_alias_kind_and_page() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let all = format!("/{realm}/identity-provider/instances");
        for (alias, kind) in [
            ("Ten", "kubernetes"),
            ("three", "google"),
            ("two", "oidc"),
            ("eight", "saml"),
        ] {
            let sent = json!({ "alias": alias, "providerId": kind });
            assert_eq!(server.admin("POST", &all, sent).await.status, 201);
        }
        for (query, found) in [
            ("", vec!["Ten", "eight", "three", "two"]),
            ("?search=T", vec!["Ten", "three", "two"]),
            ("?search=*e*", vec!["Ten", "eight", "three"]),
            ("?search=%22TWO%22", vec!["two"]),
            ("?first=1&max=2", vec!["eight", "three"]),
            ("?max=-1&first=9", vec![]),
            ("?type=CLIENT_ASSERTION", vec!["Ten", "two"]),
            ("?type=USER_AUTHENTICATION", vec!["eight", "three", "two"]),
            ("?capability=USER_LINKING", vec!["eight", "three", "two"]),
            ("?realmOnly=true", vec!["Ten", "eight", "three", "two"]),
        ] {
            assert_eq!(aliases(&server, &format!("{all}{query}")).await, found, "{query}");
        }
        let brief = server
            .admin("GET", &format!("{all}?briefRepresentation=true&max=1"), Value::Null)
            .await;
        let mut brief = brief.json();
        brief[0].as_object_mut().unwrap().remove("internalId");
        assert_eq!(
            brief,
            json!([{ "alias": "Ten", "providerId": "kubernetes", "enabled": true, "config": {} }])
        );
        let google = server.admin("GET", &format!("{all}/three"), Value::Null).await.json();
        assert_eq!(google["config"]["issuer"], "https://accounts.google.com");
        assert_eq!(
            server.admin("GET", &format!("{all}?type=x"), Value::Null).await.status,
            404
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mappers_belong_to_a_provider() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let one = format!("/{realm}/identity-provider/instances/one");
        let all = format!("/{realm}/identity-provider/instances");
        assert_eq!(server.admin("POST", &all, provider("one")).await.status, 201);
        let types = server
            .admin("GET", &format!("{one}/mapper-types"), Value::Null)
            .await
            .json();
        assert_eq!(types.as_object().unwrap().len(), 10);
        assert_eq!(types["oidc-username-idp-mapper"]["category"], "Preprocessor");
        let sent = json!({
            "name": "m", "identityProviderAlias": "one", "identityProviderMapper": "oidc-user-attribute-idp-mapper",
            "config": { "claim": "c", "user.attribute": "a" }
        });
        let mappers = format!("{one}/mappers");
        let id = server.admin("POST", &mappers, sent.clone()).await.created();
        let again = server.admin("POST", &mappers, sent.clone()).await;
        let told = json!({ "errorMessage": "Failed to add mapper 'm' to identity provider [oidc]." });
        assert_eq!((again.status, again.json()), (400, told));
        let nothing = server.admin("POST", &mappers, json!({})).await;
        assert_eq!(nothing.status, 409);
        let mut shown = server
            .admin("GET", &format!("{mappers}/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["config"], sent["config"]);
        shown["name"] = json!("n");
        assert_eq!(
            server
                .admin("PUT", &format!("{mappers}/{id}"), shown.clone())
                .await
                .status,
            204
        );
        assert_eq!(server.admin("GET", &mappers, Value::Null).await.json(), json!([shown]));
        let missing = server.admin("DELETE", &format!("{mappers}/nope"), Value::Null).await;
        assert_eq!(
            (missing.status, missing.json()),
            (404, json!({ "error": "Model not found" }))
        );
        assert_eq!(server.admin("DELETE", &one, Value::Null).await.status, 204);
        assert_eq!(server.admin("POST", &all, provider("one")).await.status, 201);
        assert_eq!(server.admin("GET", &mappers, Value::Null).await.json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_comes_with_its_providers_and_users_links() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({
                "identityProviders": [provider("one"), { "alias": "two", "providerId": "google", "firstBrokerLoginFlowAlias": "first broker login" }],
                "identityProviderMappers": [{
                    "name": "m", "identityProviderAlias": "one", "identityProviderMapper": "oidc-user-attribute-idp-mapper"
                }],
                "users": [{
                    "username": "mia", "federatedIdentities": [{ "identityProvider": "one", "userId": "7", "userName": "mia7" }]
                }]
            }))
            .await;
        let all = format!("/{realm}/identity-provider/instances");
        assert_eq!(aliases(&server, &all).await, ["one", "two"]);
        let two = server.admin("GET", &format!("{all}/two"), Value::Null).await.json();
        assert_eq!(two["firstBrokerLoginFlowAlias"], "first broker login");
        assert_eq!(secret(&server, &realm, "one").await.as_deref(), Some("very secret"));
        let mia = server
            .admin("GET", &format!("/{realm}/users?idpAlias=one"), Value::Null)
            .await
            .json();
        let mia = format!("/{realm}/users/{}", mia[0]["id"].as_str().unwrap());
        let link = json!([{ "identityProvider": "one", "userId": "7", "userName": "mia7" }]);
        let links = format!("{mia}/federated-identity");
        assert_eq!(server.admin("GET", &links, Value::Null).await.json(), link);
        let shown = server.admin("GET", &mia, Value::Null).await.json();
        assert_eq!(shown["federatedIdentities"], link);

        let put = async |to: &str| {
            server
                .admin("POST", &format!("{links}/{to}"), json!({ "userId": "8" }))
                .await
        };
        assert_eq!(put("two").await.status, 204);
        let again = put("two").await;
        let told = json!({ "errorMessage": "User is already linked with provider" });
        assert_eq!((again.status, again.json()), (409, told));
        // A provider that the realm does not have yet: kept, and not shown.
        assert_eq!(put("three").await.status, 204);
        assert_eq!(
            server
                .admin("GET", &links, Value::Null)
                .await
                .json()
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            server.admin("DELETE", &format!("{all}/two"), Value::Null).await.status,
            204
        );
        assert_eq!(server.admin("GET", &links, Value::Null).await.json(), link);

        let refused = json!({ "realm": "refused", "identityProviders": [{ "alias": "x", "providerId": "nope" }] });
        assert_eq!(server.admin("POST", "", refused).await.status, 400);
        assert_eq!(server.admin("GET", "/refused", Value::Null).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_a_provider_leads_through_stays() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let copy = format!("/{realm}/authentication/flows/first%20broker%20login/copy");
    assert_eq!(
        server.admin("POST", &copy, json!({ "newName": "mine" })).await.status,
        201
    );
    let sent = json!({ "alias": "x", "providerId": "oidc", "postBrokerLoginFlowAlias": "mine" });
    let all = format!("/{realm}/identity-provider/instances");
    assert_eq!(server.admin("POST", &all, sent).await.status, 201);
    let flows = server
        .admin("GET", &format!("/{realm}/authentication/flows"), Value::Null)
        .await
        .json();
    let mine = flows.as_array().unwrap().iter().find(|f| f["alias"] == "mine").unwrap();
    let path = format!("/{realm}/authentication/flows/{}", mine["id"].as_str().unwrap());
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 400);
    assert_eq!(
        server.admin("DELETE", &format!("{all}/x"), Value::Null).await.status,
        204
    );
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_read_from_files_and_never_from_private_addresses() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let import = format!("/{realm}/identity-provider/import-config");
    for address in [
        "http://127.0.0.1:1/x",
        "https://10.0.0.1/x",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let sent = json!({ "providerId": "oidc", "fromUrl": address });
        let refused = server.admin("POST", &import, sent).await;
        assert_eq!(refused.status, 400, "{address}: {}", refused.body);
    }
    for sent in [
        json!({}),
        json!({ "providerId": "oidc" }),
        json!({ "fromUrl": "https://x" }),
    ] {
        let refused = server.admin("POST", &import, sent).await;
        assert_eq!(
            (refused.status, refused.json()),
            (400, json!({ "error": "HTTP 400 Bad Request" }))
        );
    }
    let document = r#"{"issuer":"https://op","authorization_endpoint":"https://op/a","token_endpoint":"https://op/t","jwks_uri":"https://op/j"}"#;
    let read = upload_file(&server, &import, &[("providerId", "oidc")], document).await;
    assert_eq!(
        (read.status, read.json()),
        (
            200,
            json!({
                "issuer": "https://op", "authorizationUrl": "https://op/a", "tokenUrl": "https://op/t",
                "jwksUrl": "https://op/j", "validateSignature": "true", "useJwksUrl": "true"
            })
        )
    );
    assert_eq!(
        upload_file(&server, &import, &[("providerId", "oidc")], "rubbish")
            .await
            .status,
        400
    );

    let upload = format!("/{realm}/identity-provider/upload-certificate");
    let set = r#"{"keys":[{"kty":"EC","crv":"P-256","use":"sig","kid":"k1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    let read = upload_file(&server, &upload, &[("keystoreFormat", "JSON Web Key Set")], set).await;
    assert_eq!(read.json()["kid"], "k1");
    assert!(
        read.json()["publicKey"]
            .as_str()
            .unwrap()
            .starts_with("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")
    );
    let bad = upload_file(&server, &upload, &[("keystoreFormat", "Certificate PEM")], "rubbish").await;
    assert_eq!(
        (bad.status, bad.json()["error"].clone()),
        (400, json!("certificate-not-found"))
    );
    let none = upload_file(&server, &upload, &[], set).await;
    assert_eq!(none.json(), json!({ "error": "keystoreFormat cannot be null" }));
}
