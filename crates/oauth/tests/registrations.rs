//! Registrations recorded from Keycloak 26.7.4: the same answer, the same client.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule_oauth::client_metadata::{Issued, Metadata, apply, check, describe};
use vestibule_oauth::error::Refusal;

const RECORDED: &str = include_str!("golden/registrations.json");

/// What Keycloak takes and forgets, and is answered here.
const REMEMBERED: [&str; 12] = [
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "contacts",
    "software_id",
    "software_version",
    "application_type",
    "default_max_age",
    "require_auth_time",
    "initiate_login_uri",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
];

/// Decided otherwise: names, and why.
const DIFFERENT: [(&str, &str); 8] = [
    ("member tos_uri = \"ftp://x\"", "pages are of the web"),
    ("member id_token_signed_response_alg = \"none\"", "ID tokens are signed"),
    (
        "member id_token_signed_response_alg = \"FOO\"",
        "nothing is signed with it",
    ),
    (
        "member token_endpoint_auth_signing_alg = \"FOO\"",
        "nothing is signed with it",
    ),
    ("member request_uris = [\"nonsense\"]", "nothing can be fetched from it"),
    (
        "token_endpoint_auth_method 'tls_client_auth'",
        "nobody could prove to be this client",
    ),
    (
        "token_endpoint_auth_method 'self_signed_tls_client_auth'",
        "it is told what is missing: a certificate",
    ),
    ("jwks with a symmetric key", "a secret is no public key"),
];

/// A client, and what its registrant is told.
type Registered = (Map<String, Value>, Map<String, Value>);

fn register(sent: &Value) -> Result<Registered, Refusal> {
    let object = sent.as_object().cloned().unwrap_or_default();
    let metadata = Metadata::from_object(&object)?;
    let mut client = Map::new();
    apply(&metadata, &mut client, true);
    check(&client)?;
    // The realm's default scopes are the caller's to give.
    let defaults = json!(["web-origins", "acr", "profile", "roles", "basic", "email"]);
    client.entry("defaultClientScopes").or_insert(defaults);
    let optional = json!(["address", "phone", "organization", "offline_access", "microprofile-jwt"]);
    client.entry("optionalClientScopes").or_insert(optional);
    let issued = Issued {
        client_id: "<uuid>",
        client_secret: Some("<secret>"),
        client_secret_expires_at: 0,
        client_id_issued_at: Some(1),
        registration_client_uri: Some(
            "http://localhost:<port>/realms/<realm>/clients-registrations/openid-connect/<uuid>",
        ),
        registration_access_token: Some("<jwt>"),
    };
    let mut answer = describe(&client, &issued);
    answer["client_id_issued_at"] = json!("<epoch>");
    Ok((client, answer))
}

/// Keycloak keeps these as sets: their order means nothing.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(entries) => {
            let mut entries: Vec<Value> = entries.iter().map(unordered).collect();
            entries.sort_by_key(Value::to_string);
            Value::Array(entries)
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| (name.clone(), unordered(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::String(text) if text.contains(' ') => {
            let mut words: Vec<&str> = text.split(' ').collect();
            words.sort_unstable();
            json!(words.join(" "))
        }
        other => other.clone(),
    }
}

fn expected_answer(recorded: &Value, minimal: &Map<String, Value>) -> Option<Map<String, Value>> {
    if let Some(whole) = recorded["answer"].as_object() {
        return Some(whole.clone());
    }
    let changes = recorded["changes"].as_object()?;
    let mut answer = minimal.clone();
    answer.extend(changes.clone());
    for name in recorded["lacks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        answer.shift_remove(name);
    }
    Some(answer)
}

