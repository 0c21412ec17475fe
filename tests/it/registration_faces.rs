//! What people see of an application that registered itself: who it says it is, that nobody has checked it, where it leads.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::client_registration::{initial, register, text};
use crate::login::{arrived, sign_in};
use crate::support::{self, Answer, Browser, Server};

const BACK: &str = "https://app.example.com/cb";
const PASSWORD: &str = "Passw0rd!";
const UNVERIFIED: &str = "Unverified application.";

/// A realm where everybody may register applications.
pub async fn open_realm(server: &Server, more: Value) -> String {
    let mut settings = json!({ "attributes": { "clientRegistration.access": "open" } });
    settings
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    server.realm(settings).await
}

/// What a client with a secret is told, registered with a token or, in an open realm, without.
pub async fn registered(server: &Server, realm: &str, token: Option<&str>, more: Value) -> Value {
    let mut body = json!({ "redirect_uris": [BACK], "client_name": "Logbook" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = register(server, realm, token, &body).await;
    assert_eq!(answer.status, 201, "{body}: {}", answer.body);
    answer.json()
}

/// The sign-in page of a client, with its browser.
pub async fn login_page<'a>(server: &'a Server, realm: &str, told: &Value, locale: &str) -> (Browser<'a>, Answer) {
    let mut browser = Browser::new(server);
    let redirect = told["redirect_uris"][0].as_str().unwrap();
    let over = [
        ("client_id", text(told, "client_id")),
        ("redirect_uri", redirect),
        ("ui_locales", locale),
    ];
    let page = browser.get(&asking(realm, &over)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (browser, page)
}

/// The page that asks `ann` whether she lets it act.
pub async fn consent_page(server: &Server, realm: &str, told: &Value) -> Answer {
    let (mut browser, page) = login_page(server, realm, told, "").await;
    let answer = sign_in(&mut browser, &page, "ann", PASSWORD).await;
    assert!(
        answer.header("location").contains("OAUTH_GRANT"),
        "{}",
        answer.header("location")
    );
    browser.follow(answer).await
}

/// DCR-16: names that are ours are refused, whatever they are made of.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_16_a_stranger_does_not_call_itself_as_we_do() {
    let server = support::sqlite().await;
    let settings = json!({
        "displayName": "Harbour Works", "displayNameHtml": "<b>Harbour</b> Office", "internationalizationEnabled": true,
        "supportedLocales": ["en", "de"]
    });
    let closed = server.realm(settings.clone()).await;
    let (_, iat) = initial(&server, &closed, json!({})).await;
    let open = open_realm(&server, settings).await;
    for (realm, token) in [(&closed, Some(iat.as_str())), (&open, None)] {
        let honest = registered(&server, realm, token, json!({})).await;
        let (uri, rat) = (
            text(&honest, "registration_client_uri"),
            text(&honest, "registration_access_token"),
        );
        for name in [
            "Keycloak",
            "KEY CLOAK",
            "Key\u{2003}cloak",
            "\u{41a}eycloak",
            "Vestibule",
            "Account",
            "account-console",
            "Security  Admin Console",
            "Administrationskonsole",
            "harbour works",
            "Harbour_Office",
            realm.as_str(),
            "${client_account-console}",
            "a} ${env.PATH",
            "${jndi:ldap://x}",
        ] {
            let body = json!({ "redirect_uris": [BACK], "client_name": name });
            let refused = register(&server, realm, token, &body).await;
            assert_eq!(refused.status, 400, "{name}: {}", refused.body);
            assert_eq!(refused.json()["error"], "invalid_client_metadata");
            let translated = json!({ "redirect_uris": [BACK], "client_name#de": name });
            assert_eq!(register(&server, realm, token, &translated).await.status, 400, "{name}");
            let renamed = server.with_token(rat, "PUT", uri, json!({ "client_name": name })).await;
            assert_eq!(renamed.status, 400, "{name}: {}", renamed.body);
        }
        for name in ["Keycloak client", "My Account", "Harbour", "$ {x}", "Logbook"] {
            registered(&server, realm, token, json!({ "client_name": name })).await;
        }
    }
}

/// DCR-16: pages say that nobody has checked it, and the consent page where it leads; until an administrator vouches for it.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_16_pages_tell_an_unverified_application_and_where_it_leads() {
    for server in support::servers().await {
        let realm = open_realm(&server, json!({})).await;
        server.user(&realm, "ann", PASSWORD).await;
        let stranger = registered(&server, &realm, None, json!({})).await;
        let (_, page) = login_page(&server, &realm, &stranger, "").await;
        assert!(page.body.contains(UNVERIFIED), "{}", page.body);
        let consent = consent_page(&server, &realm, &stranger).await;
        assert!(consent.body.contains(UNVERIFIED), "{}", consent.body);
        assert!(
            consent.body.contains("you are sent to app.example.com"),
            "{}",
            consent.body
        );
        let native = json!({ "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"] });
        let native = registered(&server, &realm, None, native).await;
        let consent = consent_page(&server, &realm, &native).await;
        assert!(
            consent.body.contains("a program on this device (127.0.0.1)"),
            "{}",
            consent.body
        );

        let path = format!("/{realm}/clients/{}", text(&stranger, "client_id"));
        let mut client = server.admin("GET", &path, Value::Null).await.json();
        client["attributes"]["client.verified"] = json!("true");
        assert_eq!(server.admin("PUT", &path, client).await.status, 204);
        let (_, page) = login_page(&server, &realm, &stranger, "").await;
        assert!(!page.body.contains(UNVERIFIED));
        assert!(!consent_page(&server, &realm, &stranger).await.body.contains(UNVERIFIED));
        // Not for what it shows people of another language, nor for another place to which they are sent.
        let mut own = stranger.clone();
        for face in [
            json!({ "client_name#en": "Harbour Bank" }),
            json!({ "post_logout_redirect_uris": ["https://app.example.com/bye"] }),
        ] {
            let mut client = server.admin("GET", &path, Value::Null).await.json();
            client["attributes"]["client.verified"] = json!("true");
            assert_eq!(server.admin("PUT", &path, client).await.status, 204);
            let rat = text(&own, "registration_access_token").to_owned();
            let uri = text(&own, "registration_client_uri").to_owned();
            own = server.with_token(&rat, "PUT", &uri, face).await.json();
            let client = server.admin("GET", &path, Value::Null).await.json();
            assert_eq!(client["attributes"].get("client.verified"), None, "{own}");
        }
        let own = json!({ "clientId": "own", "name": "Own", "publicClient": true, "redirectUris": [BACK] });
        server.client(&realm, own).await;
        let page = server.get(&asking(&realm, &[("client_id", "own")])).await;
        assert!(page.body.contains("Own") && !page.body.contains(UNVERIFIED));
    }
}

