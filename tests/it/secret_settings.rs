//! Settings that are secret: shown as stars, kept where the stars come back, and refused where a secret has no place.

use serde_json::{Value, json};

use crate::client_registration::{initial, register, text};
use crate::secrets_at_rest::ok;
use crate::support::oidc::CALLBACK;
use crate::support::{self, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_attribute_reads_as_stars_stays_when_they_come_back_and_goes_with_its_address() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let attributes =
            json!({ "registration.proof.secret": "s-1", "registration.proof.url": "https://a.example/verify" });
        let id = server
            .client(&realm, json!({ "clientId": "c", "attributes": attributes }))
            .await;
        let scope = json!({ "name": "s", "protocol": "openid-connect", "attributes": { "x.secret": "s-1", "x.url": "https://a.example" } });
        let scope_id = server
            .admin("POST", &format!("/{realm}/client-scopes"), scope)
            .await
            .created();
        for (path, prefix) in [
            (format!("/{realm}/clients/{id}"), "registration.proof"),
            (format!("/{realm}/client-scopes/{scope_id}"), "x"),
        ] {
            let (secret, url) = (format!("{prefix}.secret"), format!("{prefix}.url"));
            let shown = ok(&server, "GET", &path, Value::Null).await;
            assert_eq!(shown["attributes"][&secret], "**********");
            ok(&server, "PUT", &path, shown.clone()).await;
            assert_eq!(
                open(&server, &realm, &path, &secret).await,
                "s-1",
                "{path}: as it was read"
            );
            let mut moved = shown;
            moved["attributes"][&url] = json!("https://evil.example/verify");
            ok(&server, "PUT", &path, moved).await;
            assert_eq!(
                open(&server, &realm, &path, &secret).await,
                Value::Null,
                "{path}: beside another address"
            );
            let mut set = ok(&server, "GET", &path, Value::Null).await;
            set["attributes"][&secret] = json!("s-2");
            ok(&server, "PUT", &path, set).await;
            assert_eq!(open(&server, &realm, &path, &secret).await, "s-2");
        }
        let import = |value: &str| {
            let attributes =
                json!({ "registration.proof.secret": value, "registration.proof.url": "https://evil.example/verify" });
            json!({ "ifResourceExists": "OVERWRITE", "clients": [{ "clientId": "c", "attributes": attributes }] })
        };
        let path = format!("/{realm}/partialImport");
        let done = ok(&server, "POST", &path, import("**********")).await;
        let own = format!("/{realm}/clients/{}", text(&done["results"][0], "id"));
        assert_eq!(open(&server, &realm, &own, "registration.proof.secret").await, "s-2");
    }
}

