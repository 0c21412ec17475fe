//! Rules that an administrator writes: what applications must be like, and what people get.

use serde_json::{Value, json};
use vestibule::client_registration::policy::TYPE;

use crate::client_registration::{initial, plain, register, text};
use crate::people::{self, code, json_url, link, person_with_password, send_form, users};
use crate::support::{self, Browser, Server};

async fn lay(server: &Server, realm: &str, rule: &str) -> support::Answer {
    let doc = json!({
        "name": "our rule", "providerId": "expression", "providerType": TYPE, "subType": "authenticated",
        "config": { "rule": [rule] }
    });
    server.admin("POST", &format!("/{realm}/components"), doc).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_sees_the_client_as_it_would_become_and_how_the_request_came() {
    let server = support::sqlite().await;
    for (rule, allowed) in [
        (
            "client.grant_types.len() == 2 && client.redirect_uris.all(|uri| matches(uri, \"^https://\"))",
            true,
        ),
        ("request.source == \"token\" && request.address == \"127.0.0.1\"", true),
        (
            "in_list(client.token_endpoint_auth_method, \"none, private_key_jwt\")",
            false,
        ),
        ("client.client_id == ()", true),
        ("client.software_id.len() > 3", false),
        ("while true { if client.client_name == () { } } true", false),
    ] {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        assert_eq!(
            lay(&server, &realm, rule).await.status == 201,
            !rule.starts_with("while"),
            "{rule}"
        );
        let (id, token) = initial(&server, &realm, json!({})).await;
        let path = format!("/{realm}/client-registration-policy/evaluate");
        let asked = json!({ "tokenId": id, "metadata": plain() });
        let tried = server.admin("POST", &path, asked).await.json();
        let answer = register(&server, &realm, Some(&token), &plain()).await;
        if rule.starts_with("while") {
            continue;
        }
        assert_eq!(answer.status, if allowed { 201 } else { 403 }, "{rule} {}", answer.body);
        assert_eq!(tried["allowed"], allowed, "{rule} {tried}");
        if !allowed {
            assert_eq!(answer.json()["policy"], "our rule");
            assert_eq!(tried["refusals"][0]["policy"], "our rule");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_refuses_and_the_event_says_so() {
    for server in support::servers().await {
        let realm = server.realm(json!({ "eventsEnabled": true })).await;
        // It never ends, but not for the sample that it is tried on when it is saved.
        let rule = "if client.client_name == \"slow\" { loop { } } client.client_uri.len() > 0";
        assert_eq!(lay(&server, &realm, rule).await.status, 201);
        let (_, token) = initial(&server, &realm, json!({})).await;
        let mut slow = plain();
        slow["client_name"] = json!("slow");
        for (sent, said) in [(slow, "more time or room"), (plain(), "The rule failed")] {
            let asks = (0..4).map(|_| register(&server, &realm, Some(&token), &sent));
            for answer in futures_util::future::join_all(asks).await {
                assert_eq!(answer.status, 403, "{}", answer.body);
                assert!(
                    text(&answer.json(), "error_description").contains(said),
                    "{}",
                    answer.body
                );
            }
            let events = server
                .admin("GET", &format!("/{realm}/events"), Value::Null)
                .await
                .json();
            let details = &events[0]["details"];
            assert_eq!(details["policy"], "our rule", "{events}");
            assert!(text(details, "reason").contains(said), "{details}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_senseless_rule_is_refused_when_the_realm_or_the_client_is_saved() {
    let server = support::sqlite().await;
    let realm = people::realm(&server, json!({})).await;
    for (key, rule, said) in [
        ("registration.assign.rule", "#{groups: [}", "line 1, position"),
        (
            "registration.assign.rule",
            "#{}\n  + client.client_name",
            "line 2, position 5",
        ),
        ("registration.assign.rule", "[\"/a\"]", "groups"),
        ("registration.approval.rule", "true", "approve"),
        ("clientRegistration.approval.rule", "loop { }", "operations"),
    ] {
        let body = json!({ "attributes": { key: rule } });
        let answer = server.admin("PUT", &format!("/{realm}"), body.clone()).await;
        assert_eq!(answer.status, 400, "{key} {rule}");
        let told = text(&answer.json(), "errorMessage").to_owned();
        assert!(told.starts_with(key) && told.contains(said), "{told}");
        if key.starts_with("registration") {
            let client = server
                .admin("GET", &format!("/{realm}/clients?clientId=app"), Value::Null)
                .await
                .json();
            let path = format!("/{realm}/clients/{}", text(&client[0], "id"));
            assert_eq!(server.admin("PUT", &path, body).await.status, 400, "{key} {rule}");
        }
    }
}

/// A realm whose rule puts the staff of an organization into a group, and gives some a role.
async fn realm_with_gifts(server: &Server, settings: Value) -> String {
    let rule = "if domain(registration.email) == \"example.org\" {
        #{ groups: [\"/staff\", \"/nosuch\", \"/admins\"], roles: [\"reader\", \"realm-management:manage-users\"] }
    }";
    let mut all = json!({ "attributes": { "registration.assign.rule": rule } });
    all.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let realm = people::realm(server, all).await;
    for name in ["staff", "admins"] {
        server
            .admin("POST", &format!("/{realm}/groups"), json!({ "name": name }))
            .await;
    }
    server
        .admin("POST", &format!("/{realm}/roles"), json!({ "name": "reader" }))
        .await;
    let groups = server
        .admin("GET", &format!("/{realm}/groups?search=admins"), Value::Null)
        .await
        .json();
    let clients = server
        .admin(
            "GET",
            &format!("/{realm}/clients?clientId=realm-management"),
            Value::Null,
        )
        .await
        .json();
    let client = text(&clients[0], "id");
    let role = server
        .admin(
            "GET",
            &format!("/{realm}/clients/{client}/roles/manage-users"),
            Value::Null,
        )
        .await
        .json();
    let path = format!(
        "/{realm}/groups/{}/role-mappings/clients/{client}",
        text(&groups[0], "id")
    );
    assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    realm
}

async fn gifts(server: &Server, realm: &str, name: &str) -> (Vec<String>, bool) {
    let user = users(server, realm, name).await[0].clone();
    let path = format!("/{realm}/users/{}", text(&user, "id"));
    let groups = server.admin("GET", &format!("{path}/groups"), Value::Null).await.json();
    let groups = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|g| text(g, "path").to_owned())
        .collect();
    let roles = server
        .admin("GET", &format!("{path}/role-mappings"), Value::Null)
        .await
        .body;
    assert!(!roles.contains("manage-users"), "{roles}");
    (groups, roles.contains("\"reader\""))
}

fn by_json(name: &str, domain: &str) -> Value {
    json!({
        "username": name, "email": format!("{name}@{domain}"), "firstName": "Mia", "lastName": "Berg",
        "password": "correct horse", "emailVerified": true
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_gives_groups_and_roles_whichever_way_a_person_comes() {
    let expected = (vec!["/staff".to_owned()], true);
    for server in support::servers().await {
        let realm = realm_with_gifts(&server, json!({})).await;
        send_form(
            &mut Browser::new(&server),
            &realm,
            &person_with_password("mia", "correct horse"),
        )
        .await;
        assert_eq!(gifts(&server, &realm, "mia").await, expected);
        assert_eq!(
            server
                .json(&json_url(&realm), &by_json("leo", "example.org"))
                .await
                .status,
            201
        );
        assert_eq!(gifts(&server, &realm, "leo").await, expected);
        assert_eq!(
            server
                .json(&json_url(&realm), &by_json("zoe", "example.com"))
                .await
                .status,
            201
        );
        assert_eq!(gifts(&server, &realm, "zoe").await, (Vec::new(), false));

        let realm = realm_with_gifts(&server, json!({ "verifyEmail": true })).await;
        let told = server.json(&json_url(&realm), &by_json("leo", "example.org")).await;
        assert!(users(&server, &realm, "leo").await.is_empty());
        let bearer = format!("Bearer {}", text(&told.json(), "status_token"));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = json!({ "code": code(&server, "leo@example.org").await }).to_string();
        let at = format!("{}/code", told.header("location"));
        assert_eq!(server.request("POST", &at, &headers, &body).await.status, 200);
        assert_eq!(gifts(&server, &realm, "leo").await, expected);
        let mut browser = Browser::new(&server);
        send_form(&mut browser, &realm, &people::person("mia")).await;
        let link = link(&server, "mia@example.org").await;
        let page = browser.get(&link).await;
        browser.follow(page).await;
        assert_eq!(gifts(&server, &realm, "mia").await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_of_an_application_counts_for_those_who_come_through_it() {
    let server = support::sqlite().await;
    let realm = realm_with_gifts(&server, json!({})).await;
    let own = json!({ "registration.assign.rule": "#{ roles: [\"reader\"] }" });
    let client = json!({ "clientId": "other", "publicClient": true, "attributes": own });
    server.client(&realm, client).await;
    let mut body = by_json("mia", "example.org");
    body["client_id"] = json!("other");
    assert_eq!(server.json(&json_url(&realm), &body).await.status, 201);
    assert_eq!(gifts(&server, &realm, "mia").await, (Vec::new(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_gives_nothing_and_keeps_nobody_out() {
    let server = support::sqlite().await;
    let rule = "#{ groups: [registration.attributes.team[0]] }";
    let realm = people::realm(&server, json!({ "attributes": { "registration.assign.rule": rule } })).await;
    assert_eq!(
        server
            .json(&json_url(&realm), &by_json("mia", "example.org"))
            .await
            .status,
        201
    );
    assert_eq!(gifts(&server, &realm, "mia").await, (Vec::new(), false));
    let events = server
        .admin("GET", &format!("/{realm}/events?type=REGISTER"), Value::Null)
        .await
        .json();
    assert_eq!(
        events[0]["details"]["reason"], "registration.assign.rule: The rule failed",
        "{events}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_the_rule_of_approval_and_the_quotas_too() {
    for server in support::servers().await {
        for (attributes, registers, policy, said) in [
            (
                json!({
                    "clientRegistration.approval": "rule",
                    "clientRegistration.approval.rule": "\"refuse: not here\""
                }),
                0,
                json!("clientRegistration.approval.rule"),
                "not here",
            ),
            (
                json!({ "clientRegistration.quota.token": "1" }),
                1,
                Value::Null,
                "for one token",
            ),
            (
                json!({ "clientRegistration.quota.owner": "1" }),
                1,
                Value::Null,
                "for one owner",
            ),
            (
                json!({ "clientRegistration.quota.realm": "1" }),
                1,
                Value::Null,
                "for one realm",
            ),
            (json!({ "clientRegistration.quota.realm": "2" }), 1, Value::Null, ""),
        ] {
            let realm = server.realm(json!({ "attributes": attributes })).await;
            let (id, token) = initial(&server, &realm, json!({ "owner": "blue" })).await;
            for _ in 0..registers {
                assert_eq!(register(&server, &realm, Some(&token), &plain()).await.status, 201);
            }
            let path = format!("/{realm}/client-registration-policy/evaluate");
            let asked = json!({ "tokenId": id, "metadata": plain() });
            let tried = server.admin("POST", &path, asked).await.json();
            let allowed = said.is_empty();
            assert_eq!(tried["allowed"], allowed, "{attributes}: {tried}");
            if !allowed {
                let refusal = &tried["refusals"][0];
                assert_eq!(refusal["policy"], policy, "{tried}");
                assert!(text(refusal, "message").contains(said), "{tried}");
            }
            let real = register(&server, &realm, Some(&token), &plain()).await;
            assert_eq!(
                real.status,
                if allowed { 201 } else { 403 },
                "{attributes}: {}",
                real.body
            );
        }
    }
}
