//! Two changes at once: neither undoes the other. What a request has read is changed by somebody else before it writes.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::store::{Tx, credential, group, realm, role, user};

use crate::account::{Ann, ann, profile};
use crate::login::{acme, pbkdf2};
use crate::otp::{code_at, id_of};
use crate::own_account::{ask, enable};
use crate::support::{self, Answer, Browser, Server};

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
                "userLabel" => {
                    let token = format!("Bearer {admin}");
                    let headers = [("authorization", token.as_str()), ("content-type", "text/plain")];
                    meanwhile(tx, server.request("PUT", &path, &headers, "theirs")).await
                }
                _ => meanwhile(tx, server.with_token(&admin, "POST", &path, Value::Null)).await,
            };
            assert_eq!(answer.status, 204, "{door}: {}", answer.body);
            // It is the same credential, with the new password.
            assert_eq!(only_credential(&server, &ann.id).await, old, "{door}");
            assert_eq!(sign_in(&server, &ann.realm, &plain).await, 200, "{door}");
            let before = if round == 0 { OLD } else { &before };
            assert_eq!(sign_in(&server, &ann.realm, before).await, 400, "{door}");
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
        assert_eq!(only_credential(&server, &ann.id).await, old.id);
        assert_eq!(sign_in(&server, &ann.realm, "Of old").await, 400);
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

/// A transaction in which a user is another.
async fn with_change(server: &Server, realm: &str, id: &str, change: impl FnOnce(&mut user::User)) -> Tx {
    let realm = realm::by_name(&server.app.db, realm).await.unwrap().unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    assert!(user::change(&mut tx, &realm, id, change).await.unwrap().is_ok());
    tx
}

