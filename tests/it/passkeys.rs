//! Passkeys are made: what Keycloak keeps of them, and everything that the realm does not want.

use serde_json::{Value, json};
use vestibule_jose::digest::b64url;

use crate::login::{acme, arrived};
use crate::otp::{credentials, id_of, require, with_password};
use crate::own_account::ask;
use crate::support::authenticator::{Authenticator, Created, PRESENT};
use crate::support::{self, Answer, Browser, Server};

pub const ORIGIN: &str = "http://localhost:8080";
pub const REGISTER: &str = "webauthn-register";

/// What a page asks an authenticator.
#[track_caller]
pub fn asked(page: &Answer, name: &str) -> String {
    let found = regex::Regex::new(&format!(r#"data-{name}="([^"]*)""#)).unwrap();
    let found = found.captures(&page.body);
    found.unwrap_or_else(|| panic!("no {name}: {}", page.body))[1].to_owned()
}

/// Sends a new passkey, with more fields over the usual ones.
pub async fn send(
    browser: &mut Browser<'_>,
    page: &Answer,
    key: &Authenticator,
    sent: &Created,
    more: &[(&str, &str)],
) -> Answer {
    let (client_data, object, id) = (b64url(&sent.client_data), b64url(&sent.object), b64url(&key.id));
    let mut fields = vec![
        ("clientDataJSON", client_data.as_str()),
        ("attestationObject", &object),
        ("publicKeyCredentialId", &id),
        ("authenticatorLabel", "my key"),
        ("transports", "internal,hybrid,<b>"),
        ("authenticatorAttachment", "platform"),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(n, _)| n == name));
    fields.extend_from_slice(more);
    browser.submit(&page.form("register"), &fields).await
}

/// Makes a passkey in a browser that was sent to the page.
pub async fn make(browser: &mut Browser<'_>, page: &Answer, label: &str) -> (Authenticator, Answer) {
    let mut key = Authenticator::new(ORIGIN);
    let sent = key.create(&asked(page, "challenge"));
    let answer = send(browser, page, &key, &sent, &[("authenticatorLabel", label)]).await;
    (key, answer)
}

/// A realm whose user ann has a passkey of a kind.
pub async fn with_passkey(server: &Server, settings: Value, action: &str) -> (String, Authenticator) {
    let realm = acme(server, settings).await;
    let mut browser = Browser::new(server);
    let page = ask(&mut browser, &realm, action).await;
    let (key, answer) = make(&mut browser, &page, "my key").await;
    arrived(&answer);
    (realm, key)
}

pub async fn events(server: &Server, realm: &str, kind: &str) -> Vec<Value> {
    let found = server
        .admin("GET", &format!("/{realm}/events?type={kind}"), Value::Null)
        .await;
    found.json().as_array().unwrap().clone()
}

#[track_caller]
pub fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("data-page-id=\"login-webauthn-error\""),
        "{}",
        answer.body
    );
    assert!(answer.body.contains(why), "{why}: {}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_and_kept_as_keycloak_keeps_it() {
    for server in support::servers().await {
        let realm = acme(&server, json!({ "eventsEnabled": true })).await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, REGISTER).await;
        assert!(page.body.contains("data-page-id=\"login-webauthn-register\""));
        assert_eq!(
            (asked(&page, "rp-id").as_str(), asked(&page, "rp-name").as_str()),
            ("localhost", "keycloak")
        );
        assert_eq!(asked(&page, "algorithms"), "-7,-257");
        let ann = id_of(&server, &realm, "ann").await;
        assert_eq!(asked(&page, "user-id"), b64url(ann.as_bytes()));
        assert!(
            page.body.contains("WebAuthn is not supported by this browser."),
            "without JavaScript"
        );
        let (key, answer) = make(&mut browser, &page, " my key ").await;
        arrived(&answer);
        assert_eq!(answer.location_parameter("kc_action").as_deref(), Some(REGISTER));
        assert_eq!(
            answer.location_parameter("kc_action_status").as_deref(),
            Some("success")
        );

        let kept = credentials(&server, &realm).await[1].clone();
        assert_eq!(
            (&kept["type"], &kept["userLabel"]),
            (&json!("webauthn"), &json!("my key"))
        );
        assert!(kept.get("secretData").is_none());
        let data = kept["credentialData"].as_str().unwrap();
        let standard = |bytes: &[u8]| vestibule_jose::digest::b64(bytes);
        let expected = format!(
            r#"{{"aaguid":"07070707-0707-0707-0707-070707070707","credentialId":"{}","counter":1,"credentialPublicKey":"{}","attestationStatementFormat":"none","transports":["internal","hybrid"]}}"#,
            standard(&key.id),
            b64url(&key.cose())
        );
        assert_eq!(data, expected);
        for kind in ["UPDATE_CREDENTIAL", "CUSTOM_REQUIRED_ACTION", "LOGIN"] {
            let found = events(&server, &realm, kind).await;
            let details = &found[0]["details"];
            assert_eq!(details["credential_type"], "webauthn", "{kind}");
            assert_eq!(details["custom_required_action"], REGISTER);
            assert_eq!(details["public_key_credential_id"], b64url(&key.id));
            assert_eq!(details["public_key_credential_label"], "my key");
            assert_eq!(
                details["public_key_credential_aaguid"],
                "07070707-0707-0707-0707-070707070707"
            );
        }
        // Once more where there is one: nothing to do, if that is what the application says.
        let page = browser
            .get(&crate::authorize::asking(
                &realm,
                &[("kc_action", "webauthn-register:skip_if_exists")],
            ))
            .await;
        let answer = browser.follow(page).await;
        arrived(&answer);
        assert_eq!(
            answer.location_parameter("kc_action_status").as_deref(),
            Some("success")
        );
        assert_eq!(answer.location_parameter("kc_action"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_as_asked_is_refused_and_may_be_tried_again() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({ "eventsEnabled": true })).await;
    let mut browser = Browser::new(&server);
    let mut page = ask(&mut browser, &realm, REGISTER).await;
    let lies: [(&str, fn(&mut Authenticator)); 6] = [
        ("on a page of another origin", |a| {
            a.origin = "http://badlocalhost:8080".to_owned();
        }),
        ("on a page of another origin", |a| {
            a.origin = "http://localhost:8080.example.com".to_owned();
        }),
        ("on a page of another origin", |a| a.cross_origin = true),
        ("for another relying party", |a| a.rp_id = "badlocalhost".to_owned()),
        ("Nobody was present", |a| a.flags = 4),
        ("algorithm of the key is not among those", |a| a.algorithm = -65535),
    ];
    for (why, lie) in lies {
        let mut liar = Authenticator::new(ORIGIN);
        lie(&mut liar);
        let sent = liar.create(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &liar, &sent, &[]).await;
        refused(&answer, why);
        let form = answer.form("kc-error-credential-form");
        page = browser.submit(&form, &[]).await;
        assert!(
            page.body.contains("data-page-id=\"login-webauthn-register\""),
            "{}",
            page.body
        );
        // A challenge is answered once, rightly or not.
        let again = liar.create(&asked(&page, "challenge"));
        assert_ne!(again.client_data, sent.client_data);
    }
    let mut key = Authenticator::new(ORIGIN);
    let stale = key.create("c3RhbGU");
    let answer = send(&mut browser, &page, &key, &stale, &[]).await;
    refused(&answer, "The challenge is not the one that was asked");
    page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
    let sent = key.create(&asked(&page, "challenge"));
    let answer = send(&mut browser, &page, &key, &sent, &[("publicKeyCredentialId", "AQID")]).await;
    refused(&answer, "Input data does not match expected form");
    page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
    let error = "NotAllowedError: <script>alert(1)</script>";
    let answer = browser.submit(&page.form("register"), &[("error", error)]).await;
    refused(
        &answer,
        "Passkey registration result is invalid. NotAllowedError: script",
    );
    assert!(!answer.body.contains("<script>alert"));
    assert_eq!(credentials(&server, &realm).await.len(), 1);
    let told = events(&server, &realm, "UPDATE_CREDENTIAL_ERROR").await;
    assert_eq!((told.len(), &told[0]["error"]), (9, &json!("invalid_user_credentials")));
    assert_eq!(told[1]["error"], "invalid_registration");
    assert_eq!(
        told[1]["details"]["web_authn_registration_error"],
        "webauthn-error-registration"
    );
    let back = browser
        .submit(&answer.form("kc-error-credential-form"), &[("cancel-aia", "true")])
        .await;
    assert_eq!(
        back.location_parameter("kc_action_status").as_deref(),
        Some("cancelled")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_s_policy_is_held() {
    let server = support::sqlite().await;
    let policies: [(Value, &[(&str, &str)], &str); 10] = [
        (
            json!({ "webAuthnPolicySignatureAlgorithms": ["RS256", "Ed25519"] }),
            &[],
            "not among those that are accepted",
        ),
        (
            json!({ "webAuthnPolicyUserVerificationRequirement": "required" }),
            &[],
            "User verification is required",
        ),
        (
            json!({ "webAuthnPolicyAttestationConveyancePreference": "direct" }),
            &[],
            "does not attest what it is",
        ),
        (
            json!({ "webAuthnPolicyAcceptableAaguids": ["07070707-0707-0707-0707-070707070707"] }),
            &[],
            "require an attestation",
        ),
        (
            json!({ "webAuthnPolicyAuthenticatorAttachment": "cross-platform" }),
            &[],
            "not the one that the policy requires",
        ),
        (
            json!({ "webAuthnPolicyAuthenticatorAttachment": "platform" }),
            &[("authenticatorAttachment", "")],
            "was not provided",
        ),
        (
            json!({ "webAuthnPolicyRpId": "example.com" }),
            &[],
            "for another relying party",
        ),
        (json!({ "webAuthnPolicyAuthenticatorAttachment": "platform" }), &[], ""),
        (json!({ "webAuthnPolicySignatureAlgorithms": ["RS1"] }), &[], ""),
        (
            json!({ "webAuthnPolicyUserVerificationRequirement": "preferred" }),
            &[],
            "",
        ),
    ];
    for (policy, more, why) in policies {
        let realm = acme(&server, policy.clone()).await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, REGISTER).await;
        let mut key = Authenticator::new(ORIGIN);
        key.flags = PRESENT;
        let sent = key.create(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &key, &sent, more).await;
        if why.is_empty() {
            arrived(&answer);
        } else {
            refused(&answer, why);
        }
    }
    // An attestation by the key itself is one, and does not speak for a model; another origin may be allowed.
    let policy = json!({
        "webAuthnPolicyAttestationConveyancePreference": "direct", "webAuthnPolicyExtraOrigins": ["https://app.example.com"]
    });
    let realm = acme(&server, policy).await;
    let mut browser = Browser::new(&server);
    let page = ask(&mut browser, &realm, REGISTER).await;
    let mut key = Authenticator::new(ORIGIN);
    (key.format, key.origin) = ("packed", "https://app.example.com".to_owned());
    let sent = key.create(&asked(&page, "challenge"));
    arrived(&send(&mut browser, &page, &key, &sent, &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_the_same_passkey_or_name_twice() {
    for server in support::servers().await {
        let settings = json!({ "webAuthnPolicyAvoidSameAuthenticatorRegister": true });
        let (realm, mut key) = with_passkey(&server, settings, REGISTER).await;
        let mut browser = Browser::new(&server);
        let page = ask(&mut browser, &realm, REGISTER).await;
        assert_eq!(asked(&page, "exclude"), b64url(&key.id));
        let sent = key.create(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &key, &sent, &[("authenticatorLabel", "other")]).await;
        refused(&answer, "This passkey is registered already");
        let page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
        let (_, answer) = make(&mut browser, &page, "my key").await;
        refused(&answer, "Device already exists with the same name");
        let page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
        let (_, answer) = make(&mut browser, &page, &"x".repeat(400)).await;
        arrived(&answer);
        let all = credentials(&server, &realm).await;
        assert_eq!(all[2]["userLabel"].as_str().unwrap().len(), 255);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_belongs_to_its_tab_and_an_administrator_may_require_a_passkey() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    require(&server, &realm, "webauthn-register-passwordless").await;
    let (mut first, mut second) = (Browser::new(&server), Browser::new(&server));
    let answer = with_password(&mut first, &realm).await;
    let page = first.follow(answer).await;
    assert_eq!(
        (
            asked(&page, "resident-key").as_str(),
            asked(&page, "verification").as_str()
        ),
        ("required", "required")
    );
    let answer = with_password(&mut second, &realm).await;
    let other = second.follow(answer).await;
    let mut key = Authenticator::new(ORIGIN);
    let sent = key.create(&asked(&other, "challenge"));
    let answer = send(&mut first, &page, &key, &sent, &[]).await;
    refused(&answer, "The challenge is not the one that was asked");
    assert!(!answer.body.contains("cancel-aia"), "who was made to may not go back");
    // The form of the other browser is as good as it was, and its session code is good once.
    let sent = key.create(&asked(&other, "challenge"));
    arrived(&send(&mut second, &other, &key, &sent, &[]).await);
    let kept = credentials(&server, &realm).await;
    assert_eq!(kept[1]["type"], "webauthn-passwordless");
    let ann = id_of(&server, &realm, "ann").await;
    let user = server.admin("GET", &format!("/{realm}/users/{ann}"), Value::Null).await;
    assert_eq!(user.json()["requiredActions"], json!([]));
    let again = send(&mut second, &other, &key, &sent, &[]).await;
    assert_ne!(again.status, 200);
    arrived(&with_password(&mut Browser::new(&server), &realm).await);
}
