//! Mail goes through the outbox to the realm's server, once, whatever happens on the way.

use serde_json::json;
use vestibule::mail;

use crate::people::{self, person, send_form};
use crate::support::{self, Browser, Server, SmtpServer};

fn smtp(port: u16) -> serde_json::Value {
    json!({
        "host": "127.0.0.1", "port": port.to_string(), "from": "door@example.org", "fromDisplayName": "Front Door",
        "replyTo": "help@example.org"
    })
}

async fn realm(server: &Server, port: u16) -> String {
    people::realm(server, json!({ "verifyEmail": true, "smtpServer": smtp(port) })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_reaches_the_realms_server() {
    for server in support::servers().await {
        let smtp = SmtpServer::start().await;
        let realm = realm(&server, smtp.address.port()).await;
        send_form(&mut Browser::new(&server), &realm, &person("mia")).await;
        assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 1);
        let (to, text) = smtp.wait_for(1).await.remove(0);
        assert_eq!(to, "mia@example.org");
        for part in [
            "From: \"Front Door\" <door@example.org>",
            "Reply-To: help@example.org",
            "To: mia@example.org",
            "Subject: Verify email",
            "Message-ID: <",
            "multipart/alternative",
            "text/plain",
            "text/html",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(
            people::mails(&server, "mia@example.org").await.is_empty(),
            "a realm with a server uses it"
        );
        assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_gets_the_mail_later() {
    for server in support::servers().await {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let realm = realm(&server, free).await;
        let page = send_form(&mut Browser::new(&server), &realm, &person("mia")).await;
        assert_eq!(page.status, 200, "nobody waits for the mail");
        assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 0);
        let smtp = SmtpServer::start().await;
        let settings = json!({ "smtpServer": self::smtp(smtp.address.port()) });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), settings).await.status, 204);
        assert_eq!(
            mail::deliver_due(&server.app).await.unwrap(),
            0,
            "not before the pause is over"
        );
        server.app.clock.advance(6_000);
        assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 1);
        assert_eq!(smtp.wait_for(1).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_nobody_takes_is_given_up_after_a_day() {
    let server = support::sqlite().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let realm = realm(&server, free).await;
    send_form(&mut Browser::new(&server), &realm, &person("mia")).await;
    for _ in 0..110 {
        mail::deliver_due(&server.app).await.unwrap();
        server.app.clock.advance(901_000);
    }
    let smtp = SmtpServer::start().await;
    let settings = json!({ "smtpServer": self::smtp(smtp.address.port()) });
    server.admin("PUT", &format!("/{realm}"), settings).await;
    server.app.clock.advance(901_000);
    assert_eq!(mail::deliver_due(&server.app).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_deliver_at_once_send_each_mail_once() {
    for server in support::servers().await {
        let smtp = SmtpServer::start().await;
        let realm = realm(&server, smtp.address.port()).await;
        for n in 0..10 {
            send_form(&mut Browser::new(&server), &realm, &person(&format!("mia{n}"))).await;
        }
        let apps: Vec<_> = (0..4).map(|_| server.app.clone()).collect();
        let sent: usize = futures_util::future::join_all(apps.iter().map(mail::deliver_due))
            .await
            .into_iter()
            .map(|n| n.unwrap())
            .sum();
        assert_eq!(sent, 10);
        assert_eq!(smtp.wait_for(10).await.len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_becomes_a_header_or_a_command() {
    let server = support::sqlite().await;
    let smtp = SmtpServer::start().await;
    let realm = realm(&server, smtp.address.port()).await;
    for address in [
        "mia@example.org\r\nBcc: evil@example.org",
        "mia@example.org,evil@example.org",
        "\"a\r\nRCPT TO:<evil@x>\"@example.org",
        "mia\u{2028}@example.org",
        "<mia@example.org>",
    ] {
        let mut fields = person("mia");
        fields[1].1 = address.to_owned();
        let page = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert_eq!(page.field_error("email"), "Invalid email address.", "{address:?}");
    }
    let mut fields = person("mia");
    fields[1].1 = "čočka@exämple.org".to_owned();
    send_form(&mut Browser::new(&server), &realm, &fields).await;
    mail::deliver_due(&server.app).await.unwrap();
    let mails = smtp.wait_for(1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].0, "čočka@xn--exmple-cua.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_for_development_and_has_a_page() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({ "verifyEmail": true })).await;
    send_form(&mut Browser::new(&server), &realm, &person("mia")).await;
    let list = server.get("/inbox").await;
    assert_eq!(list.status, 200);
    let one = server.get(&list.link("/inbox/")).await;
    assert!(one.body.contains("mia@example.org"), "{}", one.body);
    let told = people::mails(&server, "MIA@example.org").await;
    assert_eq!(told.len(), 1);
    for name in ["to", "subject", "text", "html", "links", "date"] {
        assert!(told[0].get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_does_not_answer_holds_up_its_own_realm_only() {
    for server in support::servers().await {
        // It takes every connection, and never says a word.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = silent.accept().await {
                held.push(stream);
            }
        });
        let smtp = SmtpServer::start().await;
        let (slow, quick) = (realm(&server, port).await, realm(&server, smtp.address.port()).await);
        for n in 0..20 {
            send_form(&mut Browser::new(&server), &slow, &person(&format!("slow{n}"))).await;
        }
        mail::start(&server.app);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        send_form(&mut Browser::new(&server), &quick, &person("mia")).await;
        let arrived = tokio::time::timeout(std::time::Duration::from_secs(10), smtp.wait_for(1)).await;
        assert_eq!(arrived.expect("it is not held up").len(), 1);
    }
}
