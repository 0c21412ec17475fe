//! The secret key can be changed, and nothing is lost.

use serde_json::{Value, json};
use vestibule::app::App;
use vestibule::clock::Clock;
use vestibule::store::credential::{self, Credential};
use vestibule::store::{group, identity_provider, realm};
use vestibule::{mail, resealing};

use crate::people::{self, person, send_form};
use crate::support::{self, Browser, Server, SmtpServer};

async fn restarted(server: &Server, keys: &str) -> App {
    std::fs::write(&server.app.config.secret_key_file, keys).unwrap();
    App::open(server.app.config.clone(), Clock::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_key_sealed_is_sealed_again_so_that_the_old_key_can_go() {
    for server in support::servers().await {
        let smtp = SmtpServer::start().await;
        let settings = json!({
            "host": "127.0.0.1", "port": smtp.address.port().to_string(), "from": "door@example.org", "user": "door",
            "password": "the mail password"
        });
        let realm = people::realm(&server, json!({ "verifyEmail": true, "smtpServer": settings })).await;
        let client = json!({
            "clientId": "back", "secret": "chosen secret", "serviceAccountsEnabled": true, "attributes": { "my.secret": "of a client" }
        });
        let id = server.client(&realm, client).await;
        let made = server
            .admin(
                "POST",
                &format!("/{realm}/clients/{id}/certificates/jwt.credential/generate"),
                Value::Null,
            )
            .await
            .json();
        let scope = json!({ "name": "s", "protocol": "openid-connect", "attributes": { "my.secret": "of a scope" } });
        let path = format!("/{realm}/client-scopes");
        assert_eq!(server.admin("POST", &path, scope).await.status, 201);
        for (path, of) in [("roles", "of a role"), ("groups", "of a group")] {
            let body = json!({ "name": "holder", "attributes": { "my.secret": [of, "and more"] } });
            let answer = server.admin("POST", &format!("/{realm}/{path}"), body).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
        let provider = json!({
            "alias": "other", "providerId": "oidc", "config": {
                "clientId": "x", "clientSecret": "of the provider", "authorizationUrl": "https://a.example/auth",
                "tokenUrl": "https://a.example/token"
            }
        });
        let path = format!("/{realm}/identity-provider/instances");
        assert_eq!(server.admin("POST", &path, provider).await.status, 201);
        send_form(&mut Browser::new(&server), &realm, &person("mia")).await;
        let noa = server.user(&realm, "noa", "correct horse").await;
        let device = Credential {
            id: vestibule::random::uuid(),
            kind: "otp".into(),
            label: None,
            created: 0,
            priority: 20,
            secret_data: "{\"value\":\"the seed\"}".into(),
            credential_data: "{}".into(),
        };
        let mut tx = server.app.db.begin().await.unwrap();
        credential::put(&mut tx, &noa, &device).await.unwrap();
        tx.commit().await.unwrap();

        let old = std::fs::read_to_string(&server.app.config.secret_key_file).unwrap();
        let new = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
        let app = restarted(&server, &format!("{new}{old}")).await;
        let count = resealing::run(&app).await.unwrap();
        assert!(
            count >= 8,
            "{count}: eight keys of two realms, a secret, a private key, a mail, a password"
        );
        assert_eq!(resealing::run(&app).await.unwrap(), 0, "once is enough");
        drop(app);

        let app = restarted(&server, new).await;
        assert_eq!(resealing::run(&app).await.unwrap(), 0);
        let known = realm::by_name(&app.db, &realm).await.unwrap().unwrap();
        assert_eq!(known.doc["smtpServer"]["password"], "the mail password");
        let scope = known.client_scope("s").unwrap();
        assert_eq!(scope.attributes["my.secret"], "of a scope");
        let role = known.roles.by_name("", "holder").unwrap();
        assert_eq!(role.doc["attributes"]["my.secret"], json!(["of a role", "and more"]));
        let group = group::by_path(&app.db, &known.id, "/holder").await.unwrap().unwrap();
        assert_eq!(group.doc["attributes"]["my.secret"], json!(["of a group", "and more"]));
        let back = vestibule::store::client::by_id(&app.db, &known.id, &id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(back.attribute("my.secret"), Some("of a client"));
        let provider = identity_provider::by_alias(&app.db, &known.id, "other")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(provider.secret(&app.db).unwrap().unwrap().as_str(), "of the provider");
        let kept = credential::of_user(&app.db, &noa).await.unwrap();
        let kept = kept.iter().find(|c| c.kind == "otp").unwrap();
        assert_eq!(credential::open(&app.db, kept).unwrap().as_str(), device.secret_data);
        let router = vestibule::routes::router(app.clone());
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "back"),
            ("client_secret", "chosen secret"),
        ];
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let answer = support::send(&router, support::build("POST", &path, &form, support::encode(&fields))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(mail::deliver_due(&app).await.unwrap(), 1);
        assert_eq!(smtp.wait_for(1).await[0].0, "mia@example.org");
        let fields = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "admin"),
            ("password", "admin"),
        ];
        let path = "/realms/master/protocol/openid-connect/token";
        let answer = support::send(&router, support::build("POST", path, &form, support::encode(&fields))).await;
        let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let path = format!("/admin/realms/{realm}/clients/{id}/certificates/jwt.credential");
        let read = support::build("GET", &path, &[("authorization", &bearer)], String::new());
        assert_eq!(
            support::send(&router, read).await.json()["privateKey"],
            made["privateKey"]
        );
    }
}

/// An administrator's request to another node.
async fn asked(app: &App, method: &str, path: &str, body: &Value) -> support::Answer {
    let router = vestibule::routes::router(app.clone());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let fields = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "admin"),
        ("password", "admin"),
    ];
    let token = "/realms/master/protocol/openid-connect/token";
    let answer = support::send(&router, support::build("POST", token, &form, support::encode(&fields))).await;
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let path = format!("/admin/realms{path}");
    support::send(&router, support::build(method, &path, &headers, body.to_string())).await
}

