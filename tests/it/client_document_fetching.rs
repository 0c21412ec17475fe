//! Client ID Metadata Documents are strangers' addresses with strangers' words: what is fetched, how often, and what of it counts.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use crate::client_documents::{CALLBACK, VERIFIER, asking, one_server, open, realm, redeem, say_yes, servers};
use crate::support::oidc::{at, text};
use crate::support::site::Site;
use crate::support::{self, Browser, encode};

#[tokio::test(flavor = "multi_thread")]
async fn a_description_must_be_true_to_its_address_and_hold_no_secret() {
    let server = one_server().await;
    let site = Site::open().await;
    let realm = realm(&server, json!({})).await;
    let json_head = "200 OK\r\ncontent-type: application/json\r\n";
    let own = |path: &str| site.address(path);
    site.describe("/other", json!({ "client_id": own("/c") }));
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "psst"] {
        site.describe(&format!("/{method}"), json!({ "token_endpoint_auth_method": method }));
    }
    site.describe("/secret", json!({ "client_secret": "s" }));
    site.describe("/expires", json!({ "client_secret_expires_at": 0 }));
    site.describe("/nowhere", json!({ "redirect_uris": [] }));
    site.describe("/script", json!({ "redirect_uris": ["javascript:alert(1)"] }));
    site.describe("/machine", json!({ "grant_types": ["client_credentials"] }));
    site.describe("/keyless", json!({ "token_endpoint_auth_method": "private_key_jwt" }));
    let mut private = json!(SigningKey::generate(Alg::ES256).unwrap().public_jwk().unwrap());
    private["d"] = private["x"].clone();
    site.describe(
        "/private",
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [private] } }),
    );
    site.describe("/marked<b>up", json!({}));
    site.put(
        "/html",
        "200 OK\r\ncontent-type: text/html\r\n",
        format!("{{\"client_id\":\"{}\"}}", own("/html")),
    );
    site.put("/list", json_head, "[]");
    site.put(
        "/twice",
        json_head,
        format!("{{\"client_id\":\"x\",\"client_id\":\"{}\"}}", own("/twice")),
    );
    site.put("/broken", json_head, "{");
    site.put(
        "/large",
        json_head,
        format!(
            "{{\"client_id\":\"{}\",\"x\":\"{}\"}}",
            own("/large"),
            "a".repeat(11_000)
        ),
    );
    site.put(
        "/created",
        "201 Created\r\ncontent-type: application/json\r\n",
        format!("{{\"client_id\":\"{}\"}}", own("/created")),
    );
    let target = site.describe("/target", json!({}));
    site.put("/moved", &format!("302 Found\r\nlocation: {target}\r\n"), "");
    for path in [
        "/other",
        "/client_secret_basic",
        "/client_secret_post",
        "/client_secret_jwt",
        "/psst",
        "/secret",
        "/expires",
        "/nowhere",
        "/script",
        "/machine",
        "/keyless",
        "/private",
        "/html",
        "/list",
        "/twice",
        "/broken",
        "/large",
        "/created",
        "/moved",
        "/missing",
        "/dir/../target",
        "/target#x",
        "/",
    ] {
        let answer = server.get(&asking(&realm, &own(path), &[])).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{path}");
        assert!(
            answer.body.contains("Client metadata document: "),
            "{path}: {}",
            answer.body
        );
    }
    assert_eq!(server.get(&asking(&realm, &target, &[])).await.status, 200);
    let events = server
        .admin("GET", &format!("/{realm}/events?type=LOGIN_ERROR&max=50"), Value::Null)
        .await
        .json();
    assert!(
        events
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["error"] == "invalid_client_metadata"),
        "{events}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_us_fetch_little() {
    let server = Arc::new(one_server().await);
    let site = Site::open().await;
    let realm = realm(&server, json!({})).await;
    let id = site.describe("/c", json!({}));
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (server, address) = (Arc::clone(&server), asking(&realm, &id, &[]));
            tokio::spawn(async move { server.get(&address).await.status })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(site.hits(), 1, "one asks for all");
    server.app.clock.advance(280_000);
    server.get(&asking(&realm, &id, &[])).await;
    assert_eq!(site.hits(), 1);
    server.app.clock.advance(21_000);
    server.get(&asking(&realm, &id, &[])).await;
    assert_eq!(site.hits(), 2);
    for _ in 0..3 {
        assert_eq!(
            server.get(&asking(&realm, &site.address("/none"), &[])).await.status,
            400
        );
    }
    assert_eq!(site.hits(), 3, "what failed is left alone for a while");
    server.app.clock.advance(31_000);
    server.get(&asking(&realm, &site.address("/none"), &[])).await;
    assert_eq!(site.hits(), 4);
    for n in 0..100 {
        server
            .get(&asking(&realm, &site.address(&format!("/none{n}")), &[]))
            .await;
    }
    assert!(site.hits() <= 60, "{} addresses of one host in a minute", site.hits());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_is_asked() {
    let server = support::sqlite().await;
    let site = Site::open().await;
    let realm = realm(&server, json!({})).await;
    let port = site.port;
    for address in [
        format!("http://127.0.0.1:{port}/c"),
        format!("https://127.0.0.1:{port}/c"),
        format!("https://localhost:{port}/c"),
        format!("https://localhost.:{port}/c"),
        format!("https://[::1]:{port}/c"),
        format!("https://[::ffff:127.0.0.1]:{port}/c"),
        format!("https://[::ffff:7f00:1]:{port}/c"),
        format!("https://2130706433:{port}/c"),
        format!("https://0177.0.0.1:{port}/c"),
        format!("https://0.0.0.0:{port}/c"),
        "https://169.254.169.254/latest".to_owned(),
        "https://10.0.0.1/c".to_owned(),
    ] {
        let answer = server.get(&asking(&realm, &address, &[])).await;
        assert_eq!(answer.status, 400, "{address}");
    }
    for other in ["file:///etc/passwd", "gopher://127.0.0.1/c", "ftp://a.example/c"] {
        assert_eq!(server.get(&asking(&realm, other, &[])).await.status, 400, "{other}");
    }
    assert_eq!(site.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_with_keys_signs_for_itself_also_before_anybody_agreed() {
    for server in servers().await {
        let site = Site::open().await;
        let realm = realm(&server, json!({})).await;
        let key = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
        let keys = Jwks {
            keys: vec![key.public_jwk().unwrap()],
        };
        site.put(
            "/jwks",
            "200 OK\r\ncontent-type: application/json\r\n",
            serde_json::to_string(&keys).unwrap(),
        );
        let id = site.describe(
            "/c",
            json!({
                "jwks_uri": site.address("/jwks"), "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
            }),
        );
        let proof = |jti: &str| {
            let now = server.app.now_seconds();
            let aud = format!("http://localhost:8080/realms/{realm}");
            let said = json!({ "iss": id, "sub": id, "aud": aud, "jti": jti, "iat": now, "exp": now + 60 });
            jwt::encode(&key, "JWT", &said).unwrap()
        };
        let challenge = b64url(&sha256(VERIFIER.as_bytes()));
        let kind = (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        let pushed = server
            .form(
                &at(&realm, "ext/par/request"),
                &[
                    ("client_id", &id),
                    kind,
                    ("client_assertion", &proof("1")),
                    ("redirect_uri", CALLBACK),
                    ("response_type", "code"),
                    ("scope", "openid"),
                    ("code_challenge", &challenge),
                    ("code_challenge_method", "S256"),
                ],
            )
            .await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let query = encode(&[
            ("client_id", &id),
            ("request_uri", &text(&pushed.json(), "request_uri")),
        ]);
        let mut ann = Browser::new(&server);
        let page = open(&mut ann, &format!("{}?{query}", at(&realm, "auth")), "ann").await;
        let answer = say_yes(&mut ann, &page).await;
        let unproved = redeem(&server, &realm, &id, &answer, &[]).await;
        assert_ne!(unproved.status, 200, "{}", unproved.body);
        let stranger = SigningKey::generate(Alg::ES256).unwrap().with_kid("k");
        let now = server.app.now_seconds();
        let forged = json!({ "iss": id, "sub": id, "aud": format!("http://localhost:8080/realms/{realm}"), "jti": "2", "exp": now + 60 });
        let forged = jwt::encode(&stranger, "JWT", &forged).unwrap();
        assert_eq!(
            redeem(&server, &realm, &id, &answer, &[kind, ("client_assertion", &forged)])
                .await
                .status,
            400
        );
        let good = redeem(
            &server,
            &realm,
            &id,
            &answer,
            &[kind, ("client_assertion", &proof("3"))],
        )
        .await;
        assert_eq!(good.status, 200, "{}", good.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_description_has_put_away_proves_nothing_any_more() {
    let server = one_server().await;
    let site = Site::open().await;
    let realm = realm(&server, json!({})).await;
    let keys = ["old", "new"].map(|kid| SigningKey::generate(Alg::ES256).unwrap().with_kid(kid));
    let describe = |key: &SigningKey| {
        let keys = Jwks {
            keys: vec![key.public_jwk().unwrap()],
        };
        site.describe(
            "/c",
            json!({ "jwks": keys, "token_endpoint_auth_method": "private_key_jwt" }),
        )
    };
    let id = describe(&keys[0]);
    let calls = |key: &SigningKey| {
        let now = server.app.now_seconds();
        let aud = format!("http://localhost:8080/realms/{realm}");
        let jti = vestibule::random::uuid();
        let said = json!({ "iss": id, "sub": id, "aud": aud, "jti": jti, "iat": now, "exp": now + 60 });
        let proof = jwt::encode(key, "JWT", &said).unwrap();
        let (server, realm, id) = (&server, &realm, &id);
        async move {
            let fields = [
                ("client_id", id.as_str()),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", &proof),
                ("redirect_uri", CALLBACK),
                ("response_type", "code"),
                ("scope", "openid"),
                ("code_challenge", &b64url(&sha256(VERIFIER.as_bytes()))),
                ("code_challenge_method", "S256"),
            ];
            server.form(&at(realm, "ext/par/request"), &fields).await
        }
    };
    // Somebody says yes, and it is kept.
    let pushed = calls(&keys[0]).await.json();
    let query = encode(&[("client_id", &id), ("request_uri", &text(&pushed, "request_uri"))]);
    let mut ann = Browser::new(&server);
    let page = open(&mut ann, &format!("{}?{query}", at(&realm, "auth")), "ann").await;
    say_yes(&mut ann, &page).await;
    describe(&keys[1]);
    server.app.clock.advance(301_000);
    assert_eq!(calls(&keys[1]).await.status, 201);
    assert_eq!(calls(&keys[0]).await.status, 401);
    // Nor while the description is away.
    site.put("/c", "500 Internal Server Error\r\n", String::new());
    server.app.clock.advance(301_000);
    assert_eq!(calls(&keys[0]).await.status, 401);
}
