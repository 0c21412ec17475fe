//! People register themselves by the form.

use serde_json::json;

use crate::people::{self, events, is_signed_in, link, mails, person, person_with_password, send_form, sign_in, users};
use crate::support::{self, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_registers_and_is_signed_in_at_once() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({})).await;
        let mut browser = Browser::new(&server);
        let answer = send_form(&mut browser, &realm, &person_with_password("mia", "correct horse")).await;
        assert!(is_signed_in(&answer), "{} {}", answer.status, answer.body);
        assert_eq!(answer.location_parameter("state").as_deref(), Some("st1"));
        let user = &users(&server, &realm, "mia").await[0];
        assert_eq!(user["email"], "mia@example.org");
        assert_eq!(user["emailVerified"], false);
        assert!(events(&server, &realm).await.contains(&"REGISTER".to_owned()));
        let again = sign_in(&mut Browser::new(&server), &realm, "MIA", "correct horse").await;
        assert!(is_signed_in(&again), "{}", again.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_stands_beside_its_field_and_what_was_typed_stays() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "passwordPolicy": "length(8)" })).await;
    let mut browser = Browser::new(&server);
    let fields = [
        ("username", "a b"),
        ("email", "nope"),
        ("firstName", "<b>"),
        ("lastName", ""),
        ("password", "short"),
        ("password-confirm", "other"),
    ];
    let fields: Vec<(String, String)> = fields.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let page = send_form(&mut browser, &realm, &fields).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.field_error("username"), "Value contains invalid character.");
    assert_eq!(page.field_error("email"), "Invalid email address.");
    assert_eq!(page.field_error("firstName"), "Value contains invalid character.");
    assert_eq!(page.field_error("lastName"), "Please specify this field.");
    assert_eq!(page.field_error("password"), "Invalid password: minimum length 8.");
    assert_eq!(
        page.field_error("password-confirm"),
        "Password confirmation doesn't match."
    );
    let form = page.form("kc-register-form");
    assert_eq!(form.fields["username"], "a b");
    assert_eq!(form.fields["email"], "nope");
    assert_eq!(form.fields.get("password").map_or("", String::as_str), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_names_and_addresses_are_told_where_no_proof_is_asked() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    server.user(&realm, "taken", "password").await;
    for (name, address, errors) in [
        ("TAKEN", "new@example.org", ["Username already exists.", ""]),
        ("new", "Taken@Example.org", ["", "Email already exists."]),
        ("taken@example.org", "new@example.org", ["Username already exists.", ""]),
    ] {
        let mut fields = person_with_password(name, "correct horse");
        fields[1].1 = address.to_owned();
        let page = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert_eq!(page.status, 200);
        assert_eq!(
            [page.field_error("username"), page.field_error("email")],
            errors,
            "{name} {address}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_duplicates_give_one_account_and_clear_errors() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "attributes": { "registration.limit.email": "off" } })).await;
        let mut pages = Vec::new();
        for _ in 0..6 {
            let mut browser = Browser::new(&server);
            let page = browser.get(&people::registration_url(&realm)).await;
            pages.push((browser, page.form("kc-register-form")));
        }
        let fields = person_with_password("mia", "correct horse");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let sent = pages.iter_mut().map(|(browser, form)| browser.submit(form, &fields));
        let answers = futures_util::future::join_all(sent).await;
        assert_eq!(answers.iter().filter(|a| a.status == 302).count(), 1);
        for refused in answers.iter().filter(|a| a.status != 302) {
            assert_eq!(refused.status, 200);
            let told = [refused.field_error("username"), refused.field_error("email")].concat();
            assert!(told.contains("already exists."), "{}", refused.body);
        }
        assert_eq!(users(&server, &realm, "mia").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_where_it_is_off() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "registrationAllowed": false })).await;
    let page = Browser::new(&server).get(&people::registration_url(&realm)).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Registration not allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registrant_has_no_say_in_is_overlooked() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let mut fields = person_with_password("mia", "correct horse");
    for (name, value) in [
        ("emailVerified", "true"),
        ("enabled", "false"),
        ("realmRoles", "admin"),
        ("id", "x"),
        ("shoe", "44"),
        ("user.attributes.hat", "L"),
        ("createdTimestamp", "1"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let answer = send_form(&mut Browser::new(&server), &realm, &fields).await;
    assert!(is_signed_in(&answer));
    let user = &users(&server, &realm, "mia").await[0];
    assert_eq!(user["emailVerified"], false);
    assert_eq!(user["enabled"], true);
    assert!(user.get("attributes").is_none(), "{user}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_proof_asked_there_is_no_user_before_it() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        let mut browser = Browser::new(&server);
        let page = browser.get(&people::registration_url(&realm)).await;
        assert!(!page.form("kc-register-form").names.contains(&"password".to_owned()));
        let page = send_form(&mut browser, &realm, &person("mia")).await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("You need to verify your email address"),
            "{}",
            page.body
        );
        assert!(users(&server, &realm, "mia").await.is_empty());
        let to = link(&server, "mia@example.org").await;
        let opened = browser.get(&to).await;
        let page = browser.follow(opened).await;
        let user = &users(&server, &realm, "mia").await[0];
        assert_eq!(user["emailVerified"], true);
        let form = page.form("kc-passwd-update-form");
        let done = browser
            .submit(
                &form,
                &[("password-new", "correct horse"), ("password-confirm", "correct horse")],
            )
            .await;
        assert!(is_signed_in(&done), "{} {}", done.status, done.body);
        let told = events(&server, &realm).await;
        for kind in [
            "REGISTRATION_SUBMITTED",
            "REGISTRATION_PROVED",
            "REGISTER",
            "UPDATE_PASSWORD",
            "LOGIN",
        ] {
            assert!(told.contains(&kind.to_owned()), "{kind} in {told:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
        server.user(&realm, "owner", "password").await;
        let free = send_form(&mut Browser::new(&server), &realm, &person("free")).await;
        let mut fields = person("other");
        fields[1].1 = "owner@example.org".into();
        let taken = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert_eq!((free.status, taken.status), (200, 200));
        let plain = |page: &str, name: &str| people::without_chance(page).replace(name, "");
        assert_eq!(plain(&free.body, "free"), plain(&taken.body, "owner"));
        let told = mails(&server, "owner@example.org").await;
        assert_eq!(told.len(), 1);
        assert!(
            told[0]["subject"].as_str().unwrap().starts_with("You already have"),
            "{}",
            told[0]
        );
        assert!(!told[0]["text"].as_str().unwrap().contains("action-token"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_taken_meanwhile_is_chosen_anew_on_the_way() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    let mut browser = Browser::new(&server);
    send_form(&mut browser, &realm, &person("mia")).await;
    let doc = json!({ "username": "mia", "email": "another@example.org", "enabled": true });
    server.admin("POST", &format!("/{realm}/users"), doc).await;
    let opened = browser.get(&link(&server, "mia@example.org").await).await;
    let page = browser.follow(opened).await;
    assert_eq!(
        page.field_error("username"),
        "This username has been taken in the meantime. Please choose another."
    );
    let form = page.form("kc-register-form");
    let sent = browser.submit(&form, &[("username", "mia2")]).await;
    let page = browser.follow(sent).await;
    page.form("kc-passwd-update-form");
    assert_eq!(users(&server, &realm, "mia2").await[0]["email"], "mia@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unproved_registration_vanishes_and_leaves_only_a_count() {
    for server in support::servers().await {
        let settings = json!({ "verifyEmail": true, "attributes": { "registration.pending.expires": "3600" } });
        let realm = people::realm(&server, settings).await;
        let mut browser = Browser::new(&server);
        send_form(&mut browser, &realm, &person("mia")).await;
        let code = people::code(&server, "mia@example.org").await;
        server.app.clock.advance(3_601_000);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        assert!(!code.is_empty());
        let all = server
            .admin(
                "GET",
                &format!("/{realm}/events?type=REGISTRATION_EXPIRED"),
                serde_json::Value::Null,
            )
            .await;
        let all = all.json();
        assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
        assert!(!all.to_string().contains("mia"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keycloaks_order_makes_the_user_first() {
    let server = support::sqlite().await;
    let settings = json!({ "verifyEmail": true, "attributes": { "registration.hold": "account" } });
    let realm = people::realm(&server, settings).await;
    let mut browser = Browser::new(&server);
    let page = send_form(&mut browser, &realm, &person("mia")).await;
    assert!(
        page.body.contains("You need to verify your email address"),
        "{}",
        page.body
    );
    let user = &users(&server, &realm, "mia").await[0];
    assert_eq!(user["emailVerified"], false);
    let mut actions: Vec<&str> = user["requiredActions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap())
        .collect();
    actions.sort_unstable();
    assert_eq!(actions, ["UPDATE_PASSWORD", "VERIFY_EMAIL"]);
    let opened = browser.get(&link(&server, "mia@example.org").await).await;
    let page = browser.follow(opened).await;
    let form = page.form("kc-passwd-update-form");
    let done = browser
        .submit(
            &form,
            &[("password-new", "correct horse"), ("password-confirm", "correct horse")],
        )
        .await;
    assert!(is_signed_in(&done), "{}", done.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_roles_of_the_realm_and_of_the_application_are_given() {
    let server = support::sqlite().await;
    let attributes = json!({ "registration.groups": "/members", "registration.roles": "reader, nosuch" });
    let realm = people::realm(&server, json!({ "attributes": attributes })).await;
    server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "members" }))
        .await;
    server
        .admin("POST", &format!("/{realm}/roles"), json!({ "name": "reader" }))
        .await;
    let answer = send_form(
        &mut Browser::new(&server),
        &realm,
        &person_with_password("mia", "correct horse"),
    )
    .await;
    assert!(is_signed_in(&answer));
    let id = users(&server, &realm, "mia").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let groups = server
        .admin("GET", &format!("/{realm}/users/{id}/groups"), serde_json::Value::Null)
        .await
        .json();
    assert_eq!(groups[0]["path"], "/members");
    let path = format!("/{realm}/users/{id}/role-mappings/realm");
    let roles = server.admin("GET", &path, serde_json::Value::Null).await.body;
    assert!(
        roles.contains("\"reader\"") && roles.contains("default-roles-"),
        "{roles}"
    );
}