#[test]
fn registrations_are_answered_as_keycloak_answers_them() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let minimal = recorded[0]["answer"].as_object().unwrap();
    for one in &recorded {
        let name = one["name"].as_str().unwrap();
        if DIFFERENT.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let outcome = register(&one["sent"]);
        let Some(mut expected) = expected_answer(one, minimal) else {
            let refusal = outcome.err().unwrap_or_else(|| panic!("{name}: not refused"));
            assert_eq!(
                (json!(refusal.code), json!(refusal.description)),
                (one["error"].clone(), one["description"].clone()),
                "{name}"
            );
            continue;
        };
        let (client, mut answer) = outcome.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        for remembered in REMEMBERED {
            if let Some(value) = answer.shift_remove(remembered) {
                assert_eq!(value, one["sent"][remembered], "{name}: {remembered}");
            }
        }
        if let Some(sent) = one["sent"].get("backchannel_logout_session_required") {
            // Keycloak answers another flag under this name.
            expected["backchannel_logout_session_required"] = sent.clone();
            expected.insert("backchannel_logout_revoke_offline_tokens".to_owned(), json!(true));
        }
        assert_eq!(unordered(&json!(answer)), unordered(&json!(expected)), "{name}");
        if one["answer"].is_object() {
            let told: Vec<_> = answer
                .keys()
                .filter(|name| *name != "backchannel_logout_revoke_offline_tokens")
                .collect();
            let order: Vec<_> = expected
                .keys()
                .filter(|name| *name != "backchannel_logout_revoke_offline_tokens")
                .collect();
            assert_eq!(told, order, "{name}: order");
        }
        if let Some(kept) = one["client"].as_object() {
            assert_client(name, client, kept.clone());
        }
    }
}

fn assert_client(name: &str, client: Map<String, Value>, mut kept: Map<String, Value>) {
    let mut client = client;
    // What we remember and Keycloak does not, and what the recording has no text of.
    let ours = [
        "oidc.registration.",
        "default.max.age",
        "request.object.encryption.",
        "jwt.credential.public.key",
    ];
    if let Some(attributes) = client.get_mut("attributes").and_then(Value::as_object_mut) {
        attributes.retain(|name, _| !ours.iter().any(|prefix| name.starts_with(prefix)));
    }
    if client["publicClient"] == json!(true) {
        kept["attributes"]["pkce.code.challenge.method"] = json!("S256");
    }
    // Keycloak says so only once a service account has been asked for or refused.
    client.entry("serviceAccountsEnabled").or_insert(json!(false));
    assert_eq!(unordered(&json!(client)), unordered(&json!(kept)), "{name}: client");
}

#[test]
fn unknown_and_privileged_members_are_ignored() {
    let sent = json!({
        "redirect_uris": ["https://a.example.com/cb"], "zzz": 1, "serviceAccountsEnabled": true, "fullScopeAllowed": true,
        "enabled": true, "protocolMappers": [{}], "defaultRoles": ["admin"], "client_secret": "mine",
        "attributes": {"access.token.lifespan": "99999999", "oauth2.pkce.code.challenge.method": "S256"},
    });
    let (client, answer) = register(&sent).unwrap();
    for name in [
        "zzz",
        "fullScopeAllowed",
        "enabled",
        "protocolMappers",
        "defaultRoles",
        "secret",
    ] {
        assert!(!client.contains_key(name), "{name}");
    }
    assert!(client["attributes"].get("access.token.lifespan").is_none());
    assert_eq!(client["attributes"]["pkce.code.challenge.method"], "S256");
    assert_eq!(answer["client_secret"], "<secret>");
}

#[test]
fn what_is_registered_comes_back_and_may_be_sent_back() {
    let sent = json!({
        "redirect_uris": ["https://a.example.com/cb"], "client_name": "A", "client_name#de": "Ä",
        "contacts": ["a@example.com", "b@example.com"], "resource": "https://api.example.com",
        "require_signed_request_object": true, "default_max_age": 60, "default_acr_values": ["1", "2"],
        "backchannel_logout_uri": "https://a.example.com/bl", "backchannel_logout_session_required": false,
        "tls_client_auth_san_dns": "a.example.com", "scope": "openid profile unknown", "application_type": "native",
    });
    let (mut client, answer) = register(&sent).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        let expected = if name == "scope" {
            json!("profile unknown")
        } else {
            value.clone()
        };
        assert_eq!(answer.get(name), Some(&expected), "{name}");
    }
    let before = client.clone();
    apply(&Metadata::from_object(&answer).unwrap(), &mut client, false);
    let issued = Issued {
        client_id: "<uuid>",
        ..Issued::default()
    };
    assert_eq!(describe(&client, &issued), describe(&before, &issued));
}

