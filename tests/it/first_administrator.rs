//! The first start makes an administrator: a user, a client, or both.

use serde_json::{Value, json};
use vestibule::realm_setup;

use crate::support::{build, encode, first_starts, send, servers};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test(flavor = "multi_thread")]
async fn a_client_can_be_the_first_administrator() {
    let service = Some(("ci".to_owned(), "a secret of the operator".to_owned()));
    let starts = first_starts(|config| {
        config.dev = false;
        config.hostname = Some("http://localhost:8080".into());
        config.first_admin.1 = None;
        config.first_service.clone_from(&service);
    });
    for (app, _folder) in starts.await {
        let made = realm_setup::bootstrap(&app).await.unwrap().unwrap();
        assert_eq!((made.username.as_str(), made.shown_password), ("ci", None));
        let router = vestibule::routes::router(app);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "ci"),
            ("client_secret", "a secret of the operator"),
        ];
        let token = "/realms/master/protocol/openid-connect/token";
        let token = send(&router, build("POST", token, &[FORM], encode(&fields)))
            .await
            .json();
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let realm = json!({ "realm": "made-by-ci", "enabled": true }).to_string();
        let made = send(&router, build("POST", "/admin/realms", &headers, realm)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let users = send(
            &router,
            build("GET", "/admin/realms/master/users", &headers, String::new()),
        )
        .await;
        assert_eq!(users.json(), Value::Array(Vec::new()), "nobody else administers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_to_administer_the_first_start_is_refused() {
    let starts = first_starts(|config| {
        config.dev = false;
        config.first_admin.1 = None;
    });
    for (app, _folder) in starts.await {
        let refused = realm_setup::bootstrap(&app).await.err().unwrap().to_string();
        assert!(refused.contains("KC_BOOTSTRAP_ADMIN_CLIENT_SECRET"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_whom_nobody_lets_in_makes_another_administrator() {
    for server in servers().await {
        let config = &server.app.config;
        let run = |arguments: &[&str]| {
            let done = std::process::Command::new(env!("CARGO_BIN_EXE_vestibule"))
                .arg("bootstrap-admin")
                .args(arguments)
                .args(["--db", &config.db, "--secret-key-file"])
                .arg(&config.secret_key_file)
                .env("RESCUE", "what the operator chose")
                .output()
                .unwrap();
            let said = String::from_utf8(done.stdout).unwrap() + String::from_utf8(done.stderr).unwrap().as_str();
            (done.status.success(), said)
        };
        let (done, said) = run(&["service", "--client-id", "rescue", "--client-secret:env", "RESCUE"]);
        assert!(done && !said.contains("what the operator chose"), "{said}");
        let token = "/realms/master/protocol/openid-connect/token";
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "rescue"),
            ("client_secret", "what the operator chose"),
        ];
        // As it starts afterwards.
        let router = vestibule::routes::router(server.another_node().await);
        let token = send(&router, build("POST", token, &[FORM], encode(&fields)))
            .await
            .json();
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let realms = build("GET", "/admin/realms", &[("authorization", &bearer)], String::new());
        assert_eq!(send(&router, realms).await.json()[0]["realm"], "master");
        let (done, said) = run(&["service", "--client-id", "rescue"]);
        assert!(!done && said.contains("has a client rescue already"), "{said}");

        let (done, said) = run(&["user", "--username", "somebody"]);
        assert!(done, "{said}");
        let password = said.trim().rsplit(' ').next().unwrap();
        let fields = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "somebody"),
            ("password", password),
        ];
        let token = "/realms/master/protocol/openid-connect/token";
        let router = vestibule::routes::router(server.another_node().await);
        let signed_in = send(&router, build("POST", token, &[FORM], encode(&fields))).await;
        assert_eq!(signed_in.status, 200, "{said}");
    }
}
