//! What has been tried on others who let applications register themselves (the ids are those of our list of attacks).

use regex::Regex;
use serde_json::{Value, json};

use crate::admin_clients::token_with;
use crate::authorize::asking;
use crate::client_policies::{lay, when};
use crate::client_registration::{address, initial, register, text};
use crate::login::sign_in;
use crate::registration_faces::{consent_page, login_page, open_realm, registered};
use crate::support::oidc::{at, claims};
use crate::support::{self, Browser, Server};

/// DCR-06: conditions are judged on what a client becomes, not on what it was.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_06_a_public_client_that_becomes_confidential_is_judged_as_one() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let strict = json!({ "allowed-client-authenticators": ["client-jwt"] });
    let confidential = when("client-access-type", &json!({ "type": ["confidential"] }));
    lay(&server, &realm, "secure-client-authenticator", strict, confidential).await;
    let told = registered(
        &server,
        &realm,
        Some(&token),
        json!({ "token_endpoint_auth_method": "none" }),
    )
    .await;
    let (uri, rat) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    let weak = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    let refused = server.with_token(rat, "PUT", uri, weak).await;
    assert!(refused.status == 400 || refused.status == 403, "{}", refused.body);
    assert!(refused.body.contains("token_endpoint_auth_method"), "{}", refused.body);
    let kept = server.with_token(rat, "GET", uri, Value::Null).await.json();
    assert_eq!(kept["token_endpoint_auth_method"], "none");
    let renamed = server
        .with_token(rat, "PUT", uri, json!({ "client_name": "Other" }))
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
}

/// DCR-12: a scope that means nothing gives nothing.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_12_who_asks_for_nonsense_does_not_get_more() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    for (asked, given) in [("nonsense", ""), ("nonsense email", "email"), ("", ""), ("* admin", "")] {
        let told = registered(&server, &realm, Some(&token), json!({ "scope": asked })).await;
        assert_eq!(told["scope"], given, "{asked}");
        let path = format!("/{realm}/clients?clientId={}", text(&told, "client_id"));
        let kept = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(kept[0]["defaultClientScopes"], json!(["basic"]), "{asked}");
    }
    let told = registered(&server, &realm, Some(&token), json!({})).await;
    assert!(
        text(&told, "scope").contains("offline_access"),
        "who asks for nothing has the realm's: {told}"
    );
}

/// The names of a page's elements, in order.
fn elements(page: &str) -> Vec<String> {
    let tag = Regex::new(r"</?([a-zA-Z0-9]+)").unwrap();
    tag.captures_iter(page).map(|found| found[1].to_owned()).collect()
}

/// DCR-14: what is hostile is refused, or stands on the pages as the text that it is.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_14_hostile_metadata_is_refused_or_shown_as_text() {
    let server = support::sqlite().await;
    let realm = open_realm(&server, json!({})).await;
    server.user(&realm, "ann", "Passw0rd!").await;
    let honest = registered(&server, &realm, None, json!({ "client_name": "Honest" })).await;
    let (_, honest_login) = login_page(&server, &realm, &honest, "").await;
    let honest_consent = consent_page(&server, &realm, &honest).await;
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "<b>x</b>",
        "' onmouseover='alert(1)",
        "{{7*7}}",
        "{% raw %}",
        "{0} {1}",
        "<%=7*7%>",
        "</title><h1>x",
    ] {
        let told = registered(&server, &realm, None, json!({ "client_name": name })).await;
        assert_eq!(told["client_name"], name);
        let (_, login) = login_page(&server, &realm, &told, "").await;
        let consent = consent_page(&server, &realm, &told).await;
        for (page, plain) in [(login, &honest_login), (consent, &honest_consent)] {
            assert_eq!(elements(&page.body), elements(&plain.body), "{name}: {}", page.body);
            let reckoned = name.contains("7*7") && !page.body.contains("7*7");
            assert!(!reckoned, "{name}: {}", page.body);
        }
    }
    for member in ["client_uri", "logo_uri", "policy_uri", "tos_uri", "tos_uri#de"] {
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "https://a.example.com/\"><script>alert(1)</script>",
            "https://user@a.example.com/",
            "//a.example.com/",
        ] {
            let body = json!({ "redirect_uris": ["https://app.example.com/cb"], member: url });
            let answer = register(&server, &realm, None, &body).await;
            assert_eq!(answer.status, 400, "{member} {url}: {}", answer.body);
        }
    }
}

