//! `secure-request-object`: what is asked for is signed, for us, and not for long. FAPI 1.0 part 2, section 5.2.2.

use serde_json::Value;

use super::Judgement;
use crate::client_policy::at::{Asked, At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{Doc, moderate};

/// Parameters that are the object itself, or the client's proof.
const OUTSIDE: [&str; 6] = [
    "request",
    "request_uri",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

pub(super) fn on_request(config: Config<'_>, at: &At<'_>) -> Judgement {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Ok(());
    };
    // It was looked at when it was pushed. What the address says beside it must not be something else.
    if asked.pushed {
        let differs =
            |(name, value): (&str, &str)| !OUTSIDE.contains(&name) && asked.params.heeded(name) != Some(value);
        return match asked.sent.iter().find(|(name, value)| differs((name, value))) {
            None => Ok(()),
            Some(_) => Err(other_parameters()),
        };
    }
    let skew = config.number("allowed-clock-skew", 15);
    let claims = timely(config, &asked, config.on_by_default("verify-nbf"), skew)?;
    for_us(&asked, claims)?;
    let encrypted = asked.object.is_some_and(|(_, encrypted)| encrypted);
    if config.flag("encryption-required") && !encrypted {
        return Err(bad("Request object not encrypted"));
    }
    let differs = |(name, value): (&str, &str)| {
        let inside = claims
            .get(name)
            .map(|claim| claim.as_str().map_or_else(|| claim.to_string(), str::to_owned));
        !OUTSIDE.contains(&name) && inside.as_deref() != Some(value)
    };
    match asked.sent.iter().find(|(name, value)| differs((name, value))) {
        None => Ok(()),
        Some(_) => Err(other_parameters()),
    }
}

fn other_parameters() -> Refused {
    Refused::request("Invalid parameter. Parameters in 'request' object not matching with request parameters")
}

/// The claims of the object, if it is there and now is its time. `available-period` bounds what lies between `nbf` and `exp`.
pub(super) fn timely<'a>(
    config: Config<'_>,
    asked: &Asked<'a>,
    with_beginning: bool,
    skew: i64,
) -> Result<&'a Doc, Refused> {
    let Some((claims, _)) = asked.object else {
        return Err(Refused::request("Missing parameter: 'request' or 'request_uri'"));
    };
    let instant = |name: &str| claims.get(name).and_then(Value::as_i64).map(moderate);
    let Some(end) = instant("exp") else {
        return Err(bad("Missing parameter in the 'request' object: exp"));
    };
    if end + skew <= asked.now {
        return Err(bad("Request Expired"));
    }
    if with_beginning {
        let Some(beginning) = instant("nbf") else {
            return Err(bad("Missing parameter in the 'request' object: nbf"));
        };
        if beginning > asked.now + skew {
            return Err(bad("Request not yet being processed"));
        }
        if end - beginning > config.number("available-period", 3600) {
            return Err(bad("Request's available period is long"));
        }
    }
    Ok(claims)
}

/// The object names this issuer.
pub(super) fn for_us(asked: &Asked<'_>, claims: &Doc) -> Judgement {
    let ours = |value: &Value| value.as_str() == Some(asked.issuer);
    match claims.get("aud") {
        None => Err(bad("Missing parameter in the 'request' object: aud")),
        Some(Value::Array(all)) if all.iter().any(ours) => Ok(()),
        Some(one) if ours(one) => Ok(()),
        Some(_) => Err(bad("Invalid parameter in the 'request' object: aud")),
    }
}

fn bad(text: &'static str) -> Refused {
    Refused::new("invalid_request_object", text).about("request", "")
}