/// With a token it is unverified, too; whether people are asked is for the policies to say, as in Keycloak.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_token_is_told_as_unverified_and_asks_where_a_policy_says_so() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    server.user(&realm, "ann", PASSWORD).await;
    let (_, iat) = initial(&server, &realm, json!({})).await;
    let free = registered(&server, &realm, Some(&iat), json!({})).await;
    let (mut browser, page) = login_page(&server, &realm, &free, "").await;
    assert!(page.body.contains(UNVERIFIED), "{}", page.body);
    arrived(&sign_in(&mut browser, &page, "ann", PASSWORD).await);
    let policy = json!({
        "name": "Ask", "providerId": "consent-required", "subType": "authenticated",
        "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"
    });
    let made = server.admin("POST", &format!("/{realm}/components"), policy).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let asking = registered(&server, &realm, Some(&iat), json!({})).await;
    let consent = consent_page(&server, &realm, &asking).await;
    assert!(consent.body.contains(UNVERIFIED));
}

/// DCR-19: nobody learns who is about to sign in by the logo of an application that nobody let in.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_19_the_logo_of_a_stranger_is_not_loaded() {
    let server = support::sqlite().await;
    let logo =
        json!({ "logo_uri": "https://pixel.example.com/logo.png", "logo_uri#en": "https://pixel.example.com/en.png" });
    let open = open_realm(&server, json!({})).await;
    server.user(&open, "ann", PASSWORD).await;
    let stranger = registered(&server, &open, None, logo.clone()).await;
    assert_eq!(stranger["logo_uri"], "https://pixel.example.com/logo.png", "it is kept");
    let (_, page) = login_page(&server, &open, &stranger, "").await;
    let consent = consent_page(&server, &open, &stranger).await;
    for page in [page, consent] {
        assert!(!page.body.contains("pixel.example.com"), "{}", page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("img-src 'self' data:;"), "{policy}");
    }
    let closed = server.realm(json!({})).await;
    let (_, iat) = initial(&server, &closed, json!({})).await;
    let known = registered(&server, &closed, Some(&iat), logo).await;
    let (_, page) = login_page(&server, &closed, &known, "").await;
    assert!(page.body.contains("client-logo") && page.body.contains("pixel.example.com"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("img-src 'self' data: https://pixel.example.com;"),
        "{policy}"
    );
}