/// DCR-15: what each kind of token may do at each address.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_15_each_token_does_what_it_is_for_and_nothing_else() {
    let server = support::sqlite().await;
    let (realm, foreign) = (server.realm(json!({})).await, server.realm(json!({})).await);
    let (_, iat) = initial(&server, &realm, json!({})).await;
    let (_, foreign_iat) = initial(&server, &foreign, json!({})).await;
    let nobody = token_with(&server, &realm, "nobody", &[]).await;
    let creator = token_with(&server, &realm, "creator", &["create-client"]).await;
    let viewer = token_with(&server, &realm, "viewer", &["view-clients"]).await;
    let manager = token_with(&server, &realm, "manager", &["manage-clients"]).await;
    let foreigner = token_with(&server, &foreign, "manager", &["manage-clients"]).await;
    let other = registered(&server, &realm, Some(&iat), json!({})).await;
    let other = text(&other, "registration_access_token").to_owned();
    let same = |code: u16| [code; 5];
    // POST, GET, PUT, POST .../secret, DELETE.
    for (who, token, expected) in [
        ("nobody at all", "", [403, 401, 401, 401, 401]),
        ("garbage", "garbage", same(401)),
        ("an initial access token", &iat, [201, 401, 401, 401, 401]),
        ("another realm's", &foreign_iat, same(401)),
        ("the client's own", "OWN", [403, 200, 200, 200, 204]),
        ("another client's", &other, [403, 401, 401, 401, 401]),
        ("a user without roles", &nobody, same(403)),
        ("create-client", &creator, [201, 403, 403, 403, 403]),
        ("view-clients", &viewer, [403, 200, 403, 403, 403]),
        ("manage-clients", &manager, [201, 200, 200, 200, 204]),
        ("manage-clients elsewhere", &foreigner, same(401)),
    ] {
        let told = registered(&server, &realm, Some(&iat), json!({})).await;
        let (uri, own) = (
            text(&told, "registration_client_uri"),
            text(&told, "registration_access_token"),
        );
        let token = if token == "OWN" { own } else { token };
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let secret = format!("{uri}/secret");
        let collection = address(&realm);
        let new = json!({ "redirect_uris": ["https://app.example.com/cb"] }).to_string();
        let mut seen = Vec::new();
        for (method, path, body) in [
            ("POST", collection.as_str(), new.as_str()),
            ("GET", uri, ""),
            ("PUT", uri, r#"{"client_name":"Renamed"}"#),
            ("POST", &secret, ""),
            ("DELETE", uri, ""),
        ] {
            let answer = server.request(method, path, &headers, body).await;
            let tells = answer.body.contains("client_secret\"") || answer.body.contains("registration_access_token");
            assert!(answer.status < 300 || !tells, "{who} {method}: {}", answer.body);
            seen.push(answer.status);
        }
        assert_eq!(seen, expected, "{who}");
    }
}

