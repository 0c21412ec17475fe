//! `reject-implicit-grant`, `reject-ropc-grant` and `secure-response-type`: the ways to tokens that are closed.

use serde_json::json;
use vestibule_oauth::authorize::ResponseType;

use super::{Judgement, set_attribute};
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const DETACHED: &str = "id.token.as.detached.signature";

pub(super) fn implicit_on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let text = "Invalid client metadata: implicit flow enabled";
    closed(config, doc, "implicitFlowEnabled", text)
}

pub(super) fn password_on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let text = "Invalid client metadata: resource owner password credentials grant enabled";
    closed(config, doc, "directAccessGrantsEnabled", text)
}

fn closed(config: Config<'_>, doc: &mut Doc, switch: &'static str, text: &'static str) -> Judgement {
    if config.flag("auto-configure") {
        doc.insert(switch.into(), json!(false));
    }
    if json::flag(doc, switch) {
        return Err(Refused::metadata(text).about(switch, "true"));
    }
    Ok(())
}

/// No tokens from the authorization endpoint.
pub(super) fn implicit(at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    let sent = asked.params.heeded("response_type").unwrap_or_default();
    if ResponseType::parse(sent).is_some_and(ResponseType::has_tokens) {
        return Err(Refused::request("Implicit/Hybrid flow is prohibited.").about("response_type", sent));
    }
    Ok(())
}

/// No person's password in the hands of an application.
pub(super) fn password(at: &At<'_>) -> Judgement {
    if at.event.grant() == Some("password") {
        let text = "resource owner password credentials grant is prohibited.";
        return Err(Refused::new("invalid_grant", text).about("grant_type", "password"));
    }
    Ok(())
}

pub(super) fn response_type_on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    if config.flag("auto-configure") {
        set_attribute(doc, DETACHED, "true");
    }
    if json::attribute(doc, DETACHED) == Some("true") {
        return Ok(());
    }
    let text = "Invalid client metadata: ID Token as detached signature in disabled";
    Err(Refused::metadata(text).about(DETACHED, ""))
}

/// A code that an ID token vouches for, or an answer that is signed as a whole.
pub(super) fn response_type(config: Config<'_>, at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    let sent = asked.params.heeded("response_type").unwrap_or_default();
    let signed = asked.params.heeded("response_mode") == Some("jwt");
    let good = ResponseType::parse(sent).is_some_and(|asked| match (asked.code, asked.id_token, asked.token) {
        (true, true, token) => !token || config.flag("allow-token-response-type"),
        (true, false, false) => signed,
        _ => false,
    });
    if good {
        return Ok(());
    }
    Err(Refused::request("invalid response_type").about("response_type", sent))
}
