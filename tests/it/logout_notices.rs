//! Applications hear that a session has ended: from the server (OpenID Connect Back-Channel Logout) or from the browser
//! (Front-Channel Logout).

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vestibule::store::{realm, session};
use vestibule_jose::{Alg, jwt};

use crate::support::oidc::{CALLBACK, at, claims, shop, text};
use crate::support::{self, Browser, Server, encode};

/// An application that answers one notice with this status, and what it was told.
async fn told(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("logout_token=") {
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0);
        seen.extend_from_slice(&part[..read]);
    }
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    let text = String::from_utf8(seen).unwrap();
    assert!(text.starts_with("POST /bye HTTP/1.1"), "{text}");
    text.split("logout_token=").nth(1).unwrap().to_owned()
}

async fn opened() -> Vec<Server> {
    support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]).await
}

async fn app(server: &Server, realm: &str, id: &str, more: Value) {
    let mut doc = json!({ "clientId": id, "publicClient": true, "redirectUris": [CALLBACK] });
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.client(realm, doc).await;
}

/// `mia` signs in at `client`; the browser, and the tokens.
async fn signed_in<'a>(server: &'a Server, realm: &str, client: &str) -> (Browser<'a>, Value) {
    let mut browser = Browser::new(server);
    let tokens = at_client(&mut browser, server, realm, client).await;
    (browser, tokens)
}

