//! What a running Keycloak answers to requests about users that are odd, or say less than they might.

use serde_json::{Value, json};

use super::admin_odd::get;
use super::support::{self, Server};

/// Lets administrators write attributes that the profile does not name, and asks for these.
async fn profile(server: &Server, realm: &str, attributes: &[Value]) {
    let path = format!("/{realm}/users/profile");
    let mut profile = get(server, &path).await;
    profile["unmanagedAttributePolicy"] = json!("ENABLED");
    profile["attributes"]
        .as_array_mut()
        .unwrap()
        .extend_from_slice(attributes);
    assert_eq!(server.admin("PUT", &path, profile).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_comes_with_attributes_is_the_whole_profile() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let asked = json!({ "name": "floor", "permissions": { "view": ["admin"], "edit": ["admin"] } });
        let given =
            json!({ "name": "lang", "defaultValue": "en", "permissions": { "view": ["admin"], "edit": ["admin"] } });
        profile(&server, &realm, &[asked, given]).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let path = format!("/{realm}/users/{id}");
        assert_eq!(get(&server, &path).await["attributes"], json!({ "lang": ["en"] }));
        for (sent, email, attributes) in [
            (
                json!({ "email": "a@example.org", "attributes": { "floor": ["1"], "phone number": ["2"], "none": [""] } }),
                json!("a@example.org"),
                json!({ "floor": ["1"], "lang": ["en"], "phone number": ["2"] }),
            ),
            (
                json!({ "firstName": "Ann" }),
                json!("a@example.org"),
                json!({ "floor": ["1"], "lang": ["en"], "phone number": ["2"] }),
            ),
            (
                json!({ "attributes": { "some": ["1", null, " "], "email": ["b@example.org"], "username": ["bob"] } }),
                Value::Null,
                json!({ "lang": ["en"], "some": ["1"] }),
            ),
        ] {
            let answer = server.admin("PUT", &path, sent).await;
            assert_eq!(answer.status, 204, "{}", answer.body);
            let shown = get(&server, &path).await;
            assert_eq!(
                (&shown["username"], &shown["email"], &shown["attributes"]),
                (&json!("ann"), &email, &attributes)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_profile_is_told_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let of = |name: &str, validations: Value| {
        let mine = json!({ "view": ["admin"], "edit": ["admin"] });
        json!({ "name": name, "multivalued": name == "many", "validations": validations, "permissions": mine })
    };
    let not_mine = json!({ "name": "own", "permissions": { "view": ["admin", "user"], "edit": ["user"] } });
    let attributes = [
        of("letters", json!({ "pattern": { "pattern": "^a$" } })),
        of("age", json!({ "integer": { "min": 1, "max": 99 } })),
        of("ratio", json!({ "double": { "min": "0.5", "max": "1.5" } })),
        of("color", json!({ "options": { "options": ["red"] } })),
        of("site", json!({ "uri": {} })),
        of("day", json!({ "local-date": {} })),
        of("many", json!({ "multivalued": { "min": "1", "max": "2" } })),
        not_mine,
    ];
    profile(&server, &realm, &attributes).await;
    let users = format!("/{realm}/users");
    let ann = json!({ "username": "ann", "attributes": { "many": ["1"] } });
    let path = format!("{users}/{}", server.admin("POST", &users, ann).await.created());
    for (attribute, value, key, params) in [
        ("letters", "b", "error-pattern-no-match", json!(["letters", "^a$"])),
        ("age", "x", "error-invalid-number", json!(["age"])),
        ("ratio", "2", "error-number-out-of-range", json!(["ratio", 0.5, 1.5])),
        ("color", "blue", "error-invalid-value", json!(["color"])),
        (
            "site",
            "nope",
            "error-invalid-uri",
            json!(["site", "nope", "URI is not absolute"]),
        ),
        (
            "site",
            "ftp://x",
            "error-invalid-uri-scheme",
            json!(["site", "ftp://x", "ftp"]),
        ),
        ("day", "x", "error-invalid-date", json!(["day"])),
        ("many", "", "error-invalid-multivalued-size", json!(["many", 1, 2])),
        ("own", "x", "error-user-attribute-read-only", json!(["own"])),
        (
            "LDAP_ID",
            "x",
            "updateReadOnlyAttributesRejectedMessage",
            json!(["LDAP_ID"]),
        ),
    ] {
        let mut sent = json!({ "many": ["1"] });
        sent[attribute] = json!([value]);
        let answer = server.admin("PUT", &path, json!({ "attributes": sent })).await;
        let expected = json!({ "field": attribute, "errorMessage": key, "params": params });
        assert_eq!((answer.status, answer.json()), (400, expected));
    }
    let both = server.admin("PUT", &path, json!({ "username": "a/b" })).await.json();
    let keys: Vec<&Value> = both["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["errorMessage"])
        .collect();
    assert_eq!(keys.len(), 2, "{both}");
    assert_eq!(
        server
            .admin(
                "PUT",
                &path,
                json!({ "attributes": { "many": ["1"], "day": ["2/28/26"] } })
            )
            .await
            .status,
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_what_keycloak_looks_at() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        profile(&server, &realm, &[]).await;
        for (name, attribute) in [("ann", "1"), ("bob", "2")] {
            let user = json!({ "username": name, "email": format!("{name}@example.org"), "enabled": name == "ann",
                               "attributes": { "d": [attribute] } });
            server.admin("POST", &format!("/{realm}/users"), user).await.created();
        }
        for (query, count) in [
            ("search=ann&username=bob", 1),
            ("search=ann&q=d:2", 1),
            ("q=username:an", 1),
            ("q=email:ANN@example.org", 1),
            ("q=enabled:false", 1),
            ("q=d:1%20d:2", 1),
            ("username=zz&q=username:ann", 1),
            ("enabled=", 2),
            ("idpUserId=x", 0),
        ] {
            let found = get(&server, &format!("/{realm}/users?{query}")).await;
            assert_eq!(found.as_array().unwrap().len(), count, "{query}");
            assert_eq!(
                get(&server, &format!("/{realm}/users/count?{query}")).await,
                count,
                "{query}"
            );
        }
        let refused = server
            .admin("GET", &format!("/{realm}/users?createdAfter=-1"), Value::Null)
            .await;
        assert_eq!(refused.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_set_anew_is_the_same_credential() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let id = server.user(&realm, "ann", "Passw0rd!").await;
        let path = format!("/{realm}/users/{id}");
        let before = get(&server, &format!("{path}/credentials")).await;
        let credential = before[0]["id"].as_str().unwrap().to_owned();
        let label = format!("/admin/realms{path}/credentials/{credential}/userLabel");
        let token = format!("Bearer {}", server.admin_token().await);
        for (kind, text, status) in [
            ("text/plain", "mine", 204),
            ("text/plain", " ", 400),
            ("application/json", "\"x\"", 415),
        ] {
            let headers = [("authorization", token.as_str()), ("content-type", kind)];
            assert_eq!(
                server.request("PUT", &label, &headers, text).await.status,
                status,
                "{text}"
            );
        }
        let set = json!({ "type": "password", "value": "An0ther!!" });
        assert_eq!(
            server.admin("PUT", &format!("{path}/reset-password"), set).await.status,
            204
        );
        let after = get(&server, &format!("{path}/credentials")).await;
        assert_eq!(
            (&after[0]["id"], &after[0]["userLabel"]),
            (&json!(credential), &Value::Null)
        );
        assert!(after[0]["createdDate"].as_i64() > before[0]["createdDate"].as_i64());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_accounts_are_found_by_what_is_asked_for_but_not_listed() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let app = json!({ "clientId": "app", "serviceAccountsEnabled": true });
        server.client(&realm, app).await;
        for (query, count) in [
            ("", 0),
            ("search=service", 0),
            ("username=", 0),
            ("username=service-account-app&exact=true", 1),
            ("username=service", 1),
            ("q=username:service", 1),
            ("enabled=true", 1),
            ("emailVerified=false", 1),
            ("createdAfter=2000-01-01", 1),
        ] {
            let found = get(&server, &format!("/{realm}/users?{query}")).await;
            assert_eq!(found.as_array().unwrap().len(), count, "{query}");
            assert_eq!(
                get(&server, &format!("/{realm}/users/count?{query}")).await,
                count,
                "{query}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_the_end_of_time_is_one_of_today() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "passwordPolicy": "passwordHistory(3)" })).await;
        let secret = json!({ "value": crate::login::pbkdf2("Of old", b"salt"), "salt": "c2FsdA==" }).to_string();
        let data = json!({ "hashIterations": 1, "algorithm": "pbkdf2-sha256" }).to_string();
        for (name, date) in [("max", i64::MAX), ("min", i64::MIN)] {
            let user = json!({ "username": name, "credentials": [{
                "type": "password", "createdDate": date, "secretData": secret, "credentialData": data
            }] });
            let id = server.admin("POST", &format!("/{realm}/users"), user).await.created();
            let path = format!("/{realm}/users/{id}");
            let created = get(&server, &format!("{path}/credentials")).await[0]["createdDate"].clone();
            assert!(
                created.as_i64().is_some_and(|at| (1..=server.app.now()).contains(&at)),
                "{created}"
            );
            for round in 0..3 {
                let set = json!({ "type": "password", "value": format!("An0ther!! {round}") });
                let answer = server.admin("PUT", &format!("{path}/reset-password"), set).await;
                assert_eq!(answer.status, 204, "{name} {round}: {}", answer.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_of_an_application_is_checked_as_others_are() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        server.user(&realm, "mia", "Passw0rd!").await;
        let app = json!({ "clientId": "svc", "serviceAccountsEnabled": true });
        let app = server.client(&realm, app).await;
        let path = format!("/{realm}/clients/{app}/service-account-user");
        let account = get(&server, &path).await["id"].as_str().unwrap().to_owned();
        let own = format!("/{realm}/users/{account}");
        assert_eq!(
            server
                .admin("PUT", &own, json!({ "attributes": { "a": ["1"] } }))
                .await
                .status,
            204
        );
        assert_eq!(
            get(&server, &own).await["attributes"],
            json!({ "a": ["1"] }),
            "what no profile names is free"
        );
        let path = format!("/{realm}/users/profile");
        let mut asked = get(&server, &path).await;
        let all = asked["attributes"].as_array_mut().unwrap();
        let both = json!(["admin", "user"]);
        all.push(json!({
            "name": "dept", "required": { "roles": both }, "permissions": { "view": both, "edit": both },
            "validations": { "length": { "min": 3, "max": 5 } }
        }));
        all.push(json!({ "name": "ro", "permissions": { "view": ["admin"], "edit": [] } }));
        assert_eq!(server.admin("PUT", &path, asked).await.status, 200);
        let long = "x".repeat(3000);
        for (sent, status, told) in [
            (json!({ "firstName": "Ok" }), 204, ""),
            (json!({ "attributes": { "a": ["1"] } }), 204, ""),
            (json!({ "email": "not an address" }), 400, "error-invalid-email"),
            (
                json!({ "firstName": "<b>x" }),
                400,
                "error-person-name-invalid-character",
            ),
            (
                json!({ "firstName": "x".repeat(300) }),
                400,
                "error-invalid-length-too-long",
            ),
            (
                json!({ "attributes": { "LDAP_ID": ["1"] } }),
                400,
                "updateReadOnlyAttributesRejectedMessage",
            ),
            (json!({ "attributes": { "a": [long] } }), 400, "error-invalid-length"),
            (json!({ "attributes": { "dept": ["x"] } }), 400, "error-invalid-length"),
            (
                json!({ "attributes": { "ro": ["1"] } }),
                400,
                "error-user-attribute-read-only",
            ),
            (json!({ "username": "other" }), 400, "error-user-attribute-read-only"),
            (json!({ "username": "" }), 400, "User name is missing"),
            (
                json!({ "email": "mia@example.org" }),
                409,
                "User exists with same email",
            ),
            (
                json!({ "email": "svc@example.org", "attributes": { "dept": ["xxxx"], "a": ["2", "3"] } }),
                204,
                "",
            ),
        ] {
            let answer = server.admin("PUT", &own, sent.clone()).await;
            assert_eq!(answer.status, status, "{sent}: {}", answer.body);
            assert!(answer.body.contains(told), "{sent}: {}", answer.body);
        }
        let shown = get(&server, &own).await;
        assert_eq!(shown["attributes"], json!({ "a": ["2", "3"], "dept": ["xxxx"] }));
        assert_eq!(
            (&shown["email"], &shown["username"]),
            (&json!("svc@example.org"), &json!("service-account-svc"))
        );
        let edit = json!({ "editUsernameAllowed": true });
        assert_eq!(server.admin("PUT", &format!("/{realm}"), edit).await.status, 204);
        assert_eq!(
            server.admin("PUT", &own, json!({ "username": "other" })).await.status,
            204
        );
        assert_eq!(
            get(&server, &own).await["username"],
            "service-account-svc",
            "it is named after its client"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_attributes_than_are_kept_are_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    profile(&server, &realm, &[]).await;
    let many = |count: usize| -> Value {
        (0..count)
            .map(|n| (format!("a{n}"), json!(["1"])))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let path = format!("/{realm}/users");
    let refused = server
        .admin("POST", &path, json!({ "username": "ann", "attributes": many(101) }))
        .await;
    let told = json!({ "field": "attributes", "errorMessage": "error-invalid-multivalued-size", "params": ["attributes", 0, 100] });
    assert_eq!((refused.status, refused.json()), (400, told));
    let made = server
        .admin("POST", &path, json!({ "username": "ann", "attributes": many(100) }))
        .await;
    let own = format!("{path}/{}", made.created());
    assert_eq!(get(&server, &own).await["attributes"].as_object().unwrap().len(), 100);
    assert_eq!(
        server
            .admin("PUT", &own, json!({ "attributes": many(150) }))
            .await
            .status,
        400
    );
}
