//! Programs register people by JSON.

use serde_json::{Value, json};

use crate::people::{self, code, json_url, mails, users};
use crate::support::{self, Answer, Server};

fn mia() -> Value {
    json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "password": "correct horse"
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn codes(answer: &Answer) -> Vec<(String, String)> {
    let all = answer.json()["errors"].as_array().unwrap().clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    all.iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
}

async fn follow(server: &Server, location: &str, token: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let method = if path.is_empty() { "GET" } else { "POST" };
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    server
        .request(method, &format!("{location}{path}"), &headers, &text)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_registers_somebody_and_gets_tokens() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({})).await;
        let body = with(with(mia(), "client_id", json!("app")), "tokens", json!(true));
        let answer = server.json(&json_url(&realm), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let told = answer.json();
        assert_eq!(
            (&told["status"], &told["enabled"], &told["emailVerified"]),
            (&json!("done"), &json!(true), &json!(false))
        );
        assert!(
            answer
                .header("location")
                .ends_with(&format!("/registrations/{}", told["id"].as_str().unwrap()))
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let token = told["tokens"]["access_token"].as_str().unwrap();
        let bearer = format!("Bearer {token}");
        let path = format!("/realms/{realm}/protocol/openid-connect/userinfo");
        let openid = server.request("GET", &path, &[("authorization", &bearer)], "").await;
        assert!(openid.status == 200 || openid.status == 403, "{}", openid.body);
        assert_eq!(users(&server, &realm, "mia").await[0]["id"], told["id"]);
        server
            .password_token(&realm, "app", "mia@example.org", "correct horse")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_all_fields_come_at_once() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "passwordPolicy": "length(10)" })).await;
    let body = json!({ "username": "a b", "email": "nope", "lastName": "Berg", "password": "short" });
    let answer = server.json(&json_url(&realm), &body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "invalid_registration");
    let told = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    let expected = [
        told("username", "error-username-invalid-character"),
        told("email", "error-invalid-email"),
        told("firstName", "error-user-attribute-required"),
        told("password", "invalidPasswordMinLengthMessage"),
    ];
    assert_eq!(codes(&answer), expected);
    let last = &answer.json()["errors"][3];
    assert_eq!(last["message"], "Invalid password: minimum length 10.");
    assert_eq!(last["params"], json!([10]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_told_in_the_contracts_words() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "passwordPolicy": "length(10)" })).await;
    let answer = server
        .json(&json_url(&realm), &with(mia(), "password", json!("short")))
        .await;
    assert_eq!(answer.json()["errorMessage"], "Password does not match policy");
    let answer = server
        .json(&json_url(&realm), &with(mia(), "password", Value::Null))
        .await;
    assert_eq!(
        codes(&answer),
        [("password".to_owned(), "missingPasswordMessage".to_owned())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_names_and_addresses_are_conflicts() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    assert_eq!(server.json(&json_url(&realm), &mia()).await.status, 201);
    let other_address = with(mia(), "email", json!("other@example.org"));
    let answer = server.json(&json_url(&realm), &other_address).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (409, &json!("username_taken"))
    );
    assert_eq!(answer.json()["errorMessage"], "Username already exists");
    let answer = server
        .json(&json_url(&realm), &with(mia(), "username", json!("other")))
        .await;
    assert_eq!((answer.status, &answer.json()["error"]), (409, &json!("email_taken")));
    assert_eq!(answer.json()["errorMessage"], "Email already exists");
    let mixed = with(with(mia(), "lastName", json!("")), "username", json!("other"));
    assert_eq!(server.json(&json_url(&realm), &mixed).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_proof_asked_the_code_from_the_mail_ends_it() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        let body = with(with(mia(), "client_id", json!("app")), "tokens", json!(true));
        let answer = server.json(&json_url(&realm), &body).await;
        assert_eq!(answer.status, 201);
        let told = answer.json();
        assert_eq!((&told["status"], &told["enabled"]), (&json!("proof"), &json!(false)));
        let (token, at) = (told["status_token"].as_str().unwrap(), answer.header("location"));
        assert!(users(&server, &realm, "mia").await.is_empty());
        assert_eq!(server.get(at).await.status, 401);
        assert_eq!(
            follow(&server, at, token, "", &Value::Null).await.json()["status"],
            "proof"
        );
        assert_eq!(follow(&server, at, token, "/resend", &Value::Null).await.status, 429);
        let sent = json!({ "code": code(&server, "mia@example.org").await });
        assert_eq!(follow(&server, at, "wrong", "/code", &sent).await.status, 401);
        let done = follow(&server, at, token, "/code", &sent).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(
            (&done.json()["status"], &done.json()["id"]),
            (&json!("done"), &told["id"])
        );
        assert!(done.json()["tokens"]["access_token"].is_string(), "{}", done.body);
        assert_eq!(
            follow(&server, at, token, "", &Value::Null).await.json()["emailVerified"],
            true
        );
        assert_eq!(follow(&server, at, token, "/code", &sent).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_tried_five_times() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        let answer = server.json(&json_url(&realm), &mia()).await;
        let (token, at) = (
            answer.json()["status_token"].as_str().unwrap().to_owned(),
            answer.header("location").to_owned(),
        );
        let right = json!({ "code": code(&server, "mia@example.org").await });
        for _ in 0..5 {
            assert_eq!(
                follow(&server, &at, &token, "/code", &json!({ "code": "999 999" }))
                    .await
                    .status,
                400
            );
        }
        assert_eq!(follow(&server, &at, &token, "/code", &right).await.status, 400);
        server.app.clock.advance(31_000);
        assert_eq!(follow(&server, &at, &token, "/resend", &Value::Null).await.status, 204);
        let fresh = json!({ "code": code(&server, "mia@example.org").await });
        assert_eq!(follow(&server, &at, &token, "/code", &fresh).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_answered_like_a_free_one() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        server.user(&realm, "owner", "password").await;
        let taken = with(mia(), "email", json!("owner@example.org"));
        let answer = server.json(&json_url(&realm), &taken).await;
        let keys = |a: &Answer| a.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let free = server
            .json(
                &json_url(&realm),
                &with(
                    with(mia(), "email", json!("free@example.org")),
                    "username",
                    json!("free"),
                ),
            )
            .await;
        assert_eq!((answer.status, keys(&answer)), (free.status, keys(&free)));
        let (token, at) = (
            answer.json()["status_token"].as_str().unwrap().to_owned(),
            answer.header("location").to_owned(),
        );
        for path in ["", "/resend"] {
            let body = follow(&server, &at, &token, path, &Value::Null).await;
            assert!([200, 429].contains(&body.status), "{}", body.body);
        }
        let told = mails(&server, "owner@example.org").await;
        assert!(told[0]["subject"].as_str().unwrap().starts_with("You already have"));
        // Its name, and the password that came with it, behave as those of any other that waits.
        assert_eq!(users(&server, &realm, "mia").await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_call_from_the_applications_web_origins_only() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let body = with(mia(), "client_id", json!("app")).to_string();
    let call = |origin: &'static str| [("content-type", "application/json"), ("origin", origin)];
    let refused = server
        .request("POST", &json_url(&realm), &call("https://evil.example.com"), &body)
        .await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (403, "")
    );
    let unnamed = mia().to_string();
    let refused = server
        .request("POST", &json_url(&realm), &call("https://evil.example.com"), &unnamed)
        .await;
    assert_eq!(refused.status, 403);
    assert!(users(&server, &realm, "mia").await.is_empty());
    // Without a client's name, those of any client count.
    let other = with(
        with(mia(), "username", json!("other")),
        "email",
        json!("other@example.org"),
    )
    .to_string();
    let answer = server
        .request("POST", &json_url(&realm), &call("https://app.example.com"), &other)
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let answer = server
        .request("POST", &json_url(&realm), &call("https://app.example.com"), &body)
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    let asked = server
        .request(
            "OPTIONS",
            &json_url(&realm),
            &[("origin", "https://app.example.com")],
            "",
        )
        .await;
    assert_eq!(asked.header("access-control-allow-methods"), "GET, POST, OPTIONS");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_registration_is_told_and_leaves_nothing() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{\"email\":\"a\",\"email\":\"b\"}",
        "\u{feff}{}",
        &deep,
    ] {
        let answer = server
            .request("POST", &json_url(&realm), &[("content-type", "application/json")], body)
            .await;
        assert_eq!(answer.status, 400, "{body:.40}");
        assert_eq!(answer.json()["errors"][0]["code"], "invalid_json", "{body:.40}");
    }
    let typed = json!({ "username": 1, "email": ["a"], "attributes": { "x": "y" } });
    let answer = server.json(&json_url(&realm), &typed).await;
    assert_eq!(
        codes(&answer).iter().map(|c| c.0.as_str()).collect::<Vec<_>>(),
        ["username", "email", "attributes.x"]
    );
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    assert_eq!(
        server.request("POST", &json_url(&realm), &headers, "x").await.status,
        415
    );
    assert_eq!(
        server
            .request("PUT", &json_url(&realm), &[("content-type", "application/json")], "{}")
            .await
            .status,
        405
    );
    let nowhere = server
        .json("/realms/nosuch/protocol/openid-connect/registrations", &mia())
        .await;
    assert_eq!(
        (nowhere.status, &nowhere.json()["error"]),
        (404, &json!("Realm does not exist"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_in_the_body_have_no_effect() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let mut body = mia();
    let privileges = json!({
        "id": "x", "enabled": false, "emailVerified": true, "requiredActions": [], "realmRoles": ["admin"],
        "clientRoles": { "realm-management": ["realm-admin"] }, "groups": ["/admins"], "federationLink": "x",
        "credentials": [{ "type": "password", "value": "other" }], "attributes": { "tenant": ["1"], "emailVerified": ["true"] }
    });
    body.as_object_mut()
        .unwrap()
        .extend(privileges.as_object().unwrap().clone());
    let answer = server.json(&json_url(&realm), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["emailVerified"], false);
    let user = &users(&server, &realm, "mia").await[0];
    assert!(user.get("attributes").is_none() && user["enabled"] == true, "{user}");
    server.password_token(&realm, "app", "mia", "correct horse").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_where_it_is_off_unless_the_application_may() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "registrationAllowed": false })).await;
    let answer = server.json(&json_url(&realm), &mia()).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (403, &json!("registration_disabled"))
    );
    let open = json!({ "clientId": "open", "publicClient": true, "attributes": { "registration.allowed": "true" } });
    server.client(&realm, open).await;
    let answer = server
        .json(&json_url(&realm), &with(mia(), "client_id", json!("open")))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_duplicates_give_one_account() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "attributes": { "registration.limit.email": "off" } })).await;
        let (url, body) = (json_url(&realm), mia());
        let all = futures_util::future::join_all((0..20).map(|_| server.json(&url, &body))).await;
        assert_eq!(all.iter().filter(|a| a.status == 201).count(), 1);
        assert!(
            all.iter().all(|a| a.status == 201 || a.status == 409),
            "{:?}",
            all.iter().map(|a| a.status).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_ones_own_can_ask_what_to_ask() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "passwordPolicy": "length(10) and digits(1)" })).await;
    let url = format!("{}?client_id=app", json_url(&realm));
    let told = server.request("GET", &url, &[("accept", "application/json")], "").await;
    assert_eq!(told.status, 200, "{}", told.body);
    let told = told.json();
    assert_eq!(
        (&told["registrationAllowed"], &told["verifyEmail"]),
        (&json!(true), &json!(false))
    );
    let names: Vec<&Value> = told["profile"]["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["name"])
        .collect();
    assert_eq!(names, ["username", "email", "firstName", "lastName"]);
    assert_eq!(
        told["passwordPolicy"][0],
        json!({ "id": "length", "value": 10, "message": "Invalid password: minimum length 10." })
    );
    assert_eq!(told["proof"]["kind"], "none");
}
