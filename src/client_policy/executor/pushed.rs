//! `secure-par-content`: what is asked for was pushed before, and nothing is added in the browser. FAPI 2.0 5.3.2.2.

use super::Judgement;
use crate::client_policy::at::{At, Event};
use crate::client_policy::refused::Refused;

/// What stands beside the name of a pushed request.
const BESIDE: [&str; 2] = ["client_id", "request_uri"];

pub(super) fn on_request(at: &At<'_>) -> Judgement {
    let (Event::PreAuthorization(asked) | Event::Authorization(asked)) = at.event else {
        return Ok(());
    };
    let refuse = |text| {
        Err(Refused {
            for_the_person: true,
            ..Refused::request(text)
        })
    };
    if !asked.pushed {
        return refuse("PAR request_uri not included.");
    }
    let added = |name: &str| !BESIDE.contains(&name) && !asked.params.has(name);
    if asked.sent.iter().any(|(name, _)| added(name)) {
        return refuse("PAR request did not include query parameter");
    }
    Ok(())
}
