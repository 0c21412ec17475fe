//! Mail goes to the realm's server as the realm says: encrypted, signed in, or not at all; and what waits cannot be read.

use serde_json::{Value, json};
use vestibule::mail;
use vestibule::store::Query as _;

use crate::people::{self, person, send_form};
use crate::support::{self, Authority, Browser, Secured, Server, SmtpServer, Wants};

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn settings(port: u16, more: Value) -> Value {
    let mut all = json!({ "host": "127.0.0.1", "port": port.to_string(), "from": "door@example.org" });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn sign_in(password: &str) -> Value {
    json!({ "auth": "true", "user": "door", "password": password })
}

fn with(mut settings: Value, key: &str) -> Value {
    settings[key] = json!("true");
    settings
}

async fn queue_one(server: &Server, smtp: Value) -> String {
    let realm = people::realm(server, json!({ "verifyEmail": true, "smtpServer": smtp })).await;
    let page = send_form(&mut Browser::new(server), &realm, &person("mia")).await;
    assert_eq!(page.status, 200, "nobody waits for the mail");
    realm
}

async fn failure(server: &Server) -> String {
    let sql = "select failure from outbox where done is null";
    let row = server.app.db.first(sql, &[]).await.unwrap();
    row.expect("a mail that waits").next::<String>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_by_starttls_and_by_tls_to_a_server_that_wants_a_password() {
    let authority = Authority::new();
    for server in support::servers_with(|config| config.egress_ca = Some(authority.file.clone())).await {
        for (secured, key) in [(Secured::Later, "starttls"), (Secured::FromTheStart, "ssl")] {
            for mechanism in ["PLAIN", "LOGIN"] {
                let wants = Wants {
                    secured,
                    login: Some((mechanism, "door", "correct horse")),
                };
                let smtp = SmtpServer::with(&authority, wants).await;
                let all = with(settings(smtp.address.port(), sign_in("correct horse")), key);
                queue_one(&server, all).await;
                assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 1, "{key} {mechanism}");
                assert_eq!(smtp.wait_for(1).await[0].0, "mia@example.org");
                let clear = smtp.clear();
                assert!(
                    clear.iter().all(|l| l.starts_with("EHLO") || l == "STARTTLS"),
                    "{key} {mechanism}: {clear:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_waits_and_is_sent_once_it_is_put_right() {
    let authority = Authority::new();
    for server in support::servers_with(|config| config.egress_ca = Some(authority.file.clone())).await {
        let login = Some(("PLAIN", "door", "correct horse"));
        let starttls = |password| with(sign_in(password), "starttls");
        let cases = [
            ("a wrong password", Secured::Later, login, starttls("wrong"), "535"),
            (
                "no STARTTLS there",
                Secured::Never,
                login,
                starttls("correct horse"),
                "STARTTLS",
            ),
            (
                "no password sent",
                Secured::Later,
                login,
                with(json!({}), "starttls"),
                "530",
            ),
            ("TLS is wanted", Secured::Later, None, json!({}), "530"),
        ];
        for (what, secured, login, sent, said) in cases {
            let smtp = SmtpServer::with(&authority, Wants { secured, login }).await;
            let port = smtp.address.port();
            let realm = queue_one(&server, settings(port, sent)).await;
            assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 0, "{what}");
            let why = failure(&server).await;
            assert!(
                why.contains(said) && why.contains(&format!("127.0.0.1:{port}")),
                "{what}: {why}"
            );
            assert!(
                !why.contains("correct horse") && !why.contains("wrong"),
                "{what}: {why}"
            );
            assert!(smtp.mails().is_empty(), "{what}");
            assert!(
                smtp.clear().iter().all(|l| !l.starts_with("AUTH")),
                "{what}: no password in clear"
            );
            let right = Wants {
                secured: Secured::Later,
                login: Some(("LOGIN", "door", "correct horse")),
            };
            let smtp = SmtpServer::with(&authority, right).await;
            let repaired = settings(smtp.address.port(), starttls("correct horse"));
            let change = json!({ "smtpServer": repaired });
            assert_eq!(server.admin("PUT", &format!("/{realm}"), change).await.status, 204);
            server.app.clock.advance(6_000);
            assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 1, "{what}");
            assert_eq!(smtp.wait_for(1).await.len(), 1, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_nobody_vouches_for_gets_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (trusted, key, secured) in [
        (None, "ssl", Secured::FromTheStart),
        (None, "starttls", Secured::Later),
        (Some(&other), "starttls", Secured::Later),
    ] {
        let trust = trusted.map(|a| a.file.clone());
        for server in support::servers_with(|config| config.egress_ca.clone_from(&trust)).await {
            let login = Some(("PLAIN", "door", "correct horse"));
            let smtp = SmtpServer::with(&authority, Wants { secured, login }).await;
            let all = with(settings(smtp.address.port(), sign_in("correct horse")), key);
            queue_one(&server, all).await;
            assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 0, "{key}");
            let why = failure(&server).await;
            assert!(why.to_lowercase().contains("certificate"), "{key}: {why}");
            assert!(smtp.mails().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_connection_tells_whether_it_works() {
    let authority = Authority::new();
    let servers = support::servers_with(|config| config.egress_ca = Some(authority.file.clone())).await;
    for server in servers {
        let wants = Wants {
            secured: Secured::Later,
            login: Some(("LOGIN", "door", "correct horse")),
        };
        let smtp = SmtpServer::with(&authority, wants).await;
        let right = with(settings(smtp.address.port(), sign_in("correct horse")), "starttls");
        let realm = server.realm(json!({ "smtpServer": right })).await;
        let path = format!("/{realm}/testSMTPConnection");
        let admins = server
            .admin("GET", "/master/users?username=admin", Value::Null)
            .await
            .json();
        let admin = format!("/master/users/{}", admins[0]["id"].as_str().unwrap());
        let failed = json!({ "errorMessage": "Failed to send email" });
        let answer = server.admin("POST", &path, right.clone()).await;
        assert_eq!(
            (answer.status, answer.json()),
            (500, failed.clone()),
            "who asks has no address"
        );
        let address = json!({ "email": "root@example.org" });
        assert_eq!(server.admin("PUT", &admin, address).await.status, 204);
        let masked = |mut settings: Value| {
            settings["password"] = json!("**********");
            settings
        };
        let with_password = |password: &str| with(settings(smtp.address.port(), sign_in(password)), "starttls");
        let elsewhere = |mut settings: Value| {
            settings["host"] = json!("localhost");
            settings
        };
        for (sent, works) in [
            (right.clone(), true),
            (masked(right.clone()), true),
            (elsewhere(right.clone()), true),
            (elsewhere(masked(right.clone())), false),
            (with_password("wrong"), false),
            (settings(smtp.address.port(), sign_in("correct horse")), false),
        ] {
            let before = smtp.mails().len();
            let answer = server.admin("POST", &path, sent.clone()).await;
            if works {
                assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{sent}");
                assert_eq!(smtp.wait_for(before + 1).await[before].0, "root@example.org");
            } else {
                assert_eq!((answer.status, answer.json()), (500, failed.clone()), "{sent}");
                assert_eq!(smtp.mails().len(), before, "{sent}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_cannot_be_read_in_the_database() {
    for server in support::servers().await {
        let realm = queue_one(&server, settings(9, json!({}))).await;
        mail::deliver_due(&server.app).await.unwrap();
        let sql = "select id, realm_id, kind, doc, failure from outbox where done is null";
        let mut row = server.app.db.first(sql, &[]).await.unwrap().expect("a mail that waits");
        let mut told: Vec<String> = (0..3).map(|_| row.next().unwrap()).collect();
        told.push(String::from_utf8_lossy(&row.next::<Vec<u8>>().unwrap()).into_owned());
        told.push(row.next::<Option<String>>().unwrap().unwrap_or_default());
        let told = told.join("\n");
        for secret in ["mia", "example.org", "http", "key=", "Verify", &realm] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        let sql = "select count(*) from registration where doc like '%key=%'";
        assert_eq!(server.app.db.count(sql, &[]).await.unwrap(), 0);
    }
}
