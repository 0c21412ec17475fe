//! Signing in with a passkey: after the password, or instead of it; and what does not let anybody in.

use serde_json::{Value, json};
use vestibule_jose::digest::b64url;

use crate::authorize::asking;
use crate::login::{acme, arrived, sign_in};
use crate::otp::{credentials, id_of, with_password};
use crate::passkeys::{ORIGIN, asked, events, make, refused, with_passkey};
use crate::support::authenticator::{Authenticator, PRESENT, Signed};
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "Passw0rd!";
const PASSWORDLESS: &str = "webauthn-register-passwordless";

/// Switches the passkeys of the browser flow on, as a second factor.
pub async fn allow(server: &Server, realm: &str) {
    let path = format!("/{realm}/authentication/flows/browser/executions");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["providerId"] == "webauthn-authenticator");
    let mut execution = found.unwrap().clone();
    execution["requirement"] = json!("ALTERNATIVE");
    let answer = server.admin("PUT", &path, execution).await;
    assert!(matches!(answer.status, 202 | 204), "{}", answer.body);
}

/// Sends what an authenticator has signed.
pub async fn send(browser: &mut Browser<'_>, page: &Answer, id: &[u8], sent: &Signed, more: &[(&str, &str)]) -> Answer {
    let fields = [
        b64url(id),
        b64url(&sent.client_data),
        b64url(&sent.data),
        b64url(&sent.signature),
    ];
    let names = ["credentialId", "clientDataJSON", "authenticatorData", "signature"];
    let mut fields: Vec<(&str, &str)> = names.into_iter().zip(fields.iter().map(String::as_str)).collect();
    fields.extend_from_slice(more);
    browser.submit(&page.form("webauth"), &fields).await
}

pub async fn prove(browser: &mut Browser<'_>, page: &Answer, key: &mut Authenticator) -> Answer {
    let sent = key.get(&asked(page, "challenge"));
    send(browser, page, &key.id.clone(), &sent, &[]).await
}

