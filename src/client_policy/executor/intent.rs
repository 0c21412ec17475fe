//! `intent-client-bind-checker`: the payment or the consent that an authorization request is about was made by this client.
//! Whoever keeps the intents is asked. Open Banking.

use serde_json::{Value, json};

use super::Judgement;
use crate::app::App;
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::Doc;

/// The claim that names the intent, where the setting does not say.
const USUAL: &str = "openbanking_intent_id";

pub(super) fn on_request(config: Config<'_>, at: &At<'_>) -> Judgement {
    match intent(config, at) {
        Some(Err(refused)) => Err(refused),
        _ => Ok(()),
    }
}

/// The intent that a request names.
fn intent(config: Config<'_>, at: &At<'_>) -> Option<Result<String, Refused>> {
    let Event::Authorization(asked) = at.event else {
        return None;
    };
    let claims = asked
        .params
        .text("claims")
        .and_then(|text| serde_json::from_str::<Doc>(text).ok());
    let Some(claims) = claims else {
        let text = "no claim for an intent value in an authorization request";
        return Some(Err(Refused::request(text)));
    };
    let name = config.text("intent-name").unwrap_or(USUAL);
    let value = claims
        .get("id_token")
        .and_then(|token| token.get(name)?.get("value")?.as_str());
    let none = || Refused::request("no claim for an intent value for ID token");
    Some(value.map(str::to_owned).ok_or_else(none))
}

/// Asks whether the intent is the client's.
pub(super) async fn ask(app: &App, config: Config<'_>, at: &At<'_>) -> Judgement {
    let (Some(Ok(intent)), Some(client)) = (intent(config, at), at.client) else {
        return Ok(());
    };
    let failed = || Refused::request("checking intent bound with client failed");
    let address = config.text("intent-client-bind-check-endpoint").ok_or_else(failed)?;
    let question = json!({ "intent_id": intent, "client_id": client.client_id });
    let answer = app.egress.post(address, &question).await.map_err(|_| failed())?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| failed())?;
    if answer["is_bound"] == true || answer["is_bound"] == "true" {
        return Ok(());
    }
    Err(Refused::request("The intent is not bound with the client"))
}
