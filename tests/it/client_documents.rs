//! Client ID Metadata Documents: an application describes itself at the address that is its `client_id`.

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};

use crate::support::oidc::{at, claims, text, token};
use crate::support::site::Site;
use crate::support::{self, Answer, Browser, Server, encode};

pub const CALLBACK: &str = "https://app.example/cb";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-for-pkce-1234567";

pub async fn servers() -> Vec<Server> {
    support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]).await
}

pub async fn one_server() -> Server {
    servers().await.remove(0)
}

pub async fn realm(server: &Server, more: Value) -> String {
    let mut attributes = json!({ "clientRegistration.cimd": "on" });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let realm = server
        .realm(json!({ "eventsEnabled": true, "attributes": attributes }))
        .await;
    server.user(&realm, "ann", "correct horse").await;
    server.user(&realm, "bob", "correct horse").await;
    realm
}

pub fn asking(realm: &str, client_id: &str, over: &[(&str, &str)]) -> String {
    let challenge = b64url(&sha256(VERIFIER.as_bytes()));
    let usual = [
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual.iter().filter(|(name, _)| !over.iter().any(|(n, _)| n == name));
    let pairs: Vec<(&str, &str)> = kept
        .chain(over.iter().filter(|(_, v)| !v.is_empty()))
        .copied()
        .collect();
    format!("{}?{}", at(realm, "auth"), encode(&pairs))
}

/// Opens the request in a browser, as far as it goes by itself; signs in where that is asked.
pub async fn open(browser: &mut Browser<'_>, address: &str, who: &str) -> Answer {
    let page = browser.get(address).await;
    let page = browser.follow(page).await;
    if !page.body.contains("kc-form-login") {
        return page;
    }
    let fields = [("username", who), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    browser.follow(answer).await
}

fn consent(page: &Answer) -> Option<support::Form> {
    page.forms()
        .into_iter()
        .find(|form| form.action.contains("/login-actions/consent"))
}

pub async fn say_yes(browser: &mut Browser<'_>, page: &Answer) -> Answer {
    let form = consent(page).unwrap_or_else(|| panic!("not asked: {} {}", page.status, page.body));
    let answer = browser.submit(&form, &[("accept", "Yes")]).await;
    browser.follow(answer).await
}

pub async fn redeem(server: &Server, realm: &str, client_id: &str, answer: &Answer, more: &[(&str, &str)]) -> Answer {
    let code = answer
        .location_parameter("code")
        .unwrap_or_else(|| panic!("no code: {} {}", answer.header("location"), answer.body));
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    fields.extend(more);
    token(server, realm, &fields).await
}

async fn refresh(server: &Server, realm: &str, client_id: &str, tokens: &Value) -> Answer {
    let refresh_token = text(tokens, "refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", &refresh_token),
    ];
    token(server, realm, &fields).await
}

/// The client as the Admin API has it.
async fn kept(server: &Server, realm: &str, client_id: &str) -> Value {
    let query = encode(&[("clientId", client_id)]);
    server
        .admin("GET", &format!("/{realm}/clients?{query}"), Value::Null)
        .await
        .json()[0]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_nobody_registered_signs_people_in() {
    for server in servers().await {
        let site = Site::open().await;
        let realm = realm(&server, json!({})).await;
        let found = server
            .get(&format!("/.well-known/oauth-authorization-server/realms/{realm}"))
            .await
            .json();
        assert_eq!(found["client_id_metadata_document_supported"], true);
        assert!(
            found["token_endpoint_auth_methods_supported"]
                .as_array()
                .unwrap()
                .contains(&json!("none"))
        );
        let id = site.describe("/sextant.json", json!({ "logo_uri": site.address("/logo.png") }));

        let mut ann = Browser::new(&server);
        let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        for shown in [
            "Sextant",
            "Unverified application",
            "at 127.0.0.1",
            "sent to app.example",
            "Email address",
        ] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert_eq!(
            kept(&server, &realm, &id).await,
            Value::Null,
            "nothing is kept of what nobody agreed to"
        );
        let answer = say_yes(&mut ann, &page).await;
        let tokens = redeem(&server, &realm, &id, &answer, &[]).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        let tokens = tokens.json();
        assert_eq!(claims(&text(&tokens, "access_token"))["azp"], id.as_str());

        let client = kept(&server, &realm, &id).await;
        assert_eq!(
            (
                &client["publicClient"],
                &client["consentRequired"],
                &client["fullScopeAllowed"]
            ),
            (&json!(true), &json!(true), &json!(false))
        );
        let uuid = text(&client, "id");
        let told = server
            .admin("GET", &format!("/{realm}/clients/{uuid}/registration"), Value::Null)
            .await
            .json();
        assert_eq!(told["source"], "cimd");
        let events = server
            .admin(
                "GET",
                &format!(
                    "/{realm}/events?client={}",
                    encode(&[("", &id)]).trim_start_matches('=')
                ),
                Value::Null,
            )
            .await;
        for kind in ["CLIENT_REGISTER", "LOGIN", "CODE_TO_TOKEN"] {
            assert!(events.body.contains(&format!("\"{kind}\"")), "{kind}: {}", events.body);
        }
        let again = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        assert!(
            again.location_parameter("code").is_some(),
            "asked again: {}",
            again.body
        );
        assert_eq!(refresh(&server, &realm, &id, &tokens).await.status, 200);
        assert_eq!(site.hits(), 1, "the logo is not fetched, and the description once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_said_yes_to_another_description_is_asked_again() {
    for server in servers().await {
        let site = Site::open().await;
        let realm = realm(&server, json!({})).await;
        let id = site.describe("/c", json!({}));
        let (mut ann, mut bob) = (Browser::new(&server), Browser::new(&server));
        let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        let answer = say_yes(&mut ann, &page).await;
        let of_ann = redeem(&server, &realm, &id, &answer, &[]).await.json();
        let page = open(&mut bob, &asking(&realm, &id, &[]), "bob").await;

        site.describe("/c", json!({ "client_name": "Astrolabe" }));
        server.app.clock.advance(301_000);
        // Bob was shown the old one: his yes is to nothing that there is.
        let shown = say_yes(&mut bob, &page).await;
        assert!(
            consent(&shown).is_some() && shown.body.contains("Astrolabe"),
            "{}",
            shown.body
        );
        assert_eq!(kept(&server, &realm, &id).await["name"], "Sextant");
        assert_eq!(
            refresh(&server, &realm, &id, &of_ann).await.status,
            200,
            "what ann allowed holds"
        );
        assert!(say_yes(&mut bob, &shown).await.location_parameter("code").is_some());
        assert_eq!(kept(&server, &realm, &id).await["name"], "Astrolabe");

        assert_eq!(
            refresh(&server, &realm, &id, &of_ann).await.status,
            400,
            "ann has not allowed that"
        );
        let silent = ann.get(&asking(&realm, &id, &[("prompt", "none")])).await;
        assert!(
            ["interaction_required", "consent_required"]
                .contains(&silent.location_parameter("error").unwrap().as_str())
        );
        let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        assert!(page.body.contains("Astrolabe") && consent(&page).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_switched_off_or_removed_stays_so() {
    for server in servers().await {
        let site = Site::open().await;
        let realm = realm(&server, json!({})).await;
        let id = site.describe("/c", json!({}));
        let mut ann = Browser::new(&server);
        let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        let answer = say_yes(&mut ann, &page).await;
        let tokens = redeem(&server, &realm, &id, &answer, &[]).await.json();
        let uuid = text(&kept(&server, &realm, &id).await, "id");
        let path = format!("/{realm}/clients/{uuid}");

        server.admin("PUT", &path, json!({ "enabled": false })).await;
        site.describe("/c", json!({ "client_name": "Changed" }));
        server.app.clock.advance(301_000);
        let closed = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        assert_eq!((closed.status, closed.location_parameter("code")), (400, None));
        assert_eq!(refresh(&server, &realm, &id, &tokens).await.status, 401);

        let page = {
            server.admin("PUT", &path, json!({ "enabled": true })).await;
            open(&mut ann, &asking(&realm, &id, &[]), "ann").await
        };
        assert!(consent(&page).is_some());
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        let late = ann.submit(&consent(&page).unwrap(), &[("accept", "Yes")]).await;
        assert_eq!(
            ann.follow(late).await.location_parameter("code"),
            None,
            "the page was open when it was removed"
        );
        let gone = Browser::new(&server).get(&asking(&realm, &id, &[])).await;
        assert_eq!(gone.status, 400);
        assert!(gone.body.contains("Client not found"), "{}", gone.body);
        assert_eq!(kept(&server, &realm, &id).await, Value::Null);
        // Another realm decides for itself.
        let other = self::realm(&server, json!({})).await;
        assert_eq!(server.get(&asking(&other, &id, &[])).await.status, 200);
        // One that an administrator makes is a client as others are.
        server
            .client(
                &realm,
                json!({ "clientId": id, "publicClient": true, "redirectUris": [CALLBACK] }),
            )
            .await;
        assert_eq!(server.get(&asking(&realm, &id, &[])).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_bound_and_redirects_are_the_documents() {
    let server = one_server().await;
    let site = Site::open().await;
    let realm = realm(&server, json!({})).await;
    let id = site.describe(
        "/c",
        json!({ "redirect_uris": [CALLBACK, "http://127.0.0.1/cb", "http://[::1]/cb"] }),
    );
    for (over, status, error) in [
        (
            vec![("code_challenge", ""), ("code_challenge_method", "")],
            302,
            Some("invalid_request"),
        ),
        (vec![("code_challenge_method", "plain")], 302, Some("invalid_request")),
        (vec![("redirect_uri", "https://app.example/other")], 400, None),
        (vec![("redirect_uri", "")], 400, None),
        (vec![("response_type", "token")], 302, Some("unauthorized_client")),
        (vec![("redirect_uri", "http://127.0.0.1:49152/cb")], 200, None),
        (vec![("redirect_uri", "http://[::1]:49152/cb")], 200, None),
    ] {
        let answer = server.get(&asking(&realm, &id, &over)).await;
        assert_eq!(
            (answer.status, answer.location_parameter("error").as_deref()),
            (status, error),
            "{over:?}: {}",
            answer.body
        );
    }
    let mut ann = Browser::new(&server);
    let page = open(
        &mut ann,
        &asking(&realm, &id, &[("redirect_uri", "http://[::1]:49152/cb")]),
        "ann",
    )
    .await;
    assert!(page.body.contains("a program on this device ([::1])"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_realm_decides_whose_applications_it_takes() {
    let server = one_server().await;
    let site = Site::open().await;
    let id = site.describe("/c", json!({}));
    let status = async |attributes: Value| {
        let realm = realm(&server, attributes).await;
        (server.get(&asking(&realm, &id, &[])).await, realm)
    };
    let (off, realm) = status(json!({ "clientRegistration.cimd": "off" })).await;
    assert!(off.status == 400 && off.body.contains("Client not found"));
    let found = server
        .get(&format!("/realms/{realm}/.well-known/openid-configuration"))
        .await
        .json();
    assert!(found.get("client_id_metadata_document_supported").is_none());
    assert_eq!(site.hits(), 0);
    let (foreign, _) = status(json!({ "clientRegistration.cimd.domains": "app.example, *.other.example" })).await;
    assert!(
        foreign.status == 400 && foreign.body.contains("no applications of its host"),
        "{}",
        foreign.body
    );
    assert_eq!(site.hits(), 0, "nothing is fetched that would not be taken");
    let (waiting, _) = status(json!({ "clientRegistration.approval": "required" })).await;
    assert!(
        waiting.status == 400 && waiting.body.contains("approved"),
        "{}",
        waiting.body
    );
    let (listed, realm) = status(json!({ "clientRegistration.cimd.domains": "app.example, 127.0.0.1" })).await;
    assert_eq!(listed.status, 200);

    let mut ann = Browser::new(&server);
    let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
    let answer = say_yes(&mut ann, &page).await;
    let tokens = redeem(&server, &realm, &id, &answer, &[]).await.json();
    let policy = json!({
        "name": "Only ours", "providerId": "allowed-redirect-uris", "subType": "anonymous",
        "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
        "config": { "hosts": ["ours.example"] }
    });
    assert_eq!(
        server
            .admin("POST", &format!("/{realm}/components"), policy)
            .await
            .status,
        201
    );
    let fresh = site.describe("/d", json!({}));
    let refused = server.get(&asking(&realm, &fresh, &[])).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let attributes = json!({ "attributes": { "clientRegistration.cimd": "off" } });
    server.admin("PUT", &format!("/{realm}"), attributes).await;
    assert_eq!(server.get(&asking(&realm, &id, &[])).await.status, 400);
    assert_eq!(
        refresh(&server, &realm, &id, &tokens).await.status,
        401,
        "switched off is off for all"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_say_yes_at_once_to_one_client() {
    for server in servers().await {
        let site = Site::open().await;
        let realm = realm(&server, json!({})).await;
        let id = site.describe("/c", json!({}));
        let mut pages = Vec::new();
        for n in 0..8 {
            let who = format!("user{n}");
            server.user(&realm, &who, "correct horse").await;
            let mut browser = Browser::new(&server);
            let page = open(&mut browser, &asking(&realm, &id, &[]), &who).await;
            pages.push((browser, page));
        }
        let all = pages.iter_mut().map(|(browser, page)| say_yes(browser, page));
        for answer in futures_util::future::join_all(all).await {
            assert!(answer.location_parameter("code").is_some(), "{}", answer.body);
        }
        let found = server
            .admin(
                "GET",
                &format!("/{realm}/client-registrations?source=cimd"),
                Value::Null,
            )
            .await
            .json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_bound_to_what_is_kept() {
    let server = one_server().await;
    let site = Site::open().await;
    let realm = realm(&server, json!({ "clientRegistration.quota.realm": "1" })).await;
    let mut ann = Browser::new(&server);
    for (path, kept) in [("/a", true), ("/b", false)] {
        let id = site.describe(path, json!({}));
        let page = open(&mut ann, &asking(&realm, &id, &[]), "ann").await;
        let answer = say_yes(&mut ann, &page).await;
        assert_eq!(
            answer.location_parameter("code").is_some(),
            kept,
            "{path}: {}",
            answer.body
        );
    }
}
