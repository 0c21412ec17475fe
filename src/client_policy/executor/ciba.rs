//! The three executors of FAPI CIBA: signed requests, of good signatures, with a message that binds them to one place.

use super::{Judgement, request_object, signatures};
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::Doc;

pub(super) fn on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    signatures::complete(config, doc, &["ciba.backchannel.auth.request.signing.alg"])
}

pub(super) fn session(at: &At<'_>) -> Judgement {
    match at.event {
        Event::Backchannel(asked) if asked.params.heeded("binding_message").is_none() => {
            Err(Refused::request("Missing parameter: binding_message").about("binding_message", ""))
        }
        _ => Ok(()),
    }
}

pub(super) fn signed(config: Config<'_>, at: &At<'_>) -> Judgement {
    let Event::Backchannel(asked) = at.event else {
        return Ok(());
    };
    let claims = request_object::timely(config, &asked, true, 0)?;
    request_object::for_us(&asked, claims)?;
    match ["iat", "jti", "iss"]
        .into_iter()
        .find(|name| !claims.contains_key(*name))
    {
        None => Ok(()),
        Some(name) => {
            let text = format!("Missing parameter in the signed authentication request: {name}");
            Err(Refused::request(text).about("request", ""))
        }
    }
}