/// DCR-20: a key of our texts, or of somebody's environment, is in an application's name what it is: text.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_20_expressions_stay_literal_in_what_an_application_says() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, iat) = initial(&server, &realm, json!({})).await;
    let told = registered(
        &server,
        &realm,
        Some(&iat),
        json!({ "client_name": "{{7*7}} <%=7*7%>" }),
    )
    .await;
    let (_, page) = login_page(&server, &realm, &told, "").await;
    assert!(page.body.contains("{{7*7}}"), "{}", page.body);
    // Even if it got there in another way.
    let path = format!("/{realm}/clients/{}", text(&told, "client_id"));
    for name in ["${client_account-console}", "${env.PATH}", "${vault.x}"] {
        let mut client = server.admin("GET", &path, Value::Null).await.json();
        client["name"] = json!(name);
        assert_eq!(server.admin("PUT", &path, client).await.status, 204);
        let (_, page) = login_page(&server, &realm, &told, "").await;
        assert!(page.body.contains(name), "{}", page.body);
        assert!(!page.body.contains("Account Console"));
    }
    // An administrator's own client may be named by a key.
    let own = json!({ "clientId": "own", "name": "${client_account}", "publicClient": true, "redirectUris": [BACK] });
    server.client(&realm, own).await;
    let page = server.get(&asking(&realm, &[("client_id", "own")])).await;
    assert!(page.body.contains("to continue to Account"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_in_the_visitors_language_is_shown_in_it() {
    let server = support::sqlite().await;
    let settings =
        json!({ "internationalizationEnabled": true, "supportedLocales": ["en", "de"], "defaultLocale": "en" });
    let realm = open_realm(&server, settings).await;
    let said = json!({
        "client_name": "Logbook", "client_name#de": "Logbuch", "tos_uri": "https://app.example.com/conditions-en",
        "tos_uri#DE": "https://app.example.com/bedingungen-de"
    });
    let told = registered(&server, &realm, None, said).await;
    let (_, german) = login_page(&server, &realm, &told, "de").await;
    assert!(
        german.body.contains("Logbuch") && german.body.contains("bedingungen-de"),
        "{}",
        german.body
    );
    assert!(!german.body.contains("Logbook") && !german.body.contains("conditions-en"));
    assert!(german.body.contains("Ungeprüfte Anwendung."));
    let (_, english) = login_page(&server, &realm, &told, "en").await;
    assert!(english.body.contains("Logbook") && english.body.contains("conditions-en"));
    assert!(!english.body.contains("Logbuch"));
}

/// Nor as an application that an administrator has made, in whatever letters.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_does_not_call_itself_as_an_application_of_an_administrator() {
    for server in support::servers().await {
        let realm = open_realm(&server, json!({})).await;
        let other = open_realm(&server, json!({})).await;
        let payroll = server
            .client(&realm, json!({ "clientId": "pay", "name": "Payroll" }))
            .await;
        let (_, iat) = initial(&server, &realm, json!({})).await;
        // Others that registered themselves may be called the same.
        for _ in 0..2 {
            registered(&server, &realm, None, json!({})).await;
        }
        let honest = registered(&server, &realm, None, json!({})).await;
        let uri = text(&honest, "registration_client_uri").replace("http://localhost:8080", "");
        let rat = text(&honest, "registration_access_token");
        for name in ["Payroll", "PAY ROLL", "\u{420}\u{430}yroll", "Payro11"] {
            for sent in [
                json!({ "client_name": name }),
                json!({ "client_name": "x", "client_name#de": name }),
            ] {
                let mut body = json!({ "redirect_uris": [BACK] });
                body.as_object_mut().unwrap().extend(support::members(sent.clone()));
                for answer in [
                    register(&server, &realm, None, &body).await,
                    register(&server, &realm, Some(&iat), &body).await,
                    server.with_token(rat, "PUT", &uri, sent.clone()).await,
                ] {
                    assert_eq!(
                        (answer.status, &answer.json()["error"]),
                        (400, &json!("invalid_client_metadata")),
                        "{name}: {}",
                        answer.body
                    );
                }
                let path = format!("/{realm}/client-registration-policy/evaluate");
                let tried = json!({ "metadata": body, "subType": "authenticated" });
                let told = server.admin("POST", &path, tried).await.json();
                assert_eq!(told["allowed"], false, "{told}");
            }
        }
        registered(&server, &other, None, json!({ "client_name": "Payroll" })).await;
        let path = format!("/{realm}/clients/{payroll}");
        let renamed = json!({ "name": "Wages" });
        assert_eq!(server.admin("PUT", &path, renamed).await.status, 204);
        let free = registered(&server, &realm, None, json!({ "client_name": "Payroll" })).await;
        // An administrator may give the name to whom they like; it stays free for its owner to keep.
        let back = json!({ "name": "Payroll" });
        assert_eq!(server.admin("PUT", &path, back).await.status, 204);
        let uri = text(&free, "registration_client_uri").replace("http://localhost:8080", "");
        let kept = server
            .with_token(
                text(&free, "registration_access_token"),
                "PUT",
                &uri,
                json!({ "client_name": "Payroll" }),
            )
            .await;
        assert_eq!(kept.status, 200, "{}", kept.body);
    }
}
