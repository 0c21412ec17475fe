//! Passkeys in flows that an administrator arranged, and among what a user has.

use serde_json::{Value, json};
use vestibule_jose::digest::b64url;

use crate::authorize::asking;
use crate::login::{acme, arrived};
use crate::otp::{credentials, id_of, require, with_password};
use crate::passkey_login::{allow, prove, send};
use crate::passkeys::{ORIGIN, asked, with_passkey};
use crate::support::authenticator::Authenticator;
use crate::support::{self, Answer, Browser, Server};

/// Binds a browser flow of these steps, each with its requirement.
async fn arrange(server: &Server, realm: &str, steps: &[(&str, &str)]) {
    let flows = format!("/{realm}/authentication/flows");
    let flow = json!({ "alias": "mine", "providerId": "basic-flow", "topLevel": true, "builtIn": false });
    assert_eq!(server.admin("POST", &flows, flow).await.status, 201);
    for (provider, _) in steps {
        let path = format!("{flows}/mine/executions/execution");
        let added = server.admin("POST", &path, json!({ "provider": provider })).await;
        assert_eq!(added.status, 201, "{}", added.body);
    }
    let list = format!("{flows}/mine/executions");
    let all = server.admin("GET", &list, Value::Null).await.json();
    for execution in all.as_array().unwrap() {
        let mut execution = execution.clone();
        let (_, requirement) = steps.iter().find(|(p, _)| execution["providerId"] == *p).unwrap();
        execution["requirement"] = json!(requirement);
        assert!(server.admin("PUT", &list, execution).await.status < 300);
    }
    let bound = json!({ "browserFlow": "mine" });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), bound).await.status, 204);
}

async fn name(browser: &mut Browser<'_>, realm: &str, who: &str) -> Answer {
    let page = browser.get(&asking(realm, &[])).await;
    browser.submit(&page.form("kc-form-login"), &[("username", who)]).await
}

