//! `secure-session`: an answer can be told to belong to the request, so that nobody slips in another one.

use vestibule_oauth::scope;

use super::Judgement;
use crate::client_policy::at::{At, Event};
use crate::client_policy::refused::Refused;

pub(super) fn on_request(at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    let openid = scope::contains(asked.scope().unwrap_or_default(), "openid");
    let needed = if openid { "nonce" } else { "state" };
    if asked.params.heeded(needed).is_some() {
        return Ok(());
    }
    Err(Refused::request(format!("Missing parameter: {needed}")).about(needed, ""))
}
