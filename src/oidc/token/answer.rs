//! The answer with tokens, and what events say of it.

use serde_json::{Value, json};

use crate::oidc::tokens::make::Issued;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::json;
use crate::store::realm::Realm;

/// The answer of the token endpoint, in Keycloak's order.
pub(super) fn body(realm: &Realm, client: &Client, issued: &Issued, session_id: Option<&str>) -> Value {
    let mut body = json!({
        "access_token": issued.access_token,
        "expires_in": issued.expires_in,
        "refresh_expires_in": issued.refresh.as_ref().map_or(0, |r| r.expires_in)
    });
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = json!(refresh.token);
    }
    body["token_type"] = json!(issued.kind);
    if let Some(id_token) = &issued.id_token {
        body["id_token"] = json!(id_token);
    }
    body["not-before-policy"] = json!(realm.number("notBefore").max(json::number(&client.doc, "notBefore")));
    if let Some(id) = session_id {
        body["session_state"] = json!(id);
    }
    body["scope"] = json!(issued.scope);
    for (name, value) in &issued.beside {
        // Beside what the answer says itself.
        if body.get(name).is_none() {
            body[name] = value.clone();
        }
    }
    body
}

/// The event with what it says of tokens.
pub(super) fn told(event: &Event, issued: &Issued) -> Event {
    let mut event = event
        .clone()
        .detail("token_id", issued.access_id.as_str())
        .detail("scope", issued.scope.as_str());
    if let Some(refresh) = &issued.refresh {
        event = event.detail("refresh_token_id", refresh.id.as_str()).detail(
            "refresh_token_type",
            if refresh.offline { "Offline" } else { "Refresh" },
        );
    }
    event
}
