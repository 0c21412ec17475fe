//! How much an ID token tells (attribute `id.token.claims` of a client, else of its realm): `all` that the mappers have for it, as
//! Keycloak's, or what a request `asked` for. Who asks by scope is told at userinfo (OpenID Connect Core section 5.4).

use serde_json::Value;

use super::claims::Claims;
use super::context::Context;
use super::mappers;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The `typ` of an ID token.
pub const TYPE: &str = "ID";

/// How the `jti` of an ID token begins that has no `typ`. Access tokens say there, too, what they are.
const PREFIX: &str = "id:";

/// Claims of who signed in, when and how, and of the token itself.
const ITS_OWN: [&str; 16] = [
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "jti",
    "iss",
    "aud",
    "sub",
    "azp",
    "nonce",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    "acr",
    "amr",
];

/// What an ID token comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// An access token, now or for the code: userinfo can be asked.
    Access,
    /// Nothing: whatever is to be told is told in it.
    Nothing,
}

/// Whether ID tokens tell only what was asked for.
pub(super) fn only_asked(realm: &Realm, client: &Client) -> bool {
    let set = client
        .attribute("id.token.claims")
        .or_else(|| realm.attribute("id.token.claims"));
    set == Some("asked")
}

/// Says what the token is: by its `typ`, where that was not left out.
pub(super) fn mark(context: &Context, claims: &mut Claims) {
    let id = crate::random::uuid();
    if only_asked(&context.realm, &context.client) {
        claims.set("jti", format!("{PREFIX}{id}"));
    } else {
        claims.set("jti", id);
        claims.set("typ", TYPE);
    }
}

/// Takes out what nobody asked for, where only that is told.
pub(super) fn confine(context: &Context, beside: Beside, claims: &mut Claims) {
    if beside == Beside::Access && only_asked(&context.realm, &context.client) {
        let named = mappers::named_for_id(context);
        claims.retain(|name| ITS_OWN.contains(&name) || named.contains(name));
    }
}

/// What a token says that it is.
pub fn kind(claims: &Doc) -> Option<&str> {
    let is_id = |jti: &str| jti.starts_with(PREFIX);
    match claims.get("typ") {
        Some(Value::String(typ)) => Some(typ),
        Some(_) => None,
        None => json::text(claims, "jti").filter(|jti| is_id(jti)).map(|_| TYPE),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_what_it_says_and_without_a_word_nothing_but_an_id_token() {
        let of = |claims: Value| kind(claims.as_object().unwrap_or(&Doc::new())).map(str::to_owned);
        for (claims, is) in [
            (json!({ "typ": "Bearer", "jti": "id:1" }), Some("Bearer")),
            (json!({ "typ": "ID", "jti": "1" }), Some("ID")),
            (json!({ "jti": "id:1" }), Some("ID")),
            (json!({ "jti": "onrtac:1" }), None),
            (json!({ "typ": 1, "jti": "id:1" }), None),
            (json!({}), None),
        ] {
            assert_eq!(of(claims.clone()).as_deref(), is, "{claims}");
        }
    }
}
