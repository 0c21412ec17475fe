//! What a realm asks of passwords, in Keycloak's words and order.

use serde_json::{Value, json};
use vestibule::password::policy;

use crate::people::{self, is_signed_in, person_with_password, send_form, sign_in, sign_in_url};
use crate::support::{self, Answer, Browser, Server};

#[test]
fn a_policy_that_cannot_be_read_is_refused_in_keycloaks_words() {
    let refused = |text: &str| policy::parse(text).err().unwrap();
    assert_eq!(
        refused("length(8) and"),
        "Invalid config for length: Not a valid number"
    );
    assert_eq!(refused("length(x)"), "Invalid config for length: Not a valid number");
    assert_eq!(refused("nosuch"), "Password policy not found");
    assert_eq!(
        refused("regexPattern([)"),
        "Invalid config for regexPattern: Not a valid regular expression"
    );
    assert!(refused("passwordBlacklist(../etc/passwd)").starts_with("Invalid config for passwordBlacklist"));
    assert!(policy::parse("").unwrap().rules.is_empty());
    let all = "length and hashIterations(1000) and passwordHistory(3) and passwordAge and forceExpiredPasswordChange(1) \
               and maxAuthAge(60) and recoveryCodesWarningThreshold(4) and hashAlgorithm(argon2)";
    assert_eq!(policy::parse(all).unwrap().rules.len(), 8);
}

