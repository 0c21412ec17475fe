//! Authorization requests that the client has signed (RFC 9101), and answers that the realm signs (JARM).

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::client_registration::{initial_token, register};
use crate::support::oidc::{CALLBACK, at, claims, shop, unsigned};
use crate::support::{self, Answer, Browser, Server, encode};

/// A realm with the client `signer`, whose keys are these, and these attributes.
async fn signer(server: &Server, keys: &[&SigningKey], more: Value) -> String {
    let realm = shop(server, json!({})).await;
    let set = Jwks {
        keys: keys.iter().filter_map(|key| key.public_jwk()).collect(),
    };
    let mut attributes = json!({ "use.jwks.string": "true", "jwks.string": serde_json::to_string(&set).unwrap() });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let doc = json!({
        "clientId": "signer", "secret": "a-secret-of-more-than-thirty-two-characters", "redirectUris": [CALLBACK],
        "implicitFlowEnabled": true, "attributes": attributes
    });
    server.client(&realm, doc).await;
    realm
}

fn asked(realm: &str, over: &[(&str, Value)]) -> Value {
    let mut said = json!({
        "iss": "signer", "aud": format!("http://localhost:8080/realms/{realm}"), "client_id": "signer",
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "inside"
    });
    for (name, value) in over {
        said[*name] = value.clone();
    }
    said
}

