//! What waits for approval is asked for anew whichever way it is changed, and those who decide are told, once for all changes of
//! a moment.

use serde_json::{Value, json};

use super::apply::apply;
use super::approval::{acts, approve, desk, own, register_crane, vouched_for};
use super::client_registration::text;
use super::own_console::with_administrator;
use super::own_console_pending::require_approval;
use super::support::{self, Server};

/// A realm with ann, who manages clients, in which applications wait; and one that does, as those who decide see it.
async fn one_that_waits(server: &Server) -> (String, Value, Value) {
    let realm = with_administrator(server, &["manage-clients"]).await;
    require_approval(server, &realm).await;
    let client = register_crane(server, &realm).await;
    let seen = shown(server, &realm, text(&client, "client_id")).await;
    (realm, client, seen)
}

async fn shown(server: &Server, realm: &str, id: &str) -> Value {
    let answer = desk(server, realm, "GET", &format!("/{id}"), Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn mails_of_ann(server: &Server) -> usize {
    let mails = server.get("/inbox/messages?to=ann@example.org").await.json();
    mails.as_array().unwrap().len()
}

async fn sweep(server: &Server) {
    vestibule::jobs::sweep_once(&server.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_application_that_is_imported_over_waits_on() {
    for server in support::servers().await {
        let (realm, client, seen) = one_that_waits(&server).await;
        let id = text(&client, "client_id");
        let evil = json!({
            "clientId": id, "id": "another", "enabled": false, "secret": "**********", "serviceAccountsEnabled": true,
            "redirectUris": ["https://evil.example/cb"], "attributes": { "client.verified": "false" }
        });
        let import = json!({ "ifResourceExists": "OVERWRITE", "clients": [evil] });
        let done = server.admin("POST", &format!("/{realm}/partialImport"), import).await;
        assert_eq!(
            (done.status, &done.json()["overwritten"]),
            (200, &json!(1)),
            "{}",
            done.body
        );
        assert_eq!(
            acts(&server, &realm, &client).await.status,
            400,
            "nobody has approved it"
        );
        let now = shown(&server, &realm, id).await;
        assert_eq!((&now["status"], &now["source"]), (&json!("approval"), &json!("token")));
        assert!(now["ask"].is_string() && now["ask"] != seen["ask"], "{now}");
        assert_eq!(now["metadata"]["redirect_uris"], json!(["https://evil.example/cb"]));
        let stale = json!({ "ask": seen["ask"] });
        assert_eq!(
            desk(&server, &realm, "POST", &format!("/{id}/approve"), stale)
                .await
                .status,
            409
        );
        server.app.clock.advance(61_000);
        sweep(&server).await;
        assert_eq!(mails_of_ann(&server).await, 2);
        assert_eq!(
            own(&server, &realm, &client).await.json()["registration_status"],
            "pending"
        );
        approve(&server, &realm, &client).await;
        let acting = acts(&server, &realm, &client).await;
        assert_eq!(acting.status, 200, "with its own secret: {}", acting.body);
        assert!(vouched_for(&server, &realm, &client).await);

        // Once it is approved, an administrator changes it without asking; it stays a registered one.
        let import = json!({ "ifResourceExists": "OVERWRITE", "clients": [{
            "clientId": id, "secret": "**********", "serviceAccountsEnabled": true, "redirectUris": ["https://b.example/cb"]
        }] });
        let done = server.admin("POST", &format!("/{realm}/partialImport"), import).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        assert_eq!(
            own(&server, &realm, &client).await.json()["redirect_uris"],
            json!(["https://b.example/cb"])
        );
        assert_eq!(shown(&server, &realm, id).await["source"], "token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_application_that_is_imported_over_stays_refused_and_goes() {
    let server = support::sqlite().await;
    let (realm, client, _) = one_that_waits(&server).await;
    let id = text(&client, "client_id");
    let refusal = json!({ "reason": "not ours" });
    assert_eq!(
        desk(&server, &realm, "POST", &format!("/{id}/refuse"), refusal)
            .await
            .status,
        204
    );
    let import = json!({ "ifResourceExists": "OVERWRITE", "clients": [{ "clientId": id, "enabled": true }] });
    assert_eq!(
        server
            .admin("POST", &format!("/{realm}/partialImport"), import)
            .await
            .status,
        200
    );
    assert_eq!(
        own(&server, &realm, &client).await.json()["registration_status"],
        "refused"
    );
    server.app.clock.advance(604_800_000);
    sweep(&server).await;
    let gone = server
        .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
        .await;
    assert_eq!(gone.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_import_makes_an_application_wait_for_nothing() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let kept = json!({ "standing": "pending", "source": "anonymous" }).to_string();
    let client = json!({ "clientId": "crane", "attributes": { "client.registration": kept } });
    let import = json!({ "ifResourceExists": "FAIL", "clients": [client] });
    let answer = server.admin("POST", &format!("/{realm}/partialImport"), import).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("client.registration"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_application_that_a_file_changes_is_asked_for_anew() {
    for server in support::servers().await {
        let (realm, client, seen) = one_that_waits(&server).await;
        let id = text(&client, "client_id");
        let file = format!("clients:\n- clientId: {id}\n  redirectUris: [https://evil.example/cb]\n");
        apply(&server, &realm, &file, &["--yes"]).await.unwrap();
        let now = shown(&server, &realm, id).await;
        assert!(now["ask"].is_string() && now["ask"] != seen["ask"], "{now}");
        assert_eq!(now["status"], "approval");
        apply(&server, &realm, &file, &["--yes"]).await.unwrap();
        assert_eq!(
            shown(&server, &realm, id).await["ask"],
            now["ask"],
            "the same once more is no change"
        );
        server.app.clock.advance(61_000);
        sweep(&server).await;
        let mails = server.get("/inbox/messages?to=ann@example.org").await.json();
        let links = mails[0]["links"].to_string();
        assert!(
            links.contains(&format!("http://localhost:8080/realms/{realm}/login-actions/approval")),
            "{links}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_decide_are_told_once_of_all_changes_of_a_moment_and_have_time_anew() {
    for server in support::servers().await {
        let (realm, client, seen) = one_that_waits(&server).await;
        let id = text(&client, "client_id");
        assert_eq!(mails_of_ann(&server).await, 1);
        server.app.clock.advance(1000);
        for name in ["a", "b", "c"] {
            let path = format!("/{realm}/clients/{id}");
            assert_eq!(server.admin("PUT", &path, json!({ "name": name })).await.status, 204);
            sweep(&server).await;
        }
        assert_eq!(mails_of_ann(&server).await, 1, "not within a minute");
        let now = shown(&server, &realm, id).await;
        let until = |shown: &Value| shown["expiresTimestamp"].as_i64().unwrap();
        assert!(until(&now) >= until(&seen) + 1000, "{now}");
        server.app.clock.advance(60_000);
        sweep(&server).await;
        sweep(&server).await;
        assert_eq!(mails_of_ann(&server).await, 2, "once");
        let mails = server.get("/inbox/messages?to=ann@example.org").await.json();
        let links = mails[0]["links"].as_array().unwrap().iter().filter_map(Value::as_str);
        let link = links
            .into_iter()
            .find(|link| link.contains("/login-actions/approval?key="))
            .unwrap();
        let mut browser = support::Browser::new(&server);
        let page = browser.get(link).await;
        let done = browser.submit(&page.form("kc-approval"), &[]).await;
        assert!(done.body.contains("It is approved"), "{}", done.body);
        server.app.clock.advance(600_000);
        sweep(&server).await;
        assert_eq!(mails_of_ann(&server).await, 2, "nothing is left to tell");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_be_told_of_is_put_off_and_told_later() {
    for server in support::servers().await {
        let (realm, client, _) = one_that_waits(&server).await;
        let path = format!("/{realm}/clients/{}", text(&client, "client_id"));
        assert_eq!(server.admin("PUT", &path, json!({ "name": "a" })).await.status, 204);
        write(&server, "update approval set stages = 'x' || stages").await;
        server.app.clock.advance(61_000);
        let due = async || {
            let due = vestibule::store::approval::due(&server.app.db, server.app.now(), 10);
            due.await.unwrap().len()
        };
        assert_eq!(due().await, 1);
        sweep(&server).await;
        assert_eq!(due().await, 0, "others have their turn");
        write(&server, "update approval set stages = substr(stages, 2)").await;
        sweep(&server).await;
        assert_eq!(mails_of_ann(&server).await, 1, "the one of the registration");
        server.app.clock.advance(300_000);
        assert_eq!(due().await, 1);
        sweep(&server).await;
        assert_eq!((due().await, mails_of_ann(&server).await), (0, 2));
    }
}

async fn write(server: &Server, sql: &str) {
    let mut tx = server.app.db.begin().await.unwrap();
    tx.exec(sql, &[]).await.unwrap();
    tx.commit().await.unwrap();
}
