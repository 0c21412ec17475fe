//! What has been tried on others who let applications register themselves: with the tokens of one application at another, with
//! what only administrators set, against policies (the ids are those of our list of attacks).

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::client_registration::{address, initial, register, text};
use crate::login::arrived;
use crate::registration_faces::{consent_page, login_page, open_realm, registered};
use crate::support::oidc::at;
use crate::support::{self, Answer, Server};

const BACK: &str = "https://app.example.com/cb";

/// Keycloak's own form of registration.
fn keycloaks(realm: &str) -> String {
    format!("/realms/{realm}/clients-registrations/default")
}

/// A client as the Admin API shows it.
async fn shown(server: &Server, realm: &str, client_id: &str) -> Value {
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId={client_id}"), Value::Null)
        .await
        .json();
    found[0].clone()
}

/// Sets members of a client as an administrator.
async fn set(server: &Server, realm: &str, client_id: &str, more: Value) {
    let mut doc = shown(server, realm, client_id).await;
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/{realm}/clients/{}", text(&doc, "id"));
    let answer = server.admin("PUT", &path, doc).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// DCR-01: a mapper that a policy lets through does not become another one under the same name.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_01_no_mapper_comes_with_a_registration_nor_changes_its_kind() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let mapper = |kind: &str| {
        json!([{ "name": "m", "protocol": "openid-connect", "protocolMapper": kind,
            "config": { "claim.name": "groups", "claim.value": "admins", "access.token.claim": "true" } }])
    };
    let sent =
        json!({ "clientId": "mapped", "redirectUris": [BACK], "protocolMappers": mapper("oidc-full-name-mapper") });
    let refused = server
        .with_token(&token, "POST", &keycloaks(&realm), sent.clone())
        .await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("protocolMappers"), "{}", refused.body);

    // One that an administrator gave it.
    let plain = json!({ "clientId": "mapped", "redirectUris": [BACK] });
    let made = server
        .with_token(&token, "POST", &keycloaks(&realm), plain)
        .await
        .json();
    set(
        &server,
        &realm,
        "mapped",
        json!({ "protocolMappers": mapper("oidc-full-name-mapper") }),
    )
    .await;
    let path = format!("{}/mapped", keycloaks(&realm));
    let mut held = server
        .with_token(text(&made, "registrationAccessToken"), "GET", &path, Value::Null)
        .await
        .json();
    let token = text(&held, "registrationAccessToken").to_owned();
    for kind in [
        "oidc-hardcoded-claim-mapper",
        "oidc-script-based-protocol-mapper",
        "script-x.js",
    ] {
        held["protocolMappers"][0]["protocolMapper"] = json!(kind);
        let refused = server.with_token(&token, "PUT", &path, held.clone()).await;
        assert!(
            matches!(refused.status, 400 | 403),
            "{kind}: {} {}",
            refused.status,
            refused.body
        );
    }
    let kept = shown(&server, &realm, "mapped").await;
    assert_eq!(kept["protocolMappers"][0]["protocolMapper"], "oidc-full-name-mapper");
}

/// DCR-03, DCR-13: the same token at Keycloak's own form sets nothing that only administrators set; each refusal names it.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_03_and_13_what_administrators_set_is_refused_by_name() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, initial) = initial(&server, &realm, json!({})).await;
    let told = registered(&server, &realm, Some(&initial), json!({})).await;
    let id = text(&told, "client_id");
    let own = format!("{}/{id}", keycloaks(&realm));
    let before = shown(&server, &realm, id).await;
    for (name, value) in [
        ("ssf.enabled", "true"),
        ("access.token.lifespan", "86400"),
        ("client.session.max.lifespan", "86400"),
        ("client.offline.session.idle.timeout", "1"),
        ("client.secret.recoverable", "true"),
        ("client.verified", "true"),
        ("realm_client", "true"),
        ("direct.access.grants.enabled", "true"),
        ("client.use.lightweight.access.token.enabled", "true"),
        ("exclude.session.state.from.auth.response", "true"),
        ("acr.loa.map", "{}"),
        ("login_theme", "other"),
        ("saml.server.signature", "false"),
    ] {
        let body = json!({ "clientId": id, "attributes": { name: value } });
        let refused = server
            .with_token(text(&told, "registration_access_token"), "PUT", &own, body)
            .await;
        named(&refused, name);
        let body = json!({ "clientId": "more", "redirectUris": [BACK], "attributes": { name: value } });
        named(
            &server.with_token(&initial, "POST", &keycloaks(&realm), body).await,
            name,
        );
    }
    for (name, value) in [
        ("enabled", json!(false)),
        ("alwaysDisplayInConsole", json!(true)),
        ("surrogateAuthRequired", json!(true)),
        ("bearerOnly", json!(true)),
        ("notBefore", json!(1)),
        ("nodeReRegistrationTimeout", json!(5)),
        (
            "authenticationFlowBindingOverrides",
            json!({ "browser": "direct grant" }),
        ),
        ("authorizationServicesEnabled", json!(true)),
        ("origin", json!("x")),
    ] {
        let body = json!({ "clientId": id, name: value });
        let refused = server
            .with_token(text(&told, "registration_access_token"), "PUT", &own, body)
            .await;
        named(&refused, name);
    }
    assert_eq!(shown(&server, &realm, id).await, before);
}

