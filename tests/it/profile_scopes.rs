//! Attributes of the user profile that are there, or required, for some client scopes only (`selector.scopes`,
//! `required.scopes`). Answers as a Keycloak 26.7.4 was seen to give them.

use serde_json::{Value, json};

use crate::people::{self, person_with_password, registration_url, send_form, sign_in_url};
use crate::support::{self, Browser, Server, oidc};

/// A realm whose profile asks for these, beside name and address, by the scopes `phone` (optional) and `profile` (default).
async fn realm(server: &Server) -> String {
    let realm = people::realm(server, json!({})).await;
    let path = format!("/{realm}/users/profile");
    let mut profile = server.admin("GET", &path, Value::Null).await.json();
    let both = json!({ "view": ["admin", "user"], "edit": ["admin", "user"] });
    let (phone, default) = (json!({ "scopes": ["phone"] }), json!({ "scopes": ["profile"] }));
    for more in [
        json!({ "name": "sel-phone", "selector": phone }),
        json!({ "name": "sel-profile", "selector": default }),
        json!({ "name": "req-phone", "required": phone }),
        json!({ "name": "req-phone-user", "required": { "scopes": ["phone"], "roles": ["user"] } }),
        json!({ "name": "req-profile-admin", "required": { "scopes": ["profile"], "roles": ["admin"] } }),
        json!({ "name": "sel-req", "selector": phone, "required": {} }),
    ] {
        let mut attribute = more.clone();
        attribute["permissions"] = both.clone();
        profile["attributes"].as_array_mut().unwrap().push(attribute);
    }
    let stored = server.admin("PUT", &path, profile).await;
    assert_eq!(stored.status, 200, "{}", stored.body);
    realm
}

const OWN: [&str; 6] = [
    "sel-phone",
    "sel-profile",
    "req-phone",
    "req-phone-user",
    "req-profile-admin",
    "sel-req",
];

