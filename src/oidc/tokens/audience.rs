//! The claim `aud`: a text when there is one, a list when there are more.

use serde_json::Value;

use crate::app::App;
use crate::caller::Caller;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// The audiences of a token.
pub fn of(claims: &Doc) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether an audience is this realm or one of these endpoints of it, with or without the prefix.
pub fn is_ours(app: &App, caller: &Caller, realm: &Realm, audience: &str, endpoints: &[&str]) -> bool {
    let issuer = match audience.split_once("/protocol/openid-connect/") {
        Some((issuer, endpoint)) if endpoints.contains(&endpoint) => issuer,
        Some(_) => return false,
        None => audience,
    };
    caller.is_issuer(app, &realm.name, issuer)
}

/// The claim for these audiences; none for none.
pub fn claim(mut audiences: Vec<String>) -> Option<Value> {
    match audiences.len() {
        0 => None,
        1 => audiences.pop().map(Value::String),
        _ => Some(Value::from(audiences)),
    }
}
