//! `consent-required`: people are asked before the application may act for them.

use serde_json::json;

use super::{Candidate, Judgement, Objection};
use crate::store::json::{self, Doc};

const SWITCH: &str = "consentRequired";

pub(super) fn shape(doc: &mut Doc) {
    doc.insert(SWITCH.into(), json!(true));
}

pub(super) fn judge(candidate: &Candidate<'_>) -> Judgement {
    let was = candidate.before.is_none_or(|before| json::flag(before, SWITCH));
    if was && !json::flag(candidate.doc, SWITCH) {
        let text = "Not permitted to update consentRequired to false";
        return Err(Objection::about(SWITCH, false, text));
    }
    Ok(())
}
