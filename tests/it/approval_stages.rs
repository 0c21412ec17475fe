//! Who decides, in which order, and who sees what waits.

use serde_json::{Value, json};

use super::approval::{acts, crane, desk, register_crane, waiting_realm};
use super::client_registration::{initial, register, text};
use super::support::{self, Answer, Server};

const STAGES: &str = "role:manager,group:/legal";

/// A realm with two stages, with mia the manager, leo of legal, and both who is either.
async fn two_stages(server: &Server) -> String {
    let realm = waiting_realm(server, json!({ "clientRegistration.approval.stages": STAGES })).await;
    let role = json!({ "name": "manager" });
    assert_eq!(server.admin("POST", &format!("/{realm}/roles"), role).await.status, 201);
    let role = server
        .admin("GET", &format!("/{realm}/roles/manager"), Value::Null)
        .await
        .json();
    let group = server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "legal" }))
        .await
        .created();
    for (name, manages, legal) in [
        ("mia", true, false),
        ("leo", false, true),
        ("both", true, true),
        ("nobody", false, false),
    ] {
        let id = server.user(&realm, name, "Passw0rd!").await;
        if manages {
            let path = format!("/{realm}/users/{id}/role-mappings/realm");
            assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
        }
        if legal {
            let path = format!("/{realm}/users/{id}/groups/{group}");
            assert_eq!(server.admin("PUT", &path, Value::Null).await.status, 204);
        }
    }
    realm
}