async fn at_client(browser: &mut Browser<'_>, server: &Server, realm: &str, client: &str) -> Value {
    let query = [
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
    ];
    let mut answer = browser.get(&format!("{}?{}", at(realm, "auth"), encode(&query))).await;
    if answer.status == 200 {
        let fields = [("username", "mia"), ("password", "correct horse")];
        answer = browser.submit(&answer.form("kc-form-login"), &fields).await;
        answer = browser.follow(answer).await;
    }
    let code = answer.location_parameter("code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &code),
        ("redirect_uri", CALLBACK),
    ];
    server.form(&at(realm, "token"), &fields).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_told_by_the_server_until_it_has_heard() {
    for server in opened().await {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://127.0.0.1:{}/bye", listener.local_addr().unwrap().port());
        let realm = shop(&server, json!({})).await;
        let attributes = json!({ "backchannel.logout.url": address, "id.token.signed.response.alg": "ES256" });
        app(&server, &realm, "back-told", json!({ "attributes": attributes })).await;
        let (mut browser, tokens) = signed_in(&server, &realm, "back-told").await;
        let id = claims(&text(&tokens, "id_token"));
        let query = encode(&[
            ("id_token_hint", text(&tokens, "id_token").as_str()),
            ("post_logout_redirect_uri", CALLBACK),
        ]);
        let gone = browser.get(&format!("{}?{query}", at(&realm, "logout"))).await;
        assert_eq!(gone.header("location"), CALLBACK);

        // It is not there at first, and is told again.
        let (sent, _) = tokio::join!(
            vestibule::mail::deliver_notices(&server.app),
            told(&listener, "503 Service Unavailable")
        );
        assert_eq!(sent.unwrap(), 0);
        server.app.clock.advance(10_000);
        let (sent, token) = tokio::join!(vestibule::mail::deliver_notices(&server.app), told(&listener, "200 OK"));
        assert_eq!(sent.unwrap(), 1);
        let parsed = jwt::decode(&token).unwrap();
        assert_eq!((parsed.typ(), parsed.alg()), (Some("logout+jwt"), Alg::ES256));
        let said = claims(&token);
        assert_eq!(
            (&said["iss"], &said["aud"], &said["sub"], &said["sid"], &said["typ"]),
            (
                &id["iss"],
                &json!("back-told"),
                &id["sub"],
                &id["sid"],
                &json!("Logout")
            )
        );
        assert_eq!(
            said["events"],
            json!({ "http://schemas.openid.net/event/backchannel-logout": {} })
        );
        assert!(said["exp"].as_i64().unwrap() > server.app.now_seconds() && said["nonce"].is_null());
        // A logout token is no access token, nor a hint.
        let userinfo = crate::support::oidc::userinfo(&server, &realm, &token).await;
        assert_eq!(userinfo.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_hear_of_every_way_in_which_a_session_ends() {
    let server = opened().await.remove(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://127.0.0.1:{}/bye", listener.local_addr().unwrap().port());
    let realm = shop(&server, json!({})).await;
    let attributes = json!({ "backchannel.logout.url": address, "backchannel.logout.session.required": "false" });
    app(&server, &realm, "told", json!({ "attributes": attributes })).await;
    for way in [
        "refresh token",
        "administrator, session",
        "administrator, user",
        "administrator, realm",
    ] {
        let (_, tokens) = signed_in(&server, &realm, "told").await;
        let id = claims(&text(&tokens, "id_token"));
        match way {
            "refresh token" => {
                let refresh_token = text(&tokens, "refresh_token");
                let fields = [("client_id", "told"), ("refresh_token", refresh_token.as_str())];
                assert_eq!(server.form(&at(&realm, "logout"), &fields).await.status, 204);
            }
            "administrator, session" => {
                let path = format!("/{realm}/sessions/{}", text(&id, "sid"));
                assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
            }
            "administrator, realm" => {
                let answer = server.admin("POST", &format!("/{realm}/logout-all"), Value::Null).await;
                assert_eq!((answer.status, answer.json()), (200, json!({})));
            }
            _ => {
                let path = format!("/{realm}/users/{}/logout", text(&id, "sub"));
                assert_eq!(server.admin("POST", &path, Value::Null).await.status, 204);
            }
        }
        let (sent, token) = tokio::join!(
            vestibule::mail::deliver_notices(&server.app),
            told(&listener, "204 No Content")
        );
        assert_eq!(sent.unwrap(), 1, "{way}");
        assert_eq!(claims(&token)["sub"], id["sub"], "{way}");
        assert!(claims(&token)["sid"].is_null());
        server.app.clock.advance(1_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_does_not_answer_holds_up_neither_mail_nor_others() {
    for server in opened().await {
        let (silent, listener) = (
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
        );
        let smtp = support::SmtpServer::start().await;
        let sending = json!({
            "host": "127.0.0.1", "port": smtp.address.port().to_string(), "from": "door@example.org"
        });
        let realm = shop(&server, json!({ "smtpServer": sending })).await;
        for (id, listener) in [("silent", &silent), ("listening", &listener)] {
            let address = format!("http://127.0.0.1:{}/bye", listener.local_addr().unwrap().port());
            let attributes = json!({ "backchannel.logout.url": address });
            app(&server, &realm, id, json!({ "attributes": attributes })).await;
        }
        // Many sessions of the silent one end before one of the other.
        for n in 0..13 {
            let client = if n < 12 { "silent" } else { "listening" };
            let (_, tokens) = signed_in(&server, &realm, client).await;
            let path = format!("/{realm}/sessions/{}", text(&claims(&text(&tokens, "id_token")), "sid"));
            assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        }
        let found = server
            .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
            .await;
        let mia = text(&found.json()[0], "id");
        let path = format!("/{realm}/users/{mia}");
        let email = json!({ "email": "mia@example.org" });
        assert_eq!(server.admin("PUT", &path, email).await.status, 204);
        let path = format!("{path}/execute-actions-email");
        let asked = server.admin("PUT", &path, json!(["UPDATE_PASSWORD"])).await;
        assert!(asked.status < 300, "{}", asked.body);

        let sent = vestibule::mail::deliver_due(&server.app).await.unwrap();
        assert_eq!((sent, smtp.wait_for(1).await.len()), (1, 1));
        let called = tokio::time::timeout(std::time::Duration::from_millis(50), silent.accept()).await;
        assert!(called.is_err(), "mail tells nobody of a logout");

        let told_one = async { told(&listener, "200 OK").await };
        let (heard, _) = tokio::join!(vestibule::mail::deliver_notices(&server.app), told_one);
        assert_eq!(heard.unwrap(), 1);
        // The silent one was called once in each of the two rounds, not for all that waits for it.
        let mut calls = 0;
        while let Ok(called) = tokio::time::timeout(std::time::Duration::from_millis(50), silent.accept()).await {
            drop(called.unwrap());
            calls += 1;
        }
        assert_eq!(calls, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_inside_ones_own_walls_is_not_called() {
    let server = support::sqlite().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://127.0.0.1:{}/bye", listener.local_addr().unwrap().port());
    let realm = shop(&server, json!({})).await;
    app(
        &server,
        &realm,
        "told",
        json!({ "attributes": { "backchannel.logout.url": address } }),
    )
    .await;
    let (_, tokens) = signed_in(&server, &realm, "told").await;
    let path = format!("/{realm}/sessions/{}", text(&claims(&text(&tokens, "id_token")), "sid"));
    server.admin("DELETE", &path, Value::Null).await;
    assert_eq!(vestibule::mail::deliver_notices(&server.app).await.unwrap(), 0);
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(waiting.is_err(), "nobody called");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_tells_those_who_want_it_so_and_then_goes_on() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (id, required) in [("front", "true"), ("quiet", "false")] {
        let attributes = json!({
            "frontchannel.logout.url": format!("https://{id}.example/bye"), "frontchannel.logout.session.required": required,
            "backchannel.logout.url": "https://never.example/bye"
        });
        app(
            &server,
            &realm,
            id,
            json!({ "frontchannelLogout": true, "attributes": attributes }),
        )
        .await;
    }
    let (mut browser, _) = signed_in(&server, &realm, "quiet").await;
    let tokens = at_client(&mut browser, &server, &realm, "front").await;
    let id = claims(&text(&tokens, "id_token"));
    let query = encode(&[
        ("id_token_hint", text(&tokens, "id_token").as_str()),
        ("post_logout_redirect_uri", CALLBACK),
        ("state", "bye"),
    ]);
    let page = browser.get(&format!("{}?{query}", at(&realm, "logout"))).await;
    assert_eq!(page.status, 200, "{}", page.header("location"));
    let body = page.body.replace("&#x2f;", "/").replace("&amp;", "&");
    assert!(body.contains("<iframe src=\"https://quiet.example/bye\""), "{body}");
    assert!(body.contains(&format!(
        "https://front.example/bye?iss=http%3A%2F%2Flocalhost%3A8080%2Frealms%2F{realm}"
    )));
    assert!(body.contains(&format!("sid={}", text(&id, "sid"))));
    assert!(body.contains(&format!("{CALLBACK}?state=bye")));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-src https://front.example https://quiet.example 'self'"),
        "{policy}"
    );
    // They are told once.
    assert_eq!(vestibule::mail::deliver_notices(&server.app).await.unwrap(), 0);
    let refreshed = server
        .form(
            &at(&realm, "token"),
            &[
                ("grant_type", "refresh_token"),
                ("client_id", "front"),
                ("refresh_token", &text(&tokens, "refresh_token")),
            ],
        )
        .await;
    assert_eq!(refreshed.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_many_sessions_of_a_realm_end_but_the_offline_ones() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let user = server.user(&realm, "ann", "correct horse").await;
        let found = realm::by_name(&server.app.db, &realm).await.unwrap().unwrap();
        let now = server.app.now();
        let mut tx = server.app.db.begin().await.unwrap();
        // Many began at the same instant.
        for number in 0..1300 {
            let made = session::UserSession {
                id: vestibule::random::uuid(),
                realm_id: found.id.clone(),
                user_id: user.clone(),
                offline: number % 13 == 0,
                ip_address: None,
                started: now - 1000 + number / 700,
                last_refresh: now,
                expires: now + 1_000_000,
                notes: Map::new(),
            };
            session::create(&mut tx, &made).await.unwrap();
        }
        tx.commit().await.unwrap();
        let answer = server.admin("POST", &format!("/{realm}/logout-all"), Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let left = async |offline| {
            let left = session::of_user(&server.app.db, &found.id, &user, offline).await;
            left.unwrap().len()
        };
        assert_eq!((left(false).await, left(true).await), (0, 100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_application_writes_the_policy_of_the_page_that_tells_others() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    for (id, host) in [("bad", "a;script-src-elem,b"), ("wide", "*"), ("good", "good.example")] {
        let attributes = json!({ "frontchannel.logout.url": format!("https://{host}/bye") });
        app(
            &server,
            &realm,
            id,
            json!({ "frontchannelLogout": true, "attributes": attributes }),
        )
        .await;
    }
    let (mut browser, _) = signed_in(&server, &realm, "bad").await;
    at_client(&mut browser, &server, &realm, "wide").await;
    let tokens = at_client(&mut browser, &server, &realm, "good").await;
    let query = encode(&[("id_token_hint", text(&tokens, "id_token").as_str())]);
    let page = browser.get(&format!("{}?{query}", at(&realm, "logout"))).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src https://good.example 'self'"), "{policy}");
    assert!(!policy.contains("script-src-elem") && !page.body.contains("script-src-elem"));
}