/// Replaces a text in all documents that have secrets.
async fn replace(server: &Server, from: &str, to: &str) {
    let mut tx = server.app.db.begin().await.unwrap();
    for table in ["realm", "realm_part", "client", "role", "user_group"] {
        let sql = format!("update {table} set doc = replace(doc, '{from}', '{to}')");
        tx.exec(&sql, &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_no_key_opens_stays_as_it_is_when_something_else_changes() {
    for server in support::servers().await {
        let attributes = json!({ "registration.hook.secret": "whsec_YSBzZWNyZXQgb2YgdGhpcnR5IGJ5dGVzLCBhYm91dA==" });
        let realm = server.realm(json!({ "attributes": attributes })).await;
        let client = json!({ "clientId": "back", "attributes": { "my.secret": "of a client" } });
        let client = server.client(&realm, client).await;
        let scope = json!({ "name": "s", "protocol": "openid-connect", "attributes": { "my.secret": "of a scope" } });
        let scope = server
            .admin("POST", &format!("/{realm}/client-scopes"), scope)
            .await
            .created();
        let holder = json!({ "name": "holder", "attributes": { "my.secret": ["of a group", "and more"] } });
        let group = server
            .admin("POST", &format!("/{realm}/groups"), holder.clone())
            .await
            .created();
        assert_eq!(
            server.admin("POST", &format!("/{realm}/roles"), holder).await.status,
            201
        );
        let directory = json!({
            "name": "ldap", "providerId": "ldap", "providerType": "org.keycloak.storage.UserStorageProvider",
            "config": {
                "bindCredential": ["of a directory"], "vendor": ["other"], "connectionUrl": ["ldap://x"],
                "usersDn": ["x"], "editMode": ["READ_ONLY"]
            }
        });
        let components = format!("/{realm}/components");
        let made = server.admin("POST", &components, directory).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let directory = format!("{components}/{}", made.created());
        let own = std::fs::read_to_string(&server.app.config.secret_key_file).unwrap();
        let paths = [
            format!("/{realm}"),
            format!("/{realm}/clients/{client}"),
            format!("/{realm}/client-scopes/{scope}"),
            format!("/{realm}/groups/{group}"),
            format!("/{realm}/roles/holder"),
        ];
        replace(&server, "sealed:", "sealed:spoilt").await;
        let app = restarted(&server, &own).await;
        let known = realm::by_name(&app.db, &realm).await.unwrap().unwrap();
        let back = vestibule::store::client::by_id(&app.db, &known.id, &client)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (back.attribute("my.secret"), known.attribute("registration.hook.secret")),
            (None, None)
        );
        for path in &paths {
            let mut doc = asked(&app, "GET", path, &Value::Null).await.json();
            assert!(doc["attributes"].to_string().contains("**********"), "{path}: {doc}");
            let other = if *path == paths[0] {
                "displayName"
            } else {
                "description"
            };
            doc[other] = json!("changed");
            let put = asked(&app, "PUT", path, &doc).await;
            assert_eq!(put.status, 204, "{path}: {}", put.body);
        }
        let mut doc = asked(&app, "GET", &directory, &Value::Null).await.json();
        assert_eq!(doc["config"]["bindCredential"], json!(["**********"]), "{doc}");
        doc["name"] = json!("changed");
        let put = asked(&app, "PUT", &directory, &doc).await;
        assert_eq!(put.status, 204, "{}", put.body);
        drop(app);
        replace(&server, "sealed:spoilt", "sealed:").await;
        let app = restarted(&server, &own).await;
        let known = realm::by_name(&app.db, &realm).await.unwrap().unwrap();
        let back = vestibule::store::client::by_id(&app.db, &known.id, &client)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(back.attribute("my.secret"), Some("of a client"));
        assert_eq!(
            known.attribute("registration.hook.secret"),
            Some("whsec_YSBzZWNyZXQgb2YgdGhpcnR5IGJ5dGVzLCBhYm91dA==")
        );
        let role = known.roles.by_name("", "holder").unwrap();
        assert_eq!(role.doc["attributes"]["my.secret"], json!(["of a group", "and more"]));
        assert_eq!(known.client_scope("s").unwrap().attributes["my.secret"], "of a scope");
        let directory = known.components.iter().find(|c| c.provider_id == "ldap").unwrap();
        assert_eq!(
            (directory.name.as_deref(), directory.first("bindCredential")),
            (Some("changed"), Some("of a directory"))
        );
    }
}
