//! Things are added to a realm that is there, and a part of a realm is shown, as Keycloak does it.

use serde_json::{Value, json};

use crate::client_policies::{any, lay};
use crate::client_registration::{initial, register};
use crate::realm_moves::{export, import};
use crate::support::{self, Server};

async fn send(server: &Server, realm: &str, body: Value) -> (u16, Value) {
    let answer = server.admin("POST", &format!("/{realm}/partialImport"), body).await;
    (answer.status, answer.json())
}

/// A realm with one of each.
async fn house(server: &Server) -> String {
    let realm = server
        .realm(json!({ "adminEventsEnabled": true, "adminEventsDetailsEnabled": true }))
        .await;
    server.user(&realm, "anna", "Passw0rd!").await;
    let shop = server.client(&realm, json!({ "clientId": "shop" })).await;
    server
        .admin(
            "POST",
            &format!("/{realm}/clients/{shop}/roles"),
            json!({ "name": "buyer" }),
        )
        .await;
    server
        .admin("POST", &format!("/{realm}/roles"), json!({ "name": "editor" }))
        .await;
    server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "staff" }))
        .await;
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_refused_in_keycloaks_words() {
    for server in support::servers().await {
        let realm = house(&server).await;
        for (body, status, text) in [
            (
                json!({ "users": [{ "username": "anna" }] }),
                409,
                "User with user name anna already exists.",
            ),
            (
                json!({ "users": [{ "username": "zoe", "email": "anna@example.org" }] }),
                409,
                "User with user name zoe already exists.",
            ),
            (
                json!({ "groups": [{ "name": "staff", "path": "/staff" }] }),
                409,
                "Group '/staff' already exists",
            ),
            (
                json!({ "groups": [{ "name": "staff" }] }),
                409,
                "Duplicate resource error",
            ),
            (
                json!({ "clients": [{ "clientId": "shop" }] }),
                409,
                "Client id 'shop' already exists",
            ),
            (
                json!({ "roles": { "realm": [{ "name": "editor" }] } }),
                409,
                "Realm role 'editor' already exists.",
            ),
            (
                json!({ "roles": { "client": { "shop": [{ "name": "buyer" }] } } }),
                409,
                "Client role 'buyer' for client 'shop' already exists.",
            ),
            (
                json!({ "roles": { "client": { "nosuch": [{ "name": "x" }] } } }),
                412,
                "Can not import client roles for nonexistent client named nosuch",
            ),
            (
                json!({ "users": [{ "username": "u5" }, { "username": "u5" }] }),
                409,
                "Duplicate resource error",
            ),
            (
                json!({ "users": [{ "username": "u6", "groups": ["/nosuch"] }] }),
                400,
                "Unable to find group specified by path: /nosuch",
            ),
        ] {
            let mut sent = body;
            sent["ifResourceExists"] = json!("FAIL");
            assert_eq!(
                send(&server, &realm, sent.clone()).await,
                (status, json!({ "errorMessage": text })),
                "{sent}"
            );
        }
        let count = server.admin("GET", &format!("/{realm}/users/count"), Value::Null).await;
        assert_eq!(count.body, "1", "a refused import leaves nothing");
        let (status, told) = send(&server, &realm, json!({ "ifResourceExists": "NOPE" })).await;
        assert_eq!(
            (status, &told["error_description"]),
            (400, &json!("Cannot parse the JSON"))
        );
        let (status, told) = send(&server, &realm, json!({ "nonsense": 1 })).await;
        assert_eq!(
            (status, told),
            (
                200,
                json!({ "overwritten": 0, "added": 0, "skipped": 0, "results": [] })
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_are_added_skipped_and_overwritten() {
    for server in support::servers().await {
        let realm = house(&server).await;
        let all = |mail: &str| {
            json!({
                "ifResourceExists": "SKIP",
                "roles": { "realm": [{ "name": "editor" }, { "name": "newr", "composites": { "realm": ["editor"] } }],
                           "client": { "newc": [{ "name": "lender" }] } },
                "clients": [{ "clientId": "newc", "secret": "s3cret", "serviceAccountsEnabled": true, "directAccessGrantsEnabled": true },
                            { "clientId": "realm-management", "enabled": false }],
                "groups": [{ "name": "newg", "path": "/newg", "realmRoles": ["newr"], "subGroups": [{ "name": "sub" }] }],
                "users": [{ "username": "fred", "email": mail, "firstName": "F", "lastName": "D", "enabled": true, "groups": ["/newg/sub"],
                            "realmRoles": ["newr", "unheard"], "clientRoles": { "newc": ["lender"] },
                            "credentials": [{ "type": "password", "value": "Fr3dFr3d" }] }]
            })
        };
        let (status, told) = send(&server, &realm, all("fred@example.org")).await;
        assert_eq!(status, 200, "{told}");
        let counts = |told: &Value| ["added", "skipped", "overwritten"].map(|k| told[k].as_i64().unwrap());
        assert_eq!(counts(&told), [5, 1, 0], "{told}");
        let results = told["results"].as_array().unwrap();
        let role = results.iter().find(|r| r["resourceType"] == "CLIENT_ROLE").unwrap();
        let client = results.iter().find(|r| r["resourceType"] == "CLIENT").unwrap();
        assert_eq!(
            (&role["resourceName"], &role["id"]),
            (&json!("newc-->lender"), &client["id"])
        );
        let fields = [
            ("grant_type", "password"),
            ("client_id", "newc"),
            ("client_secret", "s3cret"),
            ("username", "fred"),
            ("password", "Fr3dFr3d"),
        ];
        let token = server
            .form(&format!("/realms/{realm}/protocol/openid-connect/token"), &fields)
            .await;
        assert_eq!(token.status, 200, "{}", token.body);
        let (_, told) = send(&server, &realm, all("fred@example.org")).await;
        assert_eq!(counts(&told), [0, 6, 0], "{told}");
        let mut again = all("new@example.org");
        again["ifResourceExists"] = json!("OVERWRITE");
        let (status, told) = send(&server, &realm, again).await;
        assert_eq!(status, 200, "{told}");
        // Roles count twice, as in Keycloak; those of a client that was replaced are new.
        assert_eq!(counts(&told), [3, 0, 5], "{told}");
        let fred = server
            .admin("GET", &format!("/{realm}/users?username=fred&exact=true"), Value::Null)
            .await
            .json();
        assert_eq!(
            (fred.as_array().unwrap().len(), &fred[0]["email"]),
            (1, &json!("new@example.org"))
        );
        let events = server
            .admin(
                "GET",
                &format!("/{realm}/admin-events?resourceTypes=REALM"),
                Value::Null,
            )
            .await;
        assert!(events.body.contains("users/") && events.body.contains("\"operationType\":\"UPDATE\""));
        assert!(!events.body.contains("s3cret") && !events.body.contains("Fr3dFr3d"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_realm_is_shown_without_its_secrets() {
    for server in support::servers().await {
        let mail = json!({ "host": "mail.example.org", "from": "a@example.org", "password": "hush-mail" });
        let realm = server.realm(json!({ "smtpServer": mail })).await;
        let shop = json!({ "clientId": "shop", "secret": "hush-shop", "serviceAccountsEnabled": true });
        server.client(&realm, shop).await;
        server.user(&realm, "anna", "Passw0rd!").await;
        let path = format!("/{realm}/partial-export");
        let bare = server.admin("POST", &path, Value::Null).await;
        assert_eq!(bare.status, 200, "{}", bare.body);
        let bare = bare.json();
        for absent in ["users", "clients", "groups", "roles", "clientScopeMappings"] {
            assert!(bare.get(absent).is_none(), "{absent}");
        }
        for present in [
            "clientScopes",
            "components",
            "authenticationFlows",
            "keycloakVersion",
            "identityProviders",
            "defaultRole",
        ] {
            assert!(bare.get(present).is_some(), "{present}");
        }
        let query = "?exportClients=true&exportGroupsAndRoles=true";
        let all = server.admin("POST", &format!("{path}{query}"), Value::Null).await;
        for secret in ["hush-mail", "hush-shop", "privateKey", "secretData", "anna"] {
            assert!(!all.body.contains(secret), "{secret}");
        }
        let all = all.json();
        let client = all["clients"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["clientId"] == "shop")
            .unwrap();
        assert_eq!(
            (&client["secret"], &all["smtpServer"]["password"]),
            (&json!("**********"), &json!("**********"))
        );
        assert_eq!(all["users"][0]["serviceAccountClientId"], "shop");
        assert!(all["users"][0].get("credentials").is_none());
        assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404);
        // What was exported makes a realm; masked secrets are not taken for secrets.
        let mut copy = all;
        copy["realm"] = json!("copy");
        strip_ids(&mut copy);
        let made = server.admin("POST", "", copy).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "shop"),
            ("client_secret", "**********"),
        ];
        let token = server.form("/realms/copy/protocol/openid-connect/token", &fields).await;
        assert_eq!(token.status, 401, "{}", token.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_an_administrator_by_an_import() {
    let server = support::sqlite().await;
    let realm = house(&server).await;
    let chief = server.user(&realm, "chief", "Passw0rd!").await;
    let holder = server
        .admin(
            "GET",
            &format!("/{realm}/clients?clientId=realm-management"),
            Value::Null,
        )
        .await
        .json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let role = format!("/{realm}/clients/{holder}/roles/manage-realm");
    let role = server.admin("GET", &role, Value::Null).await.json();
    let path = format!("/{realm}/users/{chief}/role-mappings/clients/{holder}");
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    let token = server.password_token(&realm, "admin-cli", "chief", "Passw0rd!").await;
    let path = format!("/admin/realms/{realm}/partialImport");
    for (role, status) in [("manage-realm", 200), ("realm-admin", 403)] {
        let user = json!({ "username": role, "clientRoles": { "realm-management": [role] } });
        let body = json!({ "ifResourceExists": "FAIL", "users": [user] });
        let answer = server.with_token(&token, "POST", &path, body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let part = json!({ "ifResourceExists": "OVERWRITE", "roles": { "realm": [
        { "name": "editor", "composites": { "client": { "realm-management": ["realm-admin"] } } }] } });
    assert_eq!(server.with_token(&token, "POST", &path, part).await.status, 403);
}

fn strip_ids(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["id", "containerId"] {
                map.shift_remove(key);
            }
            map.values_mut().for_each(strip_ids);
        }
        Value::Array(all) => all.iter_mut().for_each(strip_ids),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_that_brings_scopes_keys_or_actions_has_those_and_no_others() {
    let server = support::sqlite().await;
    let made = json!({
        "realm": "own", "enabled": true, "clientScopes": [{ "name": "own", "protocol": "openid-connect" }],
        "clients": [{ "clientId": "a" }, { "clientId": "b", "defaultClientScopes": ["own"] }],
        "requiredActions": [{ "alias": "UPDATE_PASSWORD", "enabled": false }],
        "components": { "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy":
            [{ "name": "m", "providerId": "max-clients", "subType": "anonymous", "config": { "max-clients": ["7"] } }] },
        "authenticationFlows": [{ "alias": "mine", "topLevel": true, "authenticationExecutions":
            [{ "authenticator": "auth-cookie", "requirement": "ALTERNATIVE", "priority": 10 }] }],
        "browserFlow": "mine", "defaultRoles": ["r1"], "groups": [{ "name": "g", "realmRoles": ["unheard"] }]
    });
    let answer = server.admin("POST", "", made).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let read = |path: &'static str| async { server.admin("GET", path, Value::Null).await.json() };
    let names = |list: Value, key: &str| -> Vec<String> {
        let mut names: Vec<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v[key].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(read("/own/client-scopes").await, "name"),
        ["offline_access", "own"]
    );
    assert_eq!(
        names(read("/own/authentication/required-actions").await, "alias"),
        ["UPDATE_PASSWORD"]
    );
    let clients = read("/own/clients").await;
    let client = |name: &str| {
        clients
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["clientId"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(client("a")["optionalClientScopes"], json!(["offline_access"]));
    assert_eq!(client("b")["defaultClientScopes"], json!(["own"]));
    let flows = names(read("/own/authentication/flows").await, "alias");
    assert!(
        flows.contains(&"mine".to_owned()) && flows.contains(&"browser".to_owned()),
        "{flows:?}"
    );
    let policies = "/own/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
    assert_eq!(names(read(policies).await, "name"), ["m"]);
    let roles = names(read("/own/roles").await, "name");
    assert_eq!(
        roles,
        [
            "default-roles-own",
            "offline_access",
            "r1",
            "uma_authorization",
            "unheard"
        ]
    );
    let role = read("/own").await["defaultRole"]["id"].as_str().unwrap().to_owned();
    let parts = server
        .admin("GET", &format!("/own/roles-by-id/{role}/composites"), Value::Null)
        .await
        .json();
    assert_eq!(
        names(parts, "name"),
        [
            "manage-account",
            "offline_access",
            "r1",
            "uma_authorization",
            "view-profile"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_secret_of_a_client_is_kept_sealed() {
    let server = support::sqlite().await;
    let realm = house(&server).await;
    let attributes = json!({
        "client.secret.rotated": "older-than-the-other", "client.secret.rotated.expiration.time": "4102444800",
        "saml.signing.private.key": "MII-very-private"
    });
    let client =
        json!({ "clientId": "old", "secret": "newer", "serviceAccountsEnabled": true, "attributes": attributes });
    let body = json!({ "ifResourceExists": "FAIL", "clients": [client] });
    let (status, told) = send(&server, &realm, body).await;
    assert_eq!(status, 200, "{told}");
    for secret in ["newer", "older-than-the-other"] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "old"),
            ("client_secret", secret),
        ];
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let answer = server.form(&path, &fields).await;
        assert_eq!(answer.status, 200, "{secret}: {}", answer.body);
    }
    let shown = format!("/{realm}/clients?clientId=old");
    let shown = server.admin("GET", &shown, Value::Null).await.json();
    let kept = shown[0]["id"].as_str().unwrap();
    let realm_id = vestibule::store::realm::id_by_name(&server.app.db, &realm)
        .await
        .unwrap()
        .unwrap();
    let kept = vestibule::store::client::by_id(&server.app.db, &realm_id, kept)
        .await
        .unwrap()
        .unwrap();
    let events = format!("/{realm}/admin-events");
    let events = server.admin("GET", &events, Value::Null).await.body;
    assert!(events.contains("saml.signing.private.key"), "{events}");
    assert!(!events.contains("MII-very-private"), "{events}");
    let kept = serde_json::to_string(&kept.doc).unwrap();
    for text in [events, kept] {
        assert!(!text.contains("older-than-the-other"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_judged_by_the_realms_policies_as_others_are() {
    for server in support::servers().await {
        let realm = house(&server).await;
        let strict = json!({ "auto-configure": false });
        lay(&server, &realm, "pkce-enforcer", strict, any()).await;
        let plain = json!({ "clientId": "app", "publicClient": true, "redirectUris": ["https://a.example/cb"] });
        let single = server.admin("POST", &format!("/{realm}/clients"), plain.clone()).await;
        assert_eq!(single.status, 400);
        let body = json!({ "clients": [plain], "roles": { "realm": [{ "name": "later" }] } });
        let (status, said) = send(&server, &realm, body.clone()).await;
        assert_eq!((status, &said), (400, &single.json()));
        let role = server.admin("GET", &format!("/{realm}/roles/later"), Value::Null).await;
        assert_eq!(role.status, 404, "all or nothing");
        // One that is there is passed over, and what a policy sets by itself is set.
        let there = json!({ "ifResourceExists": "SKIP", "clients": [{ "clientId": "shop" }] });
        assert_eq!(send(&server, &realm, there).await.0, 200);
        lay(
            &server,
            &realm,
            "pkce-enforcer",
            json!({ "auto-configure": true }),
            any(),
        )
        .await;
        let (status, said) = send(&server, &realm, body).await;
        assert_eq!(status, 200, "{said}");
        let path = format!("/{realm}/clients?clientId=app");
        let made = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(made[0]["attributes"]["pkce.code.challenge.method"], "S256", "{made}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_registered_itself_takes_its_name_from_nobody_when_it_is_imported() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        server
            .client(&realm, json!({ "clientId": "till", "name": "Till" }))
            .await;
        let named = |name: &str| json!({ "client_name": name, "redirect_uris": ["https://a.example.com/cb"] });
        let (_, key) = initial(&server, &realm, json!({})).await;
        let made = register(&server, &realm, Some(&key), &named("Cursor")).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
        std::fs::write(file.path(), export(&server, &realm).await.to_string()).unwrap();
        import(&server, &[file.path().to_str().unwrap()]).await.unwrap();
        let (_, key) = initial(&server, &realm, json!({})).await;
        for (name, status) in [("Cursor", 201), ("Till", 400)] {
            let made = register(&server, &realm, Some(&key), &named(name)).await;
            assert_eq!(made.status, status, "{name}: {}", made.body);
        }
    }
}
