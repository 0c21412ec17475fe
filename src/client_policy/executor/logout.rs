//! `secure-logout`: no sign-out through frames in a browser, which browsers block as often as not.

use super::Judgement;
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const URL: &str = "frontchannel.logout.url";

pub(super) fn on_change(config: Config<'_>, doc: &Doc) -> Judgement {
    let address = json::attribute(doc, URL);
    let on = json::flag(doc, "frontchannelLogout") || address.is_some();
    if !on || config.flag("allow-front-channel-logout") {
        return Ok(());
    }
    let text = "Front-channel logout is not allowed for this client";
    Err(Refused::new("invalid_registration", text).about("frontchannel_logout_uri", address.unwrap_or_default()))
}