async fn open(server: &Server, realm: &str, object: &str, more: &[(&str, &str)]) -> Answer {
    let mut query = vec![("client_id", "signer"), ("request", object), ("state", "outside")];
    query.extend(more);
    server.get(&format!("{}?{}", at(realm, "auth"), encode(&query))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_every_algorithm_are_read_and_what_they_say_counts() {
    let server = support::sqlite().await;
    let algs = [Alg::RS256, Alg::PS256, Alg::ES256, Alg::ES512, Alg::EdDSA];
    let keys: Vec<SigningKey> = algs.iter().map(|alg| SigningKey::generate(*alg).unwrap()).collect();
    let realm = signer(&server, &keys.iter().collect::<Vec<_>>(), json!({})).await;
    let secret = SigningKey::from_secret(Alg::HS256, "", b"a-secret-of-more-than-thirty-two-characters").unwrap();
    let said = asked(&realm, &[("prompt", json!("none"))]);
    let mut objects: Vec<String> = keys
        .iter()
        .chain([&secret])
        .map(|key| jwt::encode(key, "JWT", &said).unwrap())
        .collect();
    objects.push(unsigned(&said));
    for object in objects {
        let answer = open(&server, &realm, &object, &[]).await;
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            Some("login_required"),
            "{object}"
        );
        assert_eq!(answer.location_parameter("state").as_deref(), Some("inside"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_the_clients_or_not_for_now_ends_with_a_page() {
    let server = support::sqlite().await;
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let stranger = SigningKey::generate(Alg::ES256).unwrap();
    let realm = signer(&server, &[&key], json!({ "request.object.signature.alg": "ES256" })).await;
    let now = server.app.now_seconds();
    let sign = |key: &SigningKey, said: &Value| jwt::encode(key, "JWT", said).unwrap();
    let public_as_secret = SigningKey::from_secret(Alg::HS256, "", key.public_der().unwrap()).unwrap();
    let good = asked(&realm, &[]);
    for (what, object) in [
        ("another's key", sign(&stranger, &good)),
        ("its kid with another's key", sign(&stranger.with_kid(key.kid()), &good)),
        ("no signature", unsigned(&good)),
        ("the public key as a secret", sign(&public_as_secret, &good)),
        ("too late", sign(&key, &asked(&realm, &[("exp", json!(now - 60))]))),
        ("no number", sign(&key, &asked(&realm, &[("exp", json!("soon"))]))),
        ("too early", sign(&key, &asked(&realm, &[("nbf", json!(now + 60))]))),
        (
            "for another server",
            sign(&key, &asked(&realm, &[("aud", json!("https://other.example"))])),
        ),
        (
            "of another client",
            sign(&key, &asked(&realm, &[("client_id", json!("shop"))])),
        ),
        ("nothing", "garbage".to_owned()),
    ] {
        let answer = open(&server, &realm, &object, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{what}");
        assert!(answer.body.contains("Invalid Request"), "{what}");
    }
    let other_type = open(&server, &realm, &sign(&key, &good), &[("response_type", "id_token")]).await;
    assert_eq!(other_type.status, 302, "{}", other_type.body);
    assert!(
        other_type.header("location").contains("does+not+match"),
        "what kind of answer is not the client's"
    );
    assert_eq!(open(&server, &realm, &sign(&key, &good), &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_must_send_objects_cannot_do_without() {
    let server = support::sqlite().await;
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let realm = signer(&server, &[&key], json!({ "request.object.required": "request only" })).await;
    let query = [
        ("client_id", "signer"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
    ];
    let answer = server.get(&format!("{}?{}", at(&realm, "auth"), encode(&query))).await;
    assert_eq!(answer.status, 400);
    let object = jwt::encode(&key, "JWT", &asked(&realm, &[])).unwrap();
    assert_eq!(open(&server, &realm, &object, &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_fetched_only_from_the_clients_own_addresses_and_not_from_private_ones() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = format!("http://127.0.0.1:{}/request.jwt", listener.local_addr().unwrap().port());
    for (allowed, status) in [(true, 200), (false, 400)] {
        let servers = support::servers_with(|config| {
            if allowed {
                config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()];
            }
        });
        let server = servers.await.remove(0);
        let key = SigningKey::generate(Alg::ES256).unwrap();
        let realm = signer(
            &server,
            &[&key],
            json!({ "request.uris": format!("https://a.example/x##{own}") }),
        )
        .await;
        let object = jwt::encode(&key, "JWT", &asked(&realm, &[])).unwrap();
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await.unwrap();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{object}",
                object.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let at_own = format!(
            "{}?{}",
            at(&realm, "auth"),
            encode(&[("client_id", "signer"), ("request_uri", &own)])
        );
        let answer = if allowed {
            tokio::join!(server.get(&at_own), serving).0
        } else {
            server.get(&at_own).await
        };
        assert_eq!(answer.status, status, "{}", answer.body);
        let foreign = encode(&[("client_id", "signer"), ("request_uri", "http://127.0.0.1:1/other")]);
        assert_eq!(
            server.get(&format!("{}?{foreign}", at(&realm, "auth"))).await.status,
            400
        );
    }
}

/// Answers every call with this status and this body, and counts the calls.
async fn counting(status: &'static str, body: String) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let calls = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let counted = std::sync::Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await.unwrap();
            // Long enough that all who come at once are there.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_nobody_fetch_again_and_again() {
    let servers = support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let server = servers.await.remove(0);
    let made = |calls: &std::sync::atomic::AtomicUsize| calls.load(std::sync::atomic::Ordering::SeqCst);
    let key = SigningKey::generate(Alg::ES256).unwrap();

    // Fragments that were made up, and a registered one.
    let (port, calls) = counting("200 OK", "garbage".to_owned()).await;
    let own = format!("http://127.0.0.1:{port}/request.jwt");
    let listed = json!({ "request.uris": format!("{own}##{own}#v2") });
    let realm = signer(&server, &[&key], listed).await;
    let open_at = |uri: String| {
        let query = encode(&[("client_id", "signer"), ("request_uri", &uri)]);
        let (server, address) = (&server, format!("{}?{query}", at(&realm, "auth")));
        async move { server.get(&address).await.status }
    };
    let all = (0..10).map(|n| open_at(format!("{own}#{n}")));
    assert_eq!(futures_util::future::join_all(all).await, [400; 10]);
    assert_eq!(made(&calls), 1);
    open_at(format!("{own}#v2")).await;
    assert_eq!(made(&calls), 2);

    // An address of keys that fails, and one without the key that is named.
    for (status, most) in [("503 Service Unavailable", 1), ("200 OK", 2)] {
        let (port, calls) = counting(status, "{\"keys\":[]}".to_owned()).await;
        let address = format!("http://127.0.0.1:{port}/jwks");
        let more = json!({ "use.jwks.string": "false", "use.jwks.url": "true", "jwks.url": address });
        let realm = signer(&server, &[], more).await;
        let object = jwt::encode(&key, "JWT", &asked(&realm, &[])).unwrap();
        for _ in 0..2 {
            let all = (0..10).map(|_| open(&server, &realm, &object, &[]));
            let answers = futures_util::future::join_all(all).await;
            assert!(answers.iter().all(|answer| answer.status == 400));
        }
        assert_eq!(made(&calls), most, "{status}");
    }
}

/// Answers every call with what is there at the time, under this head; counts the calls.
async fn changing(head: &'static str) -> (u16, std::sync::Arc<std::sync::Mutex<(String, usize)>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let there = std::sync::Arc::<std::sync::Mutex<(String, usize)>>::default();
    let shared = std::sync::Arc::clone(&there);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = [0; 4096];
            let _ = stream.read(&mut seen).await.unwrap();
            let body = {
                let mut there = shared.lock().unwrap();
                there.1 += 1;
                there.0.clone()
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, there)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_at_an_address_is_used_again_as_its_headers_and_its_hash_let() {
    let servers = support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let server = servers.await.remove(0);
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let hash = |object: &str| vestibule_jose::digest::b64url(&vestibule_jose::digest::sha256(object.as_bytes()));
    for (head, fetches) in [
        ("", 1),
        (
            "cache-control: no-store\r\ncontent-type: application/oauth-authz-req+jwt\r\n",
            3,
        ),
        (
            "cache-control: private, No-Cache\r\ncontent-type: application/jwt; charset=utf-8\r\n",
            3,
        ),
        ("content-type: text/html\r\n", 0),
    ] {
        let (port, there) = changing(head).await;
        let own = format!("http://127.0.0.1:{port}/request.jwt");
        let realm = signer(&server, &[&key], json!({ "request.uris": own })).await;
        let open = async |uri: String| {
            let query = encode(&[("client_id", "signer"), ("request_uri", &uri)]);
            server.get(&format!("{}?{query}", at(&realm, "auth"))).await.status
        };
        let object = jwt::encode(&key, "JWT", &asked(&realm, &[])).unwrap();
        there.lock().unwrap().0.clone_from(&object);
        if fetches == 0 {
            assert_eq!(open(own.clone()).await, 400, "a page is no object");
            continue;
        }
        for uri in [own.clone(), format!("{own}#{}", hash(&object)), format!("{own}#v1")] {
            assert_eq!(open(uri.clone()).await, 200, "{uri}");
        }
        assert_eq!(there.lock().unwrap().1, fetches, "{head}");
        let other = jwt::encode(&key, "JWT", &asked(&realm, &[("state", json!("two"))])).unwrap();
        // The hash of another object, which is not there.
        assert_eq!(open(format!("{own}#{}", hash(&other))).await, 400);
        // It is there later, and is fetched although the old one might be used for a while.
        there.lock().unwrap().0.clone_from(&other);
        server.app.clock.advance(31_000);
        assert_eq!(open(format!("{own}#{}", hash(&other))).await, 200, "{head}");
        assert_eq!(open(format!("{own}#{}", hash(&object))).await, 400);
    }
}

/// What a browser gets back after `mia` signed in for `signer` with these parameters.
async fn signed_in(server: &Server, realm: &str, more: &[(&str, &str)]) -> Answer {
    let mut query = vec![
        ("client_id", "signer"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s1"),
        ("nonce", "n1"),
    ];
    query.extend(more);
    let mut browser = Browser::new(server);
    let page = browser.get(&format!("{}?{}", at(realm, "auth"), encode(&query))).await;
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    browser.follow(answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_signed_where_it_is_asked_for() {
    let server = support::sqlite().await;
    let more = json!({ "authorization.signed.response.alg": "ES256" });
    let realm = signer(&server, &[], more).await;
    for (mode, kind, place) in [
        ("jwt", "code", "?response="),
        ("query.jwt", "code", "?response="),
        ("fragment.jwt", "code", "#response="),
        ("jwt", "code id_token", "#response="),
    ] {
        let answer = signed_in(&server, &realm, &[("response_mode", mode), ("response_type", kind)]).await;
        let location = answer.header("location");
        assert!(
            location.starts_with(&format!("{CALLBACK}{place}")),
            "{mode} {kind}: {location}"
        );
        let token = answer.location_parameter("response").unwrap();
        assert_eq!(jwt::decode(&token).unwrap().alg(), Alg::ES256);
        let said = claims(&token);
        assert_eq!(said["iss"], format!("http://localhost:8080/realms/{realm}"));
        assert_eq!((&said["aud"], &said["state"]), (&json!("signer"), &json!("s1")));
        assert!(said["exp"].as_i64().unwrap() > server.app.now_seconds());
        assert!(said["code"].is_string());
        assert_eq!(said["id_token"].is_string(), kind.contains("id_token"));
    }
    let posted = signed_in(
        &server,
        &realm,
        &[("response_mode", "form_post.jwt"), ("response_type", "code")],
    )
    .await;
    assert!(posted.body.contains("name=\"response\""), "{}", posted.body);
    // Errors are signed as well.
    let query = [
        ("client_id", "signer"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("response_mode", "jwt"),
        ("prompt", "none"),
        ("scope", "openid"),
    ];
    let refused = server.get(&format!("{}?{}", at(&realm, "auth"), encode(&query))).await;
    let token = refused.location_parameter("response").unwrap();
    assert_eq!(claims(&token)["error"], "login_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_for_signed_objects_takes_no_others() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let initial = initial_token(&server, &realm, 1).await;
    let metadata = json!({ "redirect_uris": [CALLBACK], "require_signed_request_object": true });
    let client = register(&server, &realm, Some(&initial), &metadata).await;
    assert_eq!(client.status, 201, "{}", client.body);
    let client = client.json();
    assert_eq!(client["require_signed_request_object"], true);
    let id = client["client_id"].as_str().unwrap();
    let query = json!({ "client_id": id, "response_type": "code", "scope": "openid", "redirect_uri": CALLBACK });
    let pairs = query
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let plain = encode(&pairs.collect::<Vec<_>>());
    for more in [String::new(), format!("&request={}", unsigned(&query))] {
        let answer = server.get(&format!("{}?{plain}{more}", at(&realm, "auth"))).await;
        assert_eq!(answer.status, 400, "{more}");
    }
}
