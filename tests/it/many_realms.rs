//! A realm per tenant: what is one tenant's is nothing at another's, and many realms make nothing slow that is not about all
//! of them.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule::store::{realm, realm_list};

use crate::client_registration::{address, initial_token, make_realm, register, text};
use crate::device::{answer_device, poll_as};
use crate::support::oidc::{at, claims, shop, token, tokens_of_mia, userinfo};
use crate::support::{self, Browser, Server};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Registers a device that also acts for itself; gives the answer.
async fn device_of(server: &Server, realm: &str, initial: &str) -> Value {
    let body = json!({
        "client_name": "Meter", "grant_types": ["client_credentials", DEVICE], "response_types": [],
        "redirect_uris": [], "token_endpoint_auth_method": "client_secret_post"
    });
    let made = register(server, realm, Some(initial), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

async fn as_client(server: &Server, realm: &str, to: &str, client: &Value, more: &[(&str, &str)]) -> support::Answer {
    let own = [
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
    ];
    server.form(&at(realm, to), &[&own[..], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_one_tenants_is_nothing_at_another() {
    for server in support::servers().await {
        let (a, b) = (shop(&server, json!({})).await, shop(&server, json!({})).await);
        let initial = initial_token(&server, &a, 10).await;
        let refused = register(
            &server,
            &b,
            Some(&initial),
            &json!({ "redirect_uris": ["https://x.example/cb"] }),
        )
        .await;
        assert_eq!(refused.status, 401, "{}", refused.body);
        let device = device_of(&server, &a, &initial).await;

        // The token with which it manages itself.
        let (id, own) = (text(&device, "client_id"), text(&device, "registration_access_token"));
        let there = format!("{}/{id}", address(&a));
        assert_eq!(server.with_token(own, "GET", &there, Value::Null).await.status, 200);
        for method in ["GET", "PUT", "DELETE"] {
            let elsewhere = format!("{}/{id}", address(&b));
            let body = if method == "PUT" { device.clone() } else { Value::Null };
            let refused = server.with_token(own, method, &elsewhere, body).await;
            assert_eq!(refused.status, 401, "{method} {}", refused.body);
        }

        // Itself, and its access token.
        let grant = [("grant_type", "client_credentials")];
        let acts = as_client(&server, &a, "token", &device, &grant).await;
        assert_eq!(acts.status, 200, "{}", acts.body);
        let access = acts.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(as_client(&server, &b, "token", &device, &grant).await.status, 401);
        assert_eq!(userinfo(&server, &b, &access).await.status, 401);
        let person = tokens_of_mia(&server, &a, "openid").await;
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", text(&person, "refresh_token")),
        ];
        assert_eq!(token(&server, &b, &fields).await.status, 400);
        assert_eq!(token(&server, &a, &fields).await.status, 200);
        let sent = [
            ("client_id", "back"),
            ("client_secret", "back-secret"),
            ("token", access.as_str()),
        ];
        let told = server.form(&at(&b, "token/introspect"), &sent).await;
        assert_eq!((told.status, told.json()), (200, json!({ "active": false })));
        let registers = register(&server, &b, Some(&access), &json!({ "redirect_uris": [] })).await;
        assert!(matches!(registers.status, 401 | 403), "{}", registers.body);
        for path in ["", "/clients", "/users"] {
            let refused = server
                .with_token(&access, "GET", &format!("/admin/realms/{b}{path}"), Value::Null)
                .await;
            assert!(matches!(refused.status, 401 | 403), "{path} {}", refused.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_one_tenant_signs_its_people_in_there_only() {
    for server in support::servers().await {
        let (a, b) = (shop(&server, json!({})).await, shop(&server, json!({})).await);
        let initial = initial_token(&server, &a, 10).await;
        let device = device_of(&server, &a, &initial).await;
        let (id, secret) = (text(&device, "client_id"), text(&device, "client_secret"));
        assert_eq!(as_client(&server, &b, "auth/device", &device, &[]).await.status, 401);
        let begun = as_client(&server, &a, "auth/device", &device, &[("scope", "openid")]).await;
        assert_eq!(begun.status, 200, "{}", begun.body);
        let begun = begun.json();
        let (device_code, user_code) = (text(&begun, "device_code"), text(&begun, "user_code"));

        // Its code is none at the other, typed or asked for.
        let mut browser = Browser::new(&server);
        let page = browser.get(&format!("/realms/{b}/device")).await;
        let form = page.form("kc-user-verify-device-user-code-form");
        let answer = browser.submit(&form, &[("device_user_code", user_code)]).await;
        let page = browser.follow(answer).await;
        assert!(!page.body.contains("kc-form-login"), "{}", page.body);
        let other = initial_token(&server, &b, 10).await;
        let of_b = device_of(&server, &b, &other).await;
        let asks = [("grant_type", DEVICE), ("device_code", device_code)];
        let refused = as_client(&server, &b, "token", &of_b, &asks).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert_eq!(refused.json()["error"], "invalid_grant");

        let end = answer_device(&server, &a, user_code, "accept").await;
        assert!(end.body.contains("Device Login Successful"), "{}", end.body);
        server.app.clock.advance(6_000);
        let got = poll_as(&server, &a, id, device_code, &[("client_secret", secret)]).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let access = got.json()["access_token"].as_str().unwrap().to_owned();
        assert!(
            claims(&access)["iss"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/realms/{a}"))
        );
        assert_eq!(userinfo(&server, &a, &access).await.status, 200);
        assert_eq!(userinfo(&server, &b, &access).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_signed_in_at_one_tenant_is_not_at_another() {
    for server in support::servers().await {
        let (a, b) = (shop(&server, json!({})).await, shop(&server, json!({})).await);
        let ask = "client_id=shop&response_type=code&scope=openid&redirect_uri=https://shop.example/cb";
        let mut browser = Browser::new(&server);
        let page = browser.get(&format!("{}?{ask}", at(&a, "auth"))).await;
        let fields = [("username", "mia"), ("password", "correct horse")];
        let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert!(browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
        let again = browser.get(&format!("{}?{ask}", at(&a, "auth"))).await;
        assert!(again.location_parameter("code").is_some(), "{}", again.body);
        // This browser sends every cookie everywhere, as no real one does.
        let page = browser.get(&format!("{}?{ask}", at(&b, "auth"))).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("kc-form-login"));
    }
}

/// How many realms' roles are left out of a token of master.
const MANY: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn who_administers_many_realms_has_a_short_token_and_every_right() {
    for server in support::servers().await {
        let ops = json!({ "clientId": "ops", "publicClient": true, "directAccessGrantsEnabled": true });
        server.client("master", ops).await;
        make_realm(&server, "tenant-0", json!({})).await;
        let few = server.password_token("master", "ops", "admin", "admin").await;
        assert!(claims(&few)["resource_access"]["tenant-0-realm"].is_object());

        let before = master(&server).await;
        for number in 1..MANY {
            make_realm(&server, &format!("tenant-{number}"), json!({})).await;
        }
        let after = master(&server).await;
        // What is known of the others' roles is not read again.
        let (known, now) = (
            role_of(&server, &before, "tenant-0").await,
            role_of(&server, &after, "tenant-0").await,
        );
        assert!(Arc::ptr_eq(&known, &now));
        let newest = format!("tenant-{}", MANY - 1);
        let admin = after.roles.by_name("", "admin").unwrap();
        let new = role_of(&server, &after, &newest).await;
        assert!(after.roles.containing(&new.id).contains(admin.id.as_str()));

        let many = server.password_token("master", "ops", "admin", "admin").await;
        let access = &claims(&many)["resource_access"];
        assert!(
            access["master-realm"].is_object() && access[format!("{newest}-realm")].is_null(),
            "{access}"
        );
        assert!(many.len() < 4_000, "{}", many.len());
        let see = async |path: &str| {
            server
                .with_token(&many, "GET", &format!("/admin/realms{path}"), Value::Null)
                .await
        };
        assert_eq!(see(&format!("/{newest}/users")).await.status, 200);
        assert_eq!(see("").await.json().as_array().unwrap().len(), MANY + 1);
        let brief = see("?briefRepresentation=true").await.json();
        assert_eq!(brief.as_array().unwrap().len(), MANY + 1);
        assert_eq!(brief[0]["realm"], "master");
        let named = see("/master/ui-ext/realms/names?search=tenant-1&first=1&max=3")
            .await
            .json();
        assert_eq!(
            named,
            json!([{ "name": "tenant-10" }, { "name": "tenant-11" }, { "name": "tenant-12" }])
        );

        // A role that is taken out of admin, a realm that goes, and one that is told another name.
        let removed = server
            .with_token(&many, "DELETE", "/admin/realms/tenant-0", Value::Null)
            .await;
        assert_eq!(removed.status, 204, "{}", removed.body);
        assert!(master(&server).await.roles.by_id(&known.id).is_none());
        let renamed = json!({ "realm": "moved", "displayName": "Moved" });
        assert_eq!(
            server
                .with_token(&many, "PUT", "/admin/realms/tenant-1", renamed)
                .await
                .status,
            204
        );
        let brief = see("?briefRepresentation=true").await.json();
        let names: Vec<&str> = brief
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["realm"].as_str().unwrap())
            .collect();
        assert!(names.contains(&"moved") && !names.contains(&"tenant-1") && !names.contains(&"tenant-0"));
        assert_eq!(see("/moved/users").await.status, 200);
        let now = master(&server).await;
        let role = role_of(&server, &now, "tenant-2").await;
        let body = json!([{ "id": role.id, "name": role.name }]);
        let path = "/admin/realms/master/roles/admin/composites";
        assert_eq!(server.with_token(&many, "DELETE", path, body).await.status, 204);
        assert!(
            !master(&server)
                .await
                .roles
                .containing(&role.id)
                .contains(admin.id.as_str())
        );
        for (tenant, status) in [("tenant-2", 403), ("tenant-3", 201)] {
            let path = format!("/admin/realms/{tenant}/groups");
            let made = server.with_token(&many, "POST", &path, json!({ "name": "crew" })).await;
            assert_eq!(made.status, status, "{tenant} {}", made.body);
        }
        assert_eq!(realm_list::outlines(&server.app.db).await.unwrap().len(), MANY);
    }
}

async fn master(server: &Server) -> Arc<realm::Realm> {
    realm::by_name(&server.app.db, "master").await.unwrap().unwrap()
}

/// The role of `master` that manages a realm's users.
async fn role_of(server: &Server, master: &realm::Realm, name: &str) -> Arc<vestibule::store::role::Role> {
    let holder = format!("{name}-realm");
    let holder = vestibule::store::client::by_client_id(&server.app.db, &master.id, &holder).await;
    let holder = holder.unwrap().unwrap();
    Arc::clone(master.roles.by_name(&holder.id, "manage-users").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_rule_is_kept_in_the_realm_that_has_it() {
    for server in support::servers().await {
        make_realm(&server, "plain", json!({})).await;
        make_realm(&server, "ruled", json!({ "clientRegistration.unused.expires": "60" })).await;
        let ruled = |all: &[Arc<realm_list::Outline>]| {
            let all = all.iter().filter(|r| r.clients_expire);
            all.map(|r| r.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ruled(&realm_list::outlines(&server.app.db).await.unwrap()), ["ruled"]);
        let change = json!({ "attributes": { "clientRegistration.idle.expires": "60" } });
        assert_eq!(server.admin("PUT", "/plain", change).await.status, 204);
        let change = json!({ "attributes": { "clientRegistration.unused.expires": "" } });
        assert_eq!(server.admin("PUT", "/ruled", change).await.status, 204);
        assert_eq!(ruled(&realm_list::outlines(&server.app.db).await.unwrap()), ["plain"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_for_one_realm_are_worth_nothing_in_master() {
    let server = support::sqlite().await;
    make_realm(&server, "tenant", json!({})).await;
    let initial = initial_token(&server, "tenant", 1).await;
    let refused = register(&server, "master", Some(&initial), &json!({ "redirect_uris": [] })).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let fields = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "admin"),
        ("password", "admin"),
    ];
    let refused = token(&server, "tenant", &fields).await;
    assert!(matches!(refused.status, 400 | 401), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_whose_id_is_like_anothers_has_roles_of_its_own() {
    for server in support::servers().await {
        let knows = async |name: &str, role: &str| {
            let known = realm::by_name(&server.app.db, name).await.unwrap().unwrap();
            known.roles.by_name("", role).is_some()
        };
        for (name, id) in [("short", "a"), ("long", "a b")] {
            let made = server
                .admin("POST", "", json!({ "realm": name, "id": id, "enabled": true }))
                .await;
            assert_eq!(made.status, 201, "{}", made.body);
            let known = realm::by_name(&server.app.db, name).await.unwrap().unwrap();
            assert_eq!(known.id, id);
            for role in ["crew", "staff"] {
                let made = server
                    .admin("POST", &format!("/{name}/roles"), json!({ "name": role }))
                    .await;
                assert_eq!(made.status, 201, "{}", made.body);
                assert!(knows(name, role).await, "{name} {role}");
            }
        }
        // Nothing of it waits for the next start.
        for name in ["long", "short"] {
            let path = format!("/{name}/roles/crew");
            assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
            assert!(!knows(name, "crew").await && knows(name, "staff").await, "{name}");
        }
        assert!(knows("long", "staff").await);
    }
}
