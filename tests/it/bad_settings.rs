//! What means nothing is refused when it is sent, with a text that says what would.

use serde_json::{Value, json};

use crate::people;
use crate::support::{self, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_has_a_name_that_stands_in_an_address() {
    let server = support::sqlite().await;
    for (name, told) in [
        ("..", "."),
        (".", "."),
        ("<script>", "<"),
        ("a/b", "/"),
        ("../x", "/"),
        ("a\\b", "\\"),
        ("a%2fb", "%"),
        ("{x}", "{"),
        ("a\"b", "\""),
        ("a\u{202e}b", "U+202E"),
        ("x\u{200b}", "U+200B"),
        ("a\u{1}b", "U+0001"),
    ] {
        let answer = server
            .admin("POST", "", json!({ "realm": name, "enabled": true }))
            .await;
        let refused = json!({ "error": format!("Character '{told}' not allowed.") });
        assert_eq!((answer.status, answer.json()), (400, refused), "{name:?}");
    }
    for name in ["a b", "a.b", "ä", "a~b", "a'b"] {
        let answer = server
            .admin("POST", "", json!({ "realm": name, "enabled": true }))
            .await;
        assert_eq!(answer.status, 201, "{name:?}: {}", answer.body);
    }
    let realm = server.realm(json!({})).await;
    for name in ["..", "<x>", "a/b"] {
        let answer = server
            .admin("PUT", &format!("/{realm}"), json!({ "realm": name }))
            .await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(
            answer.json()["errorMessage"]
                .as_str()
                .unwrap()
                .ends_with("not allowed."),
            "{}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realms_numbers_themes_and_languages_are_looked_at() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}");
    let before = server.admin("GET", &path, Value::Null).await.json();
    let negative = |key: &str| format!("{key} may not be a negative value");
    for (sent, told) in [
        (json!({ "accessTokenLifespan": -5 }), negative("accessTokenLifespan")),
        (
            json!({ "offlineSessionIdleTimeout": -1 }),
            negative("offlineSessionIdleTimeout"),
        ),
        (json!({ "accessCodeLifespan": -1 }), negative("accessCodeLifespan")),
        (json!({ "failureFactor": -1 }), negative("Failure factor")),
        (
            json!({ "ssoSessionIdleTimeout": -5 }),
            "Client Session Idle Timeout cannot be greater than Realm SSO Idle Timeout.".to_owned(),
        ),
        (
            json!({ "clientSessionMaxLifespan": 36_001 }),
            "Client session max lifespan cannot exceed realm SSO session max lifespan.".to_owned(),
        ),
        (json!({ "loginTheme": "../x" }), "Character '/' not allowed.".to_owned()),
        (json!({ "emailTheme": ".." }), "Character '.' not allowed.".to_owned()),
        (
            json!({ "defaultLocale": "../x" }),
            "Character '/' not allowed.".to_owned(),
        ),
        (
            json!({ "supportedLocales": ["en", "a\\b"] }),
            "Character '\\' not allowed.".to_owned(),
        ),
    ] {
        let answer = server.admin("PUT", &path, sent.clone()).await;
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({ "errorMessage": told })),
            "{sent}"
        );
    }
    assert_eq!(
        server.admin("GET", &path, Value::Null).await.json(),
        before,
        "nothing was kept"
    );
    for right in [
        json!({ "accessTokenLifespan": -1 }),
        json!({ "clientSessionIdleTimeout": 1_800 }),
        json!({ "loginTheme": "keycloak.v2" }),
        json!({ "supportedLocales": ["en", "pt-BR", "zh_Hant"] }),
    ] {
        assert_eq!(server.admin("PUT", &path, right.clone()).await.status, 204, "{right}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_ours_that_means_nothing_says_what_would() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId=app"), Value::Null)
        .await;
    let client = format!("/{realm}/clients/{}", found.json()[0]["id"].as_str().unwrap());
    for (key, value, told) in [
        (
            "registration.limit.address",
            "junk",
            "N/seconds, such as 5/3600, or off",
        ),
        ("registration.limit.mail", "0/3600", "N/seconds, such as 5/3600, or off"),
        ("registration.hold", "maybe", "pending, account"),
        ("registration.pending.expires", "-1", "seconds, from 60 to 31536000"),
        ("clientRegistration.access", "all", "optional, required, open, off"),
    ] {
        let attributes = json!({ "attributes": { key: value } });
        let told = format!("{key}: \"{value}\" is not accepted. It may be: {told}.");
        let refused = (400, json!({ "errorMessage": told }));
        let of_realm = server.admin("PUT", &format!("/{realm}"), attributes.clone()).await;
        assert_eq!((of_realm.status, of_realm.json()), refused);
        let mut new = attributes.clone();
        new["realm"] = json!("another");
        let of_new = server.admin("POST", "", new).await;
        assert_eq!((of_new.status, of_new.json()), refused);
        let of_client = server.admin("PUT", &client, attributes).await;
        assert_eq!((of_client.status, of_client.json()), refused);
    }
    let right = json!({ "attributes": {
        "registration.limit.address": " 5/60 ", "registration.hold": "", "registration.unheard-of": "x",
        "clientRegistration.access": "required"
    } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), right).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_at_instants_that_are_dates_and_links_last_for_a_time() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (created, status) in [
        (0_i64, 201),
        (1_700_000_000_000, 201),
        (-1, 400),
        (99_999_999_999_999_999, 400),
        (i64::MAX, 400),
    ] {
        let user = json!({ "username": format!("mia{created}"), "createdTimestamp": created });
        let answer = server.admin("POST", &format!("/{realm}/users"), user).await;
        assert_eq!(answer.status, status, "{created}: {}", answer.body);
        if status == 400 {
            assert!(
                answer.json()["errorMessage"]
                    .as_str()
                    .unwrap()
                    .starts_with("createdTimestamp")
            );
        }
    }
    let id = server.user(&realm, "noa", "correct horse").await;
    for (lifespan, status) in [("-1", 400), ("0", 400), ("1000000000", 400), ("600", 204), ("", 204)] {
        for (what, body) in [
            ("execute-actions-email", json!(["UPDATE_PASSWORD"])),
            ("send-verify-email", Value::Null),
        ] {
            let path = format!("/{realm}/users/{id}/{what}?lifespan={lifespan}");
            let answer = server.admin("PUT", &path, body).await;
            assert_eq!(answer.status, status, "{what} {lifespan}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_comes_once_and_a_password_can_be_typed() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    for (name, told) in [
        ("email", "Attribute email must have"),
        ("username", "Attribute username must have"),
    ] {
        let mut fields = people::person_with_password("mia", "correct horse");
        fields.push((name.to_owned(), "eve@example.org".to_owned()));
        let page = people::send_form(&mut Browser::new(&server), &realm, &fields).await;
        let error = page.field_error(name);
        assert_eq!(error, format!("{told} at least 1 and at most 1 value."));
    }
    let fields = people::person_with_password("mia", "correct\0horse");
    let page = people::send_form(&mut Browser::new(&server), &realm, &fields).await;
    let told = "Invalid password: it has a character that cannot be typed.";
    assert_eq!(page.field_error("password"), told);
    let body = json!({ "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "password": "a\0b" });
    let answer = server
        .request(
            "POST",
            &people::json_url(&realm),
            &[("content-type", "application/json")],
            &body.to_string(),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["errors"][0]["code"], "invalidPasswordCharacterMessage");
    let id = server.user(&realm, "noa", "correct horse").await;
    let reset = json!({ "type": "password", "value": "a\0b" });
    let answer = server
        .admin("PUT", &format!("/{realm}/users/{id}/reset-password"), reset)
        .await;
    let refused = json!({ "error": "invalidPasswordCharacterMessage", "error_description": told });
    assert_eq!((answer.status, answer.json()), (400, refused));
    assert_eq!(
        server
            .admin("GET", &format!("/{realm}/users/count"), Value::Null)
            .await
            .json(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_a_bound() {
    let server = support::sqlite().await;
    let long = "x".repeat(9_000);
    let fits = server.request("GET", "/realms/master", &[("x-one", &long)], "").await;
    assert_eq!(fits.status, 200);
    let headers = [("x-one", long.as_str()), ("cookie", long.as_str())];
    let refused = server.request("GET", "/realms/master", &headers, "").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (431, &json!("invalid_request"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_nothing_in_particular_is_sent_to_the_console() {
    let server = support::sqlite().await;
    for (path, prefix) in [("/", ""), ("/auth", "/auth"), ("/auth/", "/auth")] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 302, "{path}");
        assert_eq!(
            answer.header("location"),
            format!("http://localhost:8080{prefix}/admin/")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_tells_of_a_disabled_user_what_the_answer_does_not() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    let id = server.user(&realm, "mia", "correct horse").await;
    let off = json!({ "enabled": false });
    assert_eq!(
        server.admin("PUT", &format!("/{realm}/users/{id}"), off).await.status,
        204
    );
    for (password, told) in [
        ("correct horse", "Account disabled"),
        ("wrong", "Invalid user credentials"),
    ] {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", "mia"),
            ("password", password),
        ];
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let answer = server.form(&path, &fields).await;
        assert_eq!(
            (answer.status, &answer.json()["error_description"]),
            (400, &json!(told))
        );
        let path = format!("/{realm}/events?type=LOGIN_ERROR&max=1");
        let event = server.admin("GET", &path, Value::Null).await.json();
        assert_eq!(
            (&event[0]["error"], &event[0]["userId"]),
            (&json!("user_disabled"), &json!(id))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_nobody_can_make_is_refused() {
    let server = support::sqlite().await;
    let keys = "org.keycloak.keys.KeyProvider";
    let settings = [
        (
            "rsa-generated",
            json!({ "keySize": ["16384"] }),
            "'Key size' should be 1024, 2048, 3072 or 4096",
        ),
        (
            "rsa-enc-generated",
            json!({ "keySize": ["16384"] }),
            "'Key size' should be 1024, 2048, 3072 or 4096",
        ),
        (
            "rsa-generated",
            json!({ "keySize": ["1024"] }),
            "'Key size' should be 2048, 3072 or 4096",
        ),
        (
            "rsa-generated",
            json!({ "algorithm": ["ES256"] }),
            "'Algorithm' is not one of this provider",
        ),
        (
            "hmac-generated",
            json!({ "algorithm": ["RS256"] }),
            "'Algorithm' is not one of this provider",
        ),
    ];
    for (provider, config, text) in settings {
        let mut component = json!({ "name": "k", "providerId": provider, "config": config });
        let realm = json!({ "realm": "new", "components": { keys: [component] } });
        let answer = server.admin("POST", "", realm).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["errorMessage"], text);
        component["providerType"] = json!(keys);
        let answer = server.admin("POST", "/master/components", component).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["errorMessage"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_leads_to_a_public_address_unless_the_operator_says_otherwise() {
    let closed = support::servers_with(|config| config.allow_private_hooks = false).await;
    for server in closed {
        let realm = server.realm(json!({})).await;
        let client = server.client(&realm, json!({ "clientId": "c" })).await;
        for address in [
            "https://127.0.0.1/x",
            "https://10.0.0.1/x",
            "https://[::1]/x",
            "https://localhost/x",
            "https://localhost./x",
            "https://a.LOCALHOST:8443/x",
            "https://169.254.169.254/latest",
            "http://hooks.example.org/x",
            "https://user:password@hooks.example.org/x",
        ] {
            for key in [
                "registration.hook.before",
                "registration.hook.after",
                "registration.proof.url",
                "clientRegistration.hook.before",
            ] {
                let sent = json!({ "attributes": { key: address } });
                for path in [format!("/{realm}"), format!("/{realm}/clients/{client}")] {
                    let answer = server.admin("PUT", &path, sent.clone()).await;
                    assert_eq!(answer.status, 400, "{path} {key} {address}");
                    assert!(
                        answer.body.contains(key) && answer.body.contains("--allow-private-hooks"),
                        "{}",
                        answer.body
                    );
                }
            }
            let answer = server
                .admin("POST", &format!("/{realm}/webhooks"), json!({ "url": address }))
                .await;
            assert_eq!(answer.status, 400, "{address}");
        }
        let sent = json!({ "attributes": { "registration.hook.before": "https://hooks.example.org/x" } });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), sent).await.status, 204);
    }
    let open = support::sqlite().await;
    let realm = open.realm(json!({})).await;
    let sent = json!({ "attributes": { "registration.hook.before": "http://localhost.:1/x" } });
    assert_eq!(open.admin("PUT", &format!("/{realm}"), sent).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_client_has_no_control_characters() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.client(&realm, json!({ "clientId": "a b" })).await;
        for name in ["a\0b", "a\nb", "\u{7f}"] {
            let sent = json!({ "clientId": name });
            for (method, path) in [
                ("POST", format!("/{realm}/clients")),
                ("PUT", format!("/{realm}/clients/{id}")),
            ] {
                let answer = server.admin(method, &path, sent.clone()).await;
                let told = json!({ "error": "invalid_input", "error_description": "Client ID must not contain control characters" });
                assert_eq!((answer.status, answer.json()), (400, told), "{method} {name:?}");
            }
        }
    }
}
