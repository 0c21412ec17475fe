//! `confidential-client`: only clients that can keep a secret get codes and tokens.

use super::Judgement;
use crate::client_policy::at::{At, Event};
use crate::client_policy::refused::Refused;
use crate::store::json;

const CIBA: &str = "urn:openid:params:grant-type:ciba";

pub(super) fn on_request(at: &At<'_>) -> Judgement {
    let looked_at = match at.event {
        Event::Authorization(_) | Event::Pushed(_) | Event::Backchannel(_) => true,
        Event::Token(grant, _) => matches!(grant, "authorization_code" | "client_credentials" | CIBA),
        _ => false,
    };
    let kind = if json::flag(at.doc, "publicClient") {
        "public"
    } else if json::flag(at.doc, "bearerOnly") {
        "bearer-only"
    } else {
        return Ok(());
    };
    if looked_at {
        return Err(Refused::new(
            "invalid_client",
            format!("invalid client access type: {kind}"),
        ));
    }
    Ok(())
}
