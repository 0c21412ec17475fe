//! What programs see that declare a realm: what they sent comes back, what cannot work is refused, and nothing is added unasked.

use serde_json::{Value, json};
use vestibule_jose::SigningKey;
use vestibule_jose::digest::b64;

use crate::support::oidc::{CALLBACK, introspect, text, token};
use crate::support::{self, Server};

const KEYS: &str = "org.keycloak.keys.KeyProvider";

async fn get(server: &Server, path: &str) -> Value {
    server.admin("GET", path, Value::Null).await.json()
}

fn mapper(name: &str, provider: &str, config: &Value) -> Value {
    json!({ "name": name, "protocol": "openid-connect", "protocolMapper": provider, "config": config })
}

fn claim(name: &str, more: &Value) -> Value {
    let mut config = json!({ "claim.name": name, "claim.value": "x", "jsonType.label": "String" });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    mapper(name, "oidc-hardcoded-claim-mapper", &config)
}

fn named<'a>(all: &'a Value, name: &str) -> &'a Value {
    let mut all = all.as_array().unwrap().iter();
    all.find(|one| one["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// Measured at Keycloak 26.7.4: what is sent, what is shown beyond that with the client and with the mapper, and whether the claim
/// is in an access token and told at introspection.
#[tokio::test(flavor = "multi_thread")]
async fn mappers_come_back_as_they_were_sent_and_what_is_implied_is_shown_of_the_mapper() {
    let (access, id, told, user) = (
        "access.token.claim",
        "id.token.claim",
        "introspection.token.claim",
        "userinfo.token.claim",
    );
    let cases = [
        ("none", json!({}), json!({}), json!({}), (false, false)),
        (
            "at",
            json!({ access: "true" }),
            json!({}),
            json!({ told: "true" }),
            (true, true),
        ),
        (
            "af",
            json!({ access: "false" }),
            json!({}),
            json!({ told: "false" }),
            (false, false),
        ),
        ("it", json!({ told: "true" }), json!({}), json!({}), (false, true)),
        (
            "atif",
            json!({ access: "true", told: "false" }),
            json!({}),
            json!({}),
            (true, false),
        ),
        (
            "id",
            json!({ id: "true" }),
            json!({ user: "true" }),
            json!({}),
            (false, false),
        ),
        (
            "uf",
            json!({ id: "true", user: "false" }),
            json!({}),
            json!({}),
            (false, false),
        ),
    ];
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let mut mappers: Vec<Value> = cases.iter().map(|(name, config, ..)| claim(name, config)).collect();
        let audience = json!({ "included.client.audience": "back", access: "true" });
        mappers.push(mapper("aud", "oidc-audience-mapper", &audience));
        mappers.push(mapper("origins", "oidc-allowed-origins-mapper", &json!({})));
        mappers.push(mapper(
            "nonce",
            "oidc-nonce-backwards-compatible-mapper",
            &json!({ access: "true" }),
        ));
        mappers.push(mapper(
            "member",
            "oidc-organization-membership-mapper",
            &json!({ access: "true" }),
        ));
        let doc = json!({
            "clientId": "back", "secret": "back-secret", "directAccessGrantsEnabled": true, "redirectUris": [CALLBACK],
            "protocolMappers": mappers
        });
        let client = server.client(&realm, doc.clone()).await;
        let scope = json!({ "name": "sc", "protocol": "openid-connect", "protocolMappers": mappers });
        let scope = server
            .admin("POST", &format!("/{realm}/client-scopes"), scope)
            .await
            .created();
        server.user(&realm, "mia", "correct horse").await;
        let one = format!("/{realm}/clients/{client}");
        // Sent again as it was declared, nothing changes.
        for _ in 0..2 {
            let shown = get(&server, &one).await;
            let of_scope = get(&server, &format!("/{realm}/client-scopes/{scope}")).await;
            let models = get(&server, &format!("{one}/protocol-mappers/models")).await;
            for (name, sent, more, implied, _) in &cases {
                let mut kept = claim(name, sent)["config"].clone();
                kept.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                assert_eq!(named(&shown["protocolMappers"], name)["config"], kept, "{name}");
                assert_eq!(named(&of_scope["protocolMappers"], name)["config"], kept, "{name}");
                kept.as_object_mut()
                    .unwrap()
                    .extend(implied.as_object().unwrap().clone());
                assert_eq!(named(&models, name)["config"], kept, "{name}");
                let path = format!("{one}/protocol-mappers/models/{}", text(named(&models, name), "id"));
                assert_eq!(get(&server, &path).await["config"], kept, "{name}");
            }
            for (name, config) in [
                ("origins", json!({ access: "true", told: "true" })),
                ("nonce", json!({ access: "true" })),
                (
                    "member",
                    json!({
                        access: "true", "addOrganizationAttributes": "false", "addOrganizationId": "false",
                        "claim.name": "organization", "jsonType.label": "String", "multivalued": "true"
                    }),
                ),
            ] {
                assert_eq!(named(&models, name)["config"], config, "{name}");
            }
            assert_eq!(named(&shown["protocolMappers"], "origins")["config"], json!({}));
            assert_eq!(server.admin("PUT", &one, doc.clone()).await.status, 204);
        }
        let fields = [
            ("grant_type", "password"),
            ("client_id", "back"),
            ("client_secret", "back-secret"),
            ("username", "mia"),
            ("password", "correct horse"),
        ];
        let given = text(&token(&server, &realm, &fields).await.json(), "access_token");
        let said = support::oidc::claims(&given);
        let asked = introspect(&server, &realm, &given, &[]).await.json();
        assert_eq!(asked["active"], true, "{asked}");
        for (name, .., (in_token, at_introspection)) in &cases {
            assert_eq!(said.get(name).is_some(), *in_token, "{name} in the token");
            assert_eq!(asked.get(name).is_some(), *at_introspection, "{name} at introspection");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pairwise_subjects_need_a_sector() {
    const NO_HOST: &str = "Client redirect URIs must contain a valid host component.";
    const MANY: &str =
        "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host components.";
    const MALFORMED: &str = "Malformed Sector Identifier URI.";
    const UNREAD: &str = "Failed to get redirect URIs from the Sector Identifier URI.";
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let pairwise = |document: &str| {
        let config = json!({ "sectorIdentifierUri": document });
        mapper("p", "oidc-sha256-pairwise-sub-mapper", &config)
    };
    let clients = format!("/{realm}/clients");
    for (n, (uris, root, document, fault)) in [
        (json!([]), "", "", NO_HOST),
        (json!([]), "https://a.example", "", NO_HOST),
        (json!(["https://a.example/", "https://b.example/"]), "", "", MANY),
        (json!(["https://a.example/"]), "", "nonsense", MALFORMED),
        (json!(["https://a.example/"]), "", "https://127.0.0.1:1/s", UNREAD),
        (json!(["https://a.example/", "http://a.example:8/x"]), "", "", ""),
        (json!(["/x"]), "https://a.example", "", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let doc = json!({
            "clientId": format!("c{n}"), "redirectUris": uris, "rootUrl": root, "protocolMappers": [pairwise(document)]
        });
        let made = server.admin("POST", &clients, doc).await;
        let bare = json!({ "clientId": format!("d{n}"), "redirectUris": uris, "rootUrl": root });
        let id = server.client(&realm, bare).await;
        let models = format!("{clients}/{id}/protocol-mappers");
        let one = server
            .admin("POST", &format!("{models}/models"), pairwise(document))
            .await;
        let all = server
            .admin("POST", &format!("{models}/add-models"), json!([pairwise(document)]))
            .await;
        if fault.is_empty() {
            assert_eq!((made.status, one.status), (201, 201), "{n}: {} {}", made.body, one.body);
            continue;
        }
        let told = json!({ "error": "invalid_input", "error_description": fault });
        assert_eq!((made.status, made.json()), (400, told.clone()), "{n}");
        let short = if fault == MALFORMED {
            "Invalid Sector Identifier URI."
        } else {
            fault
        };
        let of_mapper = json!({ "error": short, "error_description": fault });
        assert_eq!((one.status, one.json()), (400, of_mapper.clone()), "{n}");
        assert_eq!((all.status, all.json()), (400, of_mapper), "{n}");
        let put = json!({ "clientId": format!("d{n}"), "protocolMappers": [pairwise(document)] });
        let put = server.admin("PUT", &format!("{clients}/{id}"), put).await;
        assert_eq!((put.status, put.json()), (400, told), "{n}");
    }
    let found = get(&server, &format!("{clients}?clientId=c5")).await;
    let path = format!("{clients}/{}", text(&found[0], "id"));
    let moved = json!({ "redirectUris": ["https://a.example/", "https://b.example/"] });
    assert_eq!(
        server.admin("PUT", &path, moved).await.json()["error_description"],
        MANY
    );
    assert_eq!(server.admin("PUT", &path, json!({ "name": "n" })).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_not_there_is_refused_by_name() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let clients = format!("/{realm}/clients");
    let flows = get(&server, &format!("/{realm}/authentication/flows")).await;
    let flows = flows.as_array().unwrap().iter();
    let id = flows
        .filter(|f| f["alias"] == "browser")
        .map(|f| text(f, "id"))
        .next()
        .unwrap();
    let with = |flow: &str| json!({ "clientId": "app", "authenticationFlowBindingOverrides": { "browser": flow } });
    let refused = server.admin("POST", &clients, with("browser")).await;
    let told = refused.json()["errorMessage"].to_string();
    assert!(refused.status == 400 && told.contains("browser"), "{told}");
    let made = server.client(&realm, with(&id)).await;
    let path = format!("{clients}/{made}");
    let refused = server.admin("PUT", &path, with("c0ffee")).await;
    let told = refused.json()["errorMessage"].to_string();
    assert!(refused.status == 400 && told.contains("c0ffee"), "{told}");
    let shown = get(&server, &path).await;
    assert_eq!(shown["authenticationFlowBindingOverrides"], json!({ "browser": id }));
    assert_eq!(server.admin("PUT", &path, with("")).await.status, 204);
    let shown = get(&server, &path).await;
    assert_eq!(shown["authenticationFlowBindingOverrides"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_names_its_protocol_has_what_back_channel_logout_does() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (session, offline) = (
        "backchannel.logout.session.required",
        "backchannel.logout.revoke.offline.tokens",
    );
    for (n, (mut doc, expected)) in [
        (json!({}), (Value::Null, Value::Null)),
        (json!({ "protocol": "openid-connect" }), (json!("true"), json!("false"))),
        (
            json!({ "protocol": "openid-connect", "attributes": { session: "false", "x": "y" } }),
            (json!("false"), json!("false")),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        doc["clientId"] = json!(format!("app{n}"));
        let id = server.client(&realm, doc).await;
        let shown = get(&server, &format!("/{realm}/clients/{id}")).await;
        let attributes = &shown["attributes"];
        let said = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        assert_eq!((said(session), said(offline)), expected, "{n}: {attributes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_that_stand_for_realms_are_as_keycloaks() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (name, is_master) in [("master-realm".to_owned(), true), (format!("{realm}-realm"), false)] {
        let found = get(&server, &format!("/master/clients?clientId={name}")).await;
        let found = &found[0];
        assert!(found.get("protocol").is_none(), "{found}");
        for list in ["defaultClientScopes", "optionalClientScopes"] {
            assert_eq!(
                !found[list].as_array().unwrap().is_empty(),
                is_master,
                "{name}: {found}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_brought_is_read_and_signs() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let components = format!("/{realm}/components");
        let key = |config: Value| json!({ "name": "own", "providerId": "rsa", "providerType": KEYS, "config": config });
        let pem = |key: &SigningKey| {
            let der = key.to_der().unwrap();
            format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                b64(&der)
            )
        };
        let (one, other) = (made_key(), made_key());
        let good = pem(&one);
        for (config, told) in [
            (json!({}), "'Private RSA Key' is required"),
            (json!({ "privateKey": ["x"] }), "Failed to decode private key"),
            (
                json!({ "privateKey": ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] }),
                "Failed to decode private key",
            ),
            (
                json!({ "privateKey": [good], "certificate": ["x"] }),
                "Failed to decode certificate",
            ),
        ] {
            let refused = server.admin("POST", &components, key(config)).await;
            assert_eq!((refused.status, refused.json()), (400, json!({ "errorMessage": told })));
        }
        let made = key(json!({ "privateKey": [good], "priority": ["1000"] }));
        let id = server.admin("POST", &components, made).await.created();
        let path = format!("{components}/{id}");
        let shown = get(&server, &path).await;
        assert_eq!(shown["config"]["privateKey"], json!(["**********"]));
        let certificate = shown["config"]["certificate"].clone();
        assert!(certificate[0].as_str().unwrap().len() > 100, "{shown}");
        assert_eq!(kids(&server, &realm).await.first().unwrap(), one.kid());
        // Sent back as it was read, it is the same key, and its certificate.
        assert_eq!(server.admin("PUT", &path, shown.clone()).await.status, 204);
        assert_eq!(get(&server, &path).await["config"]["certificate"], certificate);
        assert_eq!(kids(&server, &realm).await.first().unwrap(), one.kid());
        let mut changed = shown.clone();
        changed["config"]["privateKey"] = json!([pem(&other)]);
        let refused = server.admin("PUT", &path, changed.clone()).await;
        assert_eq!(refused.json()["errorMessage"], "Certificate does not match private key");
        changed["config"]["certificate"] = json!([""]);
        assert_eq!(server.admin("PUT", &path, changed).await.status, 204);
        let after = kids(&server, &realm).await;
        assert!(
            after[0] == other.kid() && !after.iter().any(|kid| kid == one.kid()),
            "{after:?}"
        );
        assert_ne!(get(&server, &path).await["config"]["certificate"], certificate);
    }
}

fn made_key() -> SigningKey {
    SigningKey::generate(vestibule_jose::Alg::RS256).unwrap()
}

/// The ids of the keys that a realm publishes.
async fn kids(server: &Server, realm: &str) -> Vec<String> {
    let set = server
        .get(&format!("/realms/{realm}/protocol/openid-connect/certs"))
        .await
        .json();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| text(key, "kid")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_is_not_is_answered_where_it_was_said() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let all = format!("/{realm}/identity-provider/instances");
    let switches = [
        "storeToken",
        "linkOnly",
        "addReadTokenRoleOnCreate",
        "authenticateByDefault",
        "hideOnLogin",
    ];
    let config = json!({
        "clientId": "c", "authorizationUrl": "https://op.example/auth", "tokenUrl": "https://op.example/token"
    });
    let mut said = json!({ "alias": "said", "providerId": "oidc", "config": config });
    let unsaid = json!({ "alias": "unsaid", "providerId": "oidc", "config": config });
    for switch in switches {
        said[switch] = json!(false);
    }
    for (doc, expected) in [(said, json!(false)), (unsaid, Value::Null)] {
        let path = format!("{all}/{}", text(&doc, "alias"));
        assert_eq!(server.admin("POST", &all, doc.clone()).await.status, 201);
        for _ in 0..2 {
            let shown = get(&server, &path).await;
            for switch in switches {
                assert_eq!(
                    shown.get(switch).cloned().unwrap_or_default(),
                    expected,
                    "{switch}: {shown}"
                );
            }
            assert_eq!(server.admin("PUT", &path, doc.clone()).await.status, 204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_has_what_the_group_above_it_has() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let groups = format!("/{realm}/groups");
        let above = server.admin("POST", &groups, json!({ "name": "a" })).await.created();
        let below = server
            .admin("POST", &format!("{groups}/{above}/children"), json!({ "name": "b" }))
            .await
            .created();
        let roles = format!("/{realm}/roles");
        assert_eq!(server.admin("POST", &roles, json!({ "name": "r1" })).await.status, 201);
        let role = get(&server, &format!("{roles}/r1")).await;
        let mapped = |group: &str| format!("{groups}/{group}/role-mappings/realm");
        let given = server.admin("POST", &mapped(&above), json!([role])).await;
        assert_eq!(given.status, 204, "{}", given.body);
        let composite = get(&server, &format!("{}/composite", mapped(&below))).await;
        assert_eq!(composite.as_array().unwrap().len(), 1);
        assert_eq!(composite[0]["name"], "r1");
        assert_eq!(get(&server, &mapped(&below)).await, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_names_its_groups_and_its_attributes_have_names() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}/users/profile");
    let mut profile = get(&server, &path).await;
    profile["attributes"][0]["group"] = json!("");
    let refused = server.admin("PUT", &path, profile.clone()).await;
    let told = json!({ "errorMessage": "[Attribute 'username' references unknown group '']" });
    assert_eq!((refused.status, refused.json()), (400, told));
    let attributes = profile["attributes"].as_array_mut().unwrap();
    for attribute in attributes {
        let attribute = attribute.as_object_mut().unwrap();
        attribute.remove("group");
        attribute.remove("displayName");
    }
    assert_eq!(server.admin("PUT", &path, profile).await.status, 200);
    let user = server.user(&realm, "mia", "correct horse").await;
    let shown = get(&server, &format!("/{realm}/users/{user}?userProfileMetadata=true")).await;
    let attributes = &shown["userProfileMetadata"]["attributes"];
    for (name, expected) in [
        ("username", "${username}"),
        ("email", "${email}"),
        ("firstName", "firstName"),
    ] {
        assert_eq!(named(attributes, name)["displayName"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_verifies_the_audience_where_a_client_scope_names_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let id = server
        .client(&realm, json!({ "clientId": "api", "secret": "s3cret-of-api" }))
        .await;
    let path = format!("/{realm}/clients/{id}/installation/providers/keycloak-oidc-keycloak-json");
    assert!(get(&server, &path).await.get("verify-token-audience").is_none());
    let audience = mapper(
        "aud",
        "oidc-audience-mapper",
        &json!({ "included.client.audience": "api" }),
    );
    let scope = json!({ "name": "sc", "protocol": "openid-connect", "protocolMappers": [audience] });
    let made = server.admin("POST", &format!("/{realm}/client-scopes"), scope).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let file = get(&server, &path).await;
    assert_eq!(file["verify-token-audience"], true, "{file}");
    assert!(file.get("use-resource-role-mappings").is_none());
}
