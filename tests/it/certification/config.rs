//! Discovery, as each plan looks at it.

use serde_json::Value;
use vestibule_jose::Jwk;

use crate::support::{self, Server};

/// The issuer of [`deployed`].
const ISSUER: &str = "https://op.example/realms/certified";

/// A provider as it is reached from outside, and what it says.
async fn deployed() -> (Server, Value) {
    let servers = support::servers_with(|config| config.hostname = Some("https://op.example".into()));
    let server = servers.await.remove(0);
    let made = serde_json::json!({ "realm": "certified", "enabled": true });
    assert_eq!(server.admin("POST", "", made).await.status, 201);
    let answer = server.get("/realms/certified/.well-known/openid-configuration").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/json"));
    let metadata = answer.json();
    all_endpoints_are_https(&metadata);
    (server, metadata)
}

fn all_endpoints_are_https(metadata: &Value) {
    for (name, value) in metadata.as_object().unwrap() {
        match value {
            Value::Object(inner) => all_endpoints_are_https(&Value::Object(inner.clone())),
            Value::String(address)
                if name.ends_with("_endpoint") || name.ends_with("_uri") || name.ends_with("iframe") =>
            {
                assert!(address.starts_with("https://op.example/"), "{name}: {address}");
            }
            _ => {}
        }
    }
}

fn listed<'a>(metadata: &'a Value, name: &str) -> Vec<&'a str> {
    let all = metadata[name].as_array().unwrap_or_else(|| panic!("no {name}"));
    all.iter().map(|one| one.as_str().unwrap()).collect()
}

/// Lists that must hold something, with and without registration (OpenID Connect Core section 15.2).
const NEEDED: [(&str, &[&str]); 9] = [
    ("response_types_supported", &["code", "id_token", "id_token token"]),
    ("subject_types_supported", &["public", "pairwise"]),
    ("id_token_signing_alg_values_supported", &["RS256"]),
    ("userinfo_signing_alg_values_supported", &["RS256"]),
    ("request_object_signing_alg_values_supported", &["none", "RS256"]),
    ("grant_types_supported", &["authorization_code", "implicit"]),
    ("claims_supported", &["sub"]),
    (
        "scopes_supported",
        &["openid", "profile", "email", "address", "phone", "offline_access"],
    ),
    ("code_challenge_methods_supported", &["S256"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_discovery_endpoint_verification() {
    let (server, metadata) = deployed().await;
    assert_eq!(metadata["issuer"], ISSUER);
    for (name, needed) in NEEDED {
        let listed = listed(&metadata, name);
        assert!(needed.iter().all(|one| listed.contains(one)), "{name}: {listed:?}");
        let unlike = |a: &str, b: &str| a != b;
        assert!(
            (1..listed.len()).all(|n| listed[..n].iter().all(|known| unlike(known, listed[n]))),
            "{name}"
        );
    }
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "registration_endpoint",
        "jwks_uri",
    ] {
        assert!(
            metadata[name]
                .as_str()
                .is_some_and(|address| address.starts_with(ISSUER)),
            "{name}"
        );
    }
    for name in [
        "claims_parameter_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
    ] {
        assert_eq!(metadata[name], true, "{name}");
    }
    let is_scope = |c: char| matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    assert!(
        listed(&metadata, "scopes_supported")
            .iter()
            .all(|scope| scope.chars().all(is_scope))
    );
    // Tags of languages, where there are some.
    for name in ["ui_locales_supported", "claims_locales_supported"] {
        assert!(metadata.get(name).is_none(), "to be checked as BCP 47 has it");
    }
    keys_are_good(&server, metadata["jwks_uri"].as_str().unwrap()).await;
}

/// Each key is a public one, whole, and has a name of its own.
async fn keys_are_good(server: &Server, address: &str) {
    let answer = server.get(address.strip_prefix("https://op.example").unwrap()).await;
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    let unpadded = regex::Regex::new("^[A-Za-z0-9_-]+$").unwrap();
    let mut names = Vec::new();
    for key in keys {
        let secret = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        assert!(secret.iter().all(|member| key.get(member).is_none()), "{key}");
        let parts: &[&str] = match key["kty"].as_str().unwrap() {
            "RSA" => &["n", "e"],
            "EC" => &["crv", "x", "y"],
            "OKP" => &["crv", "x"],
            other => panic!("{other}: nothing to check a token with"),
        };
        for part in parts {
            assert!(unpadded.is_match(key[part].as_str().unwrap()), "{part}: {key}");
        }
        assert!(Jwk::from_value(key.clone()).is_ok(), "{key}");
        names.push(key["kid"].as_str().expect("a kid"));
    }
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert!(all > 0 && names.len() == all);
    assert!(keys.iter().any(|key| key["alg"] == "RS256" && key["use"] == "sig"));
}

/// What discovery must say for signing out.
async fn says_true(switches: &[&str]) {
    let (_, metadata) = deployed().await;
    assert!(metadata["end_session_endpoint"].as_str().unwrap().starts_with(ISSUER));
    for name in switches {
        assert_eq!(metadata[name], true, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    says_true(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    says_true(&["backchannel_logout_supported", "backchannel_logout_session_supported"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    says_true(&["frontchannel_logout_supported", "frontchannel_logout_session_supported"]).await;
}
