//! Applications register themselves, manage themselves, and go.

use serde_json::{Map, Value, json};
use vestibule::store::{client, client_registration, initial_access, realm};

use super::support::{self, Answer, Server};

/// What a test registers when it does not matter.
pub fn plain() -> Value {
    json!({ "redirect_uris": ["https://a.example.com/cb"], "client_name": "A" })
}

/// A realm with the default policies; `attributes` are the realm's.
pub async fn make_realm(server: &Server, name: &str, attributes: Value) {
    let given = json!({ "enabled": true, "eventsEnabled": true, "attributes": attributes });
    let given = given.as_object().unwrap().clone();
    vestibule::realm_setup::create(&server.app, name, &given).await.unwrap();
}

/// An initial access token for so many registrations.
pub async fn initial_token(server: &Server, realm: &str, count: i64) -> String {
    initial_token_with(server, realm, count, 0, &[]).await.1
}

/// The id and the token; `expires` in epoch milliseconds.
pub async fn initial_token_with(
    server: &Server,
    realm: &str,
    count: i64,
    expires: i64,
    origins: &[String],
) -> (String, String) {
    let realm = realm::by_name(&server.app.db, realm).await.unwrap().unwrap();
    let new = initial_access::InitialAccess {
        id: vestibule::random::uuid(),
        realm_id: realm.id.clone(),
        created: server.app.now(),
        expires,
        uses: count,
        remaining: count,
        doc: Map::new(),
    };
    let mut tx = server.app.db.begin().await.unwrap();
    initial_access::add(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let caller = vestibule::caller::Caller {
        agent: None,
        base: format!("http://{}", support::HOST),
        prefix: "",
        ip: [127, 0, 0, 1].into(),
        secure_context: true,
        https: false,
        proofs: vestibule::possession::Proofs::default(),
    };
    let token =
        vestibule::client_registration::token::initial(&server.app, &realm, &caller, &new.id, expires / 1000, origins);
    (new.id, token.unwrap())
}

/// The id and the token of one that an administrator makes, for any number of registrations unless `more` says otherwise.
pub async fn initial(server: &Server, realm: &str, more: Value) -> (String, String) {
    let mut doc = json!({ "count": -1 });
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/{realm}/clients-initial-access");
    let told = server.admin("POST", &path, doc).await.json();
    (text(&told, "id").to_owned(), text(&told, "token").to_owned())
}

/// How often a token can still be used.
pub async fn remaining(server: &Server, realm: &str, id: &str) -> i64 {
    let realm = realm::by_name(&server.app.db, realm).await.unwrap().unwrap();
    let found = initial_access::by_id(&server.app.db, &realm.id, id).await.unwrap();
    found.unwrap().remaining
}

pub fn address(realm: &str) -> String {
    format!("/realms/{realm}/clients-registrations/openid-connect")
}

/// Registers, with a token or without one.
pub async fn register(server: &Server, realm: &str, token: Option<&str>, body: &Value) -> Answer {
    match token {
        Some(token) => server.with_token(token, "POST", &address(realm), body.clone()).await,
        None => server.json(&address(realm), body).await,
    }
}

#[track_caller]
pub fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_registers_with_an_initial_access_token() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let (id, token) = initial_token_with(&server, "r", 2, 0, &[]).await;
        let answer = register(&server, "r", Some(&token), &plain()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
        let told = answer.json();
        let uri = text(&told, "registration_client_uri");
        assert_eq!(answer.header("location"), uri);
        assert_eq!(
            uri,
            format!("http://{}{}/{}", support::HOST, address("r"), text(&told, "client_id"))
        );
        assert_eq!(told["client_secret_expires_at"], 0);
        assert_eq!(told["token_endpoint_auth_method"], "client_secret_basic");
        assert!(text(&told, "client_secret").len() >= 43);
        assert_eq!(remaining(&server, "r", &id).await, 1);

        let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
        let kept = client::by_client_id(&server.app.db, &realm.id, text(&told, "client_id"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.id, kept.client_id);
        assert!(kept.secrets.hash.is_some() && kept.secrets.sealed.is_none());
        // The realm's, but those of SAML.
        let expected = ["profile", "email", "roles", "web-origins", "acr", "basic"];
        assert_eq!(kept.texts("defaultClientScopes"), expected);
        let origin = client_registration::of_client(&server.app.db, &realm.id, &kept.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (origin.source.as_str(), origin.token_id.as_deref()),
            ("token", Some(id.as_str()))
        );
        assert_eq!(origin.ip_address.as_deref(), Some("127.0.0.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_application_gets_pkce_and_no_secret() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    // The body of the guide, attributes and all.
    let body = json!({
        "redirect_uris": ["https://my-spa.example.com/callback"], "client_name": "My Public SPA",
        "grant_types": ["authorization_code"], "response_types": ["code"], "token_endpoint_auth_method": "none",
        "require_pushed_authorization_requests": false, "scope": "openid profile",
        "attributes": { "oauth2.pkce.code.challenge.method": "S256" }
    });
    let told = register(&server, "r", Some(&token), &body).await.json();
    assert!(
        told.get("client_secret").is_none() && told.get("client_secret_expires_at").is_none(),
        "{told}"
    );
    assert_eq!(told["scope"], "profile");
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let kept = client::by_client_id(&server.app.db, &realm.id, text(&told, "client_id"))
        .await
        .unwrap()
        .unwrap();
    assert!(kept.public() && kept.secrets.hash.is_none());
    assert_eq!(kept.attribute("pkce.code.challenge.method"), Some("S256"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_read_changed_and_given_up_with_its_own_token() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let token = initial_token(&server, "r", 1).await;
        let told = register(&server, "r", Some(&token), &plain()).await.json();
        let (uri, rat) = (
            text(&told, "registration_client_uri"),
            text(&told, "registration_access_token"),
        );

        let read = server.with_token(rat, "GET", uri, Value::Null).await;
        assert_eq!(read.status, 200, "{}", read.body);
        let read = read.json();
        assert_eq!(read["registration_access_token"], rat);
        assert!(read.get("client_secret").is_none(), "a secret is told once");

        // Without `client_id`, and what is not sent stays.
        let change = json!({ "redirect_uris": ["https://a.example.com/new"] });
        let changed = server.with_token(rat, "PUT", uri, change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let changed = changed.json();
        assert_eq!(
            (&changed["client_name"], &changed["redirect_uris"][0]),
            (&json!("A"), &json!("https://a.example.com/new"))
        );

        // The whole answer, sent back.
        let next = text(&changed, "registration_access_token");
        let again = server.with_token(next, "PUT", uri, changed.clone()).await;
        assert_eq!(again.status, 200, "{}", again.body);
        let last = again.json();
        let last = text(&last, "registration_access_token");

        let gone = server.with_token(last, "DELETE", uri, Value::Null).await;
        assert_eq!((gone.status, gone.body.as_str()), (204, ""));
        let after = server.with_token(last, "GET", uri, Value::Null).await;
        assert_eq!(after.status, 401);
        assert!(
            after
                .header("www-authenticate")
                .starts_with("Bearer realm=\"r\", error=\"invalid_token\"")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_registration_token_is_good_until_the_new_one_is_used() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let token = initial_token(&server, "r", 1).await;
        let told = register(&server, "r", Some(&token), &plain()).await.json();
        let (uri, first) = (
            text(&told, "registration_client_uri"),
            text(&told, "registration_access_token"),
        );
        let status = async |token: &str| server.with_token(token, "GET", uri, Value::Null).await.status;
        let change = async |token: &str| {
            let told = server.with_token(token, "PUT", uri, plain()).await.json();
            text(&told, "registration_access_token").to_owned()
        };
        // The answer with the second token is lost: the first one still changes, and gets a third.
        let second = change(first).await;
        assert_eq!(status(first).await, 200);
        let third = change(first).await;
        assert_eq!((status(&second).await, status(first).await), (401, 200));
        assert_eq!(status(&third).await, 200);
        assert_eq!(status(first).await, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_disabled_does_not_answer_and_does_not_enable_itself() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    let told = register(&server, "r", Some(&token), &plain()).await.json();
    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let found = client::by_client_id(&server.app.db, &realm.id, text(&told, "client_id"))
        .await
        .unwrap()
        .unwrap();
    let mut disabled = (*found).clone();
    disabled.doc.insert("enabled".into(), json!(false));
    let mut tx = server.app.db.begin().await.unwrap();
    client::update(&mut tx, &disabled).await.unwrap();
    tx.commit().await.unwrap();
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", json!({ "enabled": true })),
        ("DELETE", Value::Null),
    ] {
        assert_eq!(server.with_token(rat, method, uri, body).await.status, 401, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_others_and_unknown_clients_get_the_same_answer() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 2).await;
    let one = register(&server, "r", Some(&token), &plain()).await.json();
    let two = register(&server, "r", Some(&token), &plain()).await.json();
    let rat = text(&two, "registration_access_token");
    let uri = text(&one, "registration_client_uri");
    let unknown = format!("{}/nope", address("r"));
    for method in ["GET", "PUT", "DELETE"] {
        let body = if method == "PUT" { plain() } else { Value::Null };
        let foreign = server.with_token(rat, method, uri, body.clone()).await;
        let missing = server.with_token(rat, method, &unknown, body).await;
        assert_eq!((foreign.status, &foreign.body), (401, &missing.body), "{method}");
    }
    let other = json!({ "client_id": text(&one, "client_id") });
    let answer = server
        .with_token(rat, "PUT", text(&two, "registration_client_uri"), other)
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error_description"]),
        (400, &json!("Client Identifier modified"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_prefixes_are_one_place_and_keep_their_address() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 2).await;
    let path = format!("/auth{}", address("r"));
    let told = server.with_token(&token, "POST", &path, plain()).await.json();
    let uri = text(&told, "registration_client_uri");
    assert!(
        uri.starts_with(&format!("http://{}/auth/realms/r/", support::HOST)),
        "{uri}"
    );
    let rat = text(&told, "registration_access_token");
    assert_eq!(server.with_token(rat, "GET", uri, Value::Null).await.status, 200);
    assert_eq!(
        server
            .with_token(rat, "GET", &uri.replace("/auth/", "/"), Value::Null)
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_says_who_may_register() {
    let server = support::sqlite().await;
    for (access, without, with) in [
        ("optional", 403, 201),
        ("required", 401, 201),
        ("open", 201, 201),
        ("off", 404, 404),
    ] {
        make_realm(&server, access, json!({ "clientRegistration.access": access })).await;
        let token = initial_token(&server, access, 1).await;
        assert_eq!(
            register(&server, access, None, &plain()).await.status,
            without,
            "{access}"
        );
        assert_eq!(
            register(&server, access, Some(&token), &plain()).await.status,
            with,
            "{access}"
        );
        let realm = realm::by_name(&server.app.db, access).await.unwrap().unwrap();
        assert_eq!(vestibule::client_registration::offered(&realm), access != "off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_its_account_and_loses_it() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        let token = initial_token(&server, "r", 1).await;
        let service = json!({ "grant_types": ["client_credentials"], "scope": "openid profile email" });
        let told = register(&server, "r", Some(&token), &service).await.json();
        let (uri, rat) = (
            text(&told, "registration_client_uri"),
            text(&told, "registration_access_token"),
        );
        let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
        let account = async || {
            let found =
                vestibule::store::user::service_account(&server.app.db, &realm.id, text(&told, "client_id")).await;
            found.unwrap().map(|user| user.username)
        };
        assert_eq!(
            account().await,
            Some(format!("service-account-{}", text(&told, "client_id")))
        );
        let answer = server
            .with_token(rat, "PUT", uri, json!({ "grant_types": ["authorization_code"] }))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(account().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_new_when_the_method_needs_another_and_gone_when_none() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    let told = register(&server, "r", Some(&token), &plain()).await.json();
    let uri = text(&told, "registration_client_uri");
    let mut rat = text(&told, "registration_access_token").to_owned();
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    for (method, shown, hashed, sealed) in [
        ("client_secret_post", false, true, false),
        ("client_secret_jwt", true, true, true),
        ("client_secret_basic", false, true, false),
        ("none", false, false, false),
        ("client_secret_basic", true, true, false),
    ] {
        let told = server
            .with_token(&rat, "PUT", uri, json!({ "token_endpoint_auth_method": method }))
            .await
            .json();
        assert_eq!(told.get("client_secret").is_some(), shown, "{method}: {told}");
        rat = text(&told, "registration_access_token").to_owned();
        let kept = client::by_client_id(&server.app.db, &realm.id, text(&told, "client_id"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (kept.secrets.hash.is_some(), kept.secrets.sealed.is_some()),
            (hashed, sealed),
            "{method}"
        );
    }
}
