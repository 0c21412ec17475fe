//! `vestibule apply`: a file says which applications a realm has.

use clap::{Args as _, FromArgMatches as _};
use serde_json::{Value, json};
use vestibule::apply::{self, ApplyArgs, Outcome};
use vestibule::error::Error;

use crate::support::oidc::{at, text, token};
use crate::support::{self, Server};

const FILE: &str = "
owner: shop-team
clientScopes:
  - name: orders
    protocol: openid-connect
    attributes: { include.in.token.scope: 'true' }
    protocolMappers:
      - name: for the shop
        protocol: openid-connect
        protocolMapper: oidc-audience-mapper
        config: { included.custom.audience: orders, access.token.claim: 'true' }
clients:
  - clientId: shop
    name: Shop
    secret: secret-of-the-shop
    serviceAccountsEnabled: true
    redirectUris: [https://shop.example/cb]
    defaultClientScopes: [basic, roles]
    optionalClientScopes: [orders]
  - clientId: page
    publicClient: true
    redirectUris: [https://page.example/cb]
registrationPolicies:
  - name: Only ours
    providerId: allowed-redirect-uris
    subType: anonymous
    config: { hosts: ['*.ours.example'] }
";

/// Applies a file to a realm.
pub async fn apply(server: &Server, realm: &str, file: &str, more: &[&str]) -> Result<Outcome, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.yaml");
    std::fs::write(&path, format!("realm: {realm}\n{file}")).unwrap();
    let command = ApplyArgs::augment_args(clap::Command::new("apply"));
    let found = command.get_matches_from([&["apply", path.to_str().unwrap()], more].concat());
    apply::run(&server.app, &ApplyArgs::from_arg_matches(&found).unwrap()).await
}

#[track_caller]
fn fault(outcome: Result<Outcome, Error>, told: &str) {
    let fault = outcome.expect_err("it was applied").to_string();
    assert!(fault.contains(told), "{fault}");
}

async fn named(server: &Server, realm: &str, client: &str) -> Value {
    let found = server
        .admin("GET", &format!("/{realm}/clients?clientId={client}"), Value::Null)
        .await;
    found.json()[0].clone()
}

async fn names(server: &Server, realm: &str, list: &str, name: &str) -> Vec<String> {
    let all = server
        .admin("GET", &format!("/{realm}/{list}"), Value::Null)
        .await
        .json();
    let all = all.as_array().unwrap().iter();
    all.filter_map(|one| one[name].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_declares_is_made_once_and_works() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        assert_eq!(
            apply(&server, &realm, FILE, &["--dry-run"]).await.unwrap(),
            Outcome::Different
        );
        assert_eq!(named(&server, &realm, "shop").await, Value::Null, "only looked at");
        fault(apply(&server, &realm, FILE, &[]).await, "--yes");
        assert_eq!(
            apply(&server, &realm, FILE, &["--yes"]).await.unwrap(),
            Outcome::Applied
        );
        for again in [&["--yes"][..], &["--dry-run"], &["--dry-run", "--prune"]] {
            assert_eq!(
                apply(&server, &realm, FILE, again).await.unwrap(),
                Outcome::Same,
                "{again:?}"
            );
        }
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "shop"),
            ("client_secret", "secret-of-the-shop"),
            ("scope", "orders"),
        ];
        let answer = token(&server, &realm, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let said = support::oidc::claims(&text(&answer.json(), "access_token"));
        assert!(said["aud"].to_string().contains("\"orders\""), "{said}");
        let stranger = json!({ "redirect_uris": ["https://elsewhere.example/cb"] });
        let path = format!("/{realm}/client-registration-policy/evaluate");
        let judged = server
            .admin("POST", &path, json!({ "subType": "anonymous", "metadata": stranger }))
            .await;
        assert!(judged.body.contains("Only ours"), "{}", judged.body);
        assert_eq!(
            server
                .get(&format!(
                    "{}?client_id=page&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fpage.example%2Fcb",
                    at(&realm, "auth")
                ))
                .await
                .status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_the_file_is_the_only_change() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        apply(&server, &realm, FILE, &["--yes"]).await.unwrap();
        let id = text(&named(&server, &realm, "shop").await, "id");
        // By hand: what the file names is set back, what it does not name stays.
        let by_hand = json!({ "clientId": "shop", "name": "By hand", "description": "Kept", "secret": "another" });
        assert_eq!(
            server
                .admin("PUT", &format!("/{realm}/clients/{id}"), by_hand)
                .await
                .status,
            204
        );
        let changed = FILE
            .replace("https://shop.example/cb", "https://shop.example/new")
            .replace("[orders]", "[orders, phone]");
        assert_eq!(
            apply(&server, &realm, &changed, &["--yes"]).await.unwrap(),
            Outcome::Applied
        );
        let shop = named(&server, &realm, "shop").await;
        assert_eq!(
            (&shop["id"], &shop["name"], &shop["description"]),
            (&json!(id), &json!("Shop"), &json!("Kept"))
        );
        assert_eq!(shop["redirectUris"], json!(["https://shop.example/new"]));
        assert_eq!(shop["optionalClientScopes"].as_array().unwrap().len(), 2);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "shop"),
            ("client_secret", "secret-of-the-shop"),
        ];
        assert_eq!(token(&server, &realm, &fields).await.status, 200);
        let scope = changed.replace("included.custom.audience: orders", "included.custom.audience: bills");
        assert_eq!(
            apply(&server, &realm, &scope, &["--yes"]).await.unwrap(),
            Outcome::Applied
        );
        assert_eq!(apply(&server, &realm, &scope, &["--yes"]).await.unwrap(), Outcome::Same);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_a_files_own_is_removed_and_only_when_that_is_said() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        server.client(&realm, json!({ "clientId": "by-hand" })).await;
        apply(&server, &realm, FILE, &["--yes"]).await.unwrap();
        apply(
            &server,
            &realm,
            "owner: others\nclients: [{clientId: theirs}]",
            &["--yes"],
        )
        .await
        .unwrap();
        let less = "owner: shop-team\nclients: [{clientId: page}]";
        assert_eq!(apply(&server, &realm, less, &["--yes"]).await.unwrap(), Outcome::Same);
        assert_eq!(
            apply(&server, &realm, less, &["--dry-run", "--prune"]).await.unwrap(),
            Outcome::Different
        );
        assert_eq!(
            apply(&server, &realm, less, &["--yes", "--prune"]).await.unwrap(),
            Outcome::Applied
        );
        let clients = names(&server, &realm, "clients", "clientId").await;
        for (client, there) in [
            ("shop", false),
            ("page", true),
            ("theirs", true),
            ("by-hand", true),
            ("account", true),
        ] {
            assert_eq!(clients.iter().any(|one| one == client), there, "{client}: {clients:?}");
        }
        assert!(
            !names(&server, &realm, "client-scopes", "name")
                .await
                .contains(&"orders".to_owned())
        );
        assert!(
            !names(&server, &realm, "components", "name")
                .await
                .contains(&"Only ours".to_owned())
        );
        assert_eq!(
            apply(&server, &realm, less, &["--yes", "--prune"]).await.unwrap(),
            Outcome::Same
        );
        // What was there is taken over, and then it is the file's.
        let take = "owner: shop-team\nclients: [{clientId: page}, {clientId: by-hand}]";
        assert_eq!(
            apply(&server, &realm, take, &["--yes"]).await.unwrap(),
            Outcome::Applied
        );
        fault(
            apply(
                &server,
                &realm,
                "owner: others\nclients: [{clientId: by-hand}]",
                &["--yes"],
            )
            .await,
            "`shop-team`",
        );
        assert_eq!(
            apply(&server, &realm, less, &["--yes", "--prune"]).await.unwrap(),
            Outcome::Applied
        );
        assert_eq!(named(&server, &realm, "by-hand").await, Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_one_fault_changes_nothing() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let good = "clients:\n  - clientId: good\n";
    for (bad, told) in [
        (
            "  - {clientId: bad, redirectUris: ['javascript:alert(1)']}",
            "client bad: ",
        ),
        ("  - {clientId: bad, redirectUri: x}", "client bad: "),
        ("  - {clientId: bad, publicClient: {}}", "client bad: "),
        (
            "  - {clientId: bad, optionalClientScopes: [nowhere]}",
            "there is no client scope nowhere",
        ),
        (
            "  - {clientId: bad, attributes: {registration.hold: maybe}}",
            "registration.hold",
        ),
        ("  - {clientId: realm-management}", "the realm itself needs it"),
        (
            "clientScopes: [{name: 'a b', protocol: openid-connect}]",
            "client scope a b: ",
        ),
        ("clientScopes: [{name: x, protocol: smoke}]", "client scope x: "),
        (
            "registrationPolicies: [{name: x, providerId: nothing}]",
            "registration policy x (anonymous): ",
        ),
        (
            "registrationPolicies: [{name: x, providerId: max-clients, config: {max-clients: many}}]",
            "number",
        ),
        (
            "registrationPolicies: [{name: x, providerId: require-pkce, subType: foo}]",
            "subType must be anonymous, authenticated or token",
        ),
        (
            "  - {clientId: bad, enabled: maybe}",
            "client bad: enabled: the value is of another type",
        ),
        (
            "  - {clientId: bad, redirectUris: 'https://a.example/'}",
            "client bad: redirectUris: the value is of another type",
        ),
        (
            "  - {clientId: bad, nosuch: 1}",
            "client bad: there is no member nosuch",
        ),
        (
            "  - {clientId: bad, protocolMappers: [{nosuch: 1}]}",
            "client bad: protocolMappers: there is no member nosuch",
        ),
        ("  - {clientId: bad, defaultRoles: [x]}", "client bad: defaultRoles: "),
        (
            "registrationPolicies: [{name: x, providerId: rsa, providerType: org.keycloak.keys.KeyProvider}]",
            "Only client registration policies",
        ),
    ] {
        fault(
            apply(&server, &realm, &format!("{good}{bad}\n"), &["--yes"]).await,
            told,
        );
        assert_eq!(named(&server, &realm, "good").await, Value::Null, "{bad}");
    }
    fault(
        apply(&server, "nowhere", good, &["--yes"]).await,
        "there is no realm nowhere",
    );
    assert_eq!(
        apply(&server, &realm, good, &["--yes"]).await.unwrap(),
        Outcome::Applied
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_applied_is_kept_among_the_admin_events() {
    for server in support::servers().await {
        let realm = server
            .realm(json!({ "adminEventsEnabled": true, "adminEventsDetailsEnabled": true }))
            .await;
        apply(&server, &realm, FILE, &["--dry-run"]).await.unwrap();
        let told = async || {
            let path = format!("/{realm}/admin-events?direction=asc");
            let all = server.admin("GET", &path, Value::Null).await.json();
            let all = all.as_array().unwrap().clone();
            all.into_iter()
                .filter(|one| one["resourceType"] != "REALM")
                .collect::<Vec<_>>()
        };
        assert_eq!(told().await.len(), 0, "a dry run does nothing");
        apply(&server, &realm, FILE, &["--yes"]).await.unwrap();
        apply(&server, &realm, FILE, &["--yes"]).await.unwrap();
        let all = told().await;
        let kinds = |all: &[Value]| -> Vec<(String, String)> {
            let mut kinds: Vec<_> = all
                .iter()
                .map(|one| (text(one, "operationType"), text(one, "resourceType")))
                .collect();
            kinds.sort();
            kinds
        };
        let made = |kind: &str| ("CREATE".to_owned(), kind.to_owned());
        let wanted = [made("CLIENT"), made("CLIENT"), made("CLIENT_SCOPE"), made("COMPONENT")];
        assert_eq!(kinds(&all), wanted, "{all:?}");
        let id = text(&named(&server, &realm, "shop").await, "id");
        let shop = all
            .iter()
            .find(|one| one["resourcePath"] == format!("clients/{id}"))
            .unwrap();
        let representation = text(shop, "representation");
        assert!(representation.contains("shop.example"), "{representation}");
        assert!(!representation.contains("secret-of-the-shop"), "{representation}");

        let less = FILE.replace("name: Shop", "name: Shop 2").replace(
            "  - clientId: page\n    publicClient: true\n    redirectUris: [https://page.example/cb]\n",
            "",
        );
        apply(&server, &realm, &less, &["--yes", "--prune"]).await.unwrap();
        let all = told().await;
        let wanted = [
            ("DELETE".to_owned(), "CLIENT".to_owned()),
            ("UPDATE".to_owned(), "CLIENT".to_owned()),
        ];
        assert_eq!(kinds(&all[4..]), wanted, "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_inside_policies_are_looked_up_before_anything_is_done() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let policy = |kind: &str, config: &str| {
        format!(
            "clients:\n- clientId: early\nregistrationPolicies:\n- {{name: {kind}, providerId: {kind}, config: {{{config}}}}}\n"
        )
    };
    for (kind, config, told) in [
        (
            "default-scopes",
            "scopes: [email, nope]",
            "registration policy default-scopes (anonymous): scopes: there is no client scope nope",
        ),
        (
            "allowed-client-templates",
            "allowed-client-scopes: [nope]",
            "there is no client scope nope",
        ),
        ("assign-roles", "roles: [nope]", "there is no role nope"),
        (
            "assign-roles",
            "roles: ['account:nope']",
            "there is no role account:nope",
        ),
        ("assign-roles", "roles: ['nope:view']", "there is no role nope:view"),
        ("no-such-kind", "a: b", "registration policy no-such-kind (anonymous)"),
    ] {
        fault(apply(&server, &realm, &policy(kind, config), &["--yes"]).await, told);
        assert_eq!(
            named(&server, &realm, "early").await,
            Value::Null,
            "nothing is applied: {kind}"
        );
    }
    let own = "clientScopes: [{name: mine, protocol: openid-connect}]\n";
    for (kind, config) in [
        ("default-scopes", "scopes: [email, mine]"),
        ("allowed-client-templates", "allowed-client-scopes: [openid, mine]"),
        ("assign-roles", "roles: [offline_access, 'account:view-profile']"),
    ] {
        apply(&server, &realm, &format!("{own}{}", policy(kind, config)), &["--yes"])
            .await
            .unwrap();
    }
}