#[track_caller]
fn named(refused: &Answer, name: &str) {
    assert!(
        refused.status == 400 && refused.body.contains("invalid_client_metadata") && refused.body.contains(name),
        "{name}: {} {}",
        refused.status,
        refused.body
    );
}

/// DCR-04: who registered a client has nothing to say once an administrator has disabled it.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_04_a_disabled_client_is_not_enabled_by_its_own_token() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let told = registered(&server, &realm, Some(&token), json!({})).await;
        let id = text(&told, "client_id");
        set(&server, &realm, id, json!({ "enabled": false })).await;
        for form in [address(&realm), keycloaks(&realm)] {
            for (method, body) in [
                ("GET", Value::Null),
                ("PUT", json!({ "clientId": id, "enabled": true })),
                ("PUT", json!({ "client_id": id, "client_name": "Other" })),
                ("DELETE", Value::Null),
            ] {
                let path = format!("{form}/{id}");
                let token = text(&told, "registration_access_token");
                let refused = server.with_token(token, method, &path, body).await;
                assert!(matches!(refused.status, 400 | 401), "{method} {path}: {}", refused.body);
            }
        }
        let kept = shown(&server, &realm, id).await;
        assert_eq!((&kept["enabled"], &kept["name"]), (&json!(false), &json!("Logbook")));
    }
}

/// DCR-05: what a policy forbids is off, sent or not, and stays off.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_05_full_scope_is_off_where_it_is_forbidden_sent_or_not() {
    let server = support::sqlite().await;
    let realm = open_realm(&server, json!({})).await;
    let told = registered(&server, &realm, None, json!({})).await;
    let id = text(&told, "client_id");
    assert_eq!(shown(&server, &realm, id).await["fullScopeAllowed"], false);
    let own = format!("{}/{id}", keycloaks(&realm));
    let token = text(&told, "registration_access_token");
    let asked = json!({ "clientId": id, "fullScopeAllowed": true });
    assert_eq!(server.with_token(token, "PUT", &own, asked).await.status, 403);
    let silent = json!({ "clientId": id, "name": "Other" });
    assert_eq!(server.with_token(token, "PUT", &own, silent).await.status, 200);
    assert_eq!(shown(&server, &realm, id).await["fullScopeAllowed"], false);
}

/// DCR-08: without its own token a client is not shown, and nobody learns which there are.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_08_no_client_is_read_without_its_own_token() {
    let server = support::sqlite().await;
    let realm = open_realm(&server, json!({})).await;
    let one = registered(&server, &realm, None, json!({})).await;
    let other = registered(&server, &realm, None, json!({ "token_endpoint_auth_method": "none" })).await;
    for form in [address(&realm), keycloaks(&realm)] {
        let mut answers = Vec::new();
        for id in ["security-admin-console", "no-such-client", text(&other, "client_id")] {
            let path = format!("{form}/{id}");
            let foreign = text(&one, "registration_access_token");
            answers.push(server.get(&path).await);
            answers.push(server.with_token(foreign, "GET", &path, Value::Null).await);
        }
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (401, &answers[0].body));
        }
    }
}

/// DCR-09: a registration access token is good until the next one has been used; so a lost answer locks nobody out.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_09_a_lost_answer_locks_nobody_out_and_a_used_token_ends_the_old_one() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let told = registered(&server, &realm, Some(&token), json!({})).await;
        let path = text(&told, "registration_client_uri");
        let first = text(&told, "registration_access_token");
        let change = |name: &str| json!({ "client_id": told["client_id"], "client_name": name });
        // The answer to this one is lost.
        assert_eq!(server.with_token(first, "PUT", path, change("One")).await.status, 200);
        let again = server.with_token(first, "PUT", path, change("Two")).await;
        assert_eq!(again.status, 200, "{}", again.body);
        let next = again.json();
        let next = text(&next, "registration_access_token");
        assert_eq!(server.with_token(next, "GET", path, Value::Null).await.status, 200);
        let old = server.with_token(first, "GET", path, Value::Null).await;
        assert_eq!((old.status, &old.json()["error"]), (401, &json!("invalid_token")));
        assert!(
            old.header("www-authenticate").starts_with("Bearer"),
            "{}",
            old.header("www-authenticate")
        );
        let kept = server.with_token(next, "GET", path, Value::Null).await.json();
        assert_eq!(kept["client_name"], "Two");
    }
}

