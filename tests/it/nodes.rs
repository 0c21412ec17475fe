//! Several nodes on one database behave as one: what may be used once is used once between them, and a change made
//! through one is seen by the other within a second. On SQLite the "other node" is the same one.

use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};

use crate::support::{self, Answer, Browser, Server, build, encode, send};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// The routers of two nodes.
pub async fn two_nodes(server: &Server) -> [Router; 2] {
    let other = if server.app.db.engine_name() == "postgres" {
        vestibule::routes::router(server.another_node().await)
    } else {
        server.router.clone()
    };
    [server.router.clone(), other]
}

pub async fn shop(server: &Server, settings: Value) -> String {
    let realm = server.realm(settings).await;
    let client = json!({
        "clientId": "shop", "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": true,
        "redirectUris": ["https://shop.example/cb"]
    });
    server.client(&realm, client).await;
    server.user(&realm, "mia", "correct horse").await;
    realm
}

/// Sends the same token request often, at the same moment, to both nodes in turn.
pub async fn at_once(nodes: &[Router; 2], realm: &str, fields: &[(&str, &str)], times: usize) -> Vec<Answer> {
    let path = format!("/realms/{realm}/protocol/openid-connect/token");
    let body = encode(fields);
    let sent: Vec<_> = (0..times)
        .map(|n| {
            let (node, path, body) = (nodes[n % 2].clone(), path.clone(), body.clone());
            tokio::spawn(async move { send(&node, build("POST", &path, &FORM, body)).await })
        })
        .collect();
    let mut answers = Vec::new();
    for one in sent {
        answers.push(one.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_redeemed_once_between_two_nodes() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = shop(&server, json!({})).await;
        let mut browser = Browser::new(&server);
        let page = browser
            .get(&format!(
                "/realms/{realm}/protocol/openid-connect/auth?client_id=shop&response_type=code&scope=openid&state=s\
                 &redirect_uri=https%3A%2F%2Fshop.example%2Fcb"
            ))
            .await;
        let answer = browser
            .submit(
                &page.form("kc-form-login"),
                &[("username", "mia"), ("password", "correct horse")],
            )
            .await;
        let code = browser.follow(answer).await.location_parameter("code").expect("a code");
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "shop"),
            ("code", code.as_str()),
            ("redirect_uri", "https://shop.example/cb"),
        ];
        let answers = at_once(&nodes, &realm, &fields, 20).await;
        // A second use voids what the first gave, at once: it may be the first that hears so.
        assert!(answers.iter().filter(|a| a.status == 200).count() <= 1);
        assert!(
            answers
                .iter()
                .filter(|a| a.status != 200)
                .all(|a| a.status == 400 && a.json()["error"] == "invalid_grant")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_may_be_used_once_is_used_once_between_two_nodes() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = shop(
            &server,
            json!({ "revokeRefreshToken": true, "refreshTokenMaxReuse": 0 }),
        )
        .await;
        let fields = [
            ("grant_type", "password"),
            ("client_id", "shop"),
            ("username", "mia"),
            ("password", "correct horse"),
        ];
        let first = server
            .form(&format!("/realms/{realm}/protocol/openid-connect/token"), &fields)
            .await
            .json();
        let refresh = first["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", refresh),
        ];
        let answers = at_once(&nodes, &realm, &fields, 20).await;
        assert!(answers.iter().filter(|a| a.status == 200).count() <= 1);
        assert!(
            answers
                .iter()
                .filter(|a| a.status != 200)
                .all(|a| a.status == 400 && a.json()["error"] == "invalid_grant")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_on_one_node_is_dead_on_the_other_within_a_second() {
    for server in support::servers().await {
        let nodes = two_nodes(&server).await;
        let realm = shop(&server, json!({})).await;
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let fields = [
            ("grant_type", "password"),
            ("client_id", "shop"),
            ("username", "mia"),
            ("password", "correct horse"),
        ];
        let ask = || send(&nodes[1], build("POST", &path, &FORM, encode(&fields)));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let tokens = ask().await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        let found = server
            .admin("GET", &format!("/{realm}/clients?clientId=shop"), Value::Null)
            .await
            .json();
        let id = found[0]["id"].as_str().unwrap();
        let changed = server
            .admin(
                "PUT",
                &format!("/{realm}/clients/{id}"),
                json!({ "clientId": "shop", "enabled": false }),
            )
            .await;
        assert_eq!(changed.status, 204, "{}", changed.body);
        tokio::time::sleep(Duration::from_millis(950)).await;
        assert_eq!(ask().await.status, 401);
        let info = format!("/realms/{realm}/protocol/openid-connect/userinfo");
        let bearer = format!("Bearer {}", tokens.json()["access_token"].as_str().unwrap());
        let seen = send(
            &nodes[1],
            build("GET", &info, &[("authorization", &bearer)], String::new()),
        )
        .await;
        assert_eq!(seen.status, 401);
    }
}

/// Passes connections on to PostgreSQL until it is cut.
async fn wire(to: &str) -> (String, tokio::task::JoinHandle<()>) {
    let mut address = url::Url::parse(to).unwrap();
    let target = format!("{}:{}", address.host_str().unwrap(), address.port().unwrap_or(5432));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    address.set_host(Some("127.0.0.1")).unwrap();
    address.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let passing = tokio::spawn(async move {
        let mut all = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let target = target.clone();
            all.spawn(async move {
                let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (address.into(), passing)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_discovery_are_answered_while_postgresql_is_away() {
    const ANSWERED: [&str; 3] = [
        "/realms/master",
        "/realms/master/.well-known/openid-configuration",
        "/realms/master/protocol/openid-connect/certs",
    ];
    let Some(database) = support::fresh_postgres().await else {
        return;
    };
    let (address, wire) = wire(&database).await;
    let app = support::node(&address).await.unwrap();
    vestibule::jobs::start(&app);
    let router = vestibule::routes::router(app.clone());
    let get = |path: &'static str| send(&router, build("GET", path, &[], String::new()));
    let mut before = Vec::new();
    for path in ANSWERED {
        before.push(get(path).await);
    }
    wire.abort();
    let _ = wire.await;
    // The node has noticed, and forgets what it cannot be sure of.
    let mut away = get("/realms/nothing").await;
    for _ in 0..100 {
        away = get("/realms/nothing").await;
        if away.status == 503 && vestibule::store::realm::by_name(&app.db, "master").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(away.status, 503, "{}", away.body);
    for (path, before) in ANSWERED.into_iter().zip(before) {
        let after = get(path).await;
        assert_eq!((after.status, after.body), (200, before.body), "{path}");
    }
    let fields = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "admin"),
        ("password", "admin"),
    ];
    let request = build(
        "POST",
        "/realms/master/protocol/openid-connect/token",
        &FORM,
        encode(&fields),
    );
    assert_eq!(
        send(&router, request).await.status,
        503,
        "what decides is not answered from memory"
    );
}