/// DCR-16: the rights of an administrator do not pass to an application that registered itself, by one link.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_16_an_administrators_rights_do_not_pass_to_what_registered_itself() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (_, iat) = initial(&server, &realm, json!({})).await;
        token_with(&server, &realm, "boss", &["view-users", "manage-clients"]).await;
        let told = registered(&server, &realm, Some(&iat), json!({})).await;
        let id = text(&told, "client_id");
        let path = format!("/{realm}/clients/{id}");
        let roles = |token: &str| claims(token)["resource_access"]["realm-management"]["roles"].clone();

        let token = token_by_code(&server, &realm, &told, "boss").await;
        assert_eq!(roles(&token), Value::Null);
        let users = format!("/admin/realms/{realm}/users");
        assert_eq!(server.with_token(&token, "GET", &users, Value::Null).await.status, 403);
        let new = json!({ "redirect_uris": ["https://app.example.com/cb"] });
        let refused = server.with_token(&token, "POST", &address(&realm), new).await;
        assert_eq!(refused.status, 403, "{}", refused.body);

        // An administrator maps one of them to its scope.
        let found = server
            .admin(
                "GET",
                &format!("/{realm}/clients?clientId=realm-management"),
                Value::Null,
            )
            .await
            .json();
        let holder = text(&found[0], "id");
        let role = format!("/{realm}/clients/{holder}/roles/view-users");
        let role = server.admin("GET", &role, Value::Null).await.json();
        let mapped = format!("{path}/scope-mappings/clients/{holder}");
        assert_eq!(server.admin("POST", &mapped, json!([role])).await.status, 204);
        let token = token_by_code(&server, &realm, &told, "boss").await;
        assert!(roles(&token).as_array().unwrap().contains(&json!("view-users")));
        assert!(!roles(&token).as_array().unwrap().contains(&json!("manage-clients")));
        assert_eq!(server.with_token(&token, "GET", &users, Value::Null).await.status, 200);

        // Or vouches for it, until it shows another face.
        let mut client = server.admin("GET", &path, Value::Null).await.json();
        client["attributes"]["client.verified"] = json!("true");
        assert_eq!(server.admin("PUT", &path, client).await.status, 204);
        let token = token_by_code(&server, &realm, &told, "boss").await;
        assert!(roles(&token).as_array().unwrap().contains(&json!("manage-clients")));
        let (uri, rat) = (
            text(&told, "registration_client_uri"),
            text(&told, "registration_access_token"),
        );
        let renamed = server
            .with_token(rat, "PUT", uri, json!({ "client_name": "Other" }))
            .await;
        assert_eq!(renamed.status, 200, "{}", renamed.body);
        let token = token_by_code(&server, &realm, &told, "boss").await;
        assert!(!roles(&token).as_array().unwrap().contains(&json!("manage-clients")));
    }
}

/// An access token for a confidential client, after somebody signed in to it.
async fn token_by_code(server: &Server, realm: &str, told: &Value, user: &str) -> String {
    let id = text(told, "client_id");
    let mut browser = Browser::new(server);
    let page = browser.get(&asking(realm, &[("client_id", id)])).await;
    let answer = sign_in(&mut browser, &page, user, "pw").await;
    let code = answer.location_parameter("code");
    let code = code.unwrap_or_else(|| panic!("no code: {} {}", answer.header("location"), answer.body));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", text(told, "client_secret")),
        ("redirect_uri", "https://app.example.com/cb"),
        ("code", &code),
    ];
    let answer = server.form(&at(realm, "token"), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.json(), "access_token").to_owned()
}

/// DCR-21: ways to authenticate, and mappers, that nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_21_an_unknown_authenticator_or_mapper_is_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, iat) = initial(&server, &realm, json!({})).await;
    let path = format!("/realms/{realm}/clients-registrations/default");
    let mapper = |kind: &str| json!([{ "name": "m", "protocol": "openid-connect", "protocolMapper": kind }]);
    let good = json!({ "clientId": "good", "clientAuthenticatorType": "client-secret-jwt" });
    let made = server.with_token(&iat, "POST", &path, good).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (uri, told) = (made.header("location").to_owned(), made.json());
    let rat = text(&told, "registrationAccessToken");
    for (member, value) in [
        ("clientAuthenticatorType", json!("nonsense")),
        ("clientAuthenticatorType", json!("script-authenticator.js")),
        ("protocolMappers", mapper("script-mapper.js")),
        ("protocolMappers", mapper("nonsense")),
    ] {
        let body = json!({ "clientId": "bad", member: value });
        let refused = server.with_token(&iat, "POST", &path, body).await;
        assert!(
            refused.status == 400 || refused.status == 403,
            "{value}: {}",
            refused.body
        );
        let refused = server.with_token(rat, "PUT", &uri, json!({ member: value })).await;
        assert!(
            refused.status == 400 || refused.status == 403,
            "PUT {value}: {}",
            refused.body
        );
    }
    let kept = server.with_token(rat, "GET", &uri, Value::Null).await.json();
    assert_eq!(kept["clientAuthenticatorType"], "client-secret-jwt");
    for bad in ["client_secret_nonsense", "script"] {
        let body = json!({ "token_endpoint_auth_method": bad });
        assert_eq!(register(&server, &realm, Some(&iat), &body).await.status, 400);
    }
}