/// DCR-10: trusted hosts are these hosts, not those whose names look like theirs, and who calls is known by the connection.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_10_trusted_hosts_are_not_told_by_beginning_end_or_header() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let components = format!("/{realm}/components");
    let all = server.admin("GET", &components, Value::Null).await.json();
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["providerId"] == "trusted-hosts");
    let mut policy = found.unwrap().clone();
    let path = format!("{components}/{}", text(&policy, "id"));
    policy["config"]["trusted-hosts"] = json!(["localhost", "ok.example.com", "*.wide.example.com"]);
    assert_eq!(server.admin("PUT", &path, policy.clone()).await.status, 204);
    for (uri, status) in [
        ("https://ok.example.com/cb", 201),
        ("https://a.wide.example.com/cb", 201),
        ("https://evil-ok.example.com/cb", 403),
        ("https://ok.example.com.evil.example/cb", 403),
        ("https://okXexample.com/cb", 403),
        ("https://a.wide.example.com.evil.example/cb", 403),
        ("https://evilwide.example.com/cb", 403),
        ("https://[2001:db8::1]/cb", 403),
        ("https://192.0.2.1/ok.example.com", 403),
    ] {
        let answer = register(&server, &realm, None, &json!({ "redirect_uris": [uri] })).await;
        assert_eq!(answer.status, status, "{uri}: {}", answer.body);
    }
    let body = json!({ "redirect_uris": ["https://ok.example.com@evil.example/cb"] });
    let answer = register(&server, &realm, None, &body).await;
    assert!(matches!(answer.status, 400 | 403), "{}", answer.body);

    // Only 192.0.2.1 may register now, and nobody is it by saying so.
    policy["config"]["trusted-hosts"] = json!(["192.0.2.1", "ok.example.com"]);
    policy["config"]["client-uris-must-match"] = json!(["false"]);
    assert_eq!(server.admin("PUT", &path, policy).await.status, 204);
    let body = json!({ "redirect_uris": ["https://ok.example.com/cb"] }).to_string();
    for header in ["x-forwarded-for", "forwarded", "x-real-ip", "host"] {
        let value = if header == "forwarded" {
            "for=192.0.2.1"
        } else {
            "192.0.2.1"
        };
        let headers = [("content-type", "application/json"), (header, value)];
        let answer = server.request("POST", &address(&realm), &headers, &body).await;
        assert!(
            matches!(answer.status, 400 | 403),
            "{header}: {} {}",
            answer.status,
            answer.body
        );
    }
}

/// DCR-11: a client with a secret proves itself with it, at every endpoint; an empty one is none.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_11_a_client_that_was_given_a_secret_must_show_it() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let grants = json!({ "grant_types": ["authorization_code", "client_credentials"], "scope": "" });
    let told = registered(&server, &realm, Some(&token), grants).await;
    let id = text(&told, "client_id");
    for secret in [None, Some(""), Some("wrong"), Some(" "), Some("null")] {
        for endpoint in ["token", "token/introspect", "revoke", "ext/par/request"] {
            let mut fields = vec![
                ("client_id", id),
                ("grant_type", "client_credentials"),
                ("token", "x"),
                ("response_type", "code"),
                ("redirect_uri", BACK),
            ];
            fields.extend(secret.map(|secret| ("client_secret", secret)));
            let refused = server.form(&at(&realm, endpoint), &fields).await;
            let error = refused.json()["error"].as_str().unwrap_or_default().to_owned();
            assert!(
                matches!(refused.status, 400 | 401)
                    && matches!(&*error, "unauthorized_client" | "invalid_client" | "invalid_request"),
                "{endpoint} {secret:?}: {} {}",
                refused.status,
                refused.body
            );
        }
    }
    let fields = [
        ("client_id", id),
        ("client_secret", text(&told, "client_secret")),
        ("grant_type", "client_credentials"),
    ];
    assert_eq!(server.form(&at(&realm, "token"), &fields).await.status, 200);
}

