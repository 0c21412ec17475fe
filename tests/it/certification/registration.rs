//! What an application registers, and what comes of it.

use serde_json::{Value, json};

use super::flow;
use super::rp::{CALLBACK, Rp, asked_to_register, key, metadata, published};
use super::{Variant, dynamic, each, usual};
use crate::support::Browser;
use crate::support::oidc::text;

/// A registration that is refused, with one of these errors.
async fn is_refused(variants: Vec<Variant>, more: Value, with: &'static [&'static str]) {
    each(variants, async |op, variant| {
        let answer = asked_to_register(op, &metadata(variant, &more)).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.header("content-type").starts_with("application/json"));
        let error = text(&answer.json(), "error");
        assert!(with.contains(&error.as_str()), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_redirect_uri_regfrag() {
    let more = json!({ "redirect_uris": [format!("{CALLBACK}#foobar")] });
    is_refused(
        dynamic(),
        more,
        &["invalid_redirect_uri", "invalid_client_metadata", "invalid_request"],
    )
    .await;
}

/// The sign-in page shows what was registered, in this form.
async fn is_shown(member: &'static str, address: &'static str, tag: &'static str) {
    each(dynamic(), async |op, variant| {
        let rp = Rp::register_with(op, variant, json!({ member: address })).await;
        assert_eq!(rp.registered[member], address);
        let endpoint = op.says("authorization_endpoint");
        let page = Browser::new(&op.server)
            .get(&format!("{endpoint}?{}", rp.request().encoded()))
            .await;
        assert!(page.body.contains("kc-form-login"), "{}", page.body);
        let shown = regex::Regex::new(&format!("<{tag}=\"{}\"", regex::escape(address))).unwrap();
        assert!(shown.is_match(&page.body), "{}", page.body);
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_logo_uri() {
    is_shown("logo_uri", "https://rp.example/logo.png", "img[^>]* src").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_policy_uri() {
    is_shown("policy_uri", "https://rp.example/policy", "a[^>]* href").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_tos_uri() {
    is_shown("tos_uri", "https://rp.example/tos", "a[^>]* href").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_jwks_uri() {
    let all = dynamic().into_iter().filter(|variant| variant.has("code"));
    each(all.collect(), async |op, variant| {
        let head = "200 OK\r\ncontent-type: application/json\r\n";
        let path = format!("/{}", vestibule::random::token());
        op.site.put(&path, head, published(key(0)).to_string());
        let members = json!({ "jwks": null, "jwks_uri": op.site.address(&path) });
        let before = op.site.hits();
        let rp = Rp::register_with(op, variant, members).await;
        flow::run(&rp, &mut Browser::new(&op.server), &rp.request()).await;
        assert!(op.site.hits() > before);
    })
    .await;
}

/// Registers with a sector document that lists these.
async fn with_sector(lists: &'static [&'static str], is_good: bool) {
    each(dynamic(), async |op, variant| {
        assert!(
            op.metadata["subject_types_supported"]
                .as_array()
                .unwrap()
                .contains(&json!("pairwise"))
        );
        let head = "200 OK\r\ncontent-type: application/json\r\n";
        op.site.put("/redirect_uris.json", head, json!(lists).to_string());
        let sector = op.site.address("/redirect_uris.json");
        let members = json!({ "subject_type": "pairwise", "sector_identifier_uri": sector });
        if !is_good {
            let answer = asked_to_register(op, &metadata(variant, &members)).await;
            assert_eq!(
                (answer.status, &answer.json()["error"]),
                (400, &json!("invalid_client_metadata"))
            );
            return;
        }
        let rp = Rp::register_with(op, variant, members.clone()).await;
        // The suite leaves it at that. Here, one sector knows a person by one name, another by another.
        let one = flow::run(&rp, &mut Browser::new(&op.server), &rp.request()).await;
        let public = Rp::register(op, variant).await;
        let two = flow::run(&public, &mut Browser::new(&op.server), &public.request()).await;
        assert_ne!(one.id["sub"], two.id["sub"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_sector_uri() {
    with_sector(&[CALLBACK], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_registration_sector_bad() {
    with_sector(&["https://rp.example/another"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_3rd_party_init_login() {
    each(usual(), async |op, variant| {
        let address = "https://rp.example/initiate";
        let rp = Rp::register_with(op, variant, json!({ "initiate_login_uri": address })).await;
        assert_eq!(rp.registered["initiate_login_uri"], address);
        let (token, uri) = ("registration_access_token", "registration_client_uri");
        let (token, uri) = (text(&rp.registered, token), text(&rp.registered, uri));
        let answer = op.server.with_token(&token, "GET", &uri, Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.header("content-type").starts_with("application/json"));
        assert_eq!(answer.json()["initiate_login_uri"], address);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_3rd_party_init_login_nohttps() {
    is_refused(
        usual(),
        json!({ "initiate_login_uri": "http://rp.example/initiate" }),
        &["invalid_client_metadata"],
    )
    .await;
}
