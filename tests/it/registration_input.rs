//! Whatever is sent to register, the answer is clear, and no member reaches what an administrator decides.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule::store::{client, realm};

use super::client_registration::{
    address, initial_token, initial_token_with, make_realm, plain, register, remaining, text,
};
use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_clear_answer() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let (id, token) = initial_token_with(&server, "r", 1, 0, &[]).await;
    let bearer = format!("Bearer {token}");
    let json_type = ("content-type", "application/json");
    for (body, status, error) in [
        ("", 400, "invalid_client_metadata"),
        ("null", 400, "invalid_client_metadata"),
        ("[]", 400, "unknown_error"),
        ("{", 400, "invalid_request"),
        (r#"{"redirect_uris":"https://a.example.com/cb"}"#, 400, "unknown_error"),
        (
            r#"{"redirect_uris":["javascript:alert(1)"]}"#,
            400,
            "invalid_redirect_uri",
        ),
        (
            r#"{"redirect_uris":["https://a.example.com/*"]}"#,
            400,
            "invalid_redirect_uri",
        ),
        (r#"{"client_id":"mine"}"#, 400, "invalid_client_metadata"),
        (r#"{"subject_type":"nonsense"}"#, 400, "invalid_client_metadata"),
        (
            r#"{"token_endpoint_auth_method":"nonsense"}"#,
            400,
            "invalid_client_metadata",
        ),
        (
            r#"{"sector_identifier_uri":"https://127.0.0.1/x","redirect_uris":["https://a.example.com/cb"]}"#,
            400,
            "invalid_client_metadata",
        ),
    ] {
        let answer = server
            .request("POST", &address("r"), &[("authorization", &bearer), json_type], body)
            .await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (status, &json!(error)),
            "{body}: {}",
            answer.body
        );
    }
    let answer = server
        .request(
            "POST",
            &address("r"),
            &[("authorization", &bearer), ("content-type", "text/plain")],
            "{}",
        )
        .await;
    assert_eq!(answer.status, 415);
    for (method, path, status) in [
        ("GET", address("r"), 404),
        ("PATCH", address("r"), 405),
        ("POST", address("r") + "/x", 404),
        ("POST", "/realms/r/clients-registrations".into(), 405),
        ("POST", "/realms/r/clients-registrations/nonsense".into(), 404),
        ("POST", address("nope"), 404),
    ] {
        assert_eq!(
            server.request(method, &path, &[], "").await.status,
            status,
            "{method} {path}"
        );
    }
    assert_eq!(
        remaining(&server, "r", &id).await,
        1,
        "nothing that was refused was counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_register_from_the_origins_of_its_token_and_read_why_not() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let page = "https://spa.example.com";
    let (_, token) = initial_token_with(&server, "r", 5, 0, &[page.to_owned()]).await;
    let bearer = format!("Bearer {token}");
    let send = async |origin: &str, body: Value| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("origin", origin),
            ("content-type", "application/json"),
        ];
        server.request("POST", &address("r"), &headers, &body.to_string()).await
    };
    let made = send(page, plain()).await;
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, page));
    let refused = send(page, json!({ "redirect_uris": ["x#y"] })).await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (400, page)
    );
    let foreign = send("https://evil.example.com", plain()).await;
    assert_eq!(
        (foreign.status, foreign.header("access-control-allow-origin")),
        (403, "")
    );
    assert_eq!(foreign.json(), json!({ "error": "Invalid origin" }));
    let headers = [("origin", page), ("access-control-request-method", "POST")];
    let preflight = server.request("OPTIONS", &address("r"), &headers, "").await;
    assert_eq!(preflight.status, 200);
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("MCP-Protocol-Version")
    );
    assert_eq!(preflight.header("access-control-allow-origin"), page);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_an_administrators_to_set_are_ignored() {
    let server = support::sqlite().await;
    make_realm(&server, "r", json!({})).await;
    let token = initial_token(&server, "r", 2).await;
    let mut body = plain();
    let privileged = json!({
        "serviceAccountsEnabled": true, "fullScopeAllowed": true, "consentRequired": false, "enabled": false, "id": "mine",
        "clientId": "mine", "secret": "mine", "client_secret": "mine", "protocolMappers": [{ "name": "x" }], "rootUrl": "https://evil.example.com",
        "authenticationFlowBindingOverrides": { "browser": "x" }, "defaultRoles": ["admin"], "webOrigins": ["*"], "_scopeRoles": ["x"],
        "attributes": { "access.token.lifespan": "999999", "client.secret.recoverable": "true", "realm_client": "true" }
    });
    body.as_object_mut()
        .unwrap()
        .extend(privileged.as_object().unwrap().clone());
    let with = register(&server, "r", Some(&token), &body).await.json();
    let without = register(&server, "r", Some(&token), &plain()).await.json();
    let realm = realm::by_name(&server.app.db, "r").await.unwrap().unwrap();
    let kept = async |told: &Value| {
        let found = client::by_client_id(&server.app.db, &realm.id, text(told, "client_id"))
            .await
            .unwrap();
        found.unwrap().doc.clone()
    };
    assert_eq!(kept(&with).await, kept(&without).await);
    assert_ne!(with["client_secret"], "mine");
}

/// Members of a client that no registrant may reach, whatever is sent.
const PRIVILEGED: [&str; 13] = [
    "enabled",
    "surrogateAuthRequired",
    "alwaysDisplayInConsole",
    "notBefore",
    "bearerOnly",
    "consentRequired",
    "fullScopeAllowed",
    "authenticationFlowBindingOverrides",
    "nodeReRegistrationTimeout",
    "rootUrl",
    "adminUrl",
    "_scopeRoles",
    "protocol",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z:/.*]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z._]{1,10}", inner), 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_metadata_reaches_a_privileged_member(
        sent in prop::collection::vec((prop::sample::select(PRIVILEGED.to_vec()), any_json()), 1..6),
        attributes in prop::collection::vec(("[a-z.]{1,20}", any_json()), 0..4),
    ) {
        let mut body: Map<String, Value> = sent.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        body.insert("redirect_uris".into(), json!(["https://a.example.com/cb"]));
        let honest = json!({ "redirect_uris": ["https://a.example.com/cb"] }).to_string();
        let honest = vestibule::client_registration::describe_as_client(honest.as_bytes());
        body.insert("attributes".into(), Value::Object(attributes.into_iter().collect()));
        let made = vestibule::client_registration::describe_as_client(Value::Object(body).to_string().as_bytes());
        if let Some(made) = made {
            prop_assert_eq!(Some(made), honest);
        }
    }
}
