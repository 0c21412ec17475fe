//! People come into organizations by invitation, and tokens tell of it.

use serde_json::{Value, json};

use super::admin_organizations::Realm;
use super::support::oidc::{at, claims, text, token, userinfo};
use super::support::{self, Answer, Browser, Server};

/// Sends the form of an invitation.
async fn invite(realm: &Realm<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {}", realm.server.admin_token().await);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let path = format!("/admin/realms/{}/organizations/{path}", realm.name);
    realm
        .server
        .request("POST", &path, &headers, &support::encode(fields))
        .await
}

/// The mails to an address, the latest first.
async fn mails(server: &Server, to: &str) -> Vec<Value> {
    let all = server.get(&format!("/inbox/messages?to={to}")).await.json();
    all.as_array().unwrap().clone()
}

async fn link(server: &Server, to: &str) -> String {
    let all = mails(server, to).await;
    all[0]["links"][0].as_str().unwrap().to_owned()
}

fn message(text: &str) -> Value {
    json!({ "errorMessage": text })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_newcomer_registers_and_is_managed() {
    for server in support::servers().await {
        // Nobody else may register.
        let realm = Realm::new(&server, json!({ "registrationAllowed": false })).await;
        let sent = json!({ "name": "Acme", "alias": "acme", "redirectUrl": "https://acme.example/welcome" });
        let id = realm.organization(sent).await;
        let to = format!("new@{}.example", realm.name);
        let names = [("email", to.as_str()), ("firstName", "Neo"), ("lastName", "N")];
        let sent = invite(&realm, &format!("{id}/members/invite-user"), &names).await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        let mail = mails(&server, &to).await[0].clone();
        assert_eq!(mail["subject"], "Invitation to join the Acme organization");
        assert!(mail["text"].as_str().unwrap().contains("Hi, \"Neo\" \"N\"."), "{mail}");
        let pending = realm.get(&format!("/organizations/{id}/invitations")).await;
        assert_eq!(
            (&pending[0]["email"], &pending[0]["status"]),
            (&json!(to), &json!("PENDING"))
        );

        let mut browser = Browser::new(&server);
        let link = link(&server, &to).await;
        let page = browser.get(&link).await;
        let page = browser.follow(page).await;
        assert!(
            page.body.contains("Create an account to join the Acme organization"),
            "{}",
            page.body
        );
        let form = page.form("kc-register-form");
        assert_eq!(form.fields["email"], to);
        let fields = [
            ("username", "neo"),
            ("firstName", "Neo"),
            ("lastName", "N"),
            ("password", "correct horse"),
            ("password-confirm", "correct horse"),
        ];
        let other = [&fields[..], &[("email", "other@example.org")]].concat();
        let page = browser.submit(&form, &other).await;
        assert_eq!(page.field_error("email"), "Email does not match the invitation");
        let page = browser
            .submit(
                &page.form("kc-register-form"),
                &[&fields[..], &[("email", &to)]].concat(),
            )
            .await;
        let page = browser.follow(page).await;
        assert_eq!(page.header("location"), "https://acme.example/welcome", "{}", page.body);

        let members = realm.get(&format!("/organizations/{id}/members")).await;
        assert_eq!(
            (&members[0]["username"], &members[0]["membershipType"]),
            (&json!("neo"), &json!("MANAGED"))
        );
        assert_eq!(realm.get(&format!("/organizations/{id}/invitations")).await, json!([]));
        let again = Browser::new(&server).get(&link).await;
        assert_eq!(again.status, 400);
        assert!(
            again.body.contains("The link you clicked is no longer valid."),
            "{}",
            again.body
        );
        let closed = Browser::new(&server).get(link.split("&token").next().unwrap()).await;
        assert!(closed.body.contains("Registration not allowed"), "{}", closed.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_newcomer_whose_address_is_to_be_proved_joins_at_the_end() {
    let server = support::sqlite().await;
    let realm = Realm::new(&server, json!({ "verifyEmail": true })).await;
    let id = realm.organization(json!({ "name": "acme" })).await;
    let to = format!("held@{}.example", realm.name);
    let sent = invite(&realm, &format!("{id}/members/invite-user"), &[("email", &to)]).await;
    assert_eq!(sent.status, 204, "{}", sent.body);
    let mut browser = Browser::new(&server);
    let page = browser.get(&link(&server, &to).await).await;
    let page = browser.follow(page).await;
    let fields = [
        ("username", "held"),
        ("firstName", "H"),
        ("lastName", "D"),
        ("email", &*to),
    ];
    let page = browser.submit(&page.form("kc-register-form"), &fields).await;
    browser.follow(page).await;
    assert_eq!(realm.get(&format!("/organizations/{id}/members/count")).await, json!(0));
    let page = browser.get(&link(&server, &to).await).await;
    browser.follow(page).await;
    let members = realm.get(&format!("/organizations/{id}/members")).await;
    assert_eq!(members[0]["membershipType"], "MANAGED", "{members}");
    assert_eq!(realm.get(&format!("/organizations/{id}/invitations")).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_user_is_asked_and_joins() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let id = realm.organization(json!({ "name": "acme" })).await;
        let ann = realm.user("ann").await;
        let invited = format!("{id}/members/invite-existing-user");
        for (fields, status, told) in [
            (
                vec![],
                400,
                json!({ "error": "To invite a member you need to provide the user id" }),
            ),
            (vec![("id", "nope")], 400, message("User does not exist")),
        ] {
            let answer = invite(&realm, &invited, &fields).await;
            assert_eq!((answer.status, answer.json()), (status, told));
        }
        assert_eq!(invite(&realm, &invited, &[("id", &ann)]).await.status, 204);
        assert_eq!(invite(&realm, &invited, &[("id", &ann)]).await.status, 409);
        let pending = invite(
            &realm,
            &format!("{id}/members/invite-user"),
            &[("email", "Ann@example.org")],
        )
        .await;
        let told = message("User already has a pending invitation");
        assert_eq!((pending.status, pending.json()), (409, told));

        let all = format!("/organizations/{id}/invitations");
        let first = realm.get(&all).await[0]["id"].as_str().unwrap().to_owned();
        let old = link(&server, "ann@example.org").await;
        realm
            .send("POST", &format!("{all}/{first}/resend"), Value::Null, 204)
            .await;
        let missing = realm.send("GET", &format!("{all}/{first}"), Value::Null, 404).await;
        assert_eq!(missing, message("Invitation not found"));
        let stale = Browser::new(&server).get(&old).await;
        assert_eq!(stale.status, 400);

        let sent = mails(&server, "ann@example.org").await;
        let new = sent
            .iter()
            .map(|m| m["links"][0].as_str().unwrap())
            .find(|l| **l != *old)
            .unwrap()
            .to_owned();
        let mut browser = Browser::new(&server);
        let page = browser.get(&new).await;
        assert!(
            page.body.contains("You are about to join organization acme"),
            "{}",
            page.body
        );
        assert_eq!(realm.get(&format!("/organizations/{id}/members/count")).await, json!(0));
        let page = browser.get(&page.link("action-token")).await;
        let page = browser.follow(page).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let members = realm.get(&format!("/organizations/{id}/members")).await;
        assert_eq!(members[0]["membershipType"], "UNMANAGED");
        let again = Browser::new(&server).get(&new).await;
        assert!(
            again
                .body
                .contains("You are already a member of the acme organization."),
            "{}",
            again.body
        );
        let member = invite(
            &realm,
            &format!("{id}/members/invite-user"),
            &[("email", "ann@example.org")],
        )
        .await;
        let told = message("User already a member of the organization");
        assert_eq!((member.status, member.json()), (409, told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_listed_taken_back_and_refused() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let id = realm.organization(json!({ "name": "acme" })).await;
        let path = format!("{id}/members/invite-user");
        for (fields, told) in [
            (vec![], "Email is required to invite a member"),
            (vec![("email", "nonsense")], "Invalid email format"),
        ] {
            let answer = invite(&realm, &path, &fields).await;
            assert_eq!((answer.status, answer.json()), (400, message(told)));
        }
        let address = |name: &str| format!("{name}@{}.example", realm.name);
        for (name, first) in [("one", "Uno"), ("two", "Due")] {
            let to = address(name);
            let sent = invite(&realm, &path, &[("email", &to), ("firstName", first)]).await;
            assert_eq!(sent.status, 204, "{}", sent.body);
        }
        let all = format!("/organizations/{id}/invitations");
        for (query, count) in [
            ("", 2),
            ("?search=ONE", 1),
            ("?firstName=due", 1),
            (&format!("?email={}", address("one")), 1),
            ("?email=one", 0),
            ("?status=PENDING&max=1", 1),
            ("?status=EXPIRED", 0),
        ] {
            let found = realm.get(&format!("{all}{query}")).await;
            assert_eq!(found.as_array().unwrap().len(), count, "{query}: {found}");
        }
        let one = realm.get(&format!("{all}?search=one")).await[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let to_one = link(&server, &address("one")).await;
        realm.send("DELETE", &format!("{all}/{one}"), Value::Null, 204).await;
        let page = Browser::new(&server).get(&to_one).await;
        assert_eq!(page.status, 400);
        realm
            .send(
                "PUT",
                &format!("/organizations/{id}"),
                json!({ "name": "acme", "alias": "acme", "enabled": false }),
                204,
            )
            .await;
        let page = Browser::new(&server).get(&link(&server, &address("two")).await).await;
        assert!(page.body.contains("cannot accept new members"), "{}", page.body);
        let refused = invite(&realm, &path, &[("email", &address("three"))]).await;
        assert_eq!(
            (refused.status, refused.json()),
            (400, message("Organization is disabled"))
        );
    }
}

async fn asked(server: &Server, realm: &str, user: &str, scope: &str) -> Answer {
    let fields = [
        ("grant_type", "password"),
        ("client_id", "app"),
        ("username", user),
        ("password", "passw0rd"),
        ("scope", scope),
    ];
    token(server, realm, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_tell_of_the_organizations_that_were_asked_for() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let app = json!({ "clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true });
        server.client(&realm.name, app).await;
        let acme = json!({ "name": "Acme", "alias": "acme", "attributes": { "k": ["v"] }, "domains": [{ "name": "acme.example" }] });
        let acme = realm.organization(acme).await;
        let beta = realm.organization(json!({ "name": "beta" })).await;
        let (one, many) = (realm.user("one").await, realm.user("many").await);
        realm.user("none").await;
        for (organization, user) in [(&acme, &one), (&acme, &many), (&beta, &many)] {
            realm
                .send(
                    "POST",
                    &format!("/organizations/{organization}/members"),
                    json!(user),
                    201,
                )
                .await;
        }
        let bad = |scope: &str| format!("Invalid scopes: openid {scope}");
        for (user, scope, claim, told) in [
            ("none", "organization", Value::Null, "organization"),
            ("none", "organization:*", Value::Null, ""),
            ("one", "organization", json!(["acme"]), "organization"),
            ("one", "organization:beta", Value::Null, ""),
            (
                "one",
                "organization:acme organization:beta",
                json!(["acme"]),
                "organization:acme",
            ),
            ("many", "organization", Value::Null, "organization"),
            ("many", "organization:beta", json!(["beta"]), "organization:beta"),
            ("many", "organization:*", json!(["acme", "beta"]), "organization:*"),
        ] {
            let answer = asked(&server, &realm.name, user, &format!("openid {scope}")).await;
            assert_eq!(answer.status, 200, "{user} {scope}: {}", answer.body);
            let body = answer.json();
            for kind in ["access_token", "id_token"] {
                let made = claims(&text(&body, kind))["organization"].clone();
                assert_eq!(made, claim, "{user} {scope} {kind}");
            }
            let granted = text(&body, "scope");
            let forms: Vec<&str> = granted.split(' ').filter(|s| s.starts_with("organization")).collect();
            assert_eq!(forms.join(" "), told, "{user} {scope}");
        }
        for scope in [
            "organization:nope",
            "organization organization:acme",
            "organization:* organization:acme",
            "organization:",
        ] {
            let answer = asked(&server, &realm.name, "many", &format!("openid {scope}")).await;
            assert_eq!(
                (answer.status, answer.json()["error_description"].clone()),
                (400, json!(bad(scope)))
            );
        }

        let whole = asked(&server, &realm.name, "many", "openid organization:*")
            .await
            .json();
        let known = userinfo(&server, &realm.name, &text(&whole, "access_token"))
            .await
            .json();
        assert_eq!(known["organization"], json!(["acme", "beta"]));
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "app"),
            ("refresh_token", &*text(&whole, "refresh_token")),
            ("scope", "openid organization:acme"),
        ];
        let less = server.form(&at(&realm.name, "token"), &fields).await.json();
        assert_eq!(
            claims(&text(&less, "access_token"))["organization"],
            json!(["acme"]),
            "{less}"
        );

        // More is told where a mapper says so.
        let scopes = realm.get("/client-scopes").await;
        let scope = scopes
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["name"] == "organization")
            .unwrap()
            .clone();
        let mut mapper = scope["protocolMappers"][0].clone();
        for key in [
            "addOrganizationId",
            "addOrganizationAttributes",
            "addOrganizationDomain",
        ] {
            mapper["config"][key] = json!("true");
        }
        let models = format!(
            "/client-scopes/{}/protocol-mappers/models",
            scope["id"].as_str().unwrap()
        );
        realm
            .send(
                "PUT",
                &format!("{models}/{}", mapper["id"].as_str().unwrap()),
                mapper.clone(),
                204,
            )
            .await;
        let more = json!({
            "name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-organization-group-membership-mapper",
            "config": { "access.token.claim": "true" }
        });
        realm.send("POST", &models, more, 201).await;
        let group = realm
            .send(
                "POST",
                &format!("/organizations/{acme}/groups"),
                json!({ "name": "crew" }),
                201,
            )
            .await;
        let group = format!("/organizations/{acme}/groups/{}/members/{one}", group.as_str().unwrap());
        realm.send("PUT", &group, Value::Null, 204).await;
        let told = asked(&server, &realm.name, "one", "openid organization").await.json();
        assert_eq!(
            claims(&text(&told, "access_token"))["organization"],
            json!({ "acme": { "k": ["v"], "id": acme, "domain": "acme.example", "groups": ["/crew"] } })
        );

        // A disabled organization is told of no more, nor is any where the realm has none.
        let off = json!({ "name": "Acme", "alias": "acme", "enabled": false });
        realm.send("PUT", &format!("/organizations/{acme}"), off, 204).await;
        let answer = asked(&server, &realm.name, "one", "openid organization:acme").await;
        assert_eq!(answer.status, 400);
        let only = asked(&server, &realm.name, "many", "openid organization").await.json();
        assert_eq!(
            claims(&text(&only, "access_token"))["organization"]["beta"]["id"],
            json!(beta)
        );
        realm
            .send("PUT", "", json!({ "organizationsEnabled": false }), 204)
            .await;
        let none = asked(&server, &realm.name, "many", "openid organization:*")
            .await
            .json();
        assert!(claims(&text(&none, "access_token")).get("organization").is_none());
    }
}