async fn read(server: &Server, realm: &str, id: &str) -> user::User {
    let realm = realm::by_name(&server.app.db, realm).await.unwrap().unwrap();
    user::by_id(&server.app.db, &realm.id, id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_saved_enables_nobody_and_forgets_no_action() {
    for server in support::servers().await {
        let ann: Ann<'_> = ann(&server, json!({})).await;
        let (realm, id) = (ann.realm.as_str(), ann.id.as_str());
        let tx = with_change(&server, realm, id, |u| u.enabled = false).await;
        let answer = meanwhile(tx, ann.call("POST", "", profile(json!({ "firstName": "Other" })))).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        let kept = read(&server, realm, id).await;
        assert!(!kept.enabled);
        assert_eq!(kept.first_name.as_deref(), Some("Ann"));

        // By an administrator it is saved, and nothing else.
        with_change(&server, realm, id, |u| u.enabled = true)
            .await
            .commit()
            .await
            .unwrap();
        let admin = server.admin_token().await;
        let path = format!("/admin/realms/{realm}/users/{id}");
        let tx = with_change(&server, realm, id, |u| u.enabled = false).await;
        let sent = server.with_token(&admin, "PUT", &path, json!({ "firstName": "Third" }));
        assert_eq!(meanwhile(tx, sent).await.status, 204);
        let kept = read(&server, realm, id).await;
        assert!(!kept.enabled);
        assert_eq!(kept.first_name.as_deref(), Some("Third"));

        with_change(&server, realm, id, |u| u.enabled = true)
            .await
            .commit()
            .await
            .unwrap();
        let tx = with_change(&server, realm, id, |u| {
            u.required_actions.push("UPDATE_PASSWORD".into());
            u.email_verified = false;
        })
        .await;
        let answer = meanwhile(tx, ann.call("POST", "", profile(json!({ "firstName": "Other" })))).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        let kept = read(&server, realm, id).await;
        assert_eq!(kept.required_actions, ["UPDATE_PASSWORD"]);
        assert!(!kept.email_verified);
        assert_eq!(kept.first_name.as_deref(), Some("Other"));
    }
}

/// Actions, their forms, and what is sent.
const ACTIONS: &[(&str, &str, &[(&str, &str)])] = &[
    (
        "UPDATE_PASSWORD",
        "kc-passwd-update-form",
        &[("password-new", "New one"), ("password-confirm", "New one")],
    ),
    ("UPDATE_PROFILE", "kc-update-profile-form", &[("firstName", "Other")]),
    (
        "UPDATE_EMAIL",
        "kc-update-email-form",
        &[("email", "other@example.org")],
    ),
    (
        "CONFIGURE_RECOVERY_AUTHN_CODES",
        "kc-recovery-codes-settings-form",
        &[("userLabel", "paper")],
    ),
    ("CONFIGURE_TOTP", "kc-totp-settings-form", &[("userLabel", "phone")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_done_enables_nobody_and_takes_no_other_action_away() {
    for server in support::servers().await {
        for (action, form, fields) in ACTIONS {
            let realm = acme(&server, json!({})).await;
            let id = id_of(&server, &realm, "ann").await;
            enable(&server, &realm, action).await;
            for disabled in [true, false] {
                let mut browser = Browser::new(&server);
                let form = ask(&mut browser, &realm, action).await.form(form);
                let code = form.fields.get("totpSecret").map(|secret| code_at(&server, secret, 0));
                let mut fields = fields.to_vec();
                fields.extend(code.as_deref().map(|code| ("totp", code)));
                let tx = with_change(&server, &realm, &id, |u| {
                    u.enabled = !disabled;
                    u.required_actions = vec!["TERMS_AND_CONDITIONS".into()];
                })
                .await;
                let answer = meanwhile(tx, browser.submit(&form, &fields)).await;
                let kept = read(&server, &realm, &id).await;
                assert_eq!(kept.required_actions, ["TERMS_AND_CONDITIONS"], "{action}");
                assert_eq!(kept.enabled, !disabled, "{action}");
                if disabled {
                    assert_eq!(answer.status, 400, "{action}: {}", answer.body);
                    assert_eq!(kept.first_name.as_deref(), Some("First"), "{action}");
                    assert_eq!(kept.email.as_deref(), Some("ann@example.org"), "{action}");
                    only_credential(&server, &id).await;
                    let tx = with_change(&server, &realm, &id, |u| u.enabled = true).await;
                    tx.commit().await.unwrap();
                } else {
                    assert_eq!(answer.status, 302, "{action}: {}", answer.body);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_disabled_changes_nothing() {
    for server in support::servers().await {
        let ann: Ann<'_> = ann(&server, json!({})).await;
        let known = realm::by_name(&server.app.db, &ann.realm).await.unwrap().unwrap();
        with_change(&server, &ann.realm, &ann.id, |u| u.enabled = false)
            .await
            .commit()
            .await
            .unwrap();
        let mut tx = server.app.db.begin().await.unwrap();
        let change = user::change_own(&mut tx, &known, &ann.id, |u| u.enabled = true);
        assert_eq!(change.await.unwrap().unwrap_err(), user::Kept::Gone);
        let change = user::change(&mut tx, &known, "nobody", |u| u.enabled = true);
        assert_eq!(change.await.unwrap().unwrap_err(), user::Kept::Gone);
        tx.commit().await.unwrap();
        assert!(!read(&server, &ann.realm, &ann.id).await.enabled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_sent_many_times_at_once_is_one() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        let id = id_of(&server, &realm, "ann").await;
        let mut browser = Browser::new(&server);
        let form = ask(&mut browser, &realm, "CONFIGURE_TOTP")
            .await
            .form("kc-totp-settings-form");
        let code = code_at(&server, &form.fields["totpSecret"], 0);
        let sent = (0..8).map(|_| {
            let mut same = Browser::new(&server);
            same.cookies.clone_from(&browser.cookies);
            let (form, code) = (&form, &code);
            async move {
                same.submit(form, &[("totp", code), ("userLabel", "phone")])
                    .await
                    .status
            }
        });
        let all = futures_util::future::join_all(sent).await;
        assert!(all.iter().all(|status| *status == 302), "{all:?}");
        let kept = credential::of_user(&server.app.db, &id).await.unwrap();
        assert_eq!(kept.iter().filter(|c| c.kind == "otp").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_stays_where_it_was_moved_and_a_role_keeps_what_it_was_given() {
    for server in support::servers().await {
        let name = server.realm(json!({})).await;
        let (admin, db) = (server.admin_token().await, &server.app.db);
        let mut ids = Vec::new();
        for group in ["above", "moved"] {
            let made = server
                .admin("POST", &format!("/{name}/groups"), json!({ "name": group }))
                .await;
            ids.push(made.created());
        }
        let made = server
            .admin("POST", &format!("/{name}/roles"), json!({ "name": "r" }))
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let known = realm::by_name(db, &name).await.unwrap().unwrap();

        let mut tx = db.begin().await.unwrap();
        realm::lock(&mut tx, &known.id).await.unwrap();
        let mut moved = group::by_id(&mut tx, &known.id, &ids[1]).await.unwrap().unwrap();
        moved.parent_id.clone_from(&ids[0]);
        assert!(group::update(&mut tx, &known.id, &moved).await.unwrap());
        let path = format!("/admin/realms/{name}/groups/{}", ids[1]);
        let renaming = server.with_token(&admin, "PUT", &path, json!({ "name": "renamed" }));
        assert_eq!(meanwhile(tx, renaming).await.status, 204);
        let shown = server.with_token(&admin, "GET", &path, Value::Null).await.json();
        assert_eq!(shown["path"], "/above/renamed");

        let mut tx = db.begin().await.unwrap();
        realm::lock(&mut tx, &known.id).await.unwrap();
        let mut given = known.roles.by_name("", "r").unwrap().as_ref().clone();
        given.doc.insert("attributes".into(), json!({ "a": ["1"] }));
        assert!(role::update(&mut tx, &known.id, &given).await.unwrap());
        let path = format!("/admin/realms/{name}/roles/r");
        let described = server.with_token(&admin, "PUT", &path, json!({ "name": "r", "description": "d" }));
        assert_eq!(meanwhile(tx, described).await.status, 204);
        let shown = server.with_token(&admin, "GET", &path, Value::Null).await.json();
        assert_eq!(
            (&shown["attributes"], &shown["description"]),
            (&json!({ "a": ["1"] }), &json!("d"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_below_a_group_that_goes() {
    for server in support::servers().await {
        let realm_name = server.realm(json!({})).await;
        let known = realm::by_name(&server.app.db, &realm_name).await.unwrap().unwrap();
        let groups = format!("/{realm_name}/groups");
        let made = |name: &'static str| server.admin("POST", &groups, json!({ "name": name }));
        let moved = made("moved").await.created();
        for body in [json!({ "name": "new" }), json!({ "id": moved, "name": "moved" })] {
            let parent = made("parent").await.created();
            let mut tx = server.app.db.begin().await.unwrap();
            realm::lock(&mut tx, &known.id).await.unwrap();
            assert!(group::remove(&mut tx, &known.id, &parent).await.unwrap());
            let path = format!("{groups}/{parent}/children");
            let answer = meanwhile(tx, server.admin("POST", &path, body)).await;
            assert_eq!(answer.status, 404, "{}", answer.body);
        }
        assert_eq!(
            group::count(&server.app.db, &known.id, "", false).await.unwrap(),
            1,
            "the one that did not move"
        );

        // And the other way round, as often as it takes: whoever is first, nothing is left without a place.
        for round in 0..8 {
            let parent = made("parent").await.created();
            let (one, other) = (format!("{groups}/{parent}"), format!("{groups}/{parent}/children"));
            let (gone, child) = tokio::join!(
                server.admin("DELETE", &one, Value::Null),
                server.admin("POST", &other, json!({ "name": format!("child{round}") })),
            );
            assert_eq!(gone.status, 204, "{}", gone.body);
            assert!([201, 404].contains(&child.status), "{}", child.body);
        }
        assert_eq!(group::count(&server.app.db, &known.id, "", false).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_below_a_group_of_an_organization_that_goes() {
    use vestibule::store::{organization, organization_group};
    for server in support::servers().await {
        let realm = server.realm(json!({ "organizationsEnabled": true })).await;
        let acme = json!({ "name": "acme", "domains": [{ "name": "acme.example" }] });
        let made = server.admin("POST", &format!("/{realm}/organizations"), acme).await;
        let organization = made.created();
        let groups = format!("/{realm}/organizations/{organization}/groups");
        let made = |name: &'static str| server.admin("POST", &groups, json!({ "name": name }));
        let moved = made("moved").await.created();
        for body in [json!({ "name": "new" }), json!({ "id": moved, "name": "moved" })] {
            let parent = made("parent").await.created();
            let mut tx = server.app.db.begin().await.unwrap();
            assert!(organization::lock(&mut tx, &organization).await.unwrap());
            assert!(
                organization_group::remove(&mut tx, &organization, &parent)
                    .await
                    .unwrap()
            );
            let path = format!("{groups}/{parent}/children");
            let answer = meanwhile(tx, server.admin("POST", &path, body)).await;
            assert_eq!(answer.status, 404, "{}", answer.body);
        }
        let left = server.admin("GET", &groups, Value::Null).await.json();
        assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    }
}
