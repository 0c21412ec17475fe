//! A realm's policies judge applications as they would become.

use serde_json::{Value, json};
use vestibule::client_registration::policy::TYPE as POLICY_TYPE;
use vestibule::store::part::{self, Kind};
use vestibule::store::{client, realm};

use super::client_registration::{initial_token, make_realm, plain, register, text};
use super::support::{self, Server};

/// Changes the settings of a policy of a realm, or adds it.
async fn set_policy(server: &Server, realm: &str, provider: &str, auth: &str, config: Value) {
    let realm = realm::by_name(&server.app.db, realm).await.unwrap().unwrap();
    let known = realm
        .components_of(POLICY_TYPE)
        .find(|c| c.provider_id == provider && c.sub_type.as_deref() == Some(auth));
    let (id, name) = known.map_or_else(
        || (vestibule::random::uuid(), provider.to_owned()),
        |c| (c.id.clone(), c.name.clone().unwrap()),
    );
    let doc = json!({
        "id": id, "name": name, "providerId": provider, "providerType": POLICY_TYPE, "subType": auth, "parentId": realm.id,
        "config": config
    });
    let mut tx = server.app.db.begin().await.unwrap();
    part::put(
        &mut tx,
        &realm.id,
        Kind::Component,
        &id,
        &name,
        doc.as_object().unwrap(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn kept(server: &Server, told: &Value) -> client::Client {
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let found = client::read_by_client_id(&server.app.db, &realm.id, text(told, "client_id"))
        .await
        .unwrap();
    found.unwrap()
}

/// Trusts this machine, and clients at `a.example.com`.
async fn trust(server: &Server) {
    let hosts = json!({ "trusted-hosts": ["localhost", "a.example.com"] });
    set_policy(server, "r", "trusted-hosts", "anonymous", hosts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_by_name_of_the_policy() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let answer = register(&server, "r", None, &plain()).await;
    assert_eq!(answer.status, 403);
    let told = answer.json();
    assert_eq!(told["error"], "insufficient_scope");
    let expected = "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.";
    assert_eq!(told["error_description"], expected);
    assert_eq!(told["policy"], "Trusted Hosts");
    assert!(told["policyId"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_field_and_the_value() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    trust(&server).await;
    for (body, field, value) in [
        (
            json!({ "redirect_uris": ["https://b.example.com/cb"] }),
            "redirect_uris",
            "https://b.example.com/cb",
        ),
        (
            json!({ "client_uri": "https://b.example.com/" }),
            "client_uri",
            "https://b.example.com/",
        ),
        (
            json!({ "scope": "profile service_account" }),
            "scope",
            "service_account",
        ),
    ] {
        let answer = register(&server, "r", None, &body).await;
        assert_eq!(answer.status, 403, "{body}");
        assert_eq!(
            (&answer.json()["field"], &answer.json()["value"]),
            (&json!(field), &json!(value))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_stranger_gets_a_client_that_asks_and_hands_on_little() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    trust(&server).await;
    let answer = register(&server, "r", None, &plain()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let told = answer.json();
    let made = kept(&server, &told).await;
    assert!(made.flag("consentRequired") && !made.flag("fullScopeAllowed") && made.enabled());
    assert_eq!(made.secrets.rat_auth.as_deref(), Some("anonymous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_registration_stays_under_its_policies() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    trust(&server).await;
    let told = register(&server, "r", None, &plain()).await.json();
    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    let elsewhere = json!({ "redirect_uris": ["https://b.example.com/cb"] });
    assert_eq!(server.with_token(rat, "PUT", uri, elsewhere).await.status, 403);
    // What was allowed once is judged again with every change.
    set_policy(
        &server,
        "r",
        "trusted-hosts",
        "anonymous",
        json!({ "trusted-hosts": ["localhost", "c.example.com"] }),
    )
    .await;
    assert_eq!(
        server
            .with_token(rat, "PUT", uri, json!({ "client_name": "B" }))
            .await
            .status,
        403
    );
    assert_eq!(server.with_token(rat, "GET", uri, Value::Null).await.status, 200);
    set_policy(
        &server,
        "r",
        "trusted-hosts",
        "anonymous",
        json!({ "trusted-hosts": ["192.0.2.1"] }),
    )
    .await;
    for (method, body) in [("GET", Value::Null), ("PUT", json!({})), ("DELETE", Value::Null)] {
        assert_eq!(server.with_token(rat, method, uri, body).await.status, 403, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_has_no_more_clients_than_its_policy_lets() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    trust(&server).await;
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let count = client::count(&server.app.db, &realm.id).await.unwrap();
    let limit = json!({ "max-clients": [(count + 1).to_string()] });
    set_policy(&server, "r", "max-clients", "anonymous", limit).await;
    assert_eq!(register(&server, "r", None, &plain()).await.status, 201);
    let answer = register(&server, "r", None, &plain()).await;
    let text = format!("It's allowed to have max {} clients per realm", count + 1);
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains(&text), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_applications_at_once_do_not_pass_the_limit() {
    for server in support::servers().await {
        make_realm(&server, "r", json!({})).await;
        trust(&server).await;
        let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
        let count = client::count(&server.app.db, &realm.id).await.unwrap();
        let limit = json!({ "max-clients": [(count + 3).to_string()] });
        set_policy(&server, "r", "max-clients", "anonymous", limit).await;
        let asked = (0..20).map(|_| {
            let path = "/realms/r/clients-registrations/openid-connect";
            let headers = [("content-type", "application/json")];
            let request = support::build("POST", path, &headers, plain().to_string());
            let router = server.router.clone();
            tokio::spawn(async move { support::send(&router, request).await.status })
        });
        let answers = futures_util::future::join_all(asked).await;
        let made = answers.into_iter().filter(|a| *a.as_ref().unwrap() == 201).count();
        assert_eq!(made, 3);
        assert_eq!(client::count(&server.app.db, &realm.id).await.unwrap(), count + 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_have_to_wait_for_an_administrator() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    set_policy(&server, "r", "client-disabled", "authenticated", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    let told = register(&server, "r", Some(&token), &plain()).await.json();
    assert!(!kept(&server, &told).await.enabled());
    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    assert_eq!(server.with_token(rat, "GET", uri, Value::Null).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_the_realm_does_not_have_are_not_given_and_openid_is_no_scope() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    let body = json!({ "scope": "openid profile email offline_access microservice_access" });
    let answer = register(&server, "r", Some(&token), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["scope"], "profile email offline_access");
    let made = kept(&server, &answer.json()).await;
    assert_eq!(made.texts("defaultClientScopes"), ["basic"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_we_do_not_know_refuses() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    set_policy(&server, "r", "somebodys-own", "authenticated", json!({})).await;
    let token = initial_token(&server, "r", 1).await;
    assert_eq!(register(&server, "r", Some(&token), &plain()).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_be_stricter_than_the_realm_and_fill_in_what_is_missing() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    set_policy(
        &server,
        "r",
        "trusted-hosts",
        "token",
        json!({ "trusted-hosts": ["localhost", "blue.example"] }),
    )
    .await;
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let policy = realm
        .components
        .iter()
        .find(|c| c.sub_type.as_deref() == Some("token"))
        .unwrap();
    let given = json!({
        "count": -1, "policies": [policy.id], "scopes": ["profile"],
        "defaults": { "client_name": "Blue", "token_endpoint_auth_method": "none" }
    });
    let made = server.admin("POST", "/r/clients-initial-access", given).await.json();
    let token = text(&made, "token");
    let foreign = json!({ "redirect_uris": ["https://red.example/cb"] });
    assert_eq!(register(&server, "r", Some(token), &foreign).await.status, 403);
    let own = json!({ "redirect_uris": ["https://blue.example/cb"], "scope": "openid profile" });
    let answer = register(&server, "r", Some(token), &own).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let told = answer.json();
    assert_eq!(
        (&told["client_name"], &told["token_endpoint_auth_method"]),
        (&json!("Blue"), &json!("none"))
    );
    let wide = json!({ "redirect_uris": ["https://blue.example/cb"], "scope": "email" });
    assert_eq!(register(&server, "r", Some(token), &wide).await.status, 400);
    // Changes stay within, and a policy that was deleted does not set free.
    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    assert_eq!(server.with_token(rat, "PUT", uri, foreign).await.status, 403);
    let mut tx = server.app.db.begin().await.unwrap();
    part::remove(&mut tx, &realm.id, Kind::Component, &policy.id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(register(&server, "r", Some(token), &own).await.status, 403);
    assert_eq!(server.with_token(rat, "PUT", uri, own).await.status, 403);
}