fn named(metadata: &Value, required: bool) -> Vec<&str> {
    let all = metadata["attributes"].as_array().unwrap().iter();
    let wanted = all.filter(|a| !required || a["required"] == true);
    let names = wanted.map(|a| a["name"].as_str().unwrap());
    names.filter(|name| OWN.contains(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_asks_for_what_the_application_is_for() {
    for server in support::servers().await {
        let realm = realm(&server).await;
        let plain = registration_url(&realm);
        let phone = plain.replace("scope=openid", "scope=openid+phone");
        for (url, shown, missing) in [
            (
                &plain,
                &["req-phone", "req-phone-user", "req-profile-admin", "sel-profile"][..],
                &["req-profile-admin"][..],
            ),
            (
                &phone,
                &OWN[..],
                &["req-phone", "req-phone-user", "req-profile-admin", "sel-req"][..],
            ),
        ] {
            let mut browser = Browser::new(&server);
            let page = browser.get(url).await;
            let form = page.form("kc-register-form");
            for name in OWN {
                assert_eq!(form.fields.contains_key(name), shown.contains(&name), "{name} at {url}");
            }
            let fields = person_with_password("mia", "correct horse");
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let page = browser.submit(&form, &fields).await;
            let page = browser.follow(page).await;
            for name in missing {
                assert_eq!(page.field_error(name), "Please specify this field.", "{name} at {url}");
            }
        }
        // What is not asked for is not kept, however it is sent.
        let mut fields = person_with_password("mia", "correct horse");
        fields.push(("sel-phone".into(), "1".into()));
        fields.push(("req-profile-admin".into(), "2".into()));
        let answer = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert!(people::is_signed_in(&answer), "{}", answer.body);
        let user = &people::users(&server, &realm, "mia").await[0];
        assert_eq!(user["attributes"], json!({ "req-profile-admin": ["2"] }));

        // A program names its application, and no scope: the default ones count.
        let described = |query: &str| {
            let address = format!("{}{query}", people::json_url(&realm));
            let server = &server;
            async move {
                let headers = [("accept", "application/json")];
                server.request("GET", &address, &headers, "").await.json()["profile"].clone()
            }
        };
        let required = described("?client_id=app").await;
        assert_eq!(named(&required, true), ["req-profile-admin"]);
        assert!(named(&described("").await, true).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_for_a_scope_completes_the_profile_for_it() {
    for server in support::servers().await {
        let realm = realm(&server).await;
        let mut fields = person_with_password("mia", "correct horse");
        fields.push(("req-profile-admin".into(), "2".into()));
        let answer = send_form(&mut Browser::new(&server), &realm, &fields).await;
        assert!(people::is_signed_in(&answer), "{}", answer.body);

        let mut browser = Browser::new(&server);
        let answer = people::sign_in(&mut browser, &realm, "mia", "correct horse").await;
        assert!(people::is_signed_in(&answer), "nothing is missing for these scopes");
        let url = sign_in_url(&realm).replace("scope=openid", "scope=openid+phone");
        let page = browser.get(&url).await;
        let page = browser.follow(page).await;
        let form = page.form("kc-update-profile-form");
        assert!(OWN.iter().all(|name| form.fields.contains_key(*name)), "{}", page.body);
        assert_eq!(page.field_error("req-phone"), "Please specify this field.");
        let typed = [
            ("req-phone", "3"),
            ("req-phone-user", "4"),
            ("sel-req", "5"),
            ("sel-phone", "6"),
        ];
        let answer = browser.submit(&form, &typed).await;
        let answer = browser.follow(answer).await;
        assert!(people::is_signed_in(&answer), "{}", answer.body);

        // By password alone there is no page to complete it on.
        let grant = |scope: &'static str, name: &'static str| {
            let fields = [
                ("grant_type", "password"),
                ("client_id", "app"),
                ("username", name),
                ("password", "correct horse"),
                ("scope", scope),
            ];
            let (server, realm) = (&server, &realm);
            async move { oidc::token(server, realm, &fields).await }
        };
        assert_eq!(grant("openid phone", "mia").await.status, 200);
        let user = people::users(&server, &realm, "mia").await.remove(0);
        let mut changed = user.clone();
        changed["attributes"]["req-phone"] = json!([]);
        let path = format!("/{realm}/users/{}", user["id"].as_str().unwrap());
        assert_eq!(server.admin("PUT", &path, changed).await.status, 204);
        assert_eq!(grant("openid", "mia").await.status, 200);
        let refused = grant("openid phone", "mia").await;
        assert_eq!(refused.json()["error_description"], "Account is not fully set up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_shows_what_its_token_is_for_and_administrators_see_all() {
    let server = support::sqlite().await;
    let realm = realm(&server).await;
    let attributes = json!({
        "sel-phone": ["1"], "sel-profile": ["2"], "req-phone": ["3"], "req-phone-user": ["4"], "req-profile-admin": ["5"],
        "sel-req": ["6"]
    });
    let user = json!({
        "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "enabled": true,
        "emailVerified": true, "credentials": [{ "type": "password", "value": "correct horse" }], "attributes": attributes
    });
    let id = server
        .admin("POST", &format!("/{realm}/users"), user.clone())
        .await
        .created();
    let path = format!("/{realm}/users/{id}");
    let shown = server
        .admin("GET", &format!("{path}?userProfileMetadata=true"), Value::Null)
        .await
        .json();
    let metadata = &shown["userProfileMetadata"];
    assert_eq!(named(metadata, false).len(), OWN.len());
    assert_eq!(
        named(metadata, true),
        ["sel-req"],
        "scopes ask nothing of administrators"
    );

    for (scope, hidden, required) in [
        ("openid", &["sel-phone", "sel-req"][..], &["req-profile-admin"][..]),
        (
            "openid phone",
            &[][..],
            &["req-phone", "req-phone-user", "req-profile-admin", "sel-req"][..],
        ),
    ] {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "app"),
            ("username", "mia"),
            ("password", "correct horse"),
            ("scope", scope),
        ];
        let tokens = oidc::token(&server, &realm, &fields).await.json();
        let token = oidc::text(&tokens, "access_token");
        let account = format!("/realms/{realm}/account");
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/json"),
        ];
        let shown = server.request("GET", &account, &headers, "").await.json();
        let metadata = &shown["userProfileMetadata"];
        assert_eq!(named(metadata, true), required, "{scope}");
        for name in OWN {
            assert_eq!(
                named(metadata, false).contains(&name),
                !hidden.contains(&name),
                "{name}"
            );
            assert_eq!(
                shown["attributes"].get(name).is_some(),
                !hidden.contains(&name),
                "{name}"
            );
        }
        let sent = json!({ "username": "mia", "email": "mia@example.org", "firstName": "Mia", "lastName": "Berg", "attributes": {} });
        let refused = server.request("POST", &account, &headers, &sent.to_string()).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        for name in required {
            assert!(
                refused.body.contains(&format!("\"field\":\"{name}\"")),
                "{name}: {}",
                refused.body
            );
        }
    }
    // What the account does not show stays as it is.
    let tokens = server.password_token(&realm, "app", "mia", "correct horse").await;
    let bearer = format!("Bearer {tokens}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut sent = user.clone();
    sent.as_object_mut()
        .unwrap()
        .retain(|name, _| !matches!(name.as_str(), "credentials" | "enabled" | "emailVerified"));
    sent["attributes"] =
        json!({ "req-profile-admin": ["7"], "req-phone": [], "req-phone-user": [], "sel-profile": [] });
    let answer = server
        .request("POST", &format!("/realms/{realm}/account"), &headers, &sent.to_string())
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let kept = server.admin("GET", &path, Value::Null).await.json();
    assert_eq!(
        kept["attributes"],
        json!({ "req-profile-admin": ["7"], "sel-phone": ["1"], "sel-req": ["6"] })
    );
}
