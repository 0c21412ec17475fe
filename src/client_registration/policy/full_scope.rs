//! `scope`: the application hands on no role that was not mapped to it.

use serde_json::json;

use super::{Candidate, Judgement, Objection};
use crate::store::json::{self, Doc};

const SWITCH: &str = "fullScopeAllowed";

pub(super) fn shape(doc: &mut Doc) {
    doc.insert(SWITCH.into(), json!(false));
}

pub(super) fn judge(candidate: &Candidate<'_>) -> Judgement {
    let was = candidate.before.is_some_and(|before| json::flag(before, SWITCH));
    if !was && json::flag(candidate.doc, SWITCH) {
        return Err(Objection::about(
            SWITCH,
            true,
            "Not permitted to enable fullScopeAllowed",
        ));
    }
    Ok(())
}
