//! Request objects, sent along or fetched.

use serde_json::json;
use vestibule_jose::jwt;

use super::flow;
use super::rp::{Request, Rp, key};
use super::{Variant, dynamic, each, every};
use crate::support::{Browser, oidc};

/// What the address says beside the object: what OAuth 2.0 asks for, and what differs.
fn beside(request: &Request, name: &str, value: &str) -> Request {
    let needed = ["client_id", "response_type", "scope", "redirect_uri"];
    let mut sent = request.clone();
    sent.0.retain(|(name, _)| needed.contains(&name.as_str()));
    sent.set(name, value);
    sent
}

/// What the object says.
fn object(rp: &Rp<'_>, request: &Request) -> serde_json::Value {
    let mut claims = request.claims();
    claims["aud"] = json!(rp.op.says("issuer"));
    claims["iss"] = json!(rp.id());
    claims
}

/// Signs in by `sent`; all that comes of it is what `request` asked for.
async fn goes_well(rp: &Rp<'_>, request: &Request, sent: &Request) {
    let (answer, asked) = flow::visit(rp, &mut Browser::new(&rp.op.server), sent).await;
    flow::finish(rp, request, &answer, asked, &[]).await;
}

/// The suite would skip what needs unsigned objects.
fn takes_unsigned(op: &super::Op) {
    let listed = op.metadata["request_object_signing_alg_values_supported"]
        .as_array()
        .unwrap();
    assert!(listed.iter().any(|alg| alg == "none") && listed.iter().any(|alg| alg == "RS256"));
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    each(every(), async |op, variant| {
        takes_unsigned(op);
        assert_eq!(op.metadata["request_parameter_supported"], true);
        let rp = Rp::register(op, variant).await;
        let request = rp.request();
        let sent = beside(&request, "request", &oidc::unsigned(&object(&rp, &request)));
        goes_well(&rp, &request, &sent).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    each(every(), async |op, variant| {
        takes_unsigned(op);
        let rp = Rp::register(op, variant).await;
        let request = rp.request();
        let mut sent = beside(&request, "request", &oidc::unsigned(&object(&rp, &request)));
        sent.set("redirect_uri", format!("{}_invalid", rp.redirect_uri));
        goes_well(&rp, &request, &sent).await;
    })
    .await;
}

/// An object that the server fetches.
async fn fetched(variants: Vec<Variant>, signed: bool) {
    each(variants, async |op, variant| {
        takes_unsigned(op);
        assert_eq!(op.metadata["request_uri_parameter_supported"], true);
        let path = format!("/{}", vestibule::random::token());
        let address = op.site.address(&path);
        let mut members = json!({ "request_uris": [address] });
        if signed {
            members["request_object_signing_alg"] = json!("RS256");
        }
        let rp = Rp::register_with(op, variant, members).await;
        let request = rp.request();
        let said = object(&rp, &request);
        let object = match signed {
            true => jwt::encode(key(0), "oauth-authz-req+jwt", &said).unwrap(),
            false => oidc::unsigned(&said),
        };
        op.site
            .put(&path, "200 OK\r\ncontent-type: application/jose\r\n", object);
        goes_well(&rp, &request, &beside(&request, "request_uri", &address)).await;
        rp.unregister().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    fetched(super::common(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_request_uri_unsigned() {
    fetched(dynamic(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_request_uri_signed_rs256() {
    fetched(dynamic(), true).await;
}
