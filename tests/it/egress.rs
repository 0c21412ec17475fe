//! Strangers name addresses. Nothing of ours is reached through them, and nothing that they answer holds us up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vestibule::egress::Refused;
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::client_registration::{initial, make_realm, register};
use crate::support::oidc::{CALLBACK, at, code, exchange, refresh, shop};
use crate::support::{self, Server, encode};

/// A listener that counts who connects, answers with this, and hangs up.
async fn answering(host: &str, answer: impl Fn() -> String + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(answer().as_bytes()).await;
        }
    });
    (port, calls)
}

fn document(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// Something inside, which nobody outside may reach.
async fn inside() -> (u16, Arc<AtomicUsize>) {
    answering("127.0.0.1", || document("secret")).await
}

fn hits(calls: &AtomicUsize) -> usize {
    calls.load(Ordering::SeqCst)
}

/// A server for which 127.0.0.2 stands for the public network, and 127.0.0.1 for what is inside.
async fn open_to_the_second() -> Server {
    let servers = support::servers_with(|config| config.egress_allow = vec!["127.0.0.2/32".parse().unwrap()]);
    servers.await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_01_an_address_inside_is_not_asked_however_it_is_written() {
    let server = open_to_the_second().await;
    let (port, calls) = inside().await;
    for address in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0177.0.0.1:{port}/"),
        format!("https://0x7f.1:{port}/"),
        format!("https://127.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://LOCALHOST:{port}/"),
        format!("https://localhost.:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://[::ffff:7f00:1]:{port}/"),
        format!("https://0.0.0.0:{port}/"),
        format!("https://127.0.0.2@127.0.0.1:{port}/"),
        format!("https://x:y@127.0.0.2:{port}/"),
        "https://10.0.0.1/".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://100.64.0.1/".to_owned(),
        "https://[fe80::1]/".to_owned(),
        "https://[::ffff:10.0.0.1]/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        "nonsense".to_owned(),
    ] {
        let refused = server.app.egress.get(&address).await.err();
        assert!(refused.is_some(), "{address}");
    }
    assert_eq!(hits(&calls), 0);
    // The same listener would have answered whoever is let through.
    let (port, calls) = answering("127.0.0.2", || document("[]")).await;
    let fetched = server.app.egress.get(&format!("http://127.0.0.2:{port}/")).await;
    assert_eq!((fetched.unwrap().as_ref(), hits(&calls)), (&b"[]"[..], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_01_a_private_address_is_not_asked_at_use_either() {
    let server = open_to_the_second().await;
    let (port, calls) = inside().await;
    let address = format!("http://127.0.0.1:{port}/x");
    let realm = shop(&server, json!({})).await;
    // An administrator may write it, or the name may have led elsewhere when it was registered.
    let signer = json!({
        "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true, "redirectUris": [CALLBACK],
        "attributes": { "use.jwks.url": "true", "jwks.url": address, "request.uris": address, "backchannel.logout.url": address }
    });
    server.client(&realm, signer).await;
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let answer = with_assertion(&server, &realm, &key).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let query = encode(&[("client_id", "signer"), ("request_uri", &address)]);
    assert_eq!(server.get(&format!("{}?{query}", at(&realm, "auth"))).await.status, 400);
    let fields = [("logout_token", "x")];
    assert_eq!(
        server.app.egress.post_form(&address, &fields).await,
        Err(Refused::Scheme)
    );
    let (_, token) = initial(&server, &realm, json!({})).await;
    let sent = json!({ "redirect_uris": [CALLBACK], "subject_type": "pairwise", "sector_identifier_uri": address });
    let answer = register(&server, &realm, Some(&token), &sent).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(hits(&calls), 0);
}

async fn with_assertion(server: &Server, realm: &str, key: &SigningKey) -> support::Answer {
    let now = server.app.now_seconds();
    let said = json!({
        "iss": "signer", "sub": "signer", "aud": format!("http://localhost:8080/realms/{realm}"),
        "jti": vestibule::random::token(), "iat": now, "exp": now + 60
    });
    let assertion = jwt::encode(key, "JWT", &said).unwrap();
    let fields = [
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &*assertion),
    ];
    server.form(&at(realm, "token"), &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_02_nobody_is_led_on_by_a_redirect() {
    let server = open_to_the_second().await;
    let (port, calls) = inside().await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (public, asked) = answering("127.0.0.2", move || answer.clone()).await;
        let address = format!("http://127.0.0.2:{public}/");
        assert_eq!(server.app.egress.get(&address).await, Err(Refused::Answer), "{status}");
        let posted = server.app.egress.post_form(&address, &[("a", "b")]).await;
        assert_eq!(posted, Err(Refused::Answer), "{status}");
        assert_eq!(hits(&asked), 2, "{status}");
    }
    assert_eq!(hits(&calls), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_03_every_member_that_is_an_address_is_looked_at() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, token) = initial(&server, "r", json!({})).await;
    let (port, calls) = inside().await;
    // Whatever an answer can hold whose name says that it is an address, and what is sent only.
    let members = vestibule_oauth::client_metadata::address_members();
    for needed in [
        "jwks_uri",
        "sector_identifier_uri",
        "logo_uri",
        "request_uris",
        "backchannel_client_notification_endpoint",
    ] {
        assert!(members.contains(&needed), "{needed}");
    }
    for member in members {
        for address in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "https://user@x.example/",
            "nonsense",
        ] {
            let value = if member.ends_with("uris") {
                json!([address])
            } else {
                json!(address)
            };
            let answer = register(
                &server,
                "r",
                Some(&token),
                &json!({ "redirect_uris": [CALLBACK], member: value }),
            )
            .await;
            assert_eq!(answer.status, 400, "{member} {address}: {}", answer.body);
        }
        let address = format!("https://127.0.0.1:{port}/");
        let value = if member.ends_with("uris") {
            json!([address])
        } else {
            json!(address)
        };
        register(
            &server,
            "r",
            Some(&token),
            &json!({ "redirect_uris": [CALLBACK], member: value }),
        )
        .await;
    }
    assert_eq!(
        hits(&calls),
        0,
        "SSR-04, SSR-09: neither a logo nor an endpoint is fetched"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_05_a_refresh_names_no_host_that_is_called() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let (port, calls) = inside().await;
    let one = code(&server, &realm, "shop", "").await;
    let tokens = exchange(&server, &realm, &one, &[]).await.json();
    let host = format!("127.0.0.1:{port}");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "shop"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_session_host", &host),
        ("client_session_state", "x"),
    ];
    let answer = server.form(&at(&realm, "token"), &fields).await.json();
    let token = answer["refresh_token"].as_str().unwrap();
    assert_eq!(
        refresh(&server, &realm, token).await.status,
        200,
        "overlooked, as any parameter that is not known"
    );
    server.admin("POST", &format!("/{realm}/logout-all"), Value::Null).await;
    vestibule::mail::deliver_due(&server.app).await.unwrap();
    assert_eq!(hits(&calls), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_06_a_request_is_fetched_only_from_where_the_client_has_registered() {
    let server = open_to_the_second().await;
    let (port, calls) = answering("127.0.0.2", || document("x")).await;
    let realm = shop(&server, json!({})).await;
    for uri in [
        format!("http://127.0.0.2:{port}/"),
        "urn:ietf:params:oauth:request_uri:unknown".to_owned(),
    ] {
        let query = encode(&[("client_id", "shop"), ("request_uri", &uri)]);
        assert_eq!(
            server.get(&format!("{}?{query}", at(&realm, "auth"))).await.status,
            400,
            "{uri}"
        );
    }
    assert_eq!(hits(&calls), 0);
}

#[test]
fn ssr_08_one_client_goes_out() {
    fn look(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("src/bench") {
                continue;
            }
            if path.is_dir() {
                look(&path, found);
            } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains("reqwest::")) {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    let (mut found, root) = (Vec::new(), std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    look(&root, &mut found);
    found.sort();
    assert_eq!(
        found,
        ["description.rs", "egress.rs", "names.rs"],
        "but for the load generator, which is told where to go by who runs it"
    );
    let bans = std::fs::read_to_string(root.join("../clippy.toml")).unwrap();
    assert!(bans.contains("reqwest::Client::builder") && bans.contains("reqwest::get"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssr_10_who_is_not_asked_is_refused_alike_whether_open_or_closed() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (_, token) = initial(&server, "r", json!({})).await;
    let (open, calls) = inside().await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut answers = Vec::new();
    for address in [
        format!("https://127.0.0.1:{open}/"),
        format!("https://127.0.0.1:{closed}/"),
        "https://10.255.255.1/".to_owned(),
    ] {
        let sent = json!({ "redirect_uris": [CALLBACK], "subject_type": "pairwise", "sector_identifier_uri": address });
        let asked = register(&server, "r", Some(&token), &sent);
        // A connection to the third would take its three seconds.
        let answer = tokio::time::timeout(Duration::from_secs(2), asked)
            .await
            .expect("at once");
        answers.push((answer.status, answer.body));
    }
    assert_eq!(answers[0].0, 400);
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    assert_eq!(hits(&calls), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_is_not_read_and_one_that_does_not_come_is_not_waited_for() {
    let server = open_to_the_second().await;
    let fits = "x".repeat(64 * 1024);
    let more = format!("{fits}x");
    for (body, good) in [(fits, true), (more, false)] {
        let (port, _) = answering("127.0.0.2", move || document(&body)).await;
        let fetched = server.app.egress.get(&format!("http://127.0.0.2:{port}/")).await;
        assert_eq!(fetched.is_ok(), good);
    }
    // A gigabyte that is announced, and sent for as long as somebody listens.
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sent = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let part = vec![b'x'; 64 * 1024];
        while stream.write_all(&part).await.is_ok() {
            counted.fetch_add(part.len(), Ordering::SeqCst);
        }
    });
    let fetched = server.app.egress.get(&format!("http://127.0.0.2:{port}/")).await;
    assert_eq!(fetched, Err(Refused::Answer));
    tokio::time::timeout(Duration::from_secs(10), sending)
        .await
        .expect("hung up")
        .unwrap();
    assert!(hits(&sent) < 64 * 1024 * 1024, "{} bytes", hits(&sent));
    // One that says nothing, and one that says it letter by letter.
    for slow in [false, true] {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream
                .write_all(if slow { b"HTTP/1.1 200 OK\r\n\r\n" } else { b"" })
                .await;
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if slow && stream.write_all(b"x").await.is_err() {
                    break;
                }
            }
        });
        let address = format!("http://127.0.0.2:{port}/");
        let asked = server.app.egress.get(&address);
        let fetched = tokio::time::timeout(Duration::from_secs(10), asked)
            .await
            .expect("not waited for");
        assert_eq!(fetched, Err(Refused::Answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_replaced_under_its_name_or_without_one_is_looked_up_once_more() {
    for name in ["same", ""] {
        let server = open_to_the_second().await;
        let old = SigningKey::generate(Alg::ES256).unwrap().with_kid(name);
        let new = SigningKey::generate(Alg::ES256).unwrap().with_kid(name);
        let set = |key: &SigningKey| {
            let mut keys = serde_json::to_value(Jwks {
                keys: vec![key.public_jwk().unwrap()],
            })
            .unwrap();
            if name.is_empty() {
                keys["keys"][0].as_object_mut().unwrap().remove("kid");
            }
            keys.to_string()
        };
        let published = Arc::new(std::sync::Mutex::new(set(&old)));
        let shown = Arc::clone(&published);
        let (port, calls) = answering("127.0.0.2", move || document(&shown.lock().unwrap())).await;
        let realm = shop(&server, json!({})).await;
        let address = format!("http://127.0.0.2:{port}/{}", vestibule::random::token());
        let doc = json!({
            "clientId": "signer", "clientAuthenticatorType": "client-jwt", "serviceAccountsEnabled": true,
            "attributes": { "use.jwks.url": "true", "jwks.url": address }
        });
        server.client(&realm, doc).await;
        assert_eq!(with_assertion(&server, &realm, &old).await.status, 200);
        *published.lock().unwrap() = set(&new);
        let answer = with_assertion(&server, &realm, &new).await;
        assert_eq!((answer.status, hits(&calls)), (200, 2), "{name}: {}", answer.body);
        // Who signs with wrong keys makes nobody fetch again and again.
        let stranger = SigningKey::generate(Alg::ES256).unwrap().with_kid(name);
        for _ in 0..5 {
            assert_eq!(with_assertion(&server, &realm, &stranger).await.status, 400);
        }
        assert_eq!(hits(&calls), 2);
    }
}
