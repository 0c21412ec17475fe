//! An application waits until somebody approves it: nobody can use it before, and it learns what became of it.

use serde_json::{Value, json};

use super::client_registration::{address, initial, register, text};
use super::support::oidc::{at, token};
use super::support::{self, Answer, Browser, Server};

const DAY: i64 = 86_400_000;

/// A realm in which applications wait for approval; `more` are attributes.
pub async fn waiting_realm(server: &Server, more: Value) -> String {
    let mut attributes = json!({ "clientRegistration.approval": "required" });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let settings = json!({ "eventsEnabled": true, "adminEventsEnabled": true, "attributes": attributes });
    server.realm(settings).await
}

/// What is registered where it does not matter: it signs people in, and acts for itself.
pub fn crane() -> Value {
    json!({
        "client_name": "Crane", "redirect_uris": ["https://crane.example.com/cb"], "contacts": ["ann@crane.example.com"],
        "grant_types": ["authorization_code", "client_credentials"], "token_endpoint_auth_method": "client_secret_post"
    })
}

/// Registers it with an initial access token.
pub async fn register_crane(server: &Server, realm: &str) -> Value {
    let (_, key) = initial(server, realm, json!({ "owner": "blue" })).await;
    let answer = register(server, realm, Some(&key), &crane()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

/// Acts for itself.
pub async fn acts(server: &Server, realm: &str, client: &Value) -> Answer {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(client, "client_id")),
        ("client_secret", text(client, "client_secret")),
    ];
    token(server, realm, &fields).await
}

/// `client-registrations`, as the administrator of `master`.
pub async fn desk(server: &Server, realm: &str, method: &str, path: &str, body: Value) -> Answer {
    server
        .admin(method, &format!("/{realm}/client-registrations{path}"), body)
        .await
}