/// A page may read why it is refused, wherever it might read that it is not; and every refusal leaves an event.
#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_told_to_the_page_and_to_the_record() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "eventsEnabled": true })).await;
    let page = "https://spa.example.com";
    let (id, iat) = initial(&server, &realm, json!({ "webOrigins": [page], "expiration": 3600 })).await;
    let told = registered(&server, &realm, Some(&iat), json!({})).await;
    let uri = text(&told, "registration_client_uri").to_owned();
    let old = text(&told, "registration_access_token").to_owned();
    let new = server.with_token(&old, "PUT", &uri, json!({})).await.json();
    let new = text(&new, "registration_access_token").to_owned();
    server.with_token(&new, "GET", &uri, Value::Null).await;
    let (_, gone) = initial(&server, &realm, json!({ "webOrigins": [page], "count": 1 })).await;
    registered(&server, &realm, Some(&gone), json!({})).await;
    let large = json!({ "client_name": "x".repeat(300_000) }).to_string();
    let collection = address(&realm);
    let check = async |what: &str, call: (&str, &str, &str), origin: &str, kind: &str, body: &str, status: u16| {
        let (method, path, token) = call;
        let bearer = format!("Bearer {token}");
        let headers = [("origin", origin), ("authorization", &bearer), ("content-type", kind)];
        let before = refusals(&server, &realm).await;
        let answer = server.request(method, path, &headers, body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        let readable = answer.header("access-control-allow-origin");
        let expected = if origin == page { page } else { "" };
        assert_eq!(readable, expected, "{what}");
        let after = refusals(&server, &realm).await;
        // As in Keycloak, that somebody reads is not kept unless the realm asks for it.
        let kept = before.len() + usize::from(method != "GET");
        assert_eq!(after.len(), kept, "{what}: {after:?}");
        after[0].clone()
    };
    let (ok, kind) = ("{}", "application/json");
    check("used up", ("POST", &collection, &gone), page, kind, ok, 401).await;
    check("replaced", ("GET", &uri, &old), page, kind, "", 401).await;
    check("replaced", ("PUT", &uri, &old), page, kind, ok, 401).await;
    let event = check("type", ("POST", &collection, &iat), page, "text/plain", ok, 415).await;
    assert_eq!(
        (&event["error"], &event["details"]["token"]),
        (&json!("invalid_request"), &json!(id))
    );
    check("type of an update", ("PUT", &uri, &new), page, "text/plain", ok, 415).await;
    check("size", ("POST", &collection, &iat), page, kind, &large, 413).await;
    check("size of an update", ("PUT", &uri, &new), page, kind, &large, 413).await;
    let event = check(
        "origin",
        ("POST", &collection, &iat),
        "https://evil.example.com",
        kind,
        ok,
        403,
    )
    .await;
    assert_eq!(event["details"]["value"], "https://evil.example.com");
    let evil = "https://evil.example.com";
    check(
        "type, elsewhere",
        ("POST", &collection, &iat),
        evil,
        "text/plain",
        ok,
        415,
    )
    .await;
    check("size, elsewhere", ("POST", &collection, &iat), evil, kind, &large, 413).await;
    server.app.clock.advance(3_601_000);
    check("over", ("POST", &collection, &iat), page, kind, ok, 401).await;
    let path = format!("/{realm}/clients-initial-access/{id}");
    server.admin("DELETE", &path, Value::Null).await;
    check("revoked", ("POST", &collection, &iat), page, kind, ok, 401).await;
}

/// The events of refused registrations and their management, newest first.
async fn refusals(server: &Server, realm: &str) -> Vec<Value> {
    let path = format!("/{realm}/events?max=1000");
    let all = server.admin("GET", &path, Value::Null).await.json();
    let refused = |event: &&Value| {
        let kind = text(event, "type");
        kind.starts_with("CLIENT_") && kind.ends_with("_ERROR")
    };
    all.as_array().unwrap().iter().filter(refused).cloned().collect()
}
