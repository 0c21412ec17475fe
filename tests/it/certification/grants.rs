//! The token endpoint: a code twice, refresh tokens, keys that change.

use serde_json::{Value, json};
use vestibule_jose::jwt;

use super::flow::{self, Outcome, exchange};
use super::rp::{Rp, key, published};
use super::{Variant, checks, common, dynamic, each, every, signed_in};
use crate::support::oidc::{claims, text};
use crate::support::{Answer, Browser};

fn with_code(all: Vec<Variant>) -> Vec<Variant> {
    all.into_iter().filter(|variant| variant.has("code")).collect()
}

/// A code that was good, again after so many milliseconds. What was got for it is worth nothing then.
async fn reused(after: i64) {
    each(with_code(common()), async |op, variant| {
        let (rp, outcome) = signed_in(op, variant, |_| {}).await;
        op.server.app.clock.advance(after);
        checks::invalid_grant(&exchange(&rp, &outcome.callback["code"], &[]).await);
        let answer = checks::userinfo(&rp, outcome.access_token.as_ref().unwrap()).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_codereuse() {
    reused(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_codereuse_30seconds() {
    reused(30_000).await;
}

/// Somebody signs in and stays so.
async fn with_refresh_token(op: &super::Op, variant: Variant, more: Value) -> (Rp<'_>, Outcome) {
    let mut grants = vec!["authorization_code", "refresh_token"];
    if variant.response_type != "code" {
        grants.push("implicit");
    }
    let mut members = json!({ "grant_types": grants });
    members
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let rp = Rp::register_with(op, variant, members).await;
    let mut request = rp.request();
    request.set("scope", "openid offline_access");
    request.set("prompt", "consent");
    let outcome = flow::run(&rp, &mut Browser::new(&op.server), &request).await;
    (rp, outcome)
}

fn refresh_token(outcome: &Outcome) -> String {
    let token = text(outcome.tokens.as_ref().unwrap(), "refresh_token");
    assert!(token.chars().all(|c| matches!(c, '\x20'..='\x7e')));
    token
}

fn asked_by<'a>(token: &'a str, scope: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    fields.extend(scope.map(|scope| ("scope", scope)));
    fields
}

/// New tokens, by the book (OpenID Connect Core section 12.2). Gives the refresh token.
#[track_caller]
fn refreshed(answer: &Answer, outcome: &Outcome) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        ("no-store", "no-cache")
    );
    let told = answer.json();
    checks::expires_in(&told);
    assert!(text(&told, "token_type").eq_ignore_ascii_case("bearer"));
    let (access, refresh) = (text(&told, "access_token"), text(&told, "refresh_token"));
    checks::entropy(&access, 96.0);
    checks::entropy(&refresh, 96.0);
    assert!(refresh.len() >= 16 && Some(&access) != outcome.access_token.as_ref());
    let (one, two) = (&outcome.id, claims(&text(&told, "id_token")));
    for same in ["iss", "sub", "aud", "azp"] {
        assert_eq!(one.get(same), two.get(same), "{same}");
    }
    assert_ne!(one["iat"], two["iat"]);
    assert!(
        two.get("auth_time").is_none_or(|time| *time == one["auth_time"]),
        "{two}"
    );
    refresh
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_refresh_token() {
    each(with_code(every()), async |op, variant| {
        let listed = op.metadata["grant_types_supported"].as_array().unwrap();
        assert!(listed.iter().any(|grant| grant == "refresh_token"));
        let (rp, outcome) = with_refresh_token(op, variant, json!({})).await;
        let (other, of_other) = with_refresh_token(op, variant, json!({})).await;
        op.server.app.clock.advance(1_000);
        let answer = rp
            .token(&asked_by(&refresh_token(&outcome), Some("openid offline_access")))
            .await;
        refreshed(&answer, &outcome);
        checks::opens_userinfo(&rp, &text(&answer.json(), "access_token")).await;
        let answer = other.token(&asked_by(&refresh_token(&of_other), None)).await;
        let token = refreshed(&answer, &of_other);
        checks::opens_userinfo(&other, &text(&answer.json(), "access_token")).await;
        // Another's.
        checks::invalid_grant(&rp.token(&asked_by(&token, Some("openid offline_access"))).await);
        other.unregister().await;
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_refresh_token_rp_key_rotation() {
    each(with_code(dynamic()), async |op, variant| {
        let head = "200 OK\r\ncontent-type: application/json\r\n";
        let path = format!("/{}", vestibule::random::token());
        op.site.put(&path, head, published(key(0)).to_string());
        let members = json!({ "jwks": null, "jwks_uri": op.site.address(&path) });
        let (rp, outcome) = with_refresh_token(op, variant, members).await;
        op.site.put(&path, head, published(key(1)).to_string());
        op.server.app.clock.advance(60_000);
        let token = refresh_token(&outcome);
        let by = |number| rp.assertion(number, op.says("token_endpoint"));
        let answer = rp
            .token_with(&asked_by(&token, Some("openid offline_access")), &by(1))
            .await;
        let token = refreshed(&answer, &outcome);
        checks::opens_userinfo(&rp, &text(&answer.json(), "access_token")).await;
        // The suite does not ask: the key that is gone proves nobody.
        let answer = rp.token_with(&asked_by(&token, None), &by(0)).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!("invalid_client"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    each(with_code(dynamic()), async |op, variant| {
        let rp = Rp::register(op, variant).await;
        let (answer, _) = flow::visit(&rp, &mut Browser::new(&op.server), &rp.request()).await;
        let code = flow::callback(&rp, &answer)["code"].clone();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &rp.redirect_uri),
        ];
        let answer = rp.token_with(&fields, &rp.assertion(0, op.says("issuer"))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        checks::expires_in(&answer.json());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_server_rotate_keys() {
    for op in super::Op::all().await {
        let before = op.keys().await;
        let made = json!({
            "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "config": { "priority": ["200"], "algorithm": ["RS256"] }
        });
        op.admin("POST", "/components", made).await.created();
        let after = op.keys().await;
        let kid = |key: &vestibule_jose::Jwk| key.kid.clone().expect("a kid");
        let known: Vec<String> = before.keys.iter().map(kid).collect();
        let now: Vec<String> = after.keys.iter().map(kid).collect();
        assert!(
            known.iter().all(|kid| now.contains(kid)),
            "what was signed before is checked still"
        );
        assert!(now.iter().any(|kid| !known.contains(kid)));
        // The suite leaves it at that. Here, the new key signs, and tokens by the old one are still known.
        let (rp, outcome) = signed_in(&op, super::CODE, |_| {}).await;
        let kid = jwt::decode(&outcome.id_token).unwrap().kid().unwrap().to_owned();
        assert!(!known.contains(&kid));
        rp.unregister().await;
    }
}