/// Approves what waits.
pub async fn approve(server: &Server, realm: &str, client: &Value) {
    let path = format!("/{}/approve", text(client, "client_id"));
    let answer = desk(server, realm, "POST", &path, json!({})).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// Reads a registration with its own token.
pub async fn own(server: &Server, realm: &str, client: &Value) -> Answer {
    let path = format!("{}/{}", address(realm), text(client, "client_id"));
    let token = text(client, "registration_access_token");
    server.with_token(token, "GET", &path, Value::Null).await
}

/// Whether people are not warned of a client.
pub async fn vouched_for(server: &Server, realm: &str, client: &Value) -> bool {
    let path = format!("/{realm}/clients/{}", text(client, "client_id"));
    let shown = server.admin("GET", &path, Value::Null).await.json();
    shown["attributes"].get("client.verified") == Some(&json!("true"))
}

fn asking(realm: &str, client: &Value) -> String {
    let id = text(client, "client_id");
    format!(
        "{}?client_id={id}&response_type=code&scope=openid&redirect_uri=https://crane.example.com/cb&state=s",
        at(realm, "auth")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_use_an_application_before_it_is_approved() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        assert_eq!(client["registration_status"], "pending");
        let id = text(&client, "client_id");
        let secret = text(&client, "client_secret");
        let refused = acts(&server, &realm, &client).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (400, &json!("unauthorized_client"))
        );
        assert_eq!(
            refused.json()["error_description"],
            "Client registration is pending approval"
        );
        // Who does not prove to be it learns nothing of it.
        let mut stranger = client.clone();
        stranger["client_secret"] = json!("guessed");
        let guessed = acts(&server, &realm, &stranger).await;
        let told = json!({ "error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials" });
        assert_eq!((guessed.status, guessed.json()), (401, told));
        for endpoint in ["ext/par/request", "token/introspect", "revoke", "auth/device"] {
            let fields = [
                ("client_id", id),
                ("client_secret", secret),
                ("token", "x"),
                ("response_type", "code"),
                ("scope", "openid"),
                ("redirect_uri", "https://crane.example.com/cb"),
            ];
            let answer = server.form(&at(&realm, endpoint), &fields).await;
            // Keycloak's endpoints each have their own word for a client that is not believed.
            let words = ["unauthorized_client", "invalid_client", "invalid_request"];
            let word = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(
                answer.status >= 400 && words.contains(&word.as_str()),
                "{endpoint}: {}",
                answer.body
            );
        }
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &client)).await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("Not approved yet") && page.body.contains("Crane"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("kc-form-login") && page.body.contains("http-equiv=\"refresh\""));
        assert_eq!(page.header("cache-control").split(',').next(), Some("no-store"));
        let status = page
            .body
            .split("data-waiting=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let status = status.replace("&amp;", "&").replace("&#x2f;", "/");
        assert_eq!(server.get(&status).await.json(), json!({ "waiting": true }));

        // Keycloak's consoles see a client that is disabled, and nothing that they do not know.
        let shown = server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["enabled"], false);
        assert!(shown.get("registration_status").is_none() && shown.get("standing").is_none());
        let back = server
            .admin("PUT", &format!("/{realm}/clients/{id}"), shown.clone())
            .await;
        assert_eq!(back.status, 204);
        let mut on = shown;
        on["enabled"] = json!(true);
        server.admin("PUT", &format!("/{realm}/clients/{id}"), on).await;
        assert_eq!(
            acts(&server, &realm, &client).await.status,
            400,
            "enabled is not approved"
        );
        let account = format!("/{realm}/clients/{id}/service-account-user");
        assert_eq!(server.admin("GET", &account, Value::Null).await.status, 400);

        approve(&server, &realm, &client).await;
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        assert_eq!(server.admin("GET", &account, Value::Null).await.status, 200);
        assert_eq!(server.get(&status).await.json(), json!({ "waiting": false }));
        let page = browser.get(&asking(&realm, &client)).await;
        assert!(page.body.contains("kc-form-login"), "{}", page.body);
        assert!(
            vouched_for(&server, &realm, &client).await,
            "who approves has looked at it"
        );
        assert!(
            own(&server, &realm, &client)
                .await
                .json()
                .get("registration_status")
                .is_none()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_german_and_takes_what_was_posted() {
    let server = support::sqlite().await;
    let realm = waiting_realm(&server, json!({})).await;
    let german =
        json!({ "internationalizationEnabled": true, "supportedLocales": ["en", "de"], "defaultLocale": "de" });
    server.admin("PUT", &format!("/{realm}"), german).await;
    let client = register_crane(&server, &realm).await;
    let id = text(&client, "client_id").to_owned();
    let page = server
        .form(
            &at(&realm, "auth"),
            &[("client_id", &id), ("response_type", "code"), ("state", "a b")],
        )
        .await;
    assert!(page.body.contains("Noch nicht freigegeben"), "{}", page.body);
    assert!(
        page.body.contains("state&#x3d;a+b") || page.body.contains("state=a+b") || page.body.contains("state=a%20b"),
        "{}",
        page.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_application_learns_why_for_a_week() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        assert_eq!(
            own(&server, &realm, &client).await.json()["registration_status"],
            "pending"
        );
        let refusal = json!({ "reason": "Name a team", "note": "seen before" });
        let answer = desk(&server, &realm, "POST", &format!("/{id}/refuse"), refusal).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        let told = own(&server, &realm, &client).await;
        assert_eq!(told.status, 200);
        assert_eq!(
            (&told.json()["registration_status"], &told.json()["reason"]),
            (&json!("refused"), &json!("Name a team"))
        );
        let path = format!("{}/{id}", address(&realm));
        let key = text(&client, "registration_access_token");
        let changed = server.with_token(key, "PUT", &path, crane()).await;
        assert_eq!(changed.status, 401, "{}", changed.body);
        assert_eq!(acts(&server, &realm, &client).await.json()["error"], "invalid_client");
        let page = Browser::new(&server).get(&asking(&realm, &client)).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("was not approved"), "{}", page.body);

        let shown = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(
            (
                &shown["status"],
                &shown["decisions"][0]["action"],
                &shown["decisions"][0]["by"]
            ),
            (&json!("refused"), &json!("refuse"), &json!("admin"))
        );
        assert_eq!(shown["notes"][0]["text"], "seen before");
        let mails = server.get("/inbox/messages?to=ann@crane.example.com").await.json();
        assert!(mails[0]["text"].as_str().unwrap().contains("Name a team"), "{mails}");

        server.app.clock.advance(7 * DAY + 1);
        assert_eq!(own(&server, &realm, &client).await.status, 401);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        let gone = server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await;
        assert_eq!(gone.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decides_in_time_is_gone() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({ "clientRegistration.approval.expires": "3600" })).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        server.app.clock.advance(3_600_000);
        assert_eq!(own(&server, &realm, &client).await.status, 401);
        let late = desk(&server, &realm, "POST", &format!("/{id}/approve"), json!({})).await;
        assert_eq!((late.status, &late.json()["error"]), (409, &json!("already_decided")));
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        let gone = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null).await;
        assert_eq!(gone.status, 404);
        let events = server
            .admin("GET", &format!("/{realm}/events?type=CLIENT_EXPIRED"), Value::Null)
            .await;
        assert_eq!(events.json()[0]["details"]["reason"], "approval", "{}", events.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_listed_counted_and_decided_in_bulk() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(register_crane(&server, &realm).await);
        }
        let ids: Vec<&str> = clients.iter().map(|client| text(client, "client_id")).collect();
        let count = async |status: &str| {
            desk(&server, &realm, "GET", &format!("/count?status={status}"), Value::Null)
                .await
                .body
        };
        assert_eq!(count("approval").await, "3");
        let listed = desk(&server, &realm, "GET", "?status=approval&search=", Value::Null)
            .await
            .json();
        let first = &listed[0];
        assert_eq!(
            (&first["status"], &first["stage"], &first["owner"]),
            (&json!("approval"), &json!("any"), &json!("blue"))
        );
        assert_eq!(first["metadata"]["client_name"], "Crane");
        assert!(first["expiresTimestamp"].is_i64() && first.get("previous").is_none() && first["tokenId"].is_string());

        let note = json!({ "text": "is this ours?" });
        assert_eq!(
            desk(&server, &realm, "POST", &format!("/{}/notes", ids[0]), note)
                .await
                .status,
            204
        );
        let bulk = json!({ "ids": [ids[0], ids[1], "nosuch"], "action": "approve" });
        let done = desk(&server, &realm, "POST", "/bulk", bulk).await.json();
        assert_eq!((&done["done"], &done["failed"][0]["id"]), (&json!(2), &json!("nosuch")));
        assert_eq!((count("approval").await, count("done").await), ("1".into(), "2".into()));
        let again = desk(&server, &realm, "POST", &format!("/{}/approve", ids[0]), Value::Null).await;
        assert_eq!((again.status, &again.json()["error"]), (409, &json!("already_decided")));
        let kept = desk(&server, &realm, "DELETE", &format!("/{}", ids[0]), Value::Null).await;
        assert_eq!(kept.status, 409, "a client in force is removed among clients");
        let gone = desk(&server, &realm, "DELETE", &format!("/{}", ids[2]), Value::Null).await;
        assert_eq!(gone.status, 204);
        assert_eq!(own(&server, &realm, &clients[2]).await.status, 401);
        for (path, body) in [
            ("/bulk", json!({ "action": "shred" })),
            (&format!("/{}/notes", ids[0]), json!({})),
        ] {
            assert_eq!(desk(&server, &realm, "POST", path, body).await.status, 400);
        }

        let kinds: Vec<String> = events(&server, &realm).await;
        let number = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
        assert_eq!(
            (
                number("CLIENT_REGISTRATION_PENDING"),
                number("CLIENT_REGISTRATION_APPROVED"),
                number("CLIENT_REGISTER")
            ),
            (3, 2, 2)
        );
        let told = server
            .admin(
                "GET",
                &format!("/{realm}/admin-events?resourceTypes=REGISTRATION"),
                Value::Null,
            )
            .await
            .json();
        assert_eq!(told.as_array().unwrap().len(), 4, "{told}");
    }
}

