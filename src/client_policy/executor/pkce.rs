//! `pkce-enforcer`: proof keys with S256, RFC 7636.

use vestibule_oauth::pkce;

use super::{Judgement, set_attribute};
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const METHOD: &str = "pkce.code.challenge.method";

pub(super) fn on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    if config.flag("auto-configure") {
        set_attribute(doc, METHOD, "S256");
    }
    match json::attribute(doc, METHOD) {
        Some("S256") => Ok(()),
        method => Err(Refused::metadata("Invalid client metadata: code_challenge_method")
            .about(METHOD, method.unwrap_or_default())),
    }
}

pub(super) fn on_request(at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    let about = |text, field, value| Err(Refused::request(text).about(field, value));
    let (method, challenge) = ("code_challenge_method", "code_challenge");
    match asked.params.heeded(method) {
        None => return about("Missing parameter: code_challenge_method", method, ""),
        Some("S256") => {}
        Some(other) => return about("Invalid parameter: invalid code_challenge_method", method, other),
    }
    match asked.params.heeded(challenge) {
        None => about("Missing parameter: code_challenge", challenge, ""),
        Some(sent) if !pkce::is_well_formed(sent) => about("Invalid parameter: code_challenge", challenge, sent),
        Some(_) => Ok(()),
    }
}
