//! Who is asked for a password, and who is not: two requests of one browser.

use serde_json::Value;

use super::flow::{self, Outcome, callback};
use super::rp::{Request, Rp};
use super::{Variant, checks, common, each};
use crate::support::Browser;

/// The first request and the second, which may know what came of the first.
async fn twice(
    first: impl Fn(&mut Request),
    second: impl Fn(&mut Request, &Outcome),
    between: i64,
    compare: impl Fn(&Outcome, &Outcome),
) {
    each(common(), async |op, variant| {
        let (rp, mut browser) = (Rp::register(op, variant).await, Browser::new(&op.server));
        let mut request = rp.request();
        first(&mut request);
        let one = flow::run(&rp, &mut browser, &request).await;
        assert!(one.asked);
        op.server.app.clock.advance(between);
        let mut request = rp.request();
        second(&mut request, &one);
        let two = flow::run(&rp, &mut browser, &request).await;
        compare(&one, &two);
        rp.unregister().await;
    })
    .await;
}

fn auth_time(outcome: &Outcome) -> i64 {
    let of = |id: &Value| id["auth_time"].as_i64().expect("auth_time");
    let all: Vec<i64> = outcome.ids.iter().map(of).collect();
    assert!(all.iter().all(|time| *time == all[0]), "{all:?}");
    all[0]
}

/// Not asked again: the same person, and the same time.
fn is_the_same_sign_in(one: &Outcome, two: &Outcome) {
    assert!(!two.asked);
    assert_eq!(one.id["sub"], two.id["sub"]);
    assert_eq!(auth_time(one), auth_time(two));
}

/// Asked again: the same person, later.
fn is_another_sign_in(one: &Outcome, two: &Outcome) {
    assert!(two.asked);
    assert_eq!(one.id["sub"], two.id["sub"]);
    assert!(auth_time(two) > auth_time(one));
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_prompt_login() {
    let second = |request: &mut Request, _: &Outcome| request.set("prompt", "login");
    twice(|_| {}, second, 2_000, is_another_sign_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_max_age_1() {
    let second = |request: &mut Request, _: &Outcome| request.set("max_age", "1");
    twice(
        |_| {},
        second,
        2_000,
        |one, two| {
            is_another_sign_in(one, two);
            // The suite: no longer ago than it takes to sign in.
            assert!(two.id["iat"].as_i64().unwrap() - auth_time(two) < 60);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_max_age_10000() {
    let second = |request: &mut Request, _: &Outcome| request.set("max_age", "10000");
    let first = |request: &mut Request| request.set("max_age", "15000");
    twice(first, second, 2_000, is_the_same_sign_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_prompt_none_logged_in() {
    let second = |request: &mut Request, _: &Outcome| request.set("prompt", "none");
    twice(|_| {}, second, 2_000, is_the_same_sign_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_id_token_hint() {
    let second = |request: &mut Request, one: &Outcome| {
        request.set("prompt", "none");
        request.set("id_token_hint", one.id_token.as_str());
    };
    twice(|_| {}, second, 2_000, is_the_same_sign_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_prompt_none_not_logged_in() {
    each(common(), async |op, variant| {
        let rp = Rp::register(op, variant).await;
        not_signed_in(&rp, &mut Browser::new(&op.server)).await;
    })
    .await;
}

/// Without a page the answer is that one would be needed. The state is long, and comes back as it was.
pub async fn not_signed_in(rp: &Rp<'_>, browser: &mut Browser<'_>) {
    let mut request = rp.request();
    request.set("prompt", "none");
    request.set(
        "state",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".repeat(2),
    );
    let (answer, asked) = flow::visit(rp, browser, &request).await;
    assert!(!asked);
    let error = checks::refused(rp, &request, &callback(rp, &answer));
    let known = [
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
    ];
    assert!(known.contains(&error.as_str()), "{error}");
}

/// The suite does not say whose hint it is; here another person's is not answered with this one.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_hint_gets_nobody_signed_in() {
    let variants: Vec<Variant> = common().into_iter().take(1).collect();
    each(variants, async |op, variant| {
        let willow = op.server.user(&op.realm, "willow", "sunnydale high").await;
        let rp = Rp::register(op, variant).await;
        let mut browser = Browser::new(&op.server);
        let one = flow::run(&rp, &mut browser, &rp.request()).await;
        assert_ne!(one.id["sub"], willow.as_str());
        let mut request = rp.request();
        request.set("prompt", "none");
        request.set("claims", format!(r#"{{"id_token":{{"sub":{{"value":"{willow}"}}}}}}"#));
        let (answer, _) = flow::visit(&rp, &mut browser, &request).await;
        let error = checks::refused(&rp, &request, &callback(&rp, &answer));
        assert_eq!(error, "login_required");
    })
    .await;
}
