//! Hooks: an address of the realm's is asked before people register, and told afterwards.

use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};
use vestibule::webhook;

use crate::client_registration::{address, initial, plain, register as register_client, text};
use crate::people::{self, json_url, person_with_password, send_form, users};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{self, Answer, Browser, Server};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

async fn realm(server: &Server, receiver: &Receiver, more: Value) -> String {
    let mut attributes = json!({ "registration.hook.before": receiver.url, "registration.hook.secret": SECRET });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    people::realm(server, json!({ "attributes": attributes })).await
}

fn mia() -> Value {
    json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse", "attributes": { "team": ["blue"] }
    })
}

async fn register(server: &Server, realm: &str) -> Answer {
    server.json(&json_url(realm), &mia()).await
}

/// `team` may be written by everybody, `rank` by administrators only.
async fn profile(server: &Server, realm: &str) {
    let path = format!("/{realm}/users/profile");
    let mut config = server.admin("GET", &path, Value::Null).await.json();
    let attributes = config["attributes"].as_array_mut().unwrap();
    for (name, edit) in [("team", json!(["admin", "user"])), ("rank", json!(["admin"]))] {
        attributes.push(json!({
            "name": name, "permissions": { "view": ["admin", "user"], "edit": edit }, "validations": { "length": { "max": 10 } }
        }));
    }
    assert_eq!(server.admin("PUT", &path, config).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_asked_with_a_signature_and_adds_what_the_person_could_have_sent() {
    for server in support::servers().await {
        let set = json!({ "team": "red", "rank": ["general"], "email": "other@example.org", "lastName": "Berger" });
        let receiver = Receiver::start(move |_| Reply::Json(json!({ "decision": "allow", "set": set }))).await;
        let realm = realm(&server, &receiver, json!({})).await;
        profile(&server, &realm).await;
        let answer = register(&server, &realm).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let heard = receiver.heard();
        assert_eq!(heard.len(), 1);
        assert!(heard[0].is_signed_with(SECRET) && heard[0].line.starts_with("POST /hook "));
        assert!(!heard[0].body.contains("correct horse"));
        let told = heard[0].json();
        assert_eq!(
            (&told["type"], &told["realm"]),
            (&json!("registration.before"), &json!(realm))
        );
        let data = &told["data"];
        assert_eq!((&data["action"], &data["previous"]), (&json!("create"), &Value::Null));
        assert_eq!(
            data["request"],
            json!({ "address": "127.0.0.1", "client": null, "locale": "en", "source": "json" })
        );
        assert_eq!(data["registration"]["email"], "mia@example.org");
        assert_eq!(data["registration"]["attributes"], json!({ "team": ["blue"] }));
        assert_eq!(data["registration"]["id"], answer.json()["id"]);
        let user = users(&server, &realm, "mia").await[0].clone();
        assert_eq!(user["attributes"], json!({ "team": ["red"] }));
        assert_eq!(
            (&user["email"], &user["lastName"]),
            (&json!("mia@example.org"), &json!("Berger"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_refuses_in_its_own_words_at_both_doors() {
    for server in support::servers().await {
        let no = json!({ "decision": "deny", "field": "email", "message": "Not <b>here</b>" });
        let receiver = Receiver::start(move |_| Reply::Json(no.clone())).await;
        let realm = realm(&server, &receiver, json!({})).await;
        let answer = register(&server, &realm).await;
        assert_eq!(answer.status, 403);
        let told = answer.json();
        assert_eq!(text(&told, "error"), "registration_refused");
        assert_eq!(text(&told, "errorMessage"), "Not <b>here</b>");
        assert_eq!(told["errors"][0]["field"], "email");
        let page = send_form(
            &mut Browser::new(&server),
            &realm,
            &person_with_password("mia", "correct horse"),
        )
        .await;
        assert_eq!(page.status, 200);
        assert_eq!(page.field_error("email"), "Not <b>here</b>");
        assert!(!page.body.contains("<b>here"), "the words are no HTML");
        assert!(users(&server, &realm, "mia").await.is_empty());
        let events = server
            .admin("GET", &format!("/{realm}/events"), Value::Null)
            .await
            .json();
        assert_eq!(
            (&events[0]["type"], &events[0]["error"]),
            (&json!("REGISTER_ERROR"), &json!("registration_refused"))
        );
        assert_eq!(events[0]["details"]["policy"], "registration.hook.before");
        assert_eq!(events[0]["details"]["reason"], "Not <b>here</b>");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_decision_that_nobody_takes_is_refused() {
    let server = support::sqlite().await;
    let receiver = Receiver::start(|_| Reply::Json(json!({ "decision": "queue" }))).await;
    let realm = realm(&server, &receiver, json!({})).await;
    let answer = register(&server, &realm).await;
    assert_eq!(
        (answer.status, text(&answer.json(), "error")),
        (403, "registration_refused")
    );
    let page = send_form(
        &mut Browser::new(&server),
        &realm,
        &person_with_password("mia", "correct horse"),
    )
    .await;
    assert!(
        page.body.contains("This registration is not accepted."),
        "{}",
        page.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_the_hook_queues_waits_for_approval() {
    for server in support::servers().await {
        let receiver = Receiver::start(|_| Reply::Json(json!({ "decision": "queue" }))).await;
        let (realm, token) = with_hook(&server, &receiver, json!({})).await;
        let told = register_client(&server, &realm, Some(&token), &plain()).await;
        assert_eq!(told.status, 201, "{}", told.body);
        assert_eq!(told.json()["registration_status"], "pending");
    }
}

/// Hooks that cannot be relied on.
fn bad(kind: &str) -> Reply {
    match kind {
        "hangs" => Reply::Hang,
        "dies" => Reply::Close,
        "never ends" => Reply::Endless,
        "fails" => Reply::Status(500),
        "redirects" => {
            Reply::Raw("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into())
        }
        "babbles" => Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello".into()),
        "is silent" => Reply::Status(200),
        "invents" => Reply::Json(json!({ "decision": "perhaps" })),
        "sets a number" => Reply::Json(json!({ "decision": "allow", "set": { "team": 7 } })),
        _ => Reply::Json(json!({ "decision": "allow", "set": { "team": "much too long a name" } })),
    }
}

const BAD: [&str; 10] = [
    "hangs",
    "dies",
    "never ends",
    "fails",
    "redirects",
    "babbles",
    "is silent",
    "invents",
    "sets a number",
    "sets nonsense",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_hangs_lies_or_dies_keeps_everybody_out_unless_the_realm_wants_it_open() {
    for server in support::servers().await {
        for kind in BAD {
            let receiver = Receiver::start(move |_| bad(kind)).await;
            let closed = realm(&server, &receiver, json!({})).await;
            profile(&server, &closed).await;
            let answer = register(&server, &closed).await;
            assert_eq!(answer.status, 503, "{kind} {}", answer.body);
            assert_eq!(
                (answer.header("retry-after"), text(&answer.json(), "error")),
                ("5", "temporarily_unavailable")
            );
            assert!(users(&server, &closed, "mia").await.is_empty(), "{kind}");
            let open = realm(&server, &receiver, json!({ "registration.hook.fail": "open" })).await;
            profile(&server, &open).await;
            let answer = register(&server, &open).await;
            assert_eq!(answer.status, 201, "{kind} {}", answer.body);
            assert_eq!(
                users(&server, &open, "mia").await[0]["attributes"]["team"],
                json!(["blue"]),
                "{kind}"
            );
        }
        let receiver = Receiver::start(|_| Reply::Close).await;
        let closed = realm(&server, &receiver, json!({})).await;
        let page = send_form(
            &mut Browser::new(&server),
            &closed,
            &person_with_password("mia", "correct horse"),
        )
        .await;
        assert_eq!((page.status, page.header("retry-after")), (503, "5"));
        assert!(page.body.contains("not possible at the moment"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_lead_to_private_addresses_only_where_the_operator_allows_it() {
    let receiver = Receiver::start(|_| Reply::Json(json!({ "decision": "allow" }))).await;
    for server in support::servers_with(|config| config.allow_private_hooks = false).await {
        let port = receiver.url.split(':').nth(2).unwrap().to_owned();
        let addresses = [
            receiver.url.clone(),
            format!("https://127.0.0.1:{port}"),
            format!("https://localhost:{port}"),
            format!("https://[::ffff:127.0.0.1]:{port}"),
            "https://169.254.169.254/latest/meta-data/".to_owned(),
        ];
        for (n, address) in addresses.into_iter().enumerate() {
            // Set when the operator still allowed it.
            let realm = format!("kept{n}");
            let settings = json!({
                "enabled": true, "registrationAllowed": true, "attributes": { "registration.hook.before": address }
            });
            let settings = support::members(settings);
            vestibule::realm_setup::create(&server.app, &realm, &settings)
                .await
                .unwrap();
            assert_eq!(register(&server, &realm).await.status, 503, "{address}");
            let body = json!({ "url": address });
            assert_eq!(
                server.admin("POST", &format!("/{realm}/webhooks"), body).await.status,
                400,
                "{address}"
            );
        }
    }
    assert!(receiver.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_asked_about_once_and_refusals_are_limited() {
    let server = support::sqlite().await;
    let receiver = Receiver::start(|heard| {
        let decision = if heard.body.contains("odd") { "deny" } else { "allow" };
        Reply::Json(json!({ "decision": decision }))
    })
    .await;
    let realm = realm(&server, &receiver, json!({ "registration.limit.address": "12/3600" })).await;
    let url = json_url(&realm);
    let asks = (0..8).map(|n| {
        let mut body = mia();
        body["username"] = json!(format!("{}{n}", if n % 2 == 0 { "even" } else { "odd" }));
        body["email"] = json!(format!("p{n}@example.org"));
        let (server, url) = (&server, &url);
        async move { server.json(url, &body).await.status }
    });
    let mut answers = futures_util::future::join_all(asks).await;
    answers.sort_unstable();
    assert_eq!(answers, [201, 201, 201, 201, 403, 403, 403, 403]);
    assert_eq!(receiver.heard().len(), 8);
    let mut last = 0;
    for n in 0..6 {
        let mut body = mia();
        body["username"] = json!(format!("odd-too-{n}"));
        body["email"] = json!(format!("q{n}@example.org"));
        last = server.json(&url, &body).await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(
        receiver.heard().len(),
        12,
        "nobody makes us ask more than the limits allow"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_registration_the_hook_is_told_until_it_hears() {
    for server in support::servers().await {
        static STATUS: AtomicU16 = AtomicU16::new(500);
        STATUS.store(500, Ordering::Relaxed);
        let receiver = Receiver::start(|heard| {
            if heard.body.contains("registration.after") {
                Reply::Status(STATUS.load(Ordering::Relaxed))
            } else {
                Reply::Json(json!({ "decision": "allow" }))
            }
        })
        .await;
        let after = json!({ "registration.hook.after": receiver.url, "registration.hook.before": "" });
        let realm = realm(&server, &receiver, after).await;
        let answer = register(&server, &realm).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 0);
        assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 0);
        assert_eq!(receiver.heard().len(), 1, "not again at once");
        STATUS.store(204, Ordering::Relaxed);
        server.app.clock.advance(5_001);
        assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 1);
        let heard = receiver.heard();
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0].header("webhook-id"), heard[1].header("webhook-id"));
        assert_eq!(heard[0].body, heard[1].body);
        assert!(heard[1].is_signed_with(SECRET));
        let told = heard[1].json();
        assert_eq!(
            (&told["type"], &told["data"]["action"]),
            (&json!("registration.after"), &json!("create"))
        );
        assert_eq!(told["data"]["registration"]["id"], answer.json()["id"]);
        assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_hook_is_not_shown_and_goes_with_its_address() {
    let server = support::sqlite().await;
    let receiver = Receiver::with_status(200).await;
    let realm = realm(&server, &receiver, json!({})).await;
    let read = || async { server.admin("GET", &format!("/{realm}"), Value::Null).await.json()["attributes"].clone() };
    assert_eq!(read().await["registration.hook.secret"], "**********");
    let path = format!("/{realm}");
    for (key, wrong) in [
        ("registration.hook.secret", "short"),
        ("registration.hook.secret", "whsec_c2hvcnQ="),
        ("registration.hook.fail", "ajar"),
        ("registration.hook.before", "file:///etc/passwd"),
        ("clientRegistration.hook.secret", "whsec_"),
    ] {
        let answer = server
            .admin("PUT", &path, json!({ "attributes": { key: wrong } }))
            .await;
        assert_eq!(answer.status, 400, "{key}");
    }
    let moved = json!({ "attributes": {
        "registration.hook.before": "http://127.0.0.1:1/", "registration.hook.secret": "**********"
    } });
    assert_eq!(server.admin("PUT", &path, moved).await.status, 204);
    assert_eq!(read().await["registration.hook.secret"], Value::Null);
}

/// A realm whose hook of applications answers so, and an initial access token.
async fn with_hook(server: &Server, receiver: &Receiver, more: Value) -> (String, String) {
    let mut attributes =
        json!({ "clientRegistration.hook.before": receiver.url, "clientRegistration.hook.secret": SECRET });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let realm = server
        .realm(json!({ "attributes": attributes, "eventsEnabled": true }))
        .await;
    let (_, token) = initial(server, &realm, json!({})).await;
    (realm, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_asked_about_when_they_come_and_when_they_change() {
    for server in support::servers().await {
        let receiver = Receiver::start(|heard| {
            let name = heard.json()["data"]["client"]["client_name"].clone();
            Reply::Json(match name.as_str() {
                Some("bad") => json!({ "decision": "deny", "field": "client_name", "message": "Not that name." }),
                Some("plain") => json!({ "decision": "allow", "set": { "client_name": "Blue plain", "contacts": ["a@example.org"] } }),
                _ => json!({ "decision": "allow" }),
            })
        })
        .await;
        let (realm, token) = with_hook(&server, &receiver, json!({})).await;
        let mut sent = plain();
        sent["client_name"] = json!("plain");
        let made = register_client(&server, &realm, Some(&token), &sent).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(
            (&made["client_name"], &made["contacts"]),
            (&json!("Blue plain"), &json!(["a@example.org"]))
        );
        let heard = receiver.heard();
        assert_eq!(heard.len(), 1);
        assert!(heard[0].is_signed_with(SECRET) && !heard[0].body.contains("client_secret\""));
        let told = heard[0].json();
        assert_eq!(
            (&told["type"], &told["data"]["action"]),
            (&json!("client.before"), &json!("create"))
        );
        assert_eq!(told["data"]["request"]["source"], "token");
        assert_eq!(
            (&told["data"]["previous"], &told["data"]["client"]["client_id"]),
            (&Value::Null, &Value::Null)
        );
        sent["client_name"] = json!("bad");
        let rat = text(&made, "registration_access_token");
        let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
        for answer in [
            register_client(&server, &realm, Some(&token), &sent).await,
            server.with_token(rat, "PUT", &own, sent.clone()).await,
        ] {
            assert_eq!(answer.status, 403, "{}", answer.body);
            let told = answer.json();
            assert_eq!(told["policy"], "clientRegistration.hook.before");
            assert_eq!((&told["field"], &told["value"]), (&json!("client_name"), &json!("bad")));
            assert!(text(&told, "error_description").ends_with("Details: Not that name."));
        }
        let told = receiver.heard().last().unwrap().json();
        assert_eq!(
            (&told["data"]["action"], &told["data"]["request"]["source"]),
            (&json!("update"), &json!("client"))
        );
        assert_eq!(told["data"]["previous"]["client_name"], "Blue plain");
        sent["client_name"] = json!("good");
        assert_eq!(server.with_token(rat, "PUT", &own, sent).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_of_applications_reaches_nothing_that_they_could_not_and_fails_as_the_realm_wants() {
    let server = support::sqlite().await;
    for set in [
        json!({ "client_id": "mine" }),
        json!({ "scope": "nosuch" , "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": 7 }),
    ] {
        let given = set.clone();
        let receiver = Receiver::start(move |_| Reply::Json(json!({ "decision": "allow", "set": given }))).await;
        let (realm, token) = with_hook(&server, &receiver, json!({})).await;
        let answer = register_client(&server, &realm, Some(&token), &plain()).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, "5"),
            "{set} {}",
            answer.body
        );
        let (realm, token) = with_hook(&server, &receiver, json!({ "clientRegistration.hook.fail": "open" })).await;
        let answer = register_client(&server, &realm, Some(&token), &plain()).await;
        assert_eq!(answer.status, 201, "{set} {}", answer.body);
        assert_eq!(answer.json()["redirect_uris"], plain()["redirect_uris"]);
    }
    for kind in ["hangs", "dies", "never ends", "invents", "redirects"] {
        let receiver = Receiver::start(move |_| bad(kind)).await;
        let (realm, token) = with_hook(&server, &receiver, json!({})).await;
        let answer = register_client(&server, &realm, Some(&token), &plain()).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{kind}");
        let events = server
            .admin("GET", &format!("/{realm}/events"), Value::Null)
            .await
            .json();
        assert_eq!(events[0]["error"], "hook_unavailable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn afterwards_the_hook_of_applications_is_told() {
    let server = support::sqlite().await;
    let receiver = Receiver::with_status(200).await;
    let after = json!({ "clientRegistration.hook.after": receiver.url, "clientRegistration.hook.before": "" });
    let (realm, token) = with_hook(&server, &receiver, after).await;
    let made = register_client(&server, &realm, Some(&token), &plain()).await.json();
    let own = format!("{}/{}", address(&realm), text(&made, "client_id"));
    let mut sent = plain();
    sent["client_name"] = json!("other");
    assert_eq!(
        server
            .with_token(text(&made, "registration_access_token"), "PUT", &own, sent)
            .await
            .status,
        200
    );
    assert_eq!(webhook::deliver_due(&server.app).await.unwrap(), 2);
    let heard = receiver.heard();
    let kinds: Vec<Value> = heard.iter().map(|h| h.json()["data"]["action"].clone()).collect();
    assert_eq!(kinds, ["create", "update"]);
    assert!(
        heard
            .iter()
            .all(|h| h.is_signed_with(SECRET) && h.json()["type"] == "client.after")
    );
    assert_eq!(heard[1].json()["data"]["client"]["client_name"], "other");
    assert_eq!(heard[0].json()["data"]["client"]["client_id"], made["client_id"]);
    assert!(!heard[0].body.contains("client_secret\""));
}