const INVALID: &str = "Passkey authentication result is invalid.";
const UNKNOWN: &str = "Unknown user authenticated by the Passkey.";

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_asked_for_after_the_password() {
    for server in support::servers().await {
        let (realm, mut key) = with_passkey(&server, json!({ "eventsEnabled": true }), "webauthn-register").await;
        arrived(&with_password(&mut Browser::new(&server), &realm).await);
        allow(&server, &realm).await;
        let mut browser = Browser::new(&server);
        let page = with_password(&mut browser, &realm).await;
        assert!(
            page.body.contains("data-page-id=\"login-webauthn-authenticate\""),
            "{}",
            page.body
        );
        assert_eq!(page.form("authn_select").fields["authn_use_chk"], b64url(&key.id));
        assert!(page.body.contains(">my key</span>") && page.body.contains(">Internal</span>"));
        let answer = prove(&mut browser, &page, &mut key).await;
        arrived(&answer);
        let details = events(&server, &realm, "LOGIN").await[0]["details"].clone();
        assert_eq!(details["credential_type"], "webauthn");
        assert_eq!(details["public_key_credential_id"], b64url(&key.id));
        assert_eq!(details["web_authn_authenticator_user_verification_checked"], "false");
        let kept = credentials(&server, &realm).await[1]["credentialData"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(kept.contains("\"counter\":2"), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_and_no_copy_lets_anybody_in() {
    for server in support::servers().await {
        let (realm, mut key) = with_passkey(&server, json!({ "eventsEnabled": true }), "webauthn-register").await;
        allow(&server, &realm).await;
        let mut browser = Browser::new(&server);
        let mut page = with_password(&mut browser, &realm).await;
        let lies: [(&str, fn(&mut Authenticator)); 7] = [
            (INVALID, |a| a.origin = "http://badlocalhost:8080".to_owned()),
            (INVALID, |a| a.origin = "http://localhost:8081".to_owned()),
            (INVALID, |a| a.cross_origin = true),
            (INVALID, |a| a.rp_id = "badlocalhost".to_owned()),
            (INVALID, |a| a.flags = 4),
            (UNKNOWN, |a| a.counter = 0),
            (UNKNOWN, |a| a.id = vec![1, 2, 3]),
        ];
        for (why, lie) in lies {
            let honest = (key.origin.clone(), key.rp_id.clone(), key.counter, key.id.clone());
            lie(&mut key);
            let answer = prove(&mut browser, &page, &mut key).await;
            refused(&answer, why);
            (key.origin, key.rp_id, key.counter, key.id) = honest;
            (key.flags, key.cross_origin) = (5, false);
            page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
            assert!(page.body.contains("id=\"authenticateWebAuthnButton\""), "{}", page.body);
        }
        let mut other = Authenticator::new(ORIGIN);
        let sent = other.get(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &key.id.clone(), &sent, &[]).await;
        refused(&answer, UNKNOWN);
        page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
        let answer = browser
            .submit(&page.form("webauth"), &[("error", "NotAllowedError: gone away")])
            .await;
        refused(&answer, "Failed to authenticate by the Passkey.");
        assert!(!answer.body.contains("gone away"));
        page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
        let told = events(&server, &realm, "LOGIN_ERROR").await;
        assert_eq!(
            (told.len(), &told[0]["error"], &told[1]["error"]),
            (9, &json!("not_allowed"), &json!("user_not_found"))
        );
        let last = &told[8];
        assert_eq!(last["error"], "invalid_user_credentials");
        assert_eq!(
            last["details"]["web_authn_authentication_error"],
            "webauthn-error-auth-verification"
        );
        assert!(last.get("userId").is_none() && last["details"].get("username").is_none());

        // What was answered here is no answer there, nor a second time.
        let sent = key.get(&asked(&page, "challenge"));
        let mut there = Browser::new(&server);
        let theirs = with_password(&mut there, &realm).await;
        refused(&send(&mut there, &theirs, &key.id.clone(), &sent, &[]).await, INVALID);
        let id = key.id.clone();
        let mut twins = [browser.cookies.clone(), browser.cookies.clone()].map(|cookies| {
            let mut twin = Browser::new(&server);
            twin.cookies = cookies;
            twin
        });
        let [first, second] = &mut twins;
        let (one, two) = tokio::join!(
            send(first, &page, &id, &sent, &[]),
            send(second, &page, &id, &sent, &[])
        );
        let through = [one, two]
            .iter()
            .filter(|a| a.header("location").contains("code="))
            .count();
        assert_eq!(through, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_s_passkey_proves_nobody() {
    let server = support::sqlite().await;
    let (realm, _) = with_passkey(&server, json!({ "eventsEnabled": true }), "webauthn-register").await;
    allow(&server, &realm).await;
    let bob = server.user(&realm, "bob", RIGHT).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .get(&asking(&realm, &[("kc_action", "webauthn-register")]))
        .await;
    let answer = sign_in(&mut browser, &page, "bob", RIGHT).await;
    let page = browser.follow(answer).await;
    let (mut bobs, answer) = make(&mut browser, &page, "bob's").await;
    arrived(&answer);
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let answer = prove(&mut browser, &page, &mut bobs).await;
    refused(&answer, UNKNOWN);
    let page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
    let sent = bobs.get(&asked(&page, "challenge"));
    let handle = b64url(bob.as_bytes());
    let answer = send(&mut browser, &page, &bobs.id.clone(), &sent, &[("userHandle", &handle)]).await;
    refused(
        &answer,
        "First authenticated user is not the one authenticated by the Passkey.",
    );
    let told = events(&server, &realm, "LOGIN_ERROR").await;
    assert_eq!(told[0]["error"], "different_user_authenticated");
    assert_eq!(told[0]["details"]["web_authn_authenticated_user_id"], bob);
}

/// A realm in which passkeys are offered beside the name, and ann has one.
async fn offered(server: &Server, more: Value) -> (String, Authenticator, String) {
    let mut settings = json!({ "eventsEnabled": true, "webAuthnPolicyPasswordlessPasskeysEnabled": true });
    settings
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let (realm, key) = with_passkey(server, settings, PASSWORDLESS).await;
    let ann = id_of(server, &realm, "ann").await;
    (realm, key, b64url(ann.as_bytes()))
}

/// Comes with a passkey, without a name.
async fn come(browser: &mut Browser<'_>, realm: &str, key: &mut Authenticator, handle: &str) -> Answer {
    let page = browser.get(&asking(realm, &[])).await;
    let sent = key.get(&asked(&page, "challenge"));
    let id = key.id.clone();
    send(browser, &page, &id, &sent, &[("userHandle", handle)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_stands_for_name_and_password() {
    for server in support::servers().await {
        let (realm, mut key, handle) = offered(&server, json!({})).await;
        let page = Browser::new(&server).get(&asking(&realm, &[])).await;
        assert!(page.body.contains("autocomplete=\"username webauthn\""));
        assert!(!page.body.contains("authn_use_chk"), "nobody's passkeys are listed");
        assert_eq!(
            (asked(&page, "mediation").as_str(), asked(&page, "known").as_str()),
            ("conditional", "false")
        );
        let answer = come(&mut Browser::new(&server), &realm, &mut key, &handle).await;
        arrived(&answer);
        let details = events(&server, &realm, "LOGIN").await[0]["details"].clone();
        assert_eq!(details["credential_type"], "webauthn-passwordless");
        assert_eq!(details["web_authn_authenticator_user_verification_checked"], "true");
        assert_eq!(details["username"], "ann");

        // Who says so without having been verified, and who names another or nobody.
        key.flags = PRESENT;
        let answer = come(&mut Browser::new(&server), &realm, &mut key, &handle).await;
        assert!(answer.body.contains(INVALID), "{}", answer.body);
        assert!(
            answer.body.contains("data-page-id=\"login-login\""),
            "the form is shown again"
        );
        key.flags = 5;
        let bob = b64url(server.user(&realm, "bob", RIGHT).await.as_bytes());
        for other in [&bob, "bm9ib2R5", ""] {
            let answer = come(&mut Browser::new(&server), &realm, &mut key, other).await;
            assert!(answer.body.contains(UNKNOWN), "{other}");
        }
        let found = id_of(&server, &realm, "ann").await;
        let off = json!({ "enabled": false });
        server.admin("PUT", &format!("/{realm}/users/{found}"), off).await;
        let answer = come(&mut Browser::new(&server), &realm, &mut key, &handle).await;
        assert!(answer.body.contains("Account is disabled"), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passkeys_are_not_taken_where_they_are_not_offered() {
    let server = support::sqlite().await;
    let (realm, mut key) = with_passkey(&server, json!({}), PASSWORDLESS).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    assert!(!page.body.contains("webauth"));
    let sent = key.get("");
    let (data, client_data) = (b64url(&sent.data), b64url(&sent.client_data));
    let (id, signature) = (b64url(&key.id), b64url(&sent.signature));
    let handle = b64url(id_of(&server, &realm, "ann").await.as_bytes());
    let fields = [
        ("credentialId", id.as_str()),
        ("clientDataJSON", &client_data),
        ("authenticatorData", &data),
        ("signature", &signature),
        ("userHandle", &handle),
    ];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    assert_eq!(answer.field_error("username"), "Invalid username or password.");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_passwords_does_not_keep_the_owner_of_a_passkey_out() {
    for server in support::servers().await {
        let settings = json!({ "bruteForceProtected": true, "failureFactor": 2, "quickLoginCheckMilliSeconds": 0 });
        let (realm, mut key, handle) = offered(&server, settings).await;
        for _ in 0..2 {
            let mut stranger = Browser::new(&server);
            let page = stranger.get(&asking(&realm, &[])).await;
            sign_in(&mut stranger, &page, "ann", "guess").await;
        }
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
        assert_eq!(answer.field_error("username"), "Invalid username or password.");
        arrived(&come(&mut Browser::new(&server), &realm, &mut key, &handle).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_answers_after_the_password_lead_to_the_lock() {
    let server = support::sqlite().await;
    let settings = json!({ "bruteForceProtected": true, "failureFactor": 3, "quickLoginCheckMilliSeconds": 0, "eventsEnabled": true });
    let (realm, mut key) = with_passkey(&server, settings, "webauthn-register").await;
    allow(&server, &realm).await;
    let mut browser = Browser::new(&server);
    let mut page = with_password(&mut browser, &realm).await;
    for _ in 0..3 {
        let sent = Authenticator::new(ORIGIN).get(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &key.id.clone(), &sent, &[]).await;
        refused(&answer, UNKNOWN);
        page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
    }
    refused(&prove(&mut browser, &page, &mut key).await, UNKNOWN);
    let told = events(&server, &realm, "LOGIN_ERROR").await;
    assert_eq!(told[0]["error"], "user_temporarily_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_of_a_keycloak_is_taken_over_and_given_back() {
    for server in support::servers().await {
        let realm = acme(&server, json!({})).await;
        allow(&server, &realm).await;
        let mut key = Authenticator::new(ORIGIN);
        let data = json!({
            "aaguid": "01020304-0506-0708-0102-030405060708", "credentialId": vestibule_jose::digest::b64(&key.id),
            "counter": 0, "credentialPublicKey": b64url(&key.cose()), "attestationStatementFormat": "none"
        });
        let credential = json!({
            "type": "webauthn", "userLabel": "from before", "createdDate": 1_700_000_000_000_i64, "secretData": "{}",
            "credentialData": data.to_string()
        });
        let password = json!({ "type": "password", "value": RIGHT });
        let carl = json!({
            "username": "carl", "enabled": true, "email": "carl@example.org", "firstName": "C", "lastName": "L",
            "credentials": [password, credential]
        });
        let body = json!({ "ifResourceExists": "FAIL", "users": [carl] });
        let answer = server.admin("POST", &format!("/{realm}/partialImport"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut browser = Browser::new(&server);
        let page = browser.get(&asking(&realm, &[])).await;
        let page = sign_in(&mut browser, &page, "carl", RIGHT).await;
        arrived(&prove(&mut browser, &page, &mut key).await);
        let id = id_of(&server, &realm, "carl").await;
        let path = format!("/{realm}/users/{id}/credentials");
        let all = server.admin("GET", &path, Value::Null).await.json();
        let kept = all
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["type"] == "webauthn")
            .unwrap()
            .clone();
        assert_eq!(
            (&kept["userLabel"], &kept["createdDate"]),
            (&json!("from before"), &json!(1_700_000_000_000_i64))
        );
        let counted = data.to_string().replace("\"counter\":0", "\"counter\":1");
        assert_eq!(kept["credentialData"], json!(counted));
        let one = format!("{path}/{}", kept["id"].as_str().unwrap());
        assert_eq!(server.admin("DELETE", &one, Value::Null).await.status, 204);
    }
}
