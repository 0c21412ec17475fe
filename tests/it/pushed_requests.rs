//! A client may leave its authorization request here and send the browser with a reference (RFC 9126).

use serde_json::{Value, json};
use vestibule::store::Query as _;

use crate::support::oidc::{CALLBACK, at, shop, text};
use crate::support::{self, Answer, Browser, Server, encode};

async fn push(server: &Server, realm: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("client_id", "back"), ("client_secret", "back-secret")];
    all.extend(fields);
    server.form(&at(realm, "ext/par/request"), &all).await
}

fn usual() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "pushed"),
    ]
}

fn opening(realm: &str, client: &str, uri: &str) -> String {
    let query = [
        ("client_id", client),
        ("request_uri", uri),
        ("state", "from the address"),
    ];
    format!("{}?{}", at(realm, "auth"), encode(&query))
}

async fn sign_in(browser: &mut Browser<'_>, page: &Answer) -> Answer {
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    browser.follow(answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_is_opened_by_its_client_and_signs_somebody_in_once() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let pushed = push(&server, &realm, &usual()).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        assert_eq!(pushed.json()["expires_in"], 60);
        let uri = text(&pushed.json(), "request_uri");
        assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"));

        let foreign = server.get(&opening(&realm, "shop", &uri)).await;
        assert_eq!(foreign.status, 400, "{}", foreign.body);

        let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
        let first = one.get(&opening(&realm, "back", &uri)).await;
        let first = one.follow(first).await;
        let second = two.get(&opening(&realm, "back", &uri)).await;
        let second = two.follow(second).await;
        // People take longer to sign in than a reference may be opened.
        server.app.clock.advance(120_000);
        vestibule::store::sweep::expired(&server.app.db, server.app.now())
            .await
            .unwrap();
        let back = sign_in(&mut one, &first).await;
        assert_eq!(back.location_parameter("state").as_deref(), Some("pushed"));
        assert!(back.location_parameter("code").is_some());
        let late = sign_in(&mut two, &second).await;
        assert_eq!(late.location_parameter("error").as_deref(), Some("invalid_request_uri"));
        let gone = server.get(&opening(&realm, "back", &uri)).await;
        assert_eq!(gone.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_good_for_a_minute_or_what_the_realm_says() {
    for server in support::servers().await {
        let realm = shop(&server, json!({ "attributes": { "parRequestUriLifespan": "10" } })).await;
        let pushed = push(&server, &realm, &usual()).await.json();
        assert_eq!(pushed["expires_in"], 10);
        server.app.clock.advance(10_000);
        let answer = server
            .get(&opening(&realm, "back", &text(&pushed, "request_uri")))
            .await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_authorization_endpoint_would_not_take_cannot_be_pushed() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (name, value, text) in [
        (
            "redirect_uri",
            "https://evil.example/cb",
            "Invalid parameter: redirect_uri",
        ),
        ("redirect_uri", "", "Invalid parameter: redirect_uri"),
        ("response_type", "", "Missing parameter: response_type"),
        ("response_type", "zzz", "Unsupported response type"),
        ("scope", "nonsense", "Invalid scopes: nonsense"),
        (
            "request_uri",
            "urn:x",
            "It is not allowed to include request_uri to PAR.",
        ),
    ] {
        let mut fields = usual();
        fields.retain(|(n, _)| *n != name);
        fields.push((name, value));
        let answer = push(&server, &realm, &fields).await;
        let expected: Value = json!({ "error": "invalid_request", "error_description": text });
        assert_eq!((answer.status, answer.json()), (400, expected), "{name}={value}");
    }
    let wrong = [
        ("client_id", "back"),
        ("client_secret", "wrong"),
        ("response_type", "code"),
    ];
    let answer = server.form(&at(&realm, "ext/par/request"), &wrong).await;
    let expected = json!({ "error": "invalid_request", "error_description": "Authentication failed." });
    assert_eq!((answer.status, answer.json()), (401, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_must_push_cannot_do_without() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let doc = json!({
        "clientId": "bank", "secret": "bank-secret", "redirectUris": [CALLBACK],
        "attributes": { "require.pushed.authorization.requests": "true" }
    });
    server.client(&realm, doc).await;
    let mut plain = usual();
    plain.push(("client_id", "bank"));
    let answer = server.get(&format!("{}?{}", at(&realm, "auth"), encode(&plain))).await;
    assert_eq!(
        answer.location_parameter("error_description").as_deref(),
        Some("Pushed Authorization Request is only allowed.")
    );
    let mut fields = usual();
    fields.extend([("client_id", "bank"), ("client_secret", "bank-secret")]);
    let pushed = server.form(&at(&realm, "ext/par/request"), &fields).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let page = server
        .get(&opening(&realm, "bank", &text(&pushed.json(), "request_uri")))
        .await;
    assert!(page.header("location").contains("/login-actions/"), "{}", page.body);
    // The secret of the client is not kept with what it pushed.
    let kept = server.app.db.clone();
    let mut row = kept
        .first("select doc from pushed_request", &[])
        .await
        .unwrap()
        .unwrap();
    assert!(!row.next::<String>().unwrap().contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_any_size_is_not_kept() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let many: Vec<String> = (0..20).map(|n| format!("own{n}")).collect();
    let value = "x".repeat(1_000);
    for (parameters, status) in [(10, 201), (20, 413)] {
        let mut fields = usual();
        fields.extend(many.iter().take(parameters).map(|name| (name.as_str(), value.as_str())));
        let answer = push(&server, &realm, &fields).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}