/// DCR-18: the answer to the consent page decides, and changes nothing of what was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_18_what_comes_with_a_yes_does_not_change_the_request() {
    let server = support::sqlite().await;
    let realm = open_realm(&server, json!({})).await;
    server.user(&realm, "ann", "Passw0rd!").await;
    let told = registered(
        &server,
        &realm,
        None,
        json!({ "redirect_uris": [BACK, "https://app.example.com/other"] }),
    )
    .await;
    let (mut browser, page) = login_page(&server, &realm, &told, "").await;
    let answer = crate::login::sign_in(&mut browser, &page, "ann", "Passw0rd!").await;
    let page = browser.follow(answer).await;
    let found = page
        .forms()
        .into_iter()
        .find(|form| form.action.contains("/login-actions/consent"));
    let fields = [
        ("accept", "Yes"),
        ("redirect_uri", "https://app.example.com/other"),
        ("scope", "openid offline_access profile email address phone"),
        ("client_id", "security-admin-console"),
        ("state", "another"),
        ("response_type", "none"),
        ("code_challenge", ""),
        ("user_id", "somebody"),
    ];
    let answer = browser.submit(&found.unwrap(), &fields).await;
    arrived(&answer);
    let arrived_at = answer.header("location");
    assert!(arrived_at.starts_with(&format!("{BACK}?")), "{arrived_at}");
    assert_ne!(answer.location_parameter("state").as_deref(), Some("another"));
    let consents = server
        .admin("GET", &format!("/{realm}/users?username=ann"), Value::Null)
        .await
        .json();
    let path = format!("/{realm}/users/{}/consents", text(&consents[0], "id"));
    let consents = server.admin("GET", &path, Value::Null).await.json();
    assert!(!consents.to_string().contains("phone"), "{consents}");
    let again = consent_page(&server, &realm, &registered(&server, &realm, None, json!({})).await).await;
    assert_eq!(again.status, 200);
}

/// DCR-23: a client has the grants that it registered, and no others.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_23_a_grant_that_was_not_registered_is_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    server.user(&realm, "ann", "Passw0rd!").await;
    let (_, token) = initial(&server, &realm, json!({})).await;
    let told = registered(
        &server,
        &realm,
        Some(&token),
        json!({ "grant_types": ["authorization_code"] }),
    )
    .await;
    let (id, secret) = (text(&told, "client_id"), text(&told, "client_secret"));
    for (grant, more) in [
        ("client_credentials", vec![]),
        ("password", vec![("username", "ann"), ("password", "Passw0rd!")]),
        (
            "urn:ietf:params:oauth:grant-type:device_code",
            vec![("device_code", "x")],
        ),
        ("urn:openid:params:grant-type:ciba", vec![("auth_req_id", "x")]),
        (
            "urn:ietf:params:oauth:grant-type:token-exchange",
            vec![
                ("subject_token", "x"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ],
        ),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", vec![("assertion", "x")]),
    ] {
        let mut fields = vec![("client_id", id), ("client_secret", secret), ("grant_type", grant)];
        fields.extend(more);
        let refused = server.form(&at(&realm, "token"), &fields).await;
        let error = refused.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(
            matches!(refused.status, 400 | 401 | 403)
                && matches!(
                    &*error,
                    "unauthorized_client" | "unsupported_grant_type" | "invalid_request" | "invalid_grant"
                ),
            "{grant}: {} {}",
            refused.status,
            refused.body
        );
    }
    let device = [("client_id", id), ("client_secret", secret)];
    let refused = server.form(&at(&realm, "auth/device"), &device).await;
    assert!(refused.status >= 400 && refused.status < 500, "{}", refused.body);
    let mut browser = support::Browser::new(&server);
    for kind in ["token", "id_token", "code id_token"] {
        let over = [
            ("client_id", id),
            ("redirect_uri", BACK),
            ("response_type", kind),
            ("nonce", "n"),
        ];
        let refused = browser.get(&asking(&realm, &over)).await;
        assert!(
            refused.header("location").contains("error="),
            "{kind}: {} {}",
            refused.status,
            refused.header("location")
        );
    }
}

/// DCR-25: strangers are not let in unless an administrator says so, and then only so many of them.
#[tokio::test(flavor = "multi_thread")]
async fn dcr_25_strangers_do_not_flood_a_realm() {
    for server in support::servers().await {
        let closed = server.realm(json!({})).await;
        let refused = register(&server, &closed, None, &json!({ "redirect_uris": [BACK] })).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        let settings =
            json!({ "attributes": { "clientRegistration.access": "open", "clientRegistration.quota.address": "5" } });
        let open = server.realm(settings).await;
        for _ in 0..5 {
            registered(&server, &open, None, json!({})).await;
        }
        let refused = register(&server, &open, None, &json!({ "redirect_uris": [BACK] })).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (403, &json!("quota_exceeded"))
        );
        // And beyond 200 in a realm, whoever they are.
        let settings = json!({ "attributes": { "clientRegistration.access": "open" } });
        let full = server.realm(settings).await;
        let there = server
            .admin("GET", &format!("/{full}/clients?max=500"), Value::Null)
            .await
            .json();
        for _ in there.as_array().unwrap().len()..200 {
            registered(&server, &full, None, json!({})).await;
        }
        let refused = register(&server, &full, None, &json!({ "redirect_uris": [BACK] })).await;
        assert!(
            refused.status == 403 && refused.body.contains("Max Clients Limit"),
            "{}",
            refused.body
        );
    }
}
