//! What the browser says of the page on which a ceremony took place (`clientDataJSON`).

use serde::Deserialize;

use crate::{Expected, Refusal};

/// Longer than any browser sends.
const LONGEST: usize = 8192;

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// Checks that this is the ceremony that was asked for, on a page of ours. Origins are compared as they are: neither a
/// suffix nor a prefix of ours is ours.
pub(crate) fn check(json: &[u8], kind: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
    if json.len() > LONGEST {
        return Err(Refusal::Malformed);
    }
    let data: ClientData = serde_json::from_slice(json).map_err(|_| Refusal::Malformed)?;
    if data.kind != kind {
        return Err(Refusal::Ceremony);
    }
    if expected.challenge.is_empty() || data.challenge.trim_end_matches('=') != expected.challenge {
        return Err(Refusal::Challenge);
    }
    // A page of ours inside somebody else's is not shown, and so not used.
    if data.cross_origin || !expected.origins.contains(&data.origin) {
        return Err(Refusal::Origin);
    }
    Ok(())
}
