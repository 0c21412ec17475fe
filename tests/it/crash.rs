//! Nothing acknowledged is lost, doubled or half there when the process is killed under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{Process, call};
use crate::support::{self};

const ROUNDS: usize = 20;
const USES: i64 = 100_000;

/// What the server has acknowledged.
#[derive(Default)]
struct Ledger {
    users: Vec<(String, String)>,
    clients: Vec<(String, String)>,
}

impl Ledger {
    fn has_more_than(&self, count: usize) -> bool {
        self.users.len() > count && self.clients.len() > count
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_twenty_kills_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    kill_and_check(folder.path(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_twenty_kills_on_postgres() {
    let Some(db) = support::fresh_postgres().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    support::put_secret_key(folder.path()).await;
    kill_and_check(folder.path(), Some(&db)).await;
}

async fn kill_and_check(data: &std::path::Path, db: Option<&str>) {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut server = Process::start(data, db, &[]).await;
    let token = server.admin_token().await;
    let settings = json!({
        "realm": "acme", "enabled": true, "registrationAllowed": true, "eventsEnabled": true,
        "attributes": { "registration.limit.address": "off", "registration.limit.subnet": "off" }
    });
    assert_eq!(server.admin(&token, "POST", "", &settings).await.status, 201);
    let made = server
        .admin(
            &token,
            "POST",
            "/acme/clients-initial-access",
            &json!({ "count": USES, "expiration": 86400 }),
        )
        .await;
    let access = made.json()["token"].as_str().unwrap().to_owned();
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = (0..6)
            .map(|n| {
                tokio::spawn(drive(
                    server.port,
                    round,
                    n,
                    access.clone(),
                    ledger.clone(),
                    stop.clone(),
                ))
            })
            .collect();
        // A different moment each round, without chance: failures can be repeated.
        tokio::time::sleep(Duration::from_millis(150 + (round as u64 * 37) % 400)).await;
        // On a busy machine, not before there is something to lose.
        for _ in 0..200 {
            if ledger.lock().unwrap().has_more_than(round + 1) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for task in load {
            task.await.unwrap();
        }
        server = Process::start(data, db, &[]).await;
        check(&server, &ledger).await;
    }
    let ledger = ledger.lock().unwrap();
    assert!(
        ledger.users.len() > ROUNDS && ledger.clients.len() > ROUNDS,
        "the load was too small to prove anything"
    );
}

/// Registers people and applications in turn until the server is gone.
async fn drive(
    port: u16,
    round: usize,
    task: usize,
    access: String,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
) {
    let bearer = format!("Bearer {access}");
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let name = format!("user-{round}-{task}-{n}");
        let person = json!({
            "username": name, "email": format!("{name}@example.org"), "firstName": "A", "lastName": "B", "password": "correct horse battery"
        });
        let path = "/realms/acme/protocol/openid-connect/registrations";
        let answer = call(
            port,
            "POST",
            path,
            &[("content-type", "application/json")],
            &person.to_string(),
        )
        .await;
        let Some(answer) = answer else { return };
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        ledger.lock().unwrap().users.push((id, name));
        let app = json!({ "client_name": format!("app {n}"), "redirect_uris": ["https://app.example.org/cb"] });
        let path = "/realms/acme/clients-registrations/openid-connect";
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let Some(answer) = call(port, "POST", path, &headers, &app.to_string()).await else {
            return;
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        let (id, secret) = (
            answer.json()["client_id"].clone(),
            answer.json()["client_secret"].clone(),
        );
        ledger
            .lock()
            .unwrap()
            .clients
            .push((id.as_str().unwrap().to_owned(), secret.as_str().unwrap().to_owned()));
    }
}

async fn check(server: &Process, ledger: &Mutex<Ledger>) {
    let token = server.admin_token().await;
    let get = async |path: &str| {
        let answer = server.admin(&token, "GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    };
    let users = get("/acme/users?max=100000").await;
    let users = users.as_array().unwrap();
    let (acknowledged_users, acknowledged_clients) = {
        let ledger = ledger.lock().unwrap();
        (ledger.users.clone(), ledger.clients.clone())
    };
    for (id, name) in &acknowledged_users {
        let same = users
            .iter()
            .filter(|u| u["username"] == json!(name))
            .collect::<Vec<_>>();
        assert_eq!(same.len(), 1, "{name} was acknowledged");
        assert_eq!(same[0]["id"], json!(id));
    }
    // Whoever is there is whole: with a password, the default role, and the event that tells of it.
    let registered = get("/acme/events?type=REGISTER&max=100000").await;
    assert_eq!(registered.as_array().unwrap().len(), users.len());
    for user in users.iter().rev().take(8) {
        let id = user["id"].as_str().unwrap();
        assert_eq!(
            get(&format!("/acme/users/{id}/credentials"))
                .await
                .as_array()
                .unwrap()
                .len(),
            1,
            "{user}"
        );
        assert_eq!(
            get(&format!("/acme/users/{id}/role-mappings/realm"))
                .await
                .as_array()
                .unwrap()
                .len(),
            1,
            "{user}"
        );
    }
    let clients = get("/acme/clients?max=100000").await;
    let made: Vec<&Value> = clients
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["name"].as_str().is_some_and(|n| n.starts_with("app ")))
        .collect();
    for (id, _) in &acknowledged_clients {
        assert_eq!(
            made.iter().filter(|c| c["clientId"] == json!(id)).count(),
            1,
            "client {id} was acknowledged"
        );
    }
    let accesses = get("/acme/clients-initial-access").await;
    let remaining = accesses[0]["remainingCount"].as_i64().unwrap();
    assert_eq!(
        made.len() as i64 + remaining,
        USES,
        "each client took one use, and no use was lost"
    );
    if let Some((id, secret)) = acknowledged_clients.last() {
        let path = format!("/realms/acme/clients-registrations/openid-connect/{id}");
        // The secret that was shown is the one that is kept.
        assert_eq!(server.call("GET", &path, &[], "").await.unwrap().status, 401);
        let fields = [
            ("token", "x"),
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
        ];
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let path = "/realms/acme/protocol/openid-connect/token/introspect";
        let answer = server
            .call("POST", path, &headers, &support::encode(&fields))
            .await
            .unwrap();
        assert_eq!(answer.json(), json!({ "active": false }));
    }
}
