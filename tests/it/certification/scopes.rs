//! What is told of a person: by scope, and by name.

use serde_json::{Value, json};

use super::flow::{self, Outcome};
use super::rp::Rp;
use super::{Variant, checks, common, each, signed_in};
use crate::support::Browser;

/// The claims of each scope (OpenID Connect Core section 5.4).
const CLAIMS: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// What is told at userinfo, or in the ID token where there is nothing to ask userinfo with.
async fn told(rp: &Rp<'_>, outcome: &Outcome) -> Value {
    match &outcome.access_token {
        Some(token) => checks::userinfo_of(&checks::userinfo(rp, token).await, outcome),
        None => outcome.id.clone(),
    }
}

async fn scope(scope: &'static str) {
    each(common(), async |op, variant| {
        for part in scope.split(' ') {
            let listed = op.metadata["scopes_supported"].as_array().unwrap();
            assert!(listed.iter().any(|one| one == part), "{part} would be skipped");
        }
        let (rp, outcome) = signed_in(op, variant, |request| request.set("scope", scope)).await;
        let told = told(&rp, &outcome).await;
        for (name, claims) in CLAIMS {
            for claim in claims {
                let asked = scope.split(' ').any(|one| one == name);
                assert_eq!(told.get(claim).is_some(), asked, "{claim}: {told}");
                // By scope: not in the ID token, if there is something to ask userinfo with.
                let elsewhere = outcome.id.get(claim).is_some() && variant.has_access();
                assert!(!elsewhere, "{claim}: {}", outcome.id);
            }
        }
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_scope_profile() {
    scope("openid profile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_scope_email() {
    scope("openid email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_scope_address() {
    scope("openid address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_scope_phone() {
    scope("openid phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_scope_all() {
    scope("openid profile email address phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_other_scope_order_succeeds() {
    scope("email openid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_claims_essential() {
    let member = |variant: Variant| if variant.has_access() { "userinfo" } else { "id_token" };
    each(common(), async |op, variant| {
        let claims = json!({ member(variant): { "name": { "essential": true } } }).to_string();
        let rp = Rp::register(op, variant).await;
        let mut request = rp.request();
        request.set("claims", claims);
        let outcome = flow::run(&rp, &mut Browser::new(&op.server), &request).await;
        assert_eq!(told(&rp, &outcome).await["name"], "Buffy Summers");
        assert_eq!(
            outcome.ids.iter().any(|id| id.get("name").is_some()),
            !variant.has_access()
        );
    })
    .await;
}
