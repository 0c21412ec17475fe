//! Pairwise subjects (OpenID Connect Core section 8): applications of one sector know a person by one id, others by another,
//! and nothing that a client gets tells the id behind it.

use serde_json::{Value, json};

use crate::client_registration::{initial_token, register};
use crate::support::oidc::{at, claims, shop, text, token};
use crate::support::{self, Browser, Server, encode};

/// An application that registers itself with this redirect URI, and the tokens of `mia` for it.
async fn tokens(server: &Server, realm: &str, redirect: &str) -> (Value, Value) {
    let initial = initial_token(server, realm, 1).await;
    let metadata = json!({ "redirect_uris": [redirect], "subject_type": "pairwise" });
    let client = register(server, realm, Some(&initial), &metadata).await;
    assert_eq!(client.status, 201, "{}", client.body);
    let client = client.json();
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let mut browser = Browser::new(server);
    let query = [
        ("client_id", id.as_str()),
        ("redirect_uri", redirect),
        ("response_type", "code"),
        ("scope", "openid"),
    ];
    let page = browser.get(&format!("{}?{}", at(realm, "auth"), encode(&query))).await;
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    let answer = browser.follow(answer).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("code", &answer.location_parameter("code").expect("a code")),
        ("redirect_uri", redirect),
    ];
    (client, token(server, realm, &fields).await.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sector_knows_a_person_by_one_id_and_no_token_tells_another() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let path = format!("/{realm}/users?username=mia");
        let own = text(&server.admin("GET", &path, Value::Null).await.json()[0], "id");
        let mut subjects = Vec::new();
        for redirect in ["https://a.example/one", "https://a.example/two", "https://b.example/cb"] {
            let (client, given) = tokens(&server, &realm, redirect).await;
            let subject = text(&claims(&text(&given, "id_token")), "sub");
            for name in ["access_token", "refresh_token"] {
                assert_eq!(claims(&text(&given, name))["sub"], json!(subject), "{name}");
            }
            let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
                ("refresh_token", &text(&given, "refresh_token")),
            ];
            let again = token(&server, &realm, &fields).await.json();
            assert_eq!(text(&claims(&text(&again, "id_token")), "sub"), subject);
            let fields = [
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
                ("token", &text(&again, "refresh_token")),
                ("token_type_hint", "refresh_token"),
            ];
            let seen = server.form(&at(&realm, "token/introspect"), &fields).await.json();
            assert_eq!((&seen["active"], &seen["sub"]), (&json!(true), &json!(subject)));
            let fields = [
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
                ("refresh_token", &text(&again, "refresh_token")),
            ];
            assert_eq!(server.form(&at(&realm, "logout"), &fields).await.status, 204);
            subjects.push(subject);
        }
        assert_eq!(subjects[0], subjects[1]);
        assert_ne!(subjects[0], subjects[2]);
        assert!(!subjects.contains(&own));
    }
}
