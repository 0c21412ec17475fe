//! A token that is bound to a key serves only who has the key (RFC 9449).

use std::sync::Arc;

use axum::http::Request;
use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};
use vestibule_jose::{Alg, SigningKey};

use crate::support::oidc::{CALLBACK, at, claims, code, shop, text};
use crate::support::{self, Answer, HOST, Server, encode};
use crate::token::refused;

/// A proof of a key, with these members over the usual ones of header and claims.
pub fn proof(key: &SigningKey, header: &Value, said: &Value) -> String {
    let mut head = json!({ "typ": "dpop+jwt", "alg": key.alg().as_str() });
    head["jwk"] = key.public_jwk().map_or(Value::Null, |mut jwk| {
        (jwk.kid, jwk.alg, jwk.use_) = (None, None, None);
        serde_json::to_value(jwk).unwrap()
    });
    for (to, from) in [(&mut head, header)] {
        for (name, value) in from.as_object().unwrap() {
            to[name] = value.clone();
        }
    }
    let input = format!(
        "{}.{}",
        b64url(head.to_string().as_bytes()),
        b64url(said.to_string().as_bytes())
    );
    format!("{input}.{}", b64url(&key.sign(input.as_bytes()).unwrap()))
}

pub fn said(server: &Server, realm: &str, method: &str, endpoint: &str) -> Value {
    json!({
        "jti": vestibule::random::uuid(), "htm": method, "htu": format!("http://{HOST}{}", at(realm, endpoint)),
        "iat": server.app.now_seconds()
    })
}

async fn with(server: &Server, realm: &str, fields: &[(&str, &str)], proofs: &[&str]) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
    let request: Request<_> = support::build("POST", &at(realm, "token"), &headers, encode(fields));
    server.send(request).await
}

fn redeeming(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ]
}

