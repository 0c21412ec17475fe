//! What a request may bring along, and where it may lead.

use super::flow::{self, exchange};
use super::rp::{CALLBACK, Request, Rp};
use super::{CODE, checks, common, each, every, signed_in};
use crate::support::{Browser, oidc};
use serde_json::json;
use vestibule_oauth::pkce::Method::S256;

/// A parameter that must not stand in the way.
async fn goes_well(name: &'static str, value: &'static str) {
    each(common(), async |op, variant| {
        let (rp, outcome) = signed_in(op, variant, |request| request.set(name, value)).await;
        assert!(outcome.asked);
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_display_page() {
    goes_well("display", "page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_display_popup() {
    goes_well("display", "popup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    goes_well("extra", "foobar").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_login_hint() {
    goes_well("login_hint", "buffy@localhost").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ui_locales() {
    goes_well("ui_locales", "se").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_claims_locales() {
    goes_well("claims_locales", "se").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    each(common(), async |op, variant| {
        let listed = op.metadata["acr_values_supported"].as_array().unwrap();
        let listed: Vec<&str> = listed.iter().map(|value| value.as_str().unwrap()).collect();
        let (_, outcome) = signed_in(op, variant, |request| request.set("acr_values", listed.join(" "))).await;
        for id in &outcome.ids {
            assert!(listed.contains(&id["acr"].as_str().expect("an acr")), "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let all = common().into_iter().filter(|variant| variant.has("code"));
    each(all.collect(), async |op, variant| {
        let rp = Rp::register(op, variant).await;
        let verifier = vestibule::random::token();
        let mut request = rp.request();
        request.set("code_challenge", vestibule_oauth::pkce::challenge(S256, &verifier));
        request.set("code_challenge_method", "S256");
        let (answer, asked) = flow::visit(&rp, &mut Browser::new(&op.server), &request).await;
        let proof = [("code_verifier", verifier.as_str())];
        flow::finish(&rp, &request, &answer, asked, &proof).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_post_request_succeeds() {
    each(common(), async |op, variant| {
        let (rp, mut browser) = (Rp::register(op, variant).await, Browser::new(&op.server));
        let request = rp.request();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let endpoint = op.says("authorization_endpoint");
        let answer = browser.send("POST", endpoint, &headers, request.encoded()).await;
        let (answer, asked) = flow::go_on(&mut browser, answer).await;
        flow::finish(&rp, &request, &answer, asked, &[]).await;
    })
    .await;
}

/// A request that ends with a page, and leads nobody anywhere.
async fn ends_with_a_page(registered: &'static str, change: impl Fn(&mut Request)) {
    each(every(), async |op, variant| {
        let rp = Rp::register_with(op, variant, json!({ "redirect_uris": [registered] })).await;
        let mut request = rp.request();
        change(&mut request);
        let answer = Browser::new(&op.server)
            .get(&format!("{}?{}", op.says("authorization_endpoint"), request.encoded()))
            .await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{}", answer.body);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(
            answer.body.contains("Invalid parameter: redirect_uri"),
            "{}",
            answer.body
        );
        assert!(answer.forms().iter().all(|form| !form.action.contains("rp.example")));
    })
    .await;
}

/// [`CALLBACK`] with a query of the application's own.
const WITH_QUERY: &str = "https://rp.example/callback?dummy1=lorem&dummy2=ipsum";

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_registered_redirect_uri() {
    ends_with_a_page(CALLBACK, |request| {
        request.set("redirect_uri", format!("{CALLBACK}/other"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_redirect_uri_in_authorization_request() {
    ends_with_a_page(CALLBACK, |request| request.drop("redirect_uri")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_redirect_uri_query_mismatch() {
    let other = format!("{CALLBACK}?dummy1=lorem&dummy2=dolor");
    ends_with_a_page(WITH_QUERY, |request| request.set("redirect_uri", other.as_str())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_redirect_uri_query_added() {
    ends_with_a_page(CALLBACK, |request| request.set("redirect_uri", WITH_QUERY)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_redirect_uri_query_ok() {
    each(every(), async |op, variant| {
        let rp = Rp::register_with(op, variant, json!({ "redirect_uris": [WITH_QUERY] })).await;
        flow::run(&rp, &mut Browser::new(&op.server), &rp.request()).await;
    })
    .await;
}

/// The checks can fail: one of them for each of what they are about.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_application_and_a_wrong_proof_are_refused() {
    each(vec![CODE], async |op, variant| {
        let (rp, other) = (Rp::register(op, variant).await, Rp::register(op, variant).await);
        for is_own in [false, true] {
            let mut request = rp.request();
            request.set(
                "code_challenge",
                vestibule_oauth::pkce::challenge(S256, &vestibule::random::token()),
            );
            request.set("code_challenge_method", "S256");
            let (answer, _) = flow::visit(&rp, &mut Browser::new(&op.server), &request).await;
            let code = flow::callback(&rp, &answer)["code"].clone();
            let by = if is_own { &rp } else { &other };
            let answer = exchange(by, &code, &[("code_verifier", &vestibule::random::token())]).await;
            checks::invalid_grant(&answer);
            assert!(!oidc::text(&answer.json(), "error_description").is_empty());
        }
    })
    .await;
}
