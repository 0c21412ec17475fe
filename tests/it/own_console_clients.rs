//! Our own console: applications are found, looked at, disabled, deleted, given new secrets; one by one, and many at once.

use serde_json::{Value, json};

use super::client_registration::{initial, register, text};
use super::own_console::{open, with_administrator};
use super::support::oidc::token;
use super::support::{self, Browser, Server};

const MANAGER: &[&str] = &["manage-clients", "view-realm", "view-events"];

/// Registers applications with these names; gives what they were told.
async fn fleet(server: &Server, realm: &str, names: &[&str]) -> Vec<Value> {
    let (_, token) = initial(server, realm, json!({ "name": "blue", "owner": "team blue" })).await;
    let mut all = Vec::new();
    for name in names {
        let metadata = json!({
            "client_name": name, "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"
        });
        let made = register(server, realm, Some(&token), &metadata).await;
        assert_eq!(made.status, 201, "{}", made.body);
        all.push(made.json());
    }
    all
}

async fn works(server: &Server, realm: &str, client: &Value, secret: &str) -> bool {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(client, "client_id")),
        ("client_secret", secret),
    ];
    token(server, realm, &fields).await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_found_and_those_that_nobody_uses_are_deleted_together() {
    for server in support::servers().await {
        let realm = with_administrator(&server, MANAGER).await;
        let made = fleet(&server, &realm, &["Weather", "Tides", "Moon <b>"]).await;
        let mut browser = Browser::new(&server);
        let list = open(&mut browser, &realm, "clients").await;
        assert!(list.body.contains("3 applications"), "{}", list.body);
        assert!(list.body.contains("Never used") && list.body.contains("team blue"));
        let base = format!("/admin/{realm}/console/{realm}/clients");
        let found = browser.get(&format!("{base}?search=tide&source=token")).await;
        assert!(
            found.body.contains("1 application<") && !found.body.contains("Weather"),
            "{}",
            found.body
        );
        let none = browser.get(&format!("{base}?search=nosuch")).await;
        assert!(none.body.contains("No application matches"));

        server.app.clock.advance(1_000_000);
        assert!(works(&server, &realm, &made[1], text(&made[1], "client_secret")).await);
        vestibule::client_registration::life::sweep(&server.app).await.unwrap();
        let stale = browser.get(&format!("{base}?stale=900")).await;
        assert!(
            stale.body.contains("Weather") && !stale.body.contains("Tides"),
            "{}",
            stale.body
        );

        let form = stale.form("many");
        let nothing = browser.submit(&form, &[("action", "delete")]).await;
        assert_eq!(nothing.status, 400);
        assert!(nothing.body.contains("Nothing is chosen"));
        let ids = [text(&made[0], "client_id"), text(&made[2], "client_id")];
        let chosen = [("ids", ids[0]), ("ids", ids[1]), ("action", "delete")];
        let sure = browser.submit(&form, &chosen).await;
        assert!(sure.body.contains("Delete 2 applications?"), "{}", sure.body);
        assert!(sure.body.contains("Moon &lt;b&gt;") && sure.body.contains("Weather") && !sure.body.contains("Tides"));
        let mut forged = sure.form("sure");
        let done = browser.submit(&forged, &[("ids", ids[0]), ("ids", ids[1])]).await;
        assert_eq!(done.status, 303);
        assert!(done.header("location").contains("stale=900"), "the list is as it was");
        let after = browser.follow(done).await;
        assert!(after.body.contains("2 applications are deleted"), "{}", after.body);
        let left = browser.get(&base).await;
        assert!(left.body.contains("Tides") && !left.body.contains("Weather"));

        // All that the list has, without their ids; and a form from elsewhere does nothing.
        let all = browser
            .submit(&left.form("many"), &[("all", "on"), ("action", "disable")])
            .await;
        assert!(all.body.contains("Disable 1 application?"), "{}", all.body);
        forged.fields.insert("form".into(), "guessed".into());
        let tides = text(&made[1], "client_id");
        assert_eq!(browser.submit(&forged, &[("ids", tides)]).await.status, 303);
        assert!(works(&server, &realm, &made[1], text(&made[1], "client_secret")).await);
        let done = browser.submit(&all.form("sure"), &[]).await;
        assert_eq!(done.status, 303);
        assert!(!works(&server, &realm, &made[1], text(&made[1], "client_secret")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_has_a_page_that_tells_what_binds_it_and_changes_it() {
    for server in support::servers().await {
        let realm = with_administrator(&server, MANAGER).await;
        let made = fleet(&server, &realm, &["Weather"]).await.remove(0);
        let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
        let mut browser = Browser::new(&server);
        let page = open(&mut browser, &realm, &format!("clients/{id}")).await;
        for told in [
            "team blue",
            "127.0.0.1",
            "Never used",
            "client_credentials",
            "What binds it",
            "Allowed Client Scopes",
        ] {
            assert!(page.body.contains(told), "{told}: {}", page.body);
        }
        assert!(!page.body.contains(secret));
        let act = |page: &support::Answer, act: &str| {
            let to = format!("/{id}/{act}");
            page.forms()
                .into_iter()
                .find(|form| form.action.ends_with(&to))
                .unwrap()
        };
        let told = browser.submit(&act(&page, "secret"), &[]).await;
        assert_eq!(told.header("cache-control"), "no-store");
        let fresh = value(&told.body);
        let again = browser.submit(&act(&page, "secret"), &[]).await;
        assert_eq!(
            again.status, 303,
            "a page that is loaded anew makes no other: {}",
            again.body
        );
        assert!(works(&server, &realm, &made, &fresh).await && works(&server, &realm, &made, secret).await);
        let told = browser.submit(&act(&page, "registration-token"), &[]).await;
        let own = format!("/realms/{realm}/clients-registrations/openid-connect/{id}");
        let read = server.with_token(&value(&told.body), "GET", &own, Value::Null).await;
        assert_eq!(read.status, 200, "{}", read.body);

        let done = browser.submit(&act(&page, "disable"), &[]).await;
        let page = browser.follow(done).await;
        assert!(page.body.contains("The application is disabled."), "{}", page.body);
        assert!(!works(&server, &realm, &made, &fresh).await);
        let done = browser.submit(&act(&page, "enable"), &[]).await;
        let page = browser.follow(done).await;
        assert!(works(&server, &realm, &made, &fresh).await);
        let done = browser.submit(&act(&page, "delete"), &[]).await;
        assert!(browser.follow(done).await.body.contains("1 application is deleted"));
        let path = format!("/{realm}/clients/{id}");
        assert_eq!(server.admin("GET", &path, Value::Null).await.status, 404);
    }
}

/// What a page shows once.
fn value(page: &str) -> String {
    let at = page.find("<textarea id=\"value\"").unwrap_or_else(|| panic!("{page}"));
    page[at..].split(['>', '<']).nth(2).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_is_offered_nothing_to_do() {
    let server = support::sqlite().await;
    let realm = with_administrator(&server, &["view-clients"]).await;
    let made = fleet(&server, &realm, &["Weather"]).await.remove(0);
    let id = text(&made, "client_id");
    let mut browser = Browser::new(&server);
    let page = open(&mut browser, &realm, &format!("clients/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        !page.body.contains("id=\"delete\"") && !page.body.contains("New secret"),
        "{}",
        page.body
    );
    let list = browser.get(&format!("/admin/{realm}/console/{realm}/clients")).await;
    let sure = browser
        .submit(&list.form("many"), &[("ids", id), ("action", "delete")])
        .await;
    let refused = browser.submit(&sure.form("sure"), &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        server
            .admin("GET", &format!("/{realm}/clients/{id}"), Value::Null)
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn how_applications_register_is_set_on_one_page() {
    for server in support::servers().await {
        let realm = with_administrator(&server, &["manage-realm", "view-clients"]).await;
        let group = json!({ "name": "legal" });
        server.admin("POST", &format!("/{realm}/groups"), group).await.created();
        let mut browser = Browser::new(&server);
        let page = open(&mut browser, &realm, "settings").await;
        let form = page.form("settings");
        let base = [
            ("access", "required"),
            ("duplicate", "same"),
            ("approval", "rule"),
            ("reapproval", "redirect_uris"),
            ("reapproval", "client_name"),
        ];
        let wrong = [
            ("quota.owner", "many"),
            ("secret.expires", "-1"),
            ("secret.expires.unit", "days"),
            ("idle.expires", "999999"),
            ("idle.expires.unit", "days"),
            ("roles", "nosuch"),
            ("approval.rule", "client.nosuch(("),
            ("approval.stages", "everybody"),
        ];
        let refused = browser.submit(&form, &[&base[..], &wrong].concat()).await;
        assert_eq!(refused.status, 400);
        for field in ["quota-owner-error", "secret-expires-error", "roles-error"] {
            assert!(
                refused.body.contains(&format!("id=\"{field}\"")),
                "{field}: {}",
                refused.body
            );
        }
        assert!(refused.body.contains("There is no role nosuch") && refused.body.contains("value=\"many\""));
        // What only the Admin API knows is beside its field, too.
        for (sent, field) in [
            (&wrong[3..5], "idle-expires-error"),
            (&wrong[6..7], "approval-rule-error"),
            (&wrong[7..], "approval-stages-error"),
        ] {
            let refused = browser.submit(&form, &[&base[..], sent].concat()).await;
            assert!(
                refused.body.contains(&format!("id=\"{field}\"")),
                "{field}: {}",
                refused.body
            );
        }
        let nothing = browser
            .submit(&form, &[&base[..3], &[("reapproval", "")]].concat())
            .await;
        assert!(nothing.body.contains("id=\"reapproval-error\""), "{}", nothing.body);
        let right = [
            ("scopes.spontaneous", "on"),
            ("scopes.default", "email"),
            ("scopes.default", "phone"),
            ("roles", "offline_access\naccount:view-profile"),
            ("quota.owner", "7"),
            ("secret.expires", "90"),
            ("secret.expires.unit", "days"),
            ("secret.overlap", "0"),
            ("secret.overlap.unit", "hours"),
            ("unused.expires", ""),
            (
                "approval.rule",
                "if client.client_name == \"\" { \"refuse: a name\" }\r\nelse { \"queue\" }",
            ),
            ("approval.stages", "any\ngroup:/legal"),
            ("approval.expires", "3"),
            ("approval.expires.unit", "days"),
        ];
        let done = browser.submit(&form, &[&base[..], &right].concat()).await;
        assert_eq!(done.status, 303, "{}", done.body);
        let page = browser.follow(done).await;
        assert!(
            page.body.contains("Saved.") && page.body.contains("value=\"90\""),
            "{}",
            page.body
        );
        let kept = server.admin("GET", &format!("/{realm}"), Value::Null).await.json();
        let kept = |name: &str| kept["attributes"][format!("clientRegistration.{name}")].clone();
        for (name, value) in [
            ("access", json!("required")),
            ("duplicate", json!("same")),
            ("scopes.spontaneous", json!("allow")),
            ("scopes.default", json!("email,phone")),
            ("roles", json!("offline_access,account:view-profile")),
            ("quota.owner", json!("7")),
            ("secret.expires", json!("7776000")),
            ("secret.overlap", json!("0")),
            ("unused.expires", Value::Null),
            ("approval", json!("rule")),
            (
                "approval.rule",
                json!("if client.client_name == \"\" { \"refuse: a name\" }\nelse { \"queue\" }"),
            ),
            ("approval.stages", json!("any,group:/legal")),
            ("approval.expires", json!("259200")),
            ("reapproval", json!("redirect_uris,client_name")),
        ] {
            assert_eq!(kept(name), value, "{name}");
        }
        let nonsense = json!({ "attributes": { "clientRegistration.scopes.default": "email,nosuch" } });
        let refused = server.admin("PUT", &format!("/{realm}"), nonsense).await;
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains("nosuch"), "{}", refused.body);
    }
}
