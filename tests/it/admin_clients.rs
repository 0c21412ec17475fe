//! Administrators and clients: Keycloak's shapes, and secrets that are kept as the contract says (section 5).

use serde_json::{Value, json};

use super::support::{self, Server};

async fn get(server: &Server, path: &str) -> Value {
    let answer = server.admin("GET", path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// A token for a user of a realm who has roles of `realm-management`.
pub async fn token_with(server: &Server, realm: &str, name: &str, roles: &[&str]) -> String {
    let user = server.user(realm, name, "pw").await;
    let holder = get(server, &format!("/{realm}/clients?clientId=realm-management")).await[0]["id"].clone();
    let holder = holder.as_str().unwrap().to_owned();
    let mut given = Vec::new();
    for role in roles {
        given.push(get(server, &format!("/{realm}/clients/{holder}/roles/{role}")).await);
    }
    let path = format!("/{realm}/users/{user}/role-mappings/clients/{holder}");
    assert_eq!(server.admin("POST", &path, json!(given)).await.status, 204);
    server.password_token(realm, "admin-cli", name, "pw").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_client_has_keycloaks_defaults_in_keycloaks_order() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.client(&realm, json!({ "clientId": "bare" })).await;
        let client = get(&server, &format!("/{realm}/clients/{id}")).await;
        let members: Vec<&str> = client.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            members.join(" "),
            "id clientId surrogateAuthRequired enabled alwaysDisplayInConsole clientAuthenticatorType secret redirectUris \
             webOrigins notBefore bearerOnly consentRequired standardFlowEnabled implicitFlowEnabled \
             directAccessGrantsEnabled serviceAccountsEnabled publicClient frontchannelLogout protocol attributes \
             authenticationFlowBindingOverrides fullScopeAllowed nodeReRegistrationTimeout defaultClientScopes \
             optionalClientScopes access"
        );
        assert_eq!(client["nodeReRegistrationTimeout"], -1);
        assert_eq!(
            client["access"],
            json!({ "view": true, "configure": true, "manage": true })
        );
        let taken = server
            .admin("POST", &format!("/{realm}/clients"), json!({ "clientId": "bare" }))
            .await;
        assert_eq!(
            (taken.status, taken.json()),
            (409, json!({ "errorMessage": "Client bare already exists" }))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_can_be_read_back_by_those_who_manage_and_by_nobody_else() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.client(&realm, json!({ "clientId": "app" })).await;
        let path = format!("/admin/realms/{realm}/clients/{id}");
        let viewer = token_with(&server, &realm, "viewer", &["view-clients"]).await;
        let manager = token_with(&server, &realm, "manager", &["manage-clients"]).await;
        let seen = server.with_token(&viewer, "GET", &path, Value::Null).await.json();
        assert_eq!(
            (&seen["secret"], &seen["access"]["manage"]),
            (&Value::Null, &json!(false))
        );
        let seen = server
            .with_token(&viewer, "GET", &format!("{path}/client-secret"), Value::Null)
            .await;
        assert_eq!((seen.status, seen.json()), (200, json!({ "type": "secret" })));
        let shown = server
            .with_token(&manager, "GET", &format!("{path}/client-secret"), Value::Null)
            .await
            .json();
        let secret = shown["value"].as_str().unwrap().to_owned();
        assert!(
            secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{secret}"
        );
        let renewed = server
            .with_token(&manager, "POST", &format!("{path}/client-secret"), Value::Null)
            .await
            .json();
        assert_ne!(renewed["value"], shown["value"]);
        let refused = server
            .with_token(&viewer, "POST", &format!("{path}/client-secret"), Value::Null)
            .await;
        assert_eq!(refused.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_secret_works_and_stays_when_it_is_written_back() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let doc = json!({ "clientId": "svc", "secret": "a chosen one", "serviceAccountsEnabled": true });
        let id = server.client(&realm, doc).await;
        let path = format!("/{realm}/clients/{id}");
        for secret in ["a chosen one", "another"] {
            let token = server
                .form(
                    &format!("/realms/{realm}/protocol/openid-connect/token"),
                    &[
                        ("grant_type", "client_credentials"),
                        ("client_id", "svc"),
                        ("client_secret", secret),
                    ],
                )
                .await;
            assert_eq!(
                token.status,
                if secret == "another" { 401 } else { 200 },
                "{}",
                token.body
            );
        }
        let whole = get(&server, &path).await;
        assert_eq!(whole["secret"], "a chosen one");
        assert_eq!(server.admin("PUT", &path, whole).await.status, 204);
        assert_eq!(
            server
                .admin("PUT", &path, json!({ "secret": "**********" }))
                .await
                .status,
            204
        );
        assert_eq!(
            get(&server, &format!("{path}/client-secret")).await["value"],
            "a chosen one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_renewal_the_old_secret_is_good_until_it_is_forgotten_or_a_day_has_gone() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let doc = json!({ "clientId": "svc", "secret": "first", "serviceAccountsEnabled": true });
        let path = format!("/{realm}/clients/{}", server.client(&realm, doc).await);
        let works = async |secret: &str| {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", "svc"),
                ("client_secret", secret),
            ];
            let url = format!("/realms/{realm}/protocol/openid-connect/token");
            server.form(&url, &fields).await.status == 200
        };
        let renew = async || {
            let made = server
                .admin("POST", &format!("{path}/client-secret"), Value::Null)
                .await
                .json();
            made["value"].as_str().unwrap().to_owned()
        };
        let second = renew().await;
        assert!(works("first").await && works(&second).await);
        server.app.clock.advance(86_400_000);
        assert!(!works("first").await && works(&second).await);
        let third = renew().await;
        assert!(works(&second).await);
        let gone = server
            .admin("DELETE", &format!("{path}/client-secret/rotated"), Value::Null)
            .await;
        assert_eq!(gone.status, 204);
        assert!(!works(&second).await && works(&third).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_comes_and_goes_with_its_switch() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let path = format!(
            "/{realm}/clients/{}",
            server.client(&realm, json!({ "clientId": "Svc" })).await
        );
        let account = format!("{path}/service-account-user");
        let off = server.admin("GET", &account, Value::Null).await;
        let text = "Service account not enabled for the client 'Svc'";
        assert_eq!((off.status, off.json()), (400, json!({ "error": text })));
        server
            .admin("PUT", &path, json!({ "serviceAccountsEnabled": true }))
            .await;
        assert_eq!(get(&server, &account).await["username"], "service-account-svc");
        assert!(
            get(&server, &path).await["defaultClientScopes"]
                .as_array()
                .unwrap()
                .contains(&json!("service_account"))
        );
        server.admin("PUT", &path, json!({ "clientId": "renamed" })).await;
        assert_eq!(get(&server, &account).await["username"], "service-account-renamed");
        server
            .admin("PUT", &path, json!({ "serviceAccountsEnabled": false }))
            .await;
        assert_eq!(server.admin("GET", &account, Value::Null).await.status, 400);
        let users = get(&server, &format!("/{realm}/users?username=service-account-renamed")).await;
        assert_eq!(users, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_stays_and_an_empty_attribute_is_taken_away() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let doc = json!({ "clientId": "app", "name": "App", "attributes": { "a": "1", "b": "2" } });
        let path = format!("/{realm}/clients/{}", server.client(&realm, doc).await);
        let change = json!({ "attributes": { "b": "", "c": "3" }, "redirectUris": ["https://a.example.org/*"] });
        assert_eq!(server.admin("PUT", &path, change).await.status, 204);
        let client = get(&server, &path).await;
        assert_eq!(client["name"], "App");
        let attribute = |name: &str| client["attributes"][name].clone();
        assert_eq!(
            (attribute("a"), attribute("b"), attribute("c")),
            (json!("1"), Value::Null, json!("3"))
        );
        let bad = server
            .admin("PUT", &path, json!({ "redirectUris": ["javascript:x"] }))
            .await;
        assert_eq!(bad.json()["error_description"], "A redirect URI uses an illegal scheme");
        let taken = server.admin("PUT", &path, json!({ "clientId": "account" })).await;
        assert_eq!((taken.status, taken.json()["error"].clone()), (409, json!("conflict")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_that_hold_the_roles_of_administrators_are_nobodys_to_change() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let found = get(&server, &format!("/{realm}/clients?clientId=realm-management")).await;
    let path = format!("/{realm}/clients/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(server.admin("PUT", &path, json!({ "name": "x" })).await.status, 403);
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_leave_admin_events_without_secrets() {
    let server = support::sqlite().await;
    let realm = server
        .realm(json!({ "adminEventsEnabled": true, "adminEventsDetailsEnabled": true }))
        .await;
    let id = server
        .client(&realm, json!({ "clientId": "app", "secret": "mine" }))
        .await;
    server
        .admin("POST", &format!("/{realm}/clients/{id}/client-secret"), Value::Null)
        .await;
    let events = get(&server, &format!("/{realm}/admin-events")).await;
    let told = events.to_string();
    assert!(!told.contains("mine"), "{told}");
    assert_eq!(events[0]["resourcePath"], format!("clients/{id}/client-secret"));
    assert_eq!(
        (&events[1]["operationType"], &events[1]["resourceType"]),
        (&json!("CREATE"), &json!("CLIENT"))
    );
}
