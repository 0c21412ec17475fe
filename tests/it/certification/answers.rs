//! What comes back: the answer of each response type, ID tokens, userinfo.

use serde_json::{Value, json};
use vestibule_jose::{Alg, jwt};

use super::flow::{self, callback};
use super::rp::Rp;
use super::{Auth, CODE, RESPONSE_TYPES, Variant, checks, common, dynamic, each, every, signed_in};
use crate::support::{Browser, encode};

/// Claims that an ID token may have that nobody asked for.
const MAY: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
];

async fn oidcc_server_in(variants: Vec<Variant>) {
    each(variants, async |op, variant| {
        let (rp, outcome) = signed_in(op, variant, |_| {}).await;
        checks::hashes(&rp, &outcome);
        for id in &outcome.ids {
            let more: Vec<&String> = id
                .as_object()
                .unwrap()
                .keys()
                .filter(|n| !MAY.contains(&n.as_str()))
                .collect();
            assert!(more.is_empty(), "nobody asked for {more:?}");
        }
        if let Some(code) = outcome.callback.get("code") {
            assert!(code.len() >= 16);
            checks::entropy(code, 96.0);
        }
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_server() {
    oidcc_server_in(every()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_server_client_secret_post() {
    let with_secret = |variant| Variant {
        auth: Auth::Post,
        ..variant
    };
    let all = common().into_iter().filter(|variant| variant.has("code"));
    oidcc_server_in(all.map(with_secret).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_response_type_missing() {
    each(vec![CODE], async |op, variant| {
        let rp = Rp::register(op, variant).await;
        let mut request = rp.request();
        request.drop("response_type");
        let (answer, _) = flow::visit(&rp, &mut Browser::new(&op.server), &request).await;
        let error = checks::refused(&rp, &request, &callback(&rp, &answer));
        assert!(
            ["invalid_request", "unsupported_response_type"].contains(&error.as_str()),
            "{error}"
        );
    })
    .await;
}

/// Signed with RS256, by a key that is named.
async fn rs256(variants: Vec<Variant>, asked: Value) {
    each(variants, async |op, variant| {
        let rp = Rp::register_with(op, variant, asked.clone()).await;
        let outcome = flow::run(&rp, &mut Browser::new(&op.server), &rp.request()).await;
        for token in [outcome.callback.get("id_token"), Some(&outcome.id_token)]
            .into_iter()
            .flatten()
        {
            let parsed = jwt::decode(token).unwrap();
            assert!(parsed.alg() == Alg::RS256 && parsed.kid().is_some());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_idtoken_signature() {
    rs256(common(), json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_idtoken_rs256() {
    rs256(dynamic(), json!({ "id_token_signed_response_alg": "RS256" })).await;
}

/// Skipped by the suite where discovery does not list `none`. Here, whoever asks for it in spite of that is told no.
#[tokio::test(flavor = "multi_thread")]
async fn oidcc_idtoken_unsigned() {
    each(vec![CODE], async |op, variant| {
        let listed = op.metadata["id_token_signing_alg_values_supported"].as_array().unwrap();
        assert!(!listed.iter().any(|alg| alg == "none"));
        let sent = super::rp::metadata(variant, &json!({ "id_token_signed_response_alg": "none" }));
        let answer = super::rp::asked_to_register(op, &sent).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!("invalid_client_metadata"))
        );
    })
    .await;
}

fn with_access() -> Vec<Variant> {
    common().into_iter().filter(|variant| variant.has_access()).collect()
}

/// Userinfo, called in one of the ways of RFC 6750.
async fn oidcc_userinfo(method: &'static str, in_body: bool) {
    each(with_access(), async |op, variant| {
        let (rp, outcome) = signed_in(op, variant, |_| {}).await;
        let token = outcome.access_token.clone().unwrap();
        let bearer = format!("Bearer {token}");
        let (headers, body) = match in_body {
            true => (
                ("content-type", "application/x-www-form-urlencoded"),
                encode(&[("access_token", &token)]),
            ),
            false => (("authorization", bearer.as_str()), String::new()),
        };
        let answer = op
            .server
            .request(method, op.says("userinfo_endpoint"), &[headers], &body)
            .await;
        checks::userinfo_of(&answer, &outcome);
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_userinfo_get() {
    oidcc_userinfo("GET", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_userinfo_post_header() {
    oidcc_userinfo("POST", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_userinfo_post_body() {
    oidcc_userinfo("POST", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_userinfo_rs256() {
    let all = dynamic().into_iter().filter(|variant| variant.has_access());
    each(all.collect(), async |op, variant| {
        let listed = op.metadata["userinfo_signing_alg_values_supported"].as_array().unwrap();
        assert!(listed.iter().any(|alg| alg == "RS256"));
        let rp = Rp::register_with(op, variant, json!({ "userinfo_signed_response_alg": "RS256" })).await;
        let outcome = flow::run(&rp, &mut Browser::new(&op.server), &rp.request()).await;
        let answer = checks::userinfo(&rp, outcome.access_token.as_ref().unwrap()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/jwt"));
        let (parsed, keys) = (jwt::decode(&answer.body).unwrap(), op.keys().await);
        assert_eq!(parsed.alg(), Alg::RS256);
        let key = keys
            .find(parsed.kid(), Alg::RS256)
            .unwrap()
            .verifying_key(Alg::RS256)
            .unwrap();
        let told = Value::Object(parsed.verify(&key).unwrap());
        assert_eq!(
            (&told["iss"], &told["sub"]),
            (&json!(op.says("issuer")), &outcome.id["sub"])
        );
        assert!(
            checks::is_for(&told["aud"], &rp.id()) && told.get("nonce").is_none(),
            "{told}"
        );
        checks::standard_claims(&told);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let all = common().into_iter().filter(|variant| !variant.has("id_token"));
    each(all.collect(), async |op, variant| {
        let (_, outcome) = signed_in(op, variant, |request| request.drop("nonce")).await;
        assert!(outcome.ids.iter().all(|id| id.get("nonce").is_none()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_without_nonce_fails() {
    let all = common().into_iter().filter(|variant| variant.has("id_token"));
    each(all.collect(), async |op, variant| {
        let rp = Rp::register(op, variant).await;
        let mut request = rp.request();
        request.drop("nonce");
        let (answer, asked) = flow::visit(&rp, &mut Browser::new(&op.server), &request).await;
        assert!(!asked);
        assert_eq!(
            checks::refused(&rp, &request, &callback(&rp, &answer)),
            "invalid_request"
        );
    })
    .await;
}

#[test]
fn the_variants_are_those_of_the_plans() {
    assert_eq!(RESPONSE_TYPES.len(), 6);
    assert_eq!((common().len(), dynamic().len(), every().len()), (12, 6, 18));
}