#[test]
fn an_update_leaves_what_it_does_not_name() {
    let sent = json!({"redirect_uris": ["https://a.example.com/cb"], "client_name": "A", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"], "software_id": "x", "scope": "address"});
    let (mut client, _) = register(&sent).unwrap();
    let update = json!({"redirect_uris": ["https://b.example.com/cb"], "software_id": ""});
    apply(
        &Metadata::from_object(update.as_object().unwrap()).unwrap(),
        &mut client,
        false,
    );
    let answer = describe(
        &client,
        &Issued {
            client_id: "c",
            ..Issued::default()
        },
    );
    assert_eq!(answer["client_name"], "A");
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    assert_eq!(answer["grant_types"], json!(["authorization_code"]));
    assert_eq!(answer["redirect_uris"], json!(["https://b.example.com/cb"]));
    assert_eq!(answer["scope"], "address");
    assert_eq!(client["webOrigins"], json!(["https://b.example.com"]));
    assert!(!answer.contains_key("software_id") && !answer.contains_key("client_secret_expires_at"));
}

#[test]
fn limits_name_the_member_and_the_rule() {
    let many = |n: usize| (0..n).map(|i| format!("https://a.example.com/{i}")).collect::<Vec<_>>();
    let key = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"});
    for (sent, code, text) in [
        (
            json!({"redirect_uris": many(201)}),
            "invalid_redirect_uri",
            "redirect_uris must not have more than 200 entries",
        ),
        (
            json!({"client_name": "x".repeat(256)}),
            "invalid_client_metadata",
            "client_name must not be longer than 255 characters",
        ),
        (
            json!({"client_name": "a\u{202e}b"}),
            "invalid_client_metadata",
            "client_name must not contain control or invisible characters",
        ),
        (
            json!({"contacts": vec!["a@b.c"; 21]}),
            "invalid_client_metadata",
            "contacts must not have more than 20 entries",
        ),
        (
            json!({"default_max_age": -1}),
            "invalid_client_metadata",
            "default_max_age must not be negative",
        ),
        (
            json!({"subject_type": "x"}),
            "invalid_client_metadata",
            "subject_type must be public or pairwise",
        ),
        (
            json!({"jwks": {}}),
            "invalid_client_metadata",
            "jwks must have a member keys",
        ),
        (
            json!({"jwks": {"keys": [key]}}),
            "invalid_client_metadata",
            "jwks key 0 must not contain private parts",
        ),
        (
            json!({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}}),
            "invalid_client_metadata",
            "jwks key 0 must be an RSA key of at least 2048 bits",
        ),
        (
            json!({"client_name#x_y": "a"}),
            "invalid_client_metadata",
            "client_name has a language tag that is not one",
        ),
        (
            json!({"logo_uri#de": "javascript:x"}),
            "invalid_client_metadata",
            "Logo URL uses an illegal scheme",
        ),
        (
            json!({"initiate_login_uri": "http://a.example.com/"}),
            "invalid_client_metadata",
            "Initiate login URL must use https",
        ),
        (
            json!({"scope": "a\\b"}),
            "invalid_client_metadata",
            "scope contains a character that is not allowed",
        ),
    ] {
        let refusal = Metadata::from_object(sent.as_object().unwrap()).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.code, refusal.description.as_ref()),
            (400, code, text)
        );
    }
}

#[test]
fn a_change_is_judged_by_what_it_makes_of_the_client() {
    let sent =
        json!({"redirect_uris": ["http://localhost/cb"], "application_type": "native", "subject_type": "pairwise"});
    let (client, _) = register(&sent).unwrap();
    for (update, code) in [
        (
            json!({"redirect_uris": ["http://a.example.com/cb"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://a.example.com/", "https://b.example.com/"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
    ] {
        let mut changed = client.clone();
        apply(
            &Metadata::from_object(update.as_object().unwrap()).unwrap(),
            &mut changed,
            false,
        );
        assert_eq!(check(&changed).unwrap_err().code, code);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "(https?|a.b)://[a-z.]{1,8}(:[0-9]{1,5})?/[a-z]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_one_member_holds_it_is_refused_or_comes_back_unchanged(at in 0usize..80, value in json_value()) {
        // Every member of a full answer, one at a time.
        let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap_or_default();
        let full = recorded.iter().find(|one| one["name"].as_str().is_some_and(|name| name.starts_with("full")));
        let names: Vec<String> = full.and_then(|one| one["sent"].as_object()).into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let mut sent = Map::new();
        sent.insert(names[at % names.len()].clone(), value);
        if let Ok((client, answer)) = register(&json!(sent)) {
            let mut again = client.clone();
            let metadata = Metadata::from_object(&answer);
            prop_assert!(metadata.is_ok(), "{:?}", metadata);
            if let Ok(metadata) = metadata {
                apply(&metadata, &mut again, false);
            }
            let issued = Issued { client_id: "c", ..Issued::default() };
            prop_assert_eq!(describe(&again, &issued), describe(&client, &issued));
        }
    }
}
