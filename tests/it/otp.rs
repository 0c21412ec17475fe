//! One-time codes: set up, asked for, used once.

use serde_json::{Value, json};
use vestibule::otp::base32;
use vestibule::otp::code::{Algorithm, of_counter};

use crate::authorize::asking;
use crate::login::{acme, arrived, sign_in};
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "Passw0rd!";

/// The code of a time based device, so many periods from now.
pub fn code_at(server: &Server, secret: &str, periods: i64) -> String {
    let counter = (server.app.now_seconds() / 30 + periods) as u64;
    of_counter(secret.as_bytes(), counter, 6, Algorithm::Sha1)
}

pub async fn id_of(server: &Server, realm: &str, username: &str) -> String {
    let path = format!("/{realm}/users?username={username}&exact=true");
    let found = server.admin("GET", &path, Value::Null).await;
    found.json()[0]["id"].as_str().unwrap().to_owned()
}

pub async fn require(server: &Server, realm: &str, alias: &str) {
    let id = id_of(server, realm, "ann").await;
    let body = json!({ "requiredActions": [alias] });
    let answer = server.admin("PUT", &format!("/{realm}/users/{id}"), body).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

pub async fn credentials(server: &Server, realm: &str) -> Vec<Value> {
    let id = id_of(server, realm, "ann").await;
    let found = server
        .admin("GET", &format!("/{realm}/users/{id}/credentials"), Value::Null)
        .await;
    found.json().as_array().unwrap().clone()
}

/// Signs in with the password, and gives the page or redirect after it.
pub async fn with_password(browser: &mut Browser<'_>, realm: &str) -> Answer {
    let page = browser.get(&asking(realm, &[])).await;
    sign_in(browser, &page, "ann", RIGHT).await
}

/// Sets a device up in a browser that was sent to the page; gives its secret.
pub async fn set_up(server: &Server, browser: &mut Browser<'_>, page: &Answer, label: &str) -> (String, Answer) {
    let form = page.form("kc-totp-settings-form");
    let secret = form.fields["totpSecret"].clone();
    let code = code_at(server, &secret, 0);
    let answer = browser.submit(&form, &[("totp", &code), ("userLabel", label)]).await;
    (secret, answer)
}

/// A realm whose user ann has a device; gives its secret. The time moves on, so that its code of then is over.
pub async fn with_device(server: &Server, settings: Value) -> (String, String) {
    let realm = acme(server, settings).await;
    require(server, &realm, "CONFIGURE_TOTP").await;
    let mut browser = Browser::new(server);
    let answer = with_password(&mut browser, &realm).await;
    let page = browser.follow(answer).await;
    let (secret, answer) = set_up(server, &mut browser, &page, "phone").await;
    arrived(&answer);
    server.app.clock.advance(90_000);
    (realm, secret)
}

async fn grant(server: &Server, realm: &str, more: &[(&str, &str)]) -> Answer {
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    let mut fields = vec![
        ("grant_type", "password"),
        ("client_id", "app"),
        ("username", "ann"),
        ("password", RIGHT),
    ];
    fields.extend_from_slice(more);
    server.form(&path, &fields).await
}

async fn allow_grants(server: &Server, realm: &str) {
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId=app"), Value::Null)
        .await;
    let mut client = found.json()[0].clone();
    client["directAccessGrantsEnabled"] = json!(true);
    let path = format!("/{realm}/clients/{}", client["id"].as_str().unwrap());
    assert_eq!(server.admin("PUT", &path, client.clone()).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_set_up_with_its_first_code_and_asked_for_from_then_on() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        require(&server, &realm, "CONFIGURE_TOTP").await;
        let mut browser = Browser::new(&server);
        let answer = with_password(&mut browser, &realm).await;
        assert!(answer.header("location").contains("execution=CONFIGURE_TOTP"));
        let page = browser.follow(answer).await;
        assert!(
            page.body
                .contains("You need to set up Mobile Authenticator to activate your account.")
        );
        assert!(page.body.contains("id=\"kc-totp-secret-qr-code\"") && page.body.contains("src=\"data:image/"));

        let manual = browser.get(&page.link("mode=manual")).await;
        let form = manual.form("kc-totp-settings-form");
        let secret = form.fields["totpSecret"].clone();
        let shown = base32::encode(secret.as_bytes());
        assert!(
            manual.body.replace(' ', "").contains(&shown),
            "the key to be typed is the picture's"
        );

        let wrong = browser.submit(&form, &[("totp", "000000")]).await;
        assert_eq!(wrong.field_error("otp-code"), "Invalid authenticator code.");
        let empty = browser
            .submit(&wrong.form("kc-totp-settings-form"), &[("totp", "")])
            .await;
        assert_eq!(empty.field_error("otp-code"), "Please specify authenticator code.");
        let other = [
            ("totp", &*code_at(&server, "another secret", 0)),
            ("totpSecret", "another secret"),
        ];
        let other = browser.submit(&empty.form("kc-totp-settings-form"), &other).await;
        assert_eq!(
            other.field_error("otp-code"),
            "Invalid authenticator code.",
            "nobody brings a secret along"
        );
        let used = code_at(&server, &secret, 0);
        let form = other.form("kc-totp-settings-form");
        assert_eq!(
            form.fields["totpSecret"], secret,
            "the secret stays while the page is looked at"
        );
        let answer = browser.submit(&form, &[("totp", &used), ("userLabel", "phone")]).await;
        arrived(&answer);

        let kept = credentials(&server, &realm).await;
        assert_eq!(kept[1]["type"], "otp");
        assert_eq!(kept[1]["userLabel"], "phone");
        assert_eq!(
            kept[1]["credentialData"],
            r#"{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}"#
        );
        assert_eq!(kept[1].get("secretData"), None);
        let ann = server
            .admin(
                "GET",
                &format!("/{realm}/users/{}", id_of(&server, &realm, "ann").await),
                Value::Null,
            )
            .await
            .json();
        assert_eq!(ann["totp"], true);
        assert_eq!(ann["requiredActions"], json!([]));

        let mut again = Browser::new(&server);
        let page = with_password(&mut again, &realm).await;
        assert!(page.body.contains("data-page-id=\"login-login-otp\""), "{}", page.body);
        let page = again
            .submit(&page.form("kc-otp-login-form"), &[("otp", "000000")])
            .await;
        assert_eq!(page.field_error("otp"), "Invalid authenticator code.");
        let page = again.submit(&page.form("kc-otp-login-form"), &[("otp", &used)]).await;
        assert_eq!(
            page.field_error("otp"),
            "Invalid authenticator code.",
            "the code of the set-up is used"
        );
        server.app.clock.advance(31_000);
        let fresh = code_at(&server, &secret, 0);
        arrived(&again.submit(&page.form("kc-otp-login-form"), &[("otp", &fresh)]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_however_many_browsers_send_it_at_once() {
    for server in support::servers().await {
        let (realm, secret) = with_device(&server, json!({})).await;
        allow_grants(&server, &realm).await;
        let code = code_at(&server, &secret, 0);
        let fields = [("totp", code.as_str())];
        let all = futures_util::future::join_all((0..8).map(|_| grant(&server, &realm, &fields))).await;
        assert_eq!(all.iter().filter(|a| a.status == 200).count(), 1);
        for refused in all.iter().filter(|a| a.status != 200) {
            assert_eq!(refused.json()["error_description"], "Invalid user credentials");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_grant_needs_the_code_in_otp_or_totp() {
    let server = support::sqlite().await;
    let (realm, secret) = with_device(&server, json!({ "otpPolicyCodeReusable": true })).await;
    allow_grants(&server, &realm).await;
    let code = code_at(&server, &secret, 0);
    for (more, status) in [
        (vec![], 400),
        (vec![("totp", "000000")], 400),
        (vec![("otp", "")], 400),
        (vec![("otp", code.as_str())], 200),
        (vec![("totp", code.as_str())], 200),
    ] {
        assert_eq!(grant(&server, &realm, &more).await.status, status, "{more:?}");
    }
    let mut neighbours = Vec::new();
    for n in [-2, -1, 1, 2] {
        let code = code_at(&server, &secret, n);
        neighbours.push(grant(&server, &realm, &[("totp", &code)]).await.status);
    }
    assert_eq!(
        neighbours,
        [400, 200, 200, 400],
        "one period to each side (otpPolicyLookAheadWindow)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn counter_based_codes_go_on_from_the_last_one_that_was_used() {
    for server in support::servers().await {
        let policy = json!({
            "otpPolicyType": "hotp", "otpPolicyAlgorithm": "HmacSHA256", "otpPolicyDigits": 8, "otpPolicyInitialCounter": 5,
            "otpPolicyLookAheadWindow": 3
        });
        let realm = acme(&server, policy).await;
        allow_grants(&server, &realm).await;
        require(&server, &realm, "CONFIGURE_TOTP").await;
        let mut browser = Browser::new(&server);
        let answer = with_password(&mut browser, &realm).await;
        let page = browser.follow(answer).await;
        let form = page.form("kc-totp-settings-form");
        let secret = form.fields["totpSecret"].clone();
        let code = |n| of_counter(secret.as_bytes(), n, 8, Algorithm::Sha256);
        arrived(&browser.submit(&form, &[("totp", &code(5))]).await);
        for (counter, status) in [(5, 400), (8, 200), (8, 400), (7, 400), (13, 400), (12, 200)] {
            let answer = grant(&server, &realm, &[("otp", &code(counter))]).await;
            assert_eq!(answer.status, status, "the code of {counter}");
        }
        let data = credentials(&server, &realm).await[1]["credentialData"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            data,
            r#"{"subType":"hotp","digits":8,"counter":13,"period":30,"algorithm":"HmacSHA256"}"#
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_devices_one_is_chosen() {
    let server = support::sqlite().await;
    let (realm, phone) = with_device(&server, json!({})).await;
    require(&server, &realm, "CONFIGURE_TOTP").await;
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let code = code_at(&server, &phone, 0);
    let answer = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    let page = browser.follow(answer).await;
    let (_, page) = set_up(&server, &mut browser, &page, "").await;
    assert_eq!(page.field_error("otp-label"), "Please specify device name.");
    let (tablet, answer) = set_up(&server, &mut browser, &page, "tablet").await;
    arrived(&answer);
    server.app.clock.advance(90_000);

    let own = credentials(&server, &realm).await;
    let (first, second) = (own[1]["id"].as_str().unwrap(), own[2]["id"].as_str().unwrap());
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let code = code_at(&server, &tablet, 0);
    let fields = [("selectedCredentialId", first), ("otp", code.as_str())];
    let page = browser.submit(&page.form("kc-otp-login-form"), &fields).await;
    assert_eq!(page.field_error("otp"), "Invalid authenticator code.");
    let fields = [("selectedCredentialId", second), ("otp", code.as_str())];
    arrived(&browser.submit(&page.form("kc-otp-login-form"), &fields).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_device_of_keycloak_works() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    allow_grants(&server, &realm).await;
    for (name, value, encoding, bytes) in [
        ("plain", "secretsecretsecret12", None, b"secretsecretsecret12".to_vec()),
        (
            "encoded",
            "JBSWY3DPEHPK3PXP",
            Some("BASE32"),
            base32::decode("JBSWY3DPEHPK3PXP").unwrap(),
        ),
    ] {
        let mut data = json!({ "subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1" });
        if let Some(encoding) = encoding {
            data["secretEncoding"] = json!(encoding);
        }
        let user = json!({
            "username": name, "email": format!("{name}@example.org"), "firstName": "F", "lastName": "L", "enabled": true,
            "credentials": [
                { "type": "password", "value": RIGHT },
                { "type": "otp", "userLabel": "old", "secretData": json!({ "value": value }).to_string(),
                  "credentialData": data.to_string() }
            ]
        });
        server.admin("POST", &format!("/{realm}/users"), user).await.created();
        let counter = (server.app.now_seconds() / 30) as u64;
        let code = of_counter(&bytes, counter, 6, Algorithm::Sha1);
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let fields = [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", name),
            ("password", RIGHT),
            ("totp", &code),
        ];
        let answer = server.form(&path, &fields).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_count_as_wrong_passwords_do() {
    let server = support::sqlite().await;
    let settings = json!({ "bruteForceProtected": true, "failureFactor": 3, "quickLoginCheckMilliSeconds": 1 });
    let (realm, secret) = with_device(&server, settings).await;
    let mut browser = Browser::new(&server);
    let mut page = with_password(&mut browser, &realm).await;
    for _ in 0..3 {
        page = browser
            .submit(&page.form("kc-otp-login-form"), &[("otp", "000000")])
            .await;
    }
    let code = code_at(&server, &secret, 0);
    let page = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
    assert_eq!(page.field_error("otp"), "Invalid authenticator code.");
    let id = id_of(&server, &realm, "ann").await;
    let path = format!("/{realm}/attack-detection/brute-force/users/{id}");
    let known = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(known["numFailures"], 3);
    assert_eq!(known["numSecondaryAuthFailures"], 3);
    assert_eq!(known["disabled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_device_cannot_be_read_in_the_database() {
    let server = support::sqlite().await;
    let (realm, secret) = with_device(&server, json!({})).await;
    let id = id_of(&server, &realm, "ann").await;
    let stored = vestibule::store::credential::of_user(&server.app.db, &id)
        .await
        .unwrap();
    let device = stored.iter().find(|c| c.kind == "otp").unwrap();
    assert!(!device.secret_data.contains(&secret) && device.secret_data.starts_with("sealed:"));
    let opened = vestibule::store::credential::open(&server.app.db, device).unwrap();
    assert_eq!(*opened, json!({ "value": secret }).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_codes_are_required_who_has_no_device_sets_one_up() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let copy = json!({ "newName": "strict" });
    let path = format!("/{realm}/authentication/flows/browser/copy");
    assert_eq!(server.admin("POST", &path, copy).await.status, 201);
    let path = format!("/{realm}/authentication/flows/strict/executions");
    let all = server.admin("GET", &path, Value::Null).await.json();
    for execution in all.as_array().unwrap() {
        let mut execution = execution.clone();
        let what = execution["providerId"].as_str().unwrap_or_default().to_owned();
        let name = execution["displayName"].as_str().unwrap_or_default().to_owned();
        execution["requirement"] = match (what.as_str(), name.contains("Conditional 2FA")) {
            (_, true) | ("auth-otp-form", _) => json!("REQUIRED"),
            ("conditional-user-configured" | "conditional-credential", _) if execution["level"] == 2 => {
                json!("DISABLED")
            }
            _ => continue,
        };
        let answer = server.admin("PUT", &path, execution).await;
        assert!(matches!(answer.status, 202 | 204), "{} {}", answer.status, answer.body);
    }
    let answer = server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "strict" }))
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let mut browser = Browser::new(&server);
    let answer = with_password(&mut browser, &realm).await;
    assert!(
        answer.header("location").contains("execution=CONFIGURE_TOTP"),
        "{}",
        answer.body
    );
    let page = browser.follow(answer).await;
    let (secret, answer) = set_up(&server, &mut browser, &page, "").await;
    arrived(&answer);
    server.app.clock.advance(60_000);
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let code = code_at(&server, &secret, 0);
    arrived(&browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await);
}

/// What nothing can be read from: data and secret.
fn unreadable() -> [(Value, Value); 6] {
    let secret = json!({ "value": "JBSWY3DPEHPK3PXP" });
    let data = |over: Value| {
        let mut all = json!({ "subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1" });
        all.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        all
    };
    [
        (data(json!({ "algorithm": "HmacMD5" })), secret.clone()),
        (data(json!({ "period": i64::MAX })), secret.clone()),
        (data(json!({ "digits": 50 })), secret.clone()),
        (data(json!({ "subType": "hotp", "counter": i64::MAX })), secret.clone()),
        (data(json!({ "secretEncoding": "BASE32" })), json!({ "value": "1!" })),
        (data(json!({})), json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cannot_be_read_is_there_all_the_same() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let id = id_of(&server, &realm, "ann").await;
    for (data, secret) in unreadable() {
        let device = vestibule::store::credential::Credential {
            id: "a-device".to_owned(),
            kind: "otp".to_owned(),
            label: None,
            created: 1,
            priority: 20,
            secret_data: secret.to_string(),
            credential_data: data.to_string(),
        };
        let mut tx = server.app.db.begin().await.unwrap();
        vestibule::store::credential::remove(&mut tx, &id, &device.id)
            .await
            .unwrap();
        vestibule::store::credential::put(&mut tx, &id, &device).await.unwrap();
        tx.commit().await.unwrap();
        let mut browser = Browser::new(&server);
        let page = with_password(&mut browser, &realm).await;
        let code = code_at(&server, "JBSWY3DPEHPK3PXP", 0);
        let page = browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await;
        assert_eq!(
            page.field_error("otp"),
            "Invalid authenticator code.",
            "{data} {}",
            page.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_used_up_while_its_user_is_locked_out() {
    let server = support::sqlite().await;
    let (realm, secret) = with_device(
        &server,
        json!({
            "bruteForceProtected": true, "failureFactor": 2, "quickLoginCheckMilliSeconds": 1, "waitIncrementSeconds": 5
        }),
    )
    .await;
    let mut browser = Browser::new(&server);
    let mut page = with_password(&mut browser, &realm).await;
    let code = code_at(&server, &secret, 0);
    for typed in ["000000", "000000", &code] {
        page = browser.submit(&page.form("kc-otp-login-form"), &[("otp", typed)]).await;
        assert_eq!(page.field_error("otp"), "Invalid authenticator code.", "{}", page.body);
    }
    server.app.clock.advance(6_000);
    arrived(&browser.submit(&page.form("kc-otp-login-form"), &[("otp", &code)]).await);
}
