//! A token may be for one API and nobody else (RFC 8707).

use serde_json::{Value, json};

use crate::support::oidc::{CALLBACK, at, claims, code, exchange, shop, text, token};
use crate::support::{self, Browser, Server, encode};
use crate::token::refused;

const MCP: &str = "https://api.example/mcp";
const BILLS: &str = "https://bills.example/";

async fn with_servers(server: &Server) -> String {
    let listed = json!([{ "id": MCP }, { "id": BILLS, "scopes": ["email"] }]).to_string();
    shop(server, json!({ "attributes": { "resource.servers": listed } })).await
}

fn asked(resources: &[&str]) -> String {
    let pairs: Vec<(&str, &str)> = resources.iter().map(|r| ("resource", *r)).collect();
    format!("&{}", encode(&pairs))
}

fn audience(tokens: &Value) -> Value {
    claims(&text(tokens, "access_token"))["aud"].clone()
}

/// Tokens of `mia`, who signs in the first time only.
async fn in_browser(browser: &mut Browser<'_>, server: &Server, realm: &str, more: &str) -> Value {
    let query = "client_id=shop&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fshop.example%2Fcb";
    let mut answer = browser.get(&format!("{}?{query}{more}", at(realm, "auth"))).await;
    if answer.status == 200 {
        let fields = [("username", "mia"), ("password", "correct horse")];
        answer = browser.submit(&answer.form("kc-form-login"), &fields).await;
        answer = browser.follow(answer).await;
    }
    let code = answer.location_parameter("code").expect("a code");
    exchange(server, realm, &code, &[]).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_what_was_asked_for_and_refreshed_for_the_same() {
    for server in support::servers().await {
        let realm = with_servers(&server).await;
        let given = code(&server, &realm, "shop", &asked(&[MCP, BILLS])).await;
        let tokens = exchange(&server, &realm, &given, &[]).await.json();
        assert_eq!(audience(&tokens), json!([MCP, BILLS]));
        let refresh = |resource: &'static str| {
            let refresh_token = text(&tokens, "refresh_token");
            let (server, realm) = (&server, &realm);
            async move {
                let mut fields = vec![
                    ("grant_type", "refresh_token"),
                    ("client_id", "shop"),
                    ("refresh_token", refresh_token.as_str()),
                ];
                fields.extend((!resource.is_empty()).then_some(("resource", resource)));
                token(server, realm, &fields).await
            }
        };
        assert_eq!(audience(&refresh("").await.json()), json!([MCP, BILLS]));
        assert_eq!(audience(&refresh(MCP).await.json()), json!(MCP));
        refused(
            &refresh("https://other.example").await,
            400,
            "invalid_target",
            "The requested resource is invalid, missing, unknown, or malformed.",
        );

        // What else is asked for in the same browser is another grant.
        let mut browser = Browser::new(&server);
        let first = in_browser(&mut browser, &server, &realm, &asked(&[MCP])).await;
        for more in [asked(&[BILLS]), String::new()] {
            in_browser(&mut browser, &server, &realm, &more).await;
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", "shop"),
                ("refresh_token", &text(&first, "refresh_token")),
            ];
            assert_eq!(audience(&token(&server, &realm, &fields).await.json()), json!(MCP));
        }
        // A token for less leaves the grant as it was.
        let less = refresh(MCP).await.json();
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", &text(&less, "refresh_token")),
        ];
        assert_eq!(
            audience(&token(&server, &realm, &fields).await.json()),
            json!([MCP, BILLS])
        );

        // Of what was granted, some; never more.
        let given = code(&server, &realm, "shop", &asked(&[MCP])).await;
        let more = exchange(&server, &realm, &given, &[("resource", BILLS)]).await;
        refused(
            &more,
            400,
            "invalid_target",
            "The requested resource is invalid, missing, unknown, or malformed.",
        );
        let given = code(&server, &realm, "shop", "").await;
        let then = exchange(&server, &realm, &given, &[("resource", "HTTPS://BILLS.example")])
            .await
            .json();
        assert_eq!(audience(&then), json!(BILLS));
        assert_eq!(claims(&text(&then, "access_token"))["scope"], "openid email");
        assert_eq!(then["scope"], "openid email");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_listed_is_refused_and_without_a_list_nothing_is_asked() {
    let server = support::sqlite().await;
    let realm = with_servers(&server).await;
    let query = "client_id=shop&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fshop.example%2Fcb";
    for resource in ["https://evil.example", "https://api.example/mcp#x", "api", ""] {
        let more = format!("&{}", encode(&[("resource", resource)]));
        let answer = server.get(&format!("{}?{query}{more}", at(&realm, "auth"))).await;
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            Some("invalid_target"),
            "{resource}"
        );
    }
    let fields = |resource: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", "back"),
            ("client_secret", "back-secret"),
            ("resource", resource),
        ]
    };
    let own = token(&server, &realm, &fields(MCP)).await.json();
    assert_eq!(audience(&own), json!(MCP));
    let other = token(&server, &realm, &fields("https://evil.example")).await;
    refused(
        &other,
        400,
        "invalid_target",
        "The requested resource is invalid, missing, unknown, or malformed.",
    );
    // As Keycloak: without a list, `resource` is overlooked.
    let plain = shop(&server, json!({})).await;
    let tokens = token(&server, &plain, &fields("https://evil.example")).await.json();
    assert_eq!(audience(&tokens), json!("account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_an_api_tells_what_the_api_knows_and_administers_nothing() {
    for server in support::servers().await {
        let realm = with_servers(&server).await;
        let users = format!("/{realm}/users");
        let mia = server
            .admin("GET", &format!("{users}?username=mia"), Value::Null)
            .await
            .json();
        let mia = format!("{users}/{}", text(&mia[0], "id"));
        let person = json!({ "firstName": "Mia", "lastName": "May", "email": "mia@example.org" });
        assert_eq!(server.admin("PUT", &mia, person).await.status, 204);
        let clients = format!("/{realm}/clients");
        let holder = server
            .admin("GET", &format!("{clients}?clientId=realm-management"), Value::Null)
            .await
            .json();
        let holder = text(&holder[0], "id");
        let role = server
            .admin("GET", &format!("{clients}/{holder}/roles/realm-admin"), Value::Null)
            .await
            .json();
        let given = server
            .admin("POST", &format!("{mia}/role-mappings/clients/{holder}"), json!([role]))
            .await;
        assert_eq!(given.status, 204, "{}", given.body);

        for (resource, good) in [(None, true), (Some(MCP), false), (Some(BILLS), false)] {
            let asked = resource.map(|r| asked(&[r])).unwrap_or_default();
            let given = code(&server, &realm, "shop", &asked).await;
            let tokens = exchange(&server, &realm, &given, &[]).await.json();
            let access = text(&tokens, "access_token");
            let bearer = format!("Bearer {access}");
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let listed = server
                .request("GET", &format!("/admin/realms/{realm}/users"), &headers, "")
                .await;
            assert_eq!(listed.status, if good { 200 } else { 401 }, "{resource:?}");
            let registration = format!("/realms/{realm}/clients-registrations/default");
            let body = json!({ "redirectUris": [CALLBACK] }).to_string();
            let registered = server.request("POST", &registration, &headers, &body).await;
            assert_eq!(registered.status, if good { 201 } else { 401 }, "{}", registered.body);
            // Claims go with the scopes.
            let said = claims(&access);
            let knows_profile = resource != Some(BILLS);
            assert_eq!(said["name"].is_string(), knows_profile, "{said}");
            assert_eq!(said["email"], "mia@example.org");
            assert!(said["sub"].is_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_introspection_is_signed_for_who_asks_for_it() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let id = server
        .admin("GET", &format!("/{realm}/clients?clientId=back"), Value::Null)
        .await
        .json()[0]["id"]
        .clone();
    let path = format!("/{realm}/clients/{}", id.as_str().unwrap());
    let mut back = server.admin("GET", &path, Value::Null).await.json();
    back["attributes"]["allow.token.introspection.without.audience.check"] = json!("true");
    back["attributes"]["introspection.signed.response.alg"] = json!("ES256");
    assert_eq!(server.admin("PUT", &path, back).await.status, 204);
    let access = crate::support::oidc::token_of_back(&server, &realm).await;
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/token-introspection+jwt"),
    ];
    for (sent, active) in [(access.as_str(), true), ("garbage", false)] {
        let body = encode(&[("client_id", "back"), ("client_secret", "back-secret"), ("token", sent)]);
        let answer = server
            .request("POST", &at(&realm, "token/introspect"), &headers, &body)
            .await;
        assert_eq!(answer.header("content-type"), "application/token-introspection+jwt");
        let parsed = vestibule_jose::jwt::decode(&answer.body).unwrap();
        assert_eq!(parsed.typ(), Some("token-introspection+jwt"));
        assert_eq!(parsed.alg(), vestibule_jose::Alg::ES256);
        let said = claims(&answer.body);
        assert_eq!(
            (&said["aud"], &said["token_introspection"]["active"]),
            (&json!("back"), &json!(active))
        );
        assert_eq!(said["token_introspection"].as_object().unwrap().len() == 1, !active);
    }
}
