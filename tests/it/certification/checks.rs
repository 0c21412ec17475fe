//! What is looked at again and again.

use std::collections::BTreeMap;

use serde_json::Value;
use vestibule_jose::{digest, jwt};

use super::flow::{Callback, Outcome};
use super::rp::{Request, Rp};
use crate::support::Answer;

/// Seconds by which clocks may differ.
const SKEW: i64 = 300;

/// `iss`, if the answer has it (RFC 9207).
#[track_caller]
pub fn issuer(rp: &Rp<'_>, callback: &Callback) {
    let told = callback.get("iss").map(String::as_str);
    assert!(told.is_none_or(|iss| iss == rp.op.says("issuer")), "{callback:?}");
}

/// An ID token: whose it is, for whom, of when, of which request, and by which key. Gives what it says.
pub async fn id_token(rp: &Rp<'_>, request: &Request, token: &str) -> Value {
    let parsed = jwt::decode(token).unwrap();
    let (alg, keys) = (parsed.alg(), rp.op.keys().await);
    let key = keys.find(Some(parsed.kid().expect("a kid")), alg).expect("its key");
    let said = Value::Object(parsed.verify(&key.verifying_key(alg).unwrap()).unwrap());
    let now = rp.op.server.app.now_seconds();
    assert_eq!(said["iss"], rp.op.says("issuer"));
    assert!(is_for(&said["aud"], &rp.id()), "{said}");
    assert!(said["exp"].as_i64().unwrap() > now - SKEW && said["iat"].as_i64().unwrap() < now + SKEW);
    assert!(said["nbf"].as_i64().is_none_or(|nbf| nbf < now + SKEW));
    assert_eq!(said["nonce"].as_str(), request.get("nonce"));
    let sub = said["sub"].as_str().unwrap();
    assert!(!sub.is_empty() && sub.len() <= 255 && sub.is_ascii());
    standard_claims(&said);
    said
}

/// Whether an audience names an application.
pub fn is_for(audience: &Value, client: &str) -> bool {
    audience == client
        || audience
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == client))
}

/// The types of claims that OpenID Connect Core has, where they are there (sections 2, 5.1 and 5.1.1).
#[track_caller]
pub fn standard_claims(said: &Value) {
    const NUMBERS: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];
    const SWITCHES: [&str; 2] = ["email_verified", "phone_number_verified"];
    for (name, value) in said.as_object().unwrap() {
        let right = match name.as_str() {
            name if NUMBERS.contains(&name) => value.is_i64(),
            name if SWITCHES.contains(&name) => value.is_boolean(),
            "aud" => value.is_string() || value.is_array(),
            "amr" => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            "address" => value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
            _ => value.is_string(),
        };
        assert!(right, "{name}: {value}");
    }
    let updated = said.get("updated_at").and_then(Value::as_i64);
    assert!(
        updated.is_none_or(|at| (0..10_000_000_000).contains(&at)),
        "seconds, not milliseconds: {said}"
    );
    if let Some(date) = said.get("birthdate").and_then(Value::as_str) {
        assert!(
            regex::Regex::new(r"^\d{4}(-\d\d-\d\d)?$").unwrap().is_match(date),
            "{date}"
        );
    }
}

/// `expires_in`, which is recommended.
#[track_caller]
pub fn expires_in(told: &Value) {
    assert!(told["expires_in"].as_i64().is_some_and(|seconds| seconds > 0), "{told}");
}

/// Userinfo takes the token.
pub async fn opens_userinfo(rp: &Rp<'_>, token: &str) {
    let answer = userinfo(rp, token).await;
    assert_eq!(answer.status, 200, "{}", answer.header("www-authenticate"));
}

pub async fn userinfo(rp: &Rp<'_>, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    rp.op
        .server
        .request("GET", rp.op.says("userinfo_endpoint"), &headers, "")
        .await
}

/// Userinfo in JSON, about the person of the ID token. Gives it.
#[track_caller]
pub fn userinfo_of(answer: &Answer, outcome: &Outcome) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.header("www-authenticate"));
    assert!(answer.header("content-type").starts_with("application/json"));
    let told = answer.json();
    assert_eq!(told["sub"], outcome.id["sub"]);
    standard_claims(&told);
    told
}

/// `at_hash` and `c_hash`: right where they are there, and there where they must be (OpenID Connect Core 3.3.2.11).
#[track_caller]
pub fn hashes(rp: &Rp<'_>, outcome: &Outcome) {
    let alg = jwt::decode(&outcome.id_token).unwrap().alg();
    let at_front = rp.variant.has("id_token").then(|| &outcome.ids[0]);
    let of = |token: Option<&String>| token.map(|token| digest::at_hash(alg, token));
    if let Some(id) = at_front {
        let (token, code) = (outcome.callback.get("access_token"), outcome.callback.get("code"));
        assert_eq!(id["at_hash"].as_str().map(str::to_owned), of(token));
        assert_eq!(id["c_hash"].as_str().map(str::to_owned), of(code));
        let state = digest::at_hash(alg, &outcome.callback["state"]);
        assert!(id.get("s_hash").is_none_or(|hash| *hash == state), "{id}");
    }
    if outcome.tokens.is_some() {
        let right = of(outcome.access_token.as_ref());
        assert!(
            outcome
                .id
                .get("at_hash")
                .is_none_or(|hash| hash.as_str() == right.as_deref())
        );
        let right = of(outcome.callback.get("code"));
        assert!(
            outcome
                .id
                .get("c_hash")
                .is_none_or(|hash| hash.as_str() == right.as_deref())
        );
    }
}

/// An answer of the authorization endpoint that says no: gives its `error`. `request`: whose state it must bring.
#[track_caller]
pub fn refused(rp: &Rp<'_>, request: &Request, callback: &Callback) -> String {
    assert_eq!(callback.get("state").map(String::as_str), request.get("state"));
    issuer(rp, callback);
    let known = [
        "error",
        "error_description",
        "error_uri",
        "state",
        "session_state",
        "iss",
    ];
    assert!(
        callback.keys().all(|name| known.contains(&name.as_str())),
        "{callback:?}"
    );
    described(callback.get("error_description").map(String::as_str));
    callback["error"].clone()
}

/// A description holds what it may (RFC 6749 section 4.1.2.1).
#[track_caller]
pub fn described(text: Option<&str>) {
    let may = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    assert!(text.is_none_or(|text| text.chars().all(may)), "{text:?}");
}

/// An answer of the token endpoint that says no, by the book.
#[track_caller]
pub fn invalid_grant(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/json"));
    let told = answer.json();
    assert_eq!(told["error"], "invalid_grant");
    described(told["error_description"].as_str());
    assert!(told.get("error_uri").is_none_or(Value::is_string));
}

/// Whether a text is hard to guess: at least so many bits, by how often each character comes.
#[track_caller]
pub fn entropy(text: &str, bits: f64) {
    let mut counts = BTreeMap::<char, f64>::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1.0;
    }
    let length = text.chars().count() as f64;
    let each: f64 = counts.values().map(|n| -(n / length) * (n / length).log2()).sum();
    assert!(each * length >= bits, "{text}: {}", each * length);
}
