//! `jwt-claim-enforcer` and `downscope-assertion-grant-enforcer`: what a token must say that is handed in for another one.

use serde_json::Value;
use vestibule_oauth::scope;

use super::Judgement;
use crate::client_policy::at::At;
use crate::client_policy::config::{Config, whole};
use crate::client_policy::refused::Refused;
use crate::store::json;

pub(super) fn claim(config: Config<'_>, at: &At<'_>) -> Judgement {
    let claims = at.event.asked().and_then(|asked| asked.assertion);
    let (Some(claims), Some(name)) = (claims, config.text("claim-name")) else {
        return Ok(());
    };
    let value = match claims.get(name) {
        None | Some(Value::Null) => {
            return Err(Refused::request(format!(
                "Required claim '{name}' is missing from the token"
            )));
        }
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) => None,
    };
    let Some(allowed) = config.text("allowed-value") else {
        return Ok(());
    };
    if value.is_some_and(|value| whole(allowed).is_some_and(|pattern| pattern.is_match(&value))) {
        return Ok(());
    }
    Err(Refused::request(format!("Value for claim '{name}' not allowed")))
}

pub(super) fn scope(at: &At<'_>) -> Judgement {
    let Some((asked, claims)) = at.event.asked().and_then(|asked| Some((asked, asked.assertion?))) else {
        return Ok(());
    };
    let had = json::text(claims, "scope").unwrap_or_default();
    let requested = asked.scope().unwrap_or_default().split_whitespace();
    let beyond: Vec<&str> = requested.filter(|name| !scope::contains(had, name)).collect();
    if beyond.is_empty() {
        return Ok(());
    }
    let list = |names: &[&str]| names.join(", ");
    let had: Vec<&str> = had.split_whitespace().collect();
    let text = format!(
        "Scopes [{}] not present in the initial access token [{}]",
        list(&beyond),
        list(&had)
    );
    Err(Refused::new("invalid_scope", text).about("scope", &beyond.join(" ")))
}