/// An attribute of a client or a client scope as the server itself reads it.
async fn open(server: &Server, realm: &str, path: &str, name: &str) -> Value {
    use vestibule::store::{client, realm as realms};
    let realm = realms::by_name(&server.app.db, realm).await.unwrap().unwrap();
    let id = path.rsplit('/').next().unwrap();
    if path.contains("/clients/") {
        let found = client::by_id(&server.app.db, &realm.id, id).await.unwrap().unwrap();
        return json!(found.attribute(name));
    }
    let found = realm.client_scopes.iter().find(|scope| scope.id == id).unwrap();
    json!(found.attributes.get(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_attribute_of_a_role_or_a_group_is_sealed_in_the_database_and_shown_as_stars() {
    use vestibule::store::{group, realm as realms};
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        for (path, table) in [("roles", "role"), ("groups", "user_group")] {
            let body =
                json!({ "name": "holder", "attributes": { "my.secret": ["canary-1", "canary-2"], "plain": ["x"] } });
            let made = server.admin("POST", &format!("/{realm}/{path}"), body).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let own = match path {
                "roles" => format!("/{realm}/roles/holder"),
                _ => format!("/{realm}/groups/{}", made.created()),
            };
            // Twice: as it was made, and as it was written back.
            for round in 0..2 {
                let shown = ok(&server, "GET", &own, Value::Null).await;
                let stars = json!(["**********", "**********"]);
                assert_eq!(shown["attributes"]["my.secret"], stars, "{path} {round}");
                let known = realms::by_name(&server.app.db, &realm).await.unwrap().unwrap();
                let doc = match path {
                    "roles" => known.roles.by_name("", "holder").unwrap().doc.clone(),
                    _ => {
                        let found = group::by_path(&server.app.db, &known.id, "/holder").await.unwrap();
                        found.unwrap().doc
                    }
                };
                let secret = json!(["canary-1", "canary-2"]);
                assert_eq!(doc["attributes"]["my.secret"], secret, "{path} {round}");
                let sql = format!("select doc from {table} where doc like '%my.secret%'");
                let mut rows = server.app.db.list(&sql, &[]).await.unwrap();
                let doc: String = rows.remove(0).next().unwrap();
                assert!(
                    !doc.contains("canary") && doc.contains("plain"),
                    "{path} {round}: {doc}"
                );
                ok(&server, "PUT", &own, shown).await;
            }
        }
        let path = format!("/{realm}/partial-export?exportGroupsAndRoles=true");
        let exported = server.admin("POST", &path, Value::Null).await;
        assert_eq!(exported.status, 200, "{}", exported.body);
        assert!(exported.body.contains("my.secret") && !exported.body.contains("canary"));
        let path = format!("/{realm}/groups?q=my.secret:canary-1");
        assert_eq!(ok(&server, "GET", &path, Value::Null).await, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_no_key_of_an_application_and_no_default_of_a_token() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, initial) = initial(&server, &realm, json!({})).await;
    for key in [
        json!({ "kty": "oct", "k": "AAAA" }),
        json!({ "kty": "RSA", "n": "AAAA", "e": "AQAB", "k": "AAAA" }),
    ] {
        let sent = json!({ "redirect_uris": [CALLBACK], "jwks": { "keys": [key] } });
        let answer = register(&server, &realm, Some(&initial), &sent).await;
        let told =
            json!({ "error": "invalid_client_metadata", "error_description": "jwks key 0 must not be symmetric" });
        assert_eq!((answer.status, answer.json()), (400, told));
    }
    for (defaults, told) in [
        (
            json!({ "client_secret": "s" }),
            "client_secret is made for each client and cannot be a default",
        ),
        (
            json!({ "redirect_uris": ["javascript:1"] }),
            "A redirect URI uses an illegal scheme",
        ),
    ] {
        let body = json!({ "count": 1, "defaults": defaults });
        let answer = server
            .admin("POST", &format!("/{realm}/clients-initial-access"), body)
            .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["error_description"], told);
    }
    let body = json!({ "count": 1, "scopes": ["nope"] });
    let answer = server
        .admin("POST", &format!("/{realm}/clients-initial-access"), body)
        .await;
    assert_eq!(answer.json()["error_description"], "There is no client scope nope");
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_in_a_list_that_say_nothing_are_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let holder = json!({ "name": "holder", "attributes": { "my.secret": ["one", "two"] } });
    let group = server
        .admin("POST", &format!("/{realm}/groups"), holder.clone())
        .await
        .created();
    assert_eq!(
        server.admin("POST", &format!("/{realm}/roles"), holder).await.status,
        201
    );
    let unclear = json!({ "name": "holder", "attributes": { "my.secret": ["**********"] } });
    for path in [format!("/{realm}/groups/{group}"), format!("/{realm}/roles/holder")] {
        let answer = server.admin("PUT", &path, unclear.clone()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(answer.body.contains("my.secret"), "{}", answer.body);
    }
    let import = json!({ "ifResourceExists": "OVERWRITE", "groups": [unclear] });
    let answer = server.admin("POST", &format!("/{realm}/partialImport"), import).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_export_that_is_imported_over_keeps_what_it_does_not_show() {
    use vestibule::store::{group, realm as realms};
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let secret = |of: &str| json!({ "name": of, "attributes": { "my.secret": [of, "more"] } });
        let top = ok_id(&server, &format!("/{realm}/groups"), secret("top")).await;
        let below = format!("/{realm}/groups/{top}/children");
        let middle = ok_id(&server, &below, secret("middle")).await;
        let below = format!("/{realm}/groups/{middle}/children");
        ok_id(&server, &below, secret("deep")).await;
        let client = json!({ "clientId": "c", "secret": "chosen-secret", "attributes": { "my.secret": "of c" } });
        let client = server.client(&realm, client).await;
        for path in [format!("/{realm}/roles"), format!("/{realm}/clients/{client}/roles")] {
            assert_eq!(server.admin("POST", &path, secret("holder")).await.status, 201);
        }
        let path = format!("/{realm}/partial-export?exportClients=true&exportGroupsAndRoles=true");
        let exported = ok(&server, "POST", &path, Value::Null).await;
        let clients = exported["clients"].as_array().unwrap().iter();
        let clients: Vec<&Value> = clients.filter(|c| c["clientId"] == "c").collect();
        let roles = json!({
            "realm": exported["roles"]["realm"].as_array().unwrap().iter().filter(|r| r["name"] == "holder").collect::<Vec<_>>(),
            "client": { "c": exported["roles"]["client"]["c"] }
        });
        assert!(roles["client"]["c"].to_string().contains("**********"), "{roles}");
        let import = json!({
            "ifResourceExists": "OVERWRITE", "groups": exported["groups"], "clients": clients, "roles": roles
        });
        ok(&server, "POST", &format!("/{realm}/partialImport"), import).await;
        let known = realms::by_name(&server.app.db, &realm).await.unwrap().unwrap();
        for path in ["/top", "/top/middle", "/top/middle/deep"] {
            let found = group::by_path(&server.app.db, &known.id, path).await.unwrap().unwrap();
            let name = path.rsplit('/').next().unwrap();
            assert_eq!(found.doc["attributes"]["my.secret"], json!([name, "more"]), "{path}");
        }
        let path = format!("/{realm}/clients?clientId=c");
        let id = text(&ok(&server, "GET", &path, Value::Null).await[0], "id").to_owned();
        let shown = ok(
            &server,
            "GET",
            &format!("/{realm}/clients/{id}/client-secret"),
            Value::Null,
        )
        .await;
        assert_eq!(shown["value"], "chosen-secret");
        for of in ["", id.as_str()] {
            let role = known.roles.by_name(of, "holder").unwrap();
            assert_eq!(role.doc["attributes"]["my.secret"], json!(["holder", "more"]), "{of}");
        }
    }
}

async fn ok_id(server: &Server, path: &str, body: Value) -> String {
    server.admin("POST", path, body).await.created()
}
