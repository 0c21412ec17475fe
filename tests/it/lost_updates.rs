//! Two changes at once: neither undoes the other. What a request has read is changed by somebody else before it writes.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::store::{Tx, credential, realm, user};

use crate::account::{Ann, ann};
use crate::login::pbkdf2;
use crate::support::{self, Answer, Server};

const OLD: &str = "Passw0rd!";

/// Sends a request that reads what was before a transaction and writes after it.
async fn meanwhile(tx: Tx, request: impl Future<Output = Answer>) -> Answer {
    let committed = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tx.commit().await.unwrap();
    };
    tokio::join!(request, committed).0
}

/// A transaction in which a user has a new password.
async fn with_new_password(server: &Server, realm_name: &str, id: &str, plain: &str) -> Tx {
    let (app, db) = (&server.app, &server.app.db);
    let realm = realm::by_name(db, realm_name).await.unwrap().unwrap();
    let user = user::by_id(db, &realm.id, id).await.unwrap().unwrap();
    let new = vestibule::password::prepare(app, &realm, &user, plain).await.unwrap();
    let new = new.unwrap_or_else(|_| panic!("{plain} is refused"));
    let mut tx = db.begin().await.unwrap();
    vestibule::password::store(&mut tx, id, new, app.now()).await.unwrap();
    tx
}

async fn sign_in(server: &Server, realm: &str, password: &str) -> u16 {
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    let fields = [
        ("grant_type", "password"),
        ("client_id", "app"),
        ("username", "ann"),
        ("password", password),
    ];
    server.form(&path, &fields).await.status
}

/// The id of the only credential of a user.
async fn only_credential(server: &Server, id: &str) -> String {
    let mut all = credential::of_user(&server.app.db, id).await.unwrap();
    assert_eq!(all.len(), 1, "one password");
    all.remove(0).id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_or_a_place_brings_no_old_password_back() {
    for server in support::servers().await {
        let ann: Ann<'_> = ann(&server, json!({})).await;
        let admin = server.admin_token().await;
        for (round, door) in ["label", "userLabel", "moveToFirst"].into_iter().enumerate() {
            let old = only_credential(&server, &ann.id).await;
            let (plain, before) = (format!("New {round}"), format!("New {}", round as i64 - 1));
            let tx = with_new_password(&server, &ann.realm, &ann.id, &plain).await;
            let path = format!("/admin/realms/{}/users/{}/credentials/{old}/{door}", ann.realm, ann.id);
            let answer = match door {
                "label" => {
                    let path = format!("/credentials/{old}/label");
                    meanwhile(tx, ann.call("PUT", &path, json!("mine"))).await
                }
                "userLabel" => meanwhile(tx, server.with_token(&admin, "PUT", &path, json!("theirs"))).await,
                _ => meanwhile(tx, server.with_token(&admin, "POST", &path, Value::Null)).await,
            };
            assert_eq!(answer.status, 404, "{door}: {}", answer.body);
            assert_ne!(only_credential(&server, &ann.id).await, old, "{door}");
            assert_eq!(sign_in(&server, &ann.realm, &plain).await, 200, "{door}");
            let before = if round == 0 { OLD } else { &before };
            assert_eq!(sign_in(&server, &ann.realm, before).await, 401, "{door}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_brings_no_old_password_back() {
    for server in support::servers().await {
        let ann: Ann<'_> = ann(&server, json!({})).await;
        let old = credential::password(&server.app.db, &ann.id).await.unwrap().unwrap();
        let mut tx = server.app.db.begin().await.unwrap();
        let secret = json!({ "value": pbkdf2("Of old", b"salt"), "salt": "c2FsdA==" }).to_string();
        let data = json!({ "hashIterations": 1, "algorithm": "pbkdf2-sha256" }).to_string();
        assert!(credential::swap(&mut tx, &old, &secret, &data).await.unwrap());
        tx.commit().await.unwrap();

        let tx = with_new_password(&server, &ann.realm, &ann.id, "Of now").await;
        let path = format!("/realms/{}/protocol/openid-connect/token", ann.realm);
        let fields = [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", "ann"),
            ("password", "Of old"),
        ];
        meanwhile(tx, server.form(&path, &fields)).await;
        assert_ne!(only_credential(&server, &ann.id).await, old.id);
        assert_eq!(sign_in(&server, &ann.realm, "Of old").await, 401);
        assert_eq!(sign_in(&server, &ann.realm, "Of now").await, 200);

        // What was read is no more what is there.
        let present = credential::password(&server.app.db, &ann.id).await.unwrap().unwrap();
        let stale = credential::Credential {
            secret_data: secret,
            ..present
        };
        let mut tx = server.app.db.begin().await.unwrap();
        assert!(!credential::swap(&mut tx, &stale, "{}", "{}").await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_passwords_set_at_once_one_is_kept() {
    for server in support::servers().await {
        let ann: Ann<'_> = ann(&server, json!({})).await;
        let admin = server.admin_token().await;
        let path = format!("/admin/realms/{}/users/{}/reset-password", ann.realm, ann.id);
        let (server, admin, path) = (&server, &admin, &path);
        let set = |n: usize| async move {
            let body = json!({ "type": "password", "value": format!("New {n}") });
            server.with_token(admin, "PUT", path, body).await.status
        };
        let all = futures_util::future::join_all((0..8).map(set)).await;
        assert!(all.iter().all(|status| *status == 204), "{all:?}");
        only_credential(server, &ann.id).await;
        // One that comes hashed takes its place, too.
        let hashed = json!({ "credentials": [{
            "type": "password",
            "secretData": json!({ "value": pbkdf2("Hashed", b"salt"), "salt": "c2FsdA==" }).to_string(),
            "credentialData": json!({ "hashIterations": 1, "algorithm": "pbkdf2-sha256" }).to_string()
        }] });
        ann.admin("PUT", &format!("/users/{}", ann.id), hashed).await;
        only_credential(server, &ann.id).await;
        assert_eq!(sign_in(server, &ann.realm, "Hashed").await, 200);
    }
}