/// The types of all events of a realm.
pub async fn events(server: &Server, realm: &str) -> Vec<String> {
    let all = server
        .admin("GET", &format!("/{realm}/events?max=100"), Value::Null)
        .await
        .json();
    let kinds = all.as_array().unwrap().iter();
    kinds.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_of_the_realm_decides_or_hands_on() {
    for server in support::servers().await {
        let rule = r#"if client.client_name == "Crane" { "queue" } else if client.client_name == "Spam" { "refuse: no spam" }
            else { "approve" }"#;
        let more = json!({ "clientRegistration.approval": "rule", "clientRegistration.approval.rule": rule });
        let realm = waiting_realm(&server, more).await;
        let (_, key) = initial(&server, &realm, json!({})).await;
        for (name, status, waits) in [("Crane", 201, true), ("Gull", 201, false), ("Spam", 403, false)] {
            let mut sent = crane();
            sent["client_name"] = json!(name);
            let answer = register(&server, &realm, Some(&key), &sent).await;
            assert_eq!(answer.status, status, "{}", answer.body);
            let told = answer.json();
            assert_eq!(told["registration_status"] == "pending", waits, "{told}");
            if status == 403 {
                assert_eq!(told["policy"], "clientRegistration.approval.rule");
                assert!(answer.body.contains("no spam"), "{told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_may_correct_or_withdraw_what_waits() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let path = format!("{}/{id}", address(&realm));
        let note = json!({ "text": "asked the team" });
        desk(&server, &realm, "POST", &format!("/{id}/notes"), note).await;
        let mut wanted = crane();
        wanted["client_name"] = json!("Crane of blue");
        let key = text(&client, "registration_access_token");
        let changed = server.with_token(key, "PUT", &path, wanted).await;
        assert_eq!(
            (changed.status, &changed.json()["registration_status"]),
            (200, &json!("pending"))
        );
        let shown = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(shown["metadata"]["client_name"], "Crane of blue");
        assert_eq!(shown["notes"][0]["text"], "asked the team");
        let changed = changed.json();
        let key = text(&changed, "registration_access_token");
        assert_eq!(server.with_token(key, "DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(
            desk(&server, &realm, "GET", "/count?status=approval", Value::Null)
                .await
                .body,
            "0"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_an_export() {
    for server in support::servers().await {
        let realm = waiting_realm(&server, json!({})).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let note = json!({ "text": "ours" });
        desk(&server, &realm, "POST", &format!("/{id}/notes"), note).await;
        let found = vestibule::store::realm::by_name(&server.app.db, &realm)
            .await
            .unwrap()
            .unwrap();
        let extent = vestibule::realm_export::Extent::Whole;
        let whole = vestibule::realm_export::document(&server.app, &found, extent)
            .await
            .unwrap();
        let whole = Value::Object(whole);
        let kept = whole["clients"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["clientId"] == id)
            .unwrap();
        assert_eq!(
            kept["enabled"], false,
            "whoever does not know approval takes it for disabled"
        );
        assert_eq!(
            server.admin("DELETE", &format!("/{realm}"), Value::Null).await.status,
            204
        );
        assert_eq!(server.admin("POST", "", whole).await.status, 201);
        assert_eq!(
            acts(&server, &realm, &client).await.json()["error"],
            "unauthorized_client"
        );
        let shown = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        assert_eq!(
            (&shown["status"], &shown["notes"][0]["text"]),
            (&json!("approval"), &json!("ours"))
        );
        approve(&server, &realm, &client).await;
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
    }
}