async fn as_user(server: &Server, realm: &str, user: &str, method: &str, path: &str) -> Answer {
    let token = server.password_token(realm, "admin-cli", user, "Passw0rd!").await;
    let path = format!("/admin/realms/{realm}/client-registrations{path}");
    let body = if method == "POST" { json!({}) } else { Value::Null };
    server.with_token(&token, method, &path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stage_decides_in_its_turn_and_sees_only_what_waits_for_it() {
    for server in support::servers().await {
        let realm = two_stages(&server).await;
        let client = register_crane(&server, &realm).await;
        let id = text(&client, "client_id");
        let approve = format!("/{id}/approve");
        let count = async |user: &str| as_user(&server, &realm, user, "GET", "/count").await;
        assert_eq!(
            (count("mia").await.body, count("leo").await.body),
            ("1".into(), "0".into())
        );
        assert_eq!(count("nobody").await.status, 403);
        assert_eq!(
            as_user(&server, &realm, "leo", "GET", &format!("/{id}")).await.status,
            403
        );
        assert_eq!(as_user(&server, &realm, "leo", "POST", &approve).await.status, 403);
        assert_eq!(
            desk(&server, &realm, "POST", &approve, json!({})).await.status,
            403,
            "managing is not being asked"
        );

        assert_eq!(as_user(&server, &realm, "both", "POST", &approve).await.status, 204);
        assert_eq!(
            acts(&server, &realm, &client).await.status,
            400,
            "legal has not decided"
        );
        let twice = as_user(&server, &realm, "both", "POST", &approve).await;
        assert_eq!((twice.status, &twice.json()["error"]), (409, &json!("already_decided")));
        let late = as_user(&server, &realm, "mia", "POST", &approve).await;
        assert_eq!(late.status, 403, "{}", late.body);
        assert_eq!(
            (count("mia").await.body, count("leo").await.body),
            ("0".into(), "1".into())
        );
        assert_eq!(as_user(&server, &realm, "leo", "POST", &approve).await.status, 204);
        assert_eq!(acts(&server, &realm, &client).await.status, 200);
        let shown = desk(&server, &realm, "GET", &format!("/{id}"), Value::Null)
            .await
            .json();
        let decided: Vec<(&str, &str)> = shown["decisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(one, "stage"), text(one, "by")))
            .collect();
        assert_eq!(decided, [("role:manager", "both"), ("group:/legal", "leo")]);
        assert_eq!(shown["status"], "done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_on_what_they_have_registered_themselves() {
    for server in support::servers().await {
        let realm = two_stages(&server).await;
        let id = crate::otp::id_of(&server, &realm, "both").await;
        let path = format!("/{realm}/clients?clientId=realm-management");
        let holder = server.admin("GET", &path, Value::Null).await.json();
        let holder = text(&holder[0], "id").to_owned();
        let path = format!("/{realm}/clients/{holder}/roles/create-client");
        let role = server.admin("GET", &path, Value::Null).await.json();
        let path = format!("/{realm}/users/{id}/role-mappings/clients/{holder}");
        assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
        let token = server.password_token(&realm, "admin-cli", "both", "Passw0rd!").await;
        let made = register(&server, &realm, Some(&token), &crane()).await;
        assert_eq!(made.json()["registration_status"], "pending", "{}", made.body);
        let made = made.json();
        for action in ["approve", "refuse"] {
            let path = format!("/{}/{action}", text(&made, "client_id"));
            let own = as_user(&server, &realm, "both", "POST", &path).await;
            let told = json!({
                "error": "own_registration", "error_description": "You have registered it yourself: somebody else decides"
            });
            assert_eq!((own.status, own.json()), (403, told), "{action}");
        }
        let mails = server.get("/inbox/messages?to=both@example.org").await.json();
        assert_eq!(mails, json!([]), "whoever cannot decide is not asked");
        let approve = format!("/{}/approve", text(&made, "client_id"));
        for other in ["mia", "leo"] {
            assert_eq!(as_user(&server, &realm, other, "POST", &approve).await.status, 204);
        }
        assert_eq!(acts(&server, &realm, &made).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_a_token_decides_on_nothing_that_was_made_with_it() {
    let server = support::sqlite().await;
    let realm = two_stages(&server).await;
    let id = crate::otp::id_of(&server, &realm, "both").await;
    for owner in ["Both", "BOTH@example.org", id.as_str()] {
        let (_, key) = initial(&server, &realm, json!({ "owner": owner })).await;
        let made = register(&server, &realm, Some(&key), &crane()).await;
        assert_eq!(made.json()["registration_status"], "pending", "{}", made.body);
        let made = made.json();
        let approve = format!("/{}/approve", text(&made, "client_id"));
        let own = as_user(&server, &realm, "both", "POST", &approve).await;
        assert_eq!(
            (own.status, &own.json()["error"]),
            (403, &json!("own_registration")),
            "{owner}"
        );
        let mails = server.get("/inbox/messages?to=both@example.org").await.json();
        assert_eq!(mails, json!([]), "{owner} is not asked");
        for other in ["mia", "leo"] {
            assert_eq!(as_user(&server, &realm, other, "POST", &approve).await.status, 204);
        }
        assert_eq!(acts(&server, &realm, &made).await.status, 200, "{owner}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_ends_it_and_roles_are_needed_for_what_is_not_a_decision() {
    let server = support::sqlite().await;
    let realm = two_stages(&server).await;
    let client = register_crane(&server, &realm).await;
    let id = text(&client, "client_id");
    assert_eq!(
        as_user(&server, &realm, "mia", "DELETE", &format!("/{id}"))
            .await
            .status,
        403
    );
    assert_eq!(
        as_user(&server, &realm, "mia", "POST", &format!("/{id}/refuse"))
            .await
            .status,
        204
    );
    let after = as_user(&server, &realm, "leo", "POST", &format!("/{id}/approve")).await;
    assert_eq!(after.status, 409);
    let clients = server
        .with_token(
            &server.password_token(&realm, "admin-cli", "mia", "Passw0rd!").await,
            "GET",
            &format!("/admin/realms/{realm}/clients"),
            Value::Null,
        )
        .await;
    assert_eq!(clients.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_passes_no_roles_on_does_not_decide_for_people() {
    let server = support::sqlite().await;
    let realm = two_stages(&server).await;
    let app = json!({
        "clientId": "narrow", "publicClient": true, "directAccessGrantsEnabled": true, "fullScopeAllowed": false
    });
    server.client(&realm, app).await;
    let token = server.password_token(&realm, "narrow", "both", "Passw0rd!").await;
    let path = format!("/admin/realms/{realm}/client-registrations");
    assert_eq!(server.with_token(&token, "GET", &path, Value::Null).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_is_told_by_mail_stage_by_stage() {
    for server in support::servers().await {
        let realm = two_stages(&server).await;
        let client = register_crane(&server, &realm).await;
        let mails = async |to: &str| {
            let found = server.get(&format!("/inbox/messages?to={to}@example.org")).await.json();
            found.as_array().unwrap().len()
        };
        assert_eq!((mails("mia").await, mails("both").await, mails("leo").await), (1, 1, 0));
        let path = format!("/{}/approve", text(&client, "client_id"));
        assert_eq!(as_user(&server, &realm, "both", "POST", &path).await.status, 204);
        assert_eq!((mails("mia").await, mails("both").await, mails("leo").await), (1, 1, 1));
    }
}