async fn refused(server: &Server, rules: &str, password: &str) -> String {
    let realm = people::realm(server, json!({ "passwordPolicy": rules })).await;
    let fields = person_with_password("mia77", password);
    let page = send_form(&mut Browser::new(server), &realm, &fields).await;
    page.field_error("password")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_says_what_it_asks_for() {
    let server = support::sqlite().await;
    for (rules, password, text) in [
        ("length(8)", "short", "Invalid password: minimum length 8."),
        ("maxLength(10)", "aaaaaaaaaaa", "Invalid password: maximum length 10."),
        (
            "digits(2)",
            "abcdefgh1",
            "Invalid password: must contain at least 2 numerical digits.",
        ),
        (
            "lowerCase(2)",
            "ABCDEFGh",
            "Invalid password: must contain at least 2 lower case characters.",
        ),
        (
            "upperCase(2)",
            "abcdefgH",
            "Invalid password: must contain at least 2 upper case characters.",
        ),
        (
            "specialChars(2)",
            "abcdefg!",
            "Invalid password: must contain at least 2 special characters.",
        ),
        (
            "notUsername",
            "MIA77",
            "Invalid password: must not be equal to the username.",
        ),
        (
            "notContainsUsername",
            "xxmia77xx",
            "Invalid password: Can not contain the username.",
        ),
        (
            "notEmail",
            "mia77@example.org",
            "Invalid password: must not be equal to the email.",
        ),
        (
            "regexPattern([a-z]+)",
            "ABC1",
            "Invalid password: fails to match regex pattern(s).",
        ),
        (
            "length(8) and digits(1) and upperCase(1)",
            "abc",
            "Invalid password: must contain at least 1 upper case characters.",
        ),
        ("digits(1) and length(8)", "abc", "Invalid password: minimum length 8."),
    ] {
        assert_eq!(refused(&server, rules, password).await, text, "{rules}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_passwords_are_refused_and_a_missing_list_lets_nobody_through() {
    let server = support::sqlite().await;
    let folder = server.app.config.data.join("password-blacklists");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("top.txt"), "123456\nletmein\n").unwrap();
    let text = refused(&server, "passwordBlacklist(top.txt)", "LetMeIn").await;
    assert_eq!(text, "Invalid password: password is blacklisted.");
}

/// A page that asks for a new password, in a browser that is signed in.
async fn asked(browser: &mut Browser<'_>, realm: &str) -> Answer {
    let page = browser
        .get(&format!("{}&kc_action=UPDATE_PASSWORD", sign_in_url(realm)))
        .await;
    browser.follow(page).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passwords_are_not_used_again() {
    for server in support::servers().await {
        let realm = people::realm(&server, json!({ "passwordPolicy": "passwordHistory(2)" })).await;
        server.user(&realm, "mia", "first one").await;
        let mut browser = Browser::new(&server);
        assert!(is_signed_in(&sign_in(&mut browser, &realm, "mia", "first one").await));
        for (password, accepted) in [
            ("first one", false),
            ("second one", true),
            ("first one", false),
            ("third one", true),
            ("first one", true),
        ] {
            let page = asked(&mut browser, &realm).await;
            let fields = [("password-new", password), ("password-confirm", password)];
            let answer = browser.submit(&page.form("kc-passwd-update-form"), &fields).await;
            assert_eq!(is_signed_in(&answer), accepted, "{password}: {}", answer.body);
            if accepted {
                assert_eq!(
                    answer.location_parameter("kc_action_status").as_deref(),
                    Some("success")
                );
            } else {
                assert!(
                    answer.body.contains("must not be equal to any of last 2 passwords."),
                    "{}",
                    answer.body
                );
            }
        }
        let id = people::users(&server, &realm, "mia").await[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let kept = server
            .admin("GET", &format!("/{realm}/users/{id}/credentials"), Value::Null)
            .await
            .json();
        assert_eq!(
            kept.as_array().unwrap().len(),
            1,
            "old passwords are nobody's business: {kept}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_password_must_be_changed_at_the_next_sign_in() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "passwordPolicy": "forceExpiredPasswordChange(1)" })).await;
    server.user(&realm, "mia", "correct horse").await;
    assert!(is_signed_in(
        &sign_in(&mut Browser::new(&server), &realm, "mia", "correct horse").await
    ));
    server.app.clock.advance(2 * 86_400_000);
    sign_in(&mut Browser::new(&server), &realm, "mia", "correct horse")
        .await
        .form("kc-passwd-update-form");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_the_application_asked_for_can_be_cancelled() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    server.user(&realm, "mia", "correct horse").await;
    let mut browser = Browser::new(&server);
    sign_in(&mut browser, &realm, "mia", "correct horse").await;
    let page = asked(&mut browser, &realm).await;
    let answer = browser
        .submit(&page.form("kc-passwd-update-form"), &[("cancel-aia", "true")])
        .await;
    assert_eq!(
        answer.location_parameter("kc_action_status").as_deref(),
        Some("cancelled")
    );
    assert_eq!(
        answer.location_parameter("kc_action").as_deref(),
        Some("UPDATE_PASSWORD")
    );
    assert!(answer.location_parameter("code").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_completed_before_anything_else() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let doc = json!({
        "username": "mia", "enabled": true, "credentials": [{ "type": "password", "value": "correct horse" }]
    });
    server.admin("POST", &format!("/{realm}/users"), doc).await;
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &realm, "mia", "correct horse").await;
    let form = page.form("kc-update-profile-form");
    let wrong = browser
        .submit(&form, &[("email", "nope"), ("firstName", "Mia"), ("lastName", "")])
        .await;
    assert_eq!(wrong.field_error("email"), "Invalid email address.");
    assert_eq!(wrong.field_error("lastName"), "Please specify this field.");
    let form = wrong.form("kc-update-profile-form");
    let done = browser
        .submit(
            &form,
            &[("email", "mia@example.org"), ("firstName", "Mia"), ("lastName", "Berg")],
        )
        .await;
    assert!(is_signed_in(&done), "{}", done.body);
    assert_eq!(people::users(&server, &realm, "mia").await[0]["lastName"], "Berg");
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_terms_lead_back_without_a_code() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let path = format!("/{realm}/authentication/required-actions/TERMS_AND_CONDITIONS");
    let mut action = server.admin("GET", &path, Value::Null).await.json();
    action["enabled"] = json!(true);
    action["defaultAction"] = json!(true);
    assert_eq!(server.admin("PUT", &path, action).await.status, 204);
    let mut browser = Browser::new(&server);
    let page = send_form(&mut browser, &realm, &person_with_password("mia", "correct horse")).await;
    let form = page
        .forms()
        .into_iter()
        .find(|f| f.names.contains(&"accept".to_owned()))
        .unwrap();
    let declined = browser.submit(&form, &[("cancel", "Decline")]).await;
    assert_eq!(declined.location_parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(
        declined.location_parameter("error_description").as_deref(),
        Some("termsAndConditionsDeclined")
    );
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &realm, "mia", "correct horse").await;
    let form = page
        .forms()
        .into_iter()
        .find(|f| f.names.contains(&"accept".to_owned()))
        .unwrap();
    assert!(is_signed_in(&browser.submit(&form, &[("accept", "Accept")]).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn breached_passwords_are_refused_by_their_hashes() {
    let server = support::sqlite().await;
    let folder = server.app.config.data.join("password-blacklists");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines: Vec<String> = ["letmein", "correct horse", "hunter2"]
        .iter()
        .map(|word| {
            let hash = vestibule_jose::digest::sha1(word.as_bytes());
            let hex: Vec<String> = hash.iter().map(|b| format!("{b:02X}")).collect();
            format!("{}:42", hex.concat())
        })
        .collect();
    lines.sort();
    std::fs::write(folder.join("pwned.txt"), lines.join("\n")).unwrap();
    let text = refused(&server, "breached(pwned.txt)", "hunter2").await;
    assert_eq!(text, "Invalid password: password is blacklisted.");
    assert_eq!(refused(&server, "breached(pwned.txt)", "Hunter2").await, "");
    let missing = server
        .admin(
            "POST",
            "",
            json!({ "realm": "nolist", "passwordPolicy": "breached(nosuch.txt)" }),
        )
        .await;
    assert_eq!(missing.status, 400);
}

/// How the password of a user is hashed: algorithm and iterations.
async fn hashed(server: &Server, realm: &str, id: &str) -> (String, i64) {
    let path = format!("/{realm}/users/{id}/credentials");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let data: Value = serde_json::from_str(all[0]["credentialData"].as_str().unwrap()).unwrap();
    (
        data["algorithm"].as_str().unwrap().to_owned(),
        data["hashIterations"].as_i64().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_chooses_how_passwords_are_hashed_and_who_signs_in_follows() {
    for server in support::servers().await {
        let first = json!({ "passwordPolicy": "hashAlgorithm(pbkdf2-sha256) and hashIterations(1000)" });
        let realm = people::realm(&server, first).await;
        let id = server.user(&realm, "ann", "a password").await;
        assert_eq!(hashed(&server, &realm, &id).await, ("pbkdf2-sha256".to_owned(), 1000));
        for (policy, algorithm, iterations) in [
            (
                "hashAlgorithm(pbkdf2-sha512) and hashIterations(2000)",
                "pbkdf2-sha512",
                2000,
            ),
            ("hashAlgorithm(pbkdf2) and hashIterations(3000)", "pbkdf2", 3000),
            ("hashIterations(3)", "argon2", 3),
            // Keycloak passes over a number that was meant for another algorithm.
            ("hashAlgorithm(argon2) and hashIterations(27500)", "argon2", 5),
            ("length(4)", "argon2", 5),
        ] {
            let changed = json!({ "passwordPolicy": policy });
            assert_eq!(server.admin("PUT", &format!("/{realm}"), changed).await.status, 204);
            let wrong = sign_in(&mut Browser::new(&server), &realm, "ann", "another").await;
            assert!(!is_signed_in(&wrong));
            let answer = sign_in(&mut Browser::new(&server), &realm, "ann", "a password").await;
            assert!(is_signed_in(&answer), "{policy}: {}", answer.body);
            assert_eq!(hashed(&server, &realm, &id).await, (algorithm.to_owned(), iterations));
        }
        let unknown = json!({ "passwordPolicy": "hashAlgorithm(md5)" });
        let refused = server.admin("PUT", &format!("/{realm}"), unknown).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused.body.contains("Password hashing provider not found"),
            "{}",
            refused.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registers_is_hashed_as_the_realm_wants_it() {
    let server = support::sqlite().await;
    let rules = json!({ "passwordPolicy": "hashAlgorithm(pbkdf2-sha512) and hashIterations(1500)" });
    let realm = people::realm(&server, rules).await;
    let fields = person_with_password("mia77", "a password");
    let answer = send_form(&mut Browser::new(&server), &realm, &fields).await;
    assert!(is_signed_in(&answer), "{}", answer.body);
    let id = people::users(&server, &realm, "mia77").await[0]["id"].clone();
    let kept = hashed(&server, &realm, id.as_str().unwrap()).await;
    assert_eq!(kept, ("pbkdf2-sha512".to_owned(), 1500));
}
