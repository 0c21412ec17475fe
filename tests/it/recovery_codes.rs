//! Recovery codes: shown once, kept as hashes, used once and in their order; and the other ways beside a step.

use serde_json::{Value, json};

use crate::login::{acme, arrived};
use crate::otp::{code_at, credentials, id_of, require, set_up, with_device, with_password};
use crate::support::{self, Answer, Browser, Server};

/// Gets codes in a browser that was sent to the page.
async fn keep(browser: &mut Browser<'_>, page: &Answer) -> (Vec<String>, Answer) {
    let form = page.form("kc-recovery-codes-settings-form");
    let codes = form.fields["generatedRecoveryAuthnCodes"].clone();
    let answer = browser.submit(&form, &[]).await;
    (codes.split(',').map(str::to_owned).collect(), answer)
}

/// Switches the recovery codes of the browser flow on.
async fn allow_codes(server: &Server, realm: &str) {
    let path = format!("/{realm}/authentication/flows/forms/executions");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["providerId"] == "auth-recovery-authn-code-form");
    let mut execution = found.unwrap().clone();
    execution["requirement"] = json!("ALTERNATIVE");
    let answer = server.admin("PUT", &path, execution).await;
    assert!(matches!(answer.status, 202 | 204), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_shown_once_and_only_those_are_kept() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        require(&server, &realm, "CONFIGURE_RECOVERY_AUTHN_CODES").await;
        let mut browser = Browser::new(&server);
        let answer = with_password(&mut browser, &realm).await;
        let page = browser.follow(answer).await;
        assert!(
            page.body
                .contains("You need to set up Backup Codes to activate your account.")
        );
        let form = page.form("kc-recovery-codes-settings-form");
        let forged = [("generatedRecoveryAuthnCodes", "AAAAAAAAAAAA,BBBBBBBBBBBB")];
        let page = browser.submit(&form, &forged).await;
        assert_eq!(page.status, 200);
        let (codes, answer) = keep(&mut browser, &page).await;
        arrived(&answer);
        assert_eq!(codes.len(), 12);
        assert!(codes.iter().all(|c| c.len() == 12));
        let kept = credentials(&server, &realm).await;
        assert_eq!(kept[1]["type"], "recovery-authn-codes");
        assert_eq!(kept[1]["userLabel"], "Recovery codes");
        assert_eq!(
            kept[1]["credentialData"],
            r#"{"algorithm":"SHA-512","totalCodes":12,"remainingCodes":12}"#
        );
        let id = id_of(&server, &realm, "ann").await;
        let stored = vestibule::store::credential::of_user(&server.app.db, &id)
            .await
            .unwrap();
        assert!(
            codes
                .iter()
                .all(|code| stored.iter().all(|c| !c.secret_data.contains(code)))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_code_is_good_once_and_in_its_order() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        allow_codes(&server, &realm).await;
        require(&server, &realm, "CONFIGURE_RECOVERY_AUTHN_CODES").await;
        let mut browser = Browser::new(&server);
        let answer = with_password(&mut browser, &realm).await;
        let page = browser.follow(answer).await;
        let (codes, answer) = keep(&mut browser, &page).await;
        arrived(&answer);

        let mut browser = Browser::new(&server);
        let mut page = with_password(&mut browser, &realm).await;
        for wrong in ["", "nonsense", &codes[1]] {
            assert!(page.body.contains("Recovery code #1"), "{}", page.body);
            page = browser
                .submit(
                    &page.form("kc-recovery-code-login-form"),
                    &[("recoveryCodeInput", wrong)],
                )
                .await;
            assert_eq!(
                page.field_error("recoveryCodeInput"),
                "Invalid recovery authentication code"
            );
        }
        let spaced = format!("{}-{}-{}", &codes[0][..4], &codes[0][4..8], &codes[0][8..]);
        let sent = [("recoveryCodeInput", spaced.as_str())];
        arrived(&browser.submit(&page.form("kc-recovery-code-login-form"), &sent).await);

        let mut browser = Browser::new(&server);
        let page = with_password(&mut browser, &realm).await;
        assert!(page.body.contains("Recovery code #2"));
        let page = browser.submit(&page.form("kc-recovery-code-login-form"), &sent).await;
        assert_eq!(
            page.field_error("recoveryCodeInput"),
            "Invalid recovery authentication code"
        );
        let left = credentials(&server, &realm).await[1]["credentialData"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(left.contains(r#""remainingCodes":11"#), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_code_asks_for_new_ones() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    allow_codes(&server, &realm).await;
    require(&server, &realm, "CONFIGURE_RECOVERY_AUTHN_CODES").await;
    let mut browser = Browser::new(&server);
    let answer = with_password(&mut browser, &realm).await;
    let page = browser.follow(answer).await;
    let (codes, _) = keep(&mut browser, &page).await;
    for (at, code) in codes.iter().enumerate() {
        let mut browser = Browser::new(&server);
        let page = with_password(&mut browser, &realm).await;
        let form = page.form("kc-recovery-code-login-form");
        let answer = browser.submit(&form, &[("recoveryCodeInput", code)]).await;
        if at < 11 {
            arrived(&answer);
        } else {
            let location = answer.header("location");
            assert!(
                location.contains("execution=CONFIGURE_RECOVERY_AUTHN_CODES"),
                "{location}"
            );
        }
    }
    assert_eq!(credentials(&server, &realm).await.len(), 1, "the list is used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_the_device_takes_another_way() {
    let server = support::sqlite().await;
    let (realm, secret) = with_device(&server, json!({})).await;
    allow_codes(&server, &realm).await;
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    assert!(!page.body.contains("try-another-way"), "there is no other way yet");
    require(&server, &realm, "CONFIGURE_RECOVERY_AUTHN_CODES").await;
    let code = code_at(&server, &secret, 0);
    let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    let page = browser.follow(answer).await;
    let (codes, answer) = keep(&mut browser, &page).await;
    arrived(&answer);

    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let list = browser.submit(&page.form("kc-select-try-another-way-form"), &[]).await;
    assert!(list.body.contains("Select login method"), "{}", list.body);
    assert!(list.body.contains("Authenticator Application") && list.body.contains("Recovery Authentication Code"));
    let choice = |name: &str| {
        let at = list.body.find(name).unwrap();
        let before = &list.body[..at];
        let value = before.rfind("value=\"").unwrap() + 7;
        before[value..].split('"').next().unwrap().to_owned()
    };
    let form = list.form("kc-select-credential-form");
    let stranger = browser.submit(&form, &[("authenticationExecution", "nosuch")]).await;
    assert_eq!(stranger.status, 400);

    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let list = browser.submit(&page.form("kc-select-try-another-way-form"), &[]).await;
    let chosen = choice("Recovery Authentication Code");
    let form = list.form("kc-select-credential-form");
    let page = browser.submit(&form, &[("authenticationExecution", &chosen)]).await;
    assert!(page.body.contains("Recovery code #1"), "{}", page.body);
    let sent = [("recoveryCodeInput", codes[0].as_str())];
    arrived(&browser.submit(&page.form("kc-recovery-code-login-form"), &sent).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forgot_the_password_replaces_a_lost_device() {
    let server = support::sqlite().await;
    let (realm, _) = with_device(&server, json!({ "resetPasswordAllowed": true })).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&crate::authorize::asking(&realm, &[])).await;
    let page = browser.get(&page.link("reset-credentials")).await;
    let form = page.form("kc-reset-password-form");
    browser.submit(&form, &[("username", "ann")]).await;
    let page = browser
        .get(&crate::people::link(&server, "ann@example.org").await)
        .await;
    assert!(
        page.body.contains("Which OTP configuration should be removed?"),
        "{}",
        page.body
    );
    let device = credentials(&server, &realm).await[1]["id"].as_str().unwrap().to_owned();
    let form = page.form("kc-otp-reset-form");
    let answer = browser.submit(&form, &[("selectedCredentialId", &device)]).await;
    assert_eq!(credentials(&server, &realm).await.len(), 1);
    let page = browser.follow(answer).await;
    let (_, answer) = set_up(&server, &mut browser, &page, "new phone").await;
    let page = browser.follow(answer).await;
    let fields = [("password-new", "Another0ne!"), ("password-confirm", "Another0ne!")];
    arrived(&browser.submit(&page.form("kc-passwd-update-form"), &fields).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_is_there_all_the_same() {
    use vestibule::otp::recovery::{self, Used};
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let id = id_of(&server, &realm, "ann").await;
    let list = vestibule::store::credential::Credential {
        id: "a-list".to_owned(),
        kind: recovery::TYPE.to_owned(),
        label: None,
        created: 1,
        priority: 20,
        secret_data: "{}".to_owned(),
        credential_data: "{}".to_owned(),
    };
    let mut tx = server.app.db.begin().await.unwrap();
    vestibule::store::credential::put(&mut tx, &id, &list).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(recovery::next_number(&server.app, &id).await.unwrap(), Some(1));
    let realm = vestibule::store::realm::by_name(&server.app.db, &realm)
        .await
        .unwrap()
        .unwrap();
    let user = vestibule::store::user::by_id(&server.app.db, &realm.id, &id)
        .await
        .unwrap()
        .unwrap();
    let used = recovery::spend(&server.app, &realm, &user, "").await.unwrap();
    assert_eq!(used, Used::Wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_begins_at_the_same_moment_leaves_the_code_good() {
    use vestibule::brute_force::{self, Lock, Means};
    use vestibule::otp::recovery::{self, Used};
    for server in support::servers().await {
        let settings = json!({ "bruteForceProtected": true, "failureFactor": 1, "quickLoginCheckMilliSeconds": 0 });
        let realm = acme(&server, settings).await;
        let id = id_of(&server, &realm, "ann").await;
        let (app, db) = (&server.app, &server.app.db);
        let realm = vestibule::store::realm::by_name(db, &realm).await.unwrap().unwrap();
        let ann = vestibule::store::user::by_id(db, &realm.id, &id)
            .await
            .unwrap()
            .unwrap();
        let code = ["AAAAAAAAAAAA".to_owned(), "BBBBBBBBBBBB".to_owned()];
        for _ in 0..10 {
            let mut tx = db.begin().await.unwrap();
            recovery::store(&mut tx, &id, &code, "", app.now()).await.unwrap();
            tx.commit().await.unwrap();
            let (locks, spends) = tokio::join!(
                brute_force::decide(app, &realm, &ann, "203.0.113.9", Means::Password, false),
                recovery::spend(app, &realm, &ann, "AAAAAAAAAAAA"),
            );
            locks.unwrap();
            let next = recovery::next_number(app, &id).await.unwrap();
            match spends.unwrap() {
                Used::Right => assert_eq!(next, Some(2)),
                Used::Locked(Lock::Temporary) => assert_eq!(next, Some(1)),
                other => panic!("{other:?}"),
            }
            let locked = recovery::spend(app, &realm, &ann, "AAAAAAAAAAAA").await.unwrap();
            assert_eq!(locked, Used::Locked(Lock::Temporary));
            let lifted = format!("/{}/attack-detection/brute-force/users/{id}", realm.name);
            assert_eq!(server.admin("DELETE", &lifted, Value::Null).await.status, 204);
        }
    }
}
