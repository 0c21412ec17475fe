//! Guessing passwords: Keycloak's brute force detection, exact however many guesses come at once.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{acme, arrived, sign_in};
use crate::nodes::{at_once, shop, two_nodes};
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "correct horse";

async fn try_with(server: &Server, realm: &str, password: &str) -> Answer {
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    let fields = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", "mia"),
        ("password", password),
    ];
    server.form(&path, &fields).await
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    let text = json!({ "error": "invalid_grant", "error_description": "Invalid user credentials" });
    assert_eq!(answer.json(), text);
}

async fn user(server: &Server, realm: &str) -> Value {
    let found = server
        .admin("GET", &format!("/{realm}/users?username=mia&exact=true"), Value::Null)
        .await;
    let id = found.json()[0]["id"].as_str().unwrap().to_owned();
    server
        .admin("GET", &format!("/{realm}/users/{id}"), Value::Null)
        .await
        .json()
}

fn status_path(realm: &str, id: &str) -> String {
    format!("/{realm}/attack-detection/brute-force/users/{id}")
}

async fn status(server: &Server, realm: &str) -> Value {
    let id = user(server, realm).await["id"].as_str().unwrap().to_owned();
    server.admin("GET", &status_path(realm, &id), Value::Null).await.json()
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn protected(more: Value) -> Value {
    let mut all = json!({
        "bruteForceProtected": true, "failureFactor": 3, "quickLoginCheckMilliSeconds": 1, "eventsEnabled": true
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_failures_lock_a_user_out_for_a_while_and_nobody_sees_it() {
    for server in support::servers().await {
        let realm = shop(&server, protected(json!({ "waitIncrementSeconds": 60 }))).await;
        for n in 1..=3 {
            refused(&try_with(&server, &realm, "wrong").await);
            assert_eq!(status(&server, &realm).await["numFailures"], n);
        }
        let locked = status(&server, &realm).await;
        assert_eq!(locked["disabled"], true);
        assert_eq!(locked["numTemporaryLockouts"], 1);
        assert!(locked["failedLoginNotBefore"].as_i64().unwrap() > server.app.now_seconds() + 50);
        let keys: Vec<&String> = locked.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "failedLoginNotBefore",
                "numFailures",
                "numTemporaryLockouts",
                "disabled",
                "numSecondaryAuthFailures",
                "lastIPFailure",
                "lastFailure"
            ]
        );
        refused(&try_with(&server, &realm, RIGHT).await);
        refused(&try_with(&server, &realm, "wrong").await);
        assert_eq!(
            status(&server, &realm).await["numFailures"],
            3,
            "what a lock refuses is not counted"
        );
        assert_eq!(user(&server, &realm).await["enabled"], true);

        server.app.clock.advance(61_000);
        assert_eq!(try_with(&server, &realm, RIGHT).await.status, 200);
        assert_eq!(status(&server, &realm).await["numFailures"], 0);

        let events = server
            .admin("GET", &format!("/{realm}/events?max=100"), Value::Null)
            .await
            .json();
        let kinds: Vec<String> = events
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{} {}", e["type"].as_str().unwrap(), e["error"].as_str().unwrap_or("-")))
            .collect();
        assert!(
            kinds.contains(&"LOGIN_ERROR user_temporarily_disabled".to_owned()),
            "{kinds:?}"
        );
        let lockout = events
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["type"] == "USER_DISABLED_BY_TEMPORARY_LOCKOUT")
            .unwrap();
        assert_eq!(lockout["details"]["reason"], "brute_force_attack detected");
        assert_eq!(lockout["details"]["num_failures"], "3");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_once_no_more_count_than_the_limit_on_two_nodes() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = shop(&server, protected(json!({ "waitIncrementSeconds": 600 }))).await;
        let fields = [
            ("grant_type", "password"),
            ("client_id", "shop"),
            ("username", "mia"),
            ("password", "wrong"),
        ];
        for answer in at_once(&nodes, &realm, &fields, 20).await {
            refused(&answer);
        }
        let locked = status(&server, &realm).await;
        assert_eq!(locked["numFailures"], 3);
        assert_eq!(locked["numTemporaryLockouts"], 1);
        refused(&try_with(&server, &realm, RIGHT).await);
    }
}

/// The seconds of each lockout, where an attempt is made as soon as the one before is over.
async fn waits(server: &Server, strategy: &str) -> Vec<i64> {
    let settings = protected(json!({
        "bruteForceStrategy": strategy, "failureFactor": 2, "waitIncrementSeconds": 2, "maxFailureWaitSeconds": 7
    }));
    let realm = shop(server, settings).await;
    let mut waits = Vec::new();
    for _ in 0..7 {
        refused(&try_with(server, &realm, "wrong").await);
        let known = status(server, &realm).await;
        let since = known["lastFailure"].as_i64().unwrap() / 1000;
        waits.push((known["failedLoginNotBefore"].as_i64().unwrap() - since).max(0));
        server.app.clock.advance(8_000);
    }
    waits
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waits_grow_as_in_keycloak() {
    let server = support::sqlite().await;
    assert_eq!(waits(&server, "MULTIPLE").await, [0, 2, 2, 4, 4, 6, 6]);
    assert_eq!(waits(&server, "LINEAR").await, [0, 2, 4, 6, 7, 7, 7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_in_quick_succession_wait_and_old_ones_are_forgotten() {
    let server = support::sqlite().await;
    let settings = json!({
        "failureFactor": 30, "quickLoginCheckMilliSeconds": 5000, "minimumQuickLoginWaitSeconds": 9, "maxDeltaTimeSeconds": 100
    });
    let realm = shop(&server, protected(settings)).await;
    refused(&try_with(&server, &realm, "wrong").await);
    server.app.clock.advance(1_000);
    refused(&try_with(&server, &realm, "wrong").await);
    let known = status(&server, &realm).await;
    assert_eq!(known["disabled"], true);
    assert_eq!(known["numTemporaryLockouts"], 0);
    server.app.clock.advance(101_000);
    refused(&try_with(&server, &realm, "wrong").await);
    assert_eq!(status(&server, &realm).await["numFailures"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_lockout_lasts_until_an_administrator_enables_the_user() {
    for server in support::servers().await {
        let realm = shop(&server, protected(json!({ "permanentLockout": true }))).await;
        for _ in 0..3 {
            server.app.clock.advance(2_000);
            refused(&try_with(&server, &realm, "wrong").await);
        }
        let locked = status(&server, &realm).await;
        assert_eq!(locked["failedLoginNotBefore"], i64::MAX);
        assert_eq!(locked["numTemporaryLockouts"], 0);
        let mut mia = user(&server, &realm).await;
        assert_eq!(mia["enabled"], false);
        assert_eq!(mia["attributes"]["disabledReason"], json!(["permanentLockout"]));
        server.app.clock.advance(1_000_000);
        refused(&try_with(&server, &realm, RIGHT).await);

        mia["enabled"] = json!(true);
        let path = format!("/{realm}/users/{}", mia["id"].as_str().unwrap());
        assert_eq!(server.admin("PUT", &path, mia.clone()).await.status, 204);
        let mia = user(&server, &realm).await;
        assert_eq!(mia.get("attributes"), None);
        assert_eq!(try_with(&server, &realm, RIGHT).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_temporary_lockouts_may_come_before_the_permanent_one() {
    let server = support::sqlite().await;
    let settings = json!({
        "permanentLockout": true, "maxTemporaryLockouts": 2, "failureFactor": 1, "waitIncrementSeconds": 1,
        "maxFailureWaitSeconds": 1
    });
    let realm = shop(&server, protected(settings)).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        refused(&try_with(&server, &realm, "wrong").await);
        let known = status(&server, &realm).await;
        let enabled = user(&server, &realm).await["enabled"].as_bool().unwrap();
        seen.push((
            known["numFailures"].as_i64().unwrap(),
            known["numTemporaryLockouts"].as_i64().unwrap(),
            enabled,
        ));
        server.app.clock.advance(2_000);
    }
    assert_eq!(seen, [(1, 1, true), (2, 2, true), (3, 3, false), (3, 3, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_forget_the_failures_of_one_user_or_of_all() {
    let server = support::sqlite().await;
    let realm = shop(&server, protected(json!({}))).await;
    let id = user(&server, &realm).await["id"].as_str().unwrap().to_owned();
    for path in [
        status_path(&realm, &id),
        format!("/{realm}/attack-detection/brute-force/users"),
    ] {
        for _ in 0..3 {
            refused(&try_with(&server, &realm, "wrong").await);
        }
        refused(&try_with(&server, &realm, RIGHT).await);
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        assert_eq!(try_with(&server, &realm, RIGHT).await.status, 200);
    }
    let nobody = server.admin("GET", &status_path(&realm, "nosuch"), Value::Null).await;
    assert_eq!(nobody.json()["lastIPFailure"], "n/a");
    assert_eq!(
        server
            .admin("DELETE", &status_path(&realm, "nosuch"), Value::Null)
            .await
            .status,
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_the_same_to_a_locked_user_whatever_the_password() {
    let server = support::sqlite().await;
    let realm = acme(&server, protected(json!({ "waitIncrementSeconds": 60 }))).await;
    let mut browser = Browser::new(&server);
    let mut page = browser.get(&asking(&realm, &[])).await;
    for password in ["wrong", "wrong", "wrong", "Passw0rd!", "wrong"] {
        page = sign_in(&mut browser, &page, "ann", password).await;
        assert_eq!(page.field_error("username"), "Invalid username or password.");
    }
    server.app.clock.advance(61_000);
    arrived(&sign_in(&mut browser, &page, "ann", "Passw0rd!").await);
}

async fn rows(server: &Server) -> (i64, i64) {
    use vestibule::store::Query as _;
    let db = &server.app.db;
    let sql = "select count(*) from single_use where key like '%:nobody:%'";
    let nobody = db.count(sql, &[]).await.unwrap();
    (
        nobody,
        db.count("select count(*) from login_failure", &[]).await.unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_nobody_takes_the_same_writes() {
    for server in support::servers().await {
        let realm = shop(&server, protected(json!({}))).await;
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        for _ in 0..4 {
            let fields = [
                ("grant_type", "password"),
                ("client_id", "shop"),
                ("username", "zoe"),
                ("password", "wrong"),
            ];
            refused(&server.form(&path, &fields).await);
        }
        assert_eq!(rows(&server).await, (1, 0), "one row, and no count of anybody");
        server.app.clock.advance(4_000_000);
        vestibule::store::sweep::expired(&server.app.db, server.app.now())
            .await
            .unwrap();
        assert_eq!(rows(&server).await, (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_longer_than_any_is_wrong_and_counts() {
    let server = support::sqlite().await;
    let realm = shop(&server, protected(json!({}))).await;
    let longest = "é".repeat(512);
    let id = user(&server, &realm).await["id"].as_str().unwrap().to_owned();
    let new = json!({ "type": "password", "value": longest, "temporary": false });
    let path = format!("/{realm}/users/{id}/reset-password");
    assert_eq!(server.admin("PUT", &path, new).await.status, 204);
    refused(&try_with(&server, &realm, &format!("{longest}é")).await);
    assert_eq!(status(&server, &realm).await["numFailures"], 1);
    assert_eq!(try_with(&server, &realm, &longest).await.status, 200);
}
