//! What a token says about the session and the application.

use serde_json::{Value, json};

use super::super::claims::Claims;
use super::super::context::Context;
use super::{Target, value};
use crate::store::json;
use crate::store::realm::ProtocolMapper;

/// A note of the session, such as `AUTH_TIME` or `clientHost`.
pub(super) fn note(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    let Some(name) = mapper.config.get("user.session.note") else {
        return;
    };
    let text = match context.notes.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    value::put(mapper, text.as_slice(), claims);
}

/// `allowed-origins`: pages that may use the token.
pub(super) fn allowed_origins(context: &Context, claims: &mut Claims) {
    let client = &context.client;
    let origins = vestibule_oauth::web_origin::resolve(&client.texts("webOrigins"), &client.texts("redirectUris"));
    if !origins.is_empty() {
        claims.set("allowed-origins", json!(origins));
    }
}

/// `nonce` in access tokens, where old applications want it; ID tokens have it anyway.
pub(super) fn nonce(context: &Context, target: Target, claims: &mut Claims) {
    if target != Target::Id
        && let Some(nonce) = json::text(&context.part_notes, "nonce")
    {
        claims.set("nonce", nonce);
    }
}

/// `session_state`, which is `sid` under its old name.
pub(super) fn state(claims: &mut Claims) {
    let sid = claims.get("sid").cloned().unwrap_or(Value::Null);
    claims.set("session_state", sid);
}