async fn look(server: &Server, realm: &str, scheme: &str, token: &str, proof: Option<&str>) -> Answer {
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(proof.map(|proof| ("dpop", proof)));
    server.request("GET", &at(realm, "userinfo"), &headers, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_token_but_not_the_key_has_nothing() {
    for server in support::servers().await {
        let realm = shop(&server, json!({})).await;
        let (key, thief) = (
            SigningKey::generate(Alg::ES256).unwrap(),
            SigningKey::generate(Alg::ES256).unwrap(),
        );
        let first = proof(&key, &json!({}), &said(&server, &realm, "POST", "token"));
        let code = code(&server, &realm, "shop", "").await;
        let got = with(&server, &realm, &redeeming(&code), &[&first]).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let tokens = got.json();
        assert_eq!(tokens["token_type"], "DPoP");
        let access = text(&tokens, "access_token");
        let thumbprint = key.public_jwk().unwrap().thumbprint().unwrap();
        assert_eq!(claims(&access)["cnf"], json!({ "jkt": thumbprint }));
        assert_eq!(claims(&access)["typ"], "DPoP");

        let shown = |by: &SigningKey, ath: &str| {
            let mut said = said(&server, &realm, "GET", "userinfo");
            said["ath"] = json!(b64url(&sha256(ath.as_bytes())));
            proof(by, &json!({}), &said)
        };
        let mine = shown(&key, &access);
        assert_eq!(look(&server, &realm, "DPoP", &access, Some(&mine)).await.status, 200);
        for (what, scheme, proof) in [
            ("the same proof again", "DPoP", Some(mine.clone())),
            ("no proof", "DPoP", None),
            ("as a bearer", "Bearer", None),
            ("as a bearer with a proof", "Bearer", Some(shown(&key, &access))),
            ("another's key", "DPoP", Some(shown(&thief, &access))),
            ("a proof for another token", "DPoP", Some(shown(&key, "other"))),
        ] {
            let answer = look(&server, &realm, scheme, &access, proof.as_deref()).await;
            assert_eq!(answer.status, 401, "{what}");
        }
        let bearer = format!("Bearer {access}");
        let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
        let account = server
            .request("GET", &format!("/realms/{realm}/account"), &headers, "")
            .await;
        assert_eq!(account.status, 401, "{}", account.body);

        let again = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        let text = "DPoP proof is missing";
        refused(&with(&server, &realm, &again, &[]).await, 400, "invalid_grant", text);
        let stolen = proof(&thief, &json!({}), &said(&server, &realm, "POST", "token"));
        refused(
            &with(&server, &realm, &again, &[&stolen]).await,
            400,
            "invalid_grant",
            "DPoP confirmation doesn't match DPoP proof",
        );
        let own = proof(&key, &json!({}), &said(&server, &realm, "POST", "token"));
        let refreshed = with(&server, &realm, &again, &[&own]).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
        assert_eq!(refreshed.json()["token_type"], "DPoP");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_not_for_this_request_and_this_moment_is_refused() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let key = SigningKey::generate(Alg::ES256).unwrap();
    let usual = || said(&server, &realm, "POST", "token");
    let over = |name: &str, value: Value| {
        let mut said = usual();
        said[name] = value;
        proof(&key, &json!({}), &said)
    };
    let now = server.app.now_seconds();
    let secret = SigningKey::from_secret(Alg::HS256, "", &[7; 32]).unwrap();
    let mut private = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    private["d"] = json!("AAAA");
    let once = over("jti", json!("once"));
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
    ];
    assert_eq!(with(&server, &realm, &fields, &[&once]).await.status, 200);
    let (one, two) = (proof(&key, &json!({}), &usual()), proof(&key, &json!({}), &usual()));
    for (what, proofs) in [
        ("used before", vec![once.clone()]),
        ("two of them", vec![one, two]),
        ("no proof at all", vec!["garbage".to_owned()]),
        ("another type", vec![proof(&key, &json!({ "typ": "JWT" }), &usual())]),
        ("a shared secret", vec![proof(&secret, &json!({}), &usual())]),
        ("a private key", vec![proof(&key, &json!({ "jwk": private }), &usual())]),
        ("no key", vec![proof(&key, &json!({ "jwk": Value::Null }), &usual())]),
        ("another method", vec![over("htm", json!("GET"))]),
        (
            "another address",
            vec![over("htu", json!("http://localhost:8080/elsewhere"))],
        ),
        ("too old", vec![over("iat", json!(now - 26))]),
        ("from the future", vec![over("iat", json!(now + 20))]),
        ("before all time", vec![over("iat", json!(i64::MIN))]),
        ("after all time", vec![over("iat", json!(i64::MAX))]),
        ("no time", vec![over("iat", Value::Null)]),
        ("no id", vec![over("jti", Value::Null)]),
    ] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let answer = with(&server, &realm, &fields, &proofs).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!("invalid_dpop_proof")),
            "{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_good_once_however_many_come_at_once() {
    for server in support::servers().await {
        let realm = Arc::new(shop(&server, json!({})).await);
        let key = SigningKey::generate(Alg::ES256).unwrap();
        let one = Arc::new(proof(&key, &json!({}), &said(&server, &realm, "POST", "token")));
        let server = Arc::new(server);
        let sent = (0..20).map(|_| {
            let (server, realm, one) = (Arc::clone(&server), Arc::clone(&realm), Arc::clone(&one));
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", "back"),
                ("client_secret", "back-secret"),
            ];
            tokio::spawn(async move { with(&server, &realm, &fields, &[&one]).await })
        });
        let answers = futures_util::future::join_all(sent).await;
        let good = answers
            .into_iter()
            .filter(|a| a.as_ref().unwrap().status == 200)
            .count();
        assert_eq!(good, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_have_to_prove_a_key_and_a_code_may_be_for_one() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let doc = json!({
        "clientId": "strict", "secret": "s-secret", "serviceAccountsEnabled": true,
        "attributes": { "dpop.bound.access.tokens": "true" }
    });
    server.client(&realm, doc).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "strict"),
        ("client_secret", "s-secret"),
    ];
    let without = with(&server, &realm, &fields, &[]).await;
    refused(&without, 400, "invalid_dpop_proof", "DPoP proof is missing");

    let (key, other) = (
        SigningKey::generate(Alg::ES256).unwrap(),
        SigningKey::generate(Alg::ES256).unwrap(),
    );
    let thumbprint = key.public_jwk().unwrap().thumbprint().unwrap();
    for (by, status) in [(None, 400), (Some(&other), 400), (Some(&key), 200)] {
        let code = code(&server, &realm, "shop", &format!("&dpop_jkt={thumbprint}")).await;
        let proof = by.map(|key| proof(key, &json!({}), &said(&server, &realm, "POST", "token")));
        let proofs: Vec<&str> = proof.iter().map(String::as_str).collect();
        let answer = with(&server, &realm, &redeeming(&code), &proofs).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }

    // A proof beside a pushed request binds the code, too, and must not differ from what is named.
    let pushed = |dpop_jkt: &'static str| {
        let proof = proof(&key, &json!({}), &said(&server, &realm, "POST", "ext/par/request"));
        let fields = [
            ("client_id", "shop"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("dpop_jkt", dpop_jkt),
        ];
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("dpop", proof.as_str()),
        ];
        server.send(support::build(
            "POST",
            &at(&realm, "ext/par/request"),
            &headers,
            encode(&fields),
        ))
    };
    assert_eq!(pushed("").await.status, 201);
    assert_eq!(pushed("another").await.json()["error"], "invalid_dpop_proof");
}