/// A page without what differs each time.
fn shape(page: &Answer, who: &str) -> String {
    let volatile = [r#"(data-challenge|action|href|src|nonce|value)="[^"]*""#, "nonce-[^']*"];
    let body = volatile.iter().fold(page.body.clone(), |body, pattern| {
        regex::Regex::new(pattern).unwrap().replace_all(&body, "").into_owned()
    });
    body.replace(who, "WHO")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_then_a_passkey_and_nobody_learns_who_has_one() {
    for server in support::servers().await {
        let (realm, mut key) = with_passkey(&server, json!({}), "webauthn-register-passwordless").await;
        server.user(&realm, "bob", "Passw0rd!").await;
        arrange(
            &server,
            &realm,
            &[
                ("auth-username-form", "REQUIRED"),
                ("webauthn-authenticator-passwordless", "REQUIRED"),
            ],
        )
        .await;
        let mut browser = Browser::new(&server);
        let page = name(&mut browser, &realm, "ann").await;
        let expected = shape(&page, "ann");
        assert_eq!(page.form("authn_select").fields["authn_use_chk"], b64url(&key.id));
        arrived(&prove(&mut browser, &page, &mut key).await);
        // bob has none, nobody is nobody: the same page, the same passkey each time, the same refusal.
        let mut refusals = Vec::new();
        for who in ["bob", "nobody"] {
            let mut browser = Browser::new(&server);
            let page = name(&mut browser, &realm, who).await;
            assert_eq!(shape(&page, who), expected, "{who}");
            let listed = page.form("authn_select").fields["authn_use_chk"].clone();
            let again = name(&mut Browser::new(&server), &realm, who).await;
            assert_eq!(again.form("authn_select").fields["authn_use_chk"], listed);
            let mut stranger = Authenticator::new(ORIGIN);
            let sent = stranger.get(&asked(&page, "challenge"));
            let id = vestibule_jose::digest::b64url_decode(&listed).unwrap();
            let answer = send(&mut browser, &page, &id, &sent, &[]).await;
            assert!(
                answer.body.contains("Unknown user authenticated by the Passkey."),
                "{}",
                answer.body
            );
            refusals.push(shape(&answer, who));
        }
        let mut browser = Browser::new(&server);
        let page = name(&mut browser, &realm, "ann").await;
        let sent = Authenticator::new(ORIGIN).get(&asked(&page, "challenge"));
        let answer = send(&mut browser, &page, &key.id.clone(), &sent, &[]).await;
        refusals.push(shape(&answer, "ann"));
        assert!(refusals.iter().all(|r| *r == refusals[0]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_alone_and_no_name_at_all() {
    let server = support::sqlite().await;
    let (realm, mut key) = with_passkey(&server, json!({}), "webauthn-register-passwordless").await;
    arrange(&server, &realm, &[("webauthn-authenticator-passwordless", "REQUIRED")]).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    assert_eq!(asked(&page, "known"), "false");
    let sent = key.get(&asked(&page, "challenge"));
    let answer = send(&mut browser, &page, &key.id.clone(), &sent, &[]).await;
    assert!(answer.body.contains("Unknown user"), "whose it is, it must say");
    let page = browser.submit(&answer.form("kc-error-credential-form"), &[]).await;
    let handle = b64url(id_of(&server, &realm, "ann").await.as_bytes());
    let sent = key.get(&asked(&page, "challenge"));
    arrived(&send(&mut browser, &page, &key.id.clone(), &sent, &[("userHandle", &handle)]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_one_of_several_ways() {
    let server = support::sqlite().await;
    let (realm, mut key) = with_passkey(&server, json!({}), "webauthn-register").await;
    allow(&server, &realm).await;
    require(&server, &realm, "CONFIGURE_TOTP").await;
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    let answer = prove(&mut browser, &page, &mut key).await;
    let page = browser.follow(answer).await;
    let (_, answer) = crate::otp::set_up(&server, &mut browser, &page, "phone").await;
    arrived(&answer);
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    assert!(page.body.contains("data-page-id=\"login-login-otp\""), "{}", page.body);
    let ways = browser.submit(&page.form("kc-select-try-another-way-form"), &[]).await;
    assert!(ways.body.contains("Use your Passkey to sign in."), "{}", ways.body);
    let found = regex::Regex::new(r#"value="([^"]+)" class="way">\s*<span class="way-name">Passkey"#).unwrap();
    let way = found.captures(&ways.body).unwrap()[1].to_owned();
    let form = ways.form("kc-select-credential-form");
    let page = browser.submit(&form, &[("authenticationExecution", &way)]).await;
    arrived(&prove(&mut browser, &page, &mut key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_required_who_has_none_makes_one_after_the_password_only() {
    let server = support::sqlite().await;
    let realm = acme(&server, json!({})).await;
    let steps = [
        ("auth-username-password-form", "REQUIRED"),
        ("webauthn-authenticator", "REQUIRED"),
    ];
    arrange(&server, &realm, &steps).await;
    let mut browser = Browser::new(&server);
    let answer = with_password(&mut browser, &realm).await;
    assert!(
        answer.header("location").contains("execution=webauthn-register"),
        "{}",
        answer.body
    );
    let page = browser.follow(answer).await;
    let (mut key, answer) = crate::passkeys::make(&mut browser, &page, "first").await;
    arrived(&answer);
    let mut browser = Browser::new(&server);
    let page = with_password(&mut browser, &realm).await;
    arrived(&prove(&mut browser, &page, &mut key).await);
}

/// A call of the Account API.
async fn call(server: &Server, token: &str, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ];
    server.request(method, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sees_renames_and_removes_it() {
    for server in support::servers().await {
        let (realm, _) = with_passkey(&server, json!({ "eventsEnabled": true }), "webauthn-register").await;
        allow(&server, &realm).await;
        let found = server
            .admin("GET", &format!("/{realm}/clients?clientId=app"), Value::Null)
            .await;
        let mut app = found.json()[0].clone();
        app["directAccessGrantsEnabled"] = json!(true);
        let path = format!("/{realm}/clients/{}", app["id"].as_str().unwrap());
        server.admin("PUT", &path, app).await;
        let token = server.password_token(&realm, "app", "ann", "Passw0rd!").await;
        let account = format!("/realms/{realm}/account/credentials");
        let list = call(&server, &token, "GET", &account, "").await.json();
        let shown = list
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["type"] == "webauthn")
            .unwrap()
            .clone();
        assert_eq!(
            (&shown["category"], &shown["createAction"]),
            (&json!("two-factor"), &json!("webauthn-register"))
        );
        let metadata = &shown["userCredentialMetadatas"][0];
        let properties = json!([{ "key": "webauthn-transports", "parameters": ["internal,hybrid"] }]);
        assert_eq!(metadata["infoProperties"], properties);
        let id = metadata["credential"]["id"].as_str().unwrap().to_owned();
        let label = format!("{account}/{id}/label");
        assert_eq!(call(&server, &token, "PUT", &label, "\"laptop\"").await.status, 204);
        assert_eq!(credentials(&server, &realm).await[1]["userLabel"], "laptop");
        let gone = call(&server, &token, "DELETE", &format!("{account}/{id}"), "").await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        let told = crate::passkeys::events(&server, &realm, "REMOVE_CREDENTIAL").await;
        assert_eq!(told[0]["details"]["credential_type"], "webauthn");
        arrived(&with_password(&mut Browser::new(&server), &realm).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_up_with_a_passkey_and_never_has_a_password() {
    let server = support::sqlite().await;
    let settings = json!({ "webAuthnPolicyPasswordlessPasskeysEnabled": true });
    let realm = crate::people::realm(&server, settings).await;
    let flows = format!("/{realm}/authentication");
    let copy = json!({ "newName": "keys" });
    let path = format!("{flows}/flows/registration/copy");
    assert_eq!(server.admin("POST", &path, copy).await.status, 201);
    let list = format!("{flows}/flows/keys/executions");
    let all = server.admin("GET", &list, Value::Null).await.json();
    let password = all
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["providerId"] == "registration-password-action");
    let mut password = password.unwrap().clone();
    password["requirement"] = json!("DISABLED");
    assert!(server.admin("PUT", &list, password).await.status < 300);
    let action = format!("{flows}/required-actions/webauthn-register-passwordless");
    let mut wanted = server.admin("GET", &action, Value::Null).await.json();
    wanted["defaultAction"] = json!(true);
    assert_eq!(server.admin("PUT", &action, wanted).await.status, 204);
    let bound = json!({ "registrationFlow": "keys" });
    server.admin("PUT", &format!("/{realm}"), bound).await;

    let mut browser = Browser::new(&server);
    let page = crate::people::send_form(&mut browser, &realm, &crate::people::person("mia")).await;
    let (mut key, answer) = crate::passkeys::make(&mut browser, &page, "first").await;
    arrived(&answer);
    let mia = id_of(&server, &realm, "mia").await;
    let kept = server
        .admin("GET", &format!("/{realm}/users/{mia}/credentials"), Value::Null)
        .await
        .json();
    assert_eq!(
        (kept.as_array().unwrap().len(), &kept[0]["type"]),
        (1, &json!("webauthn-passwordless"))
    );
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[])).await;
    let sent = key.get(&asked(&page, "challenge"));
    let handle = b64url(mia.as_bytes());
    arrived(&send(&mut browser, &page, &key.id.clone(), &sent, &[("userHandle", &handle)]).await);
}
