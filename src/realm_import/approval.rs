//! What waits for approval, in an export and back.

use serde_json::{Value, json};

use crate::client_registration::approval::KIND;
use crate::store::approval::{Approval, State};
use crate::store::client::Client;
use crate::store::json::{self, Doc};

/// As an export has it.
pub(super) fn kept(row: &Approval) -> Value {
    json!({
        "isChange": row.is_change, "state": row.state.as_str(), "ask": row.ask, "stages": row.stages, "stage": row.stage,
        "asked": row.asked, "reason": row.reason, "decisions": row.decisions, "notes": row.notes, "created": row.created,
        "decided": row.decided, "expires": row.expires
    })
}

/// As it was. What is missing makes it no more than it was: without stages nobody can approve it.
pub(super) fn restored(client: &Client, doc: &Doc) -> Approval {
    let list = |name: &str| doc.get(name).cloned().unwrap_or_default();
    let number = |name: &str| doc.get(name).and_then(Value::as_i64);
    Approval {
        id: client.id.clone(),
        realm_id: client.realm_id.clone(),
        kind: KIND.to_owned(),
        is_change: json::flag(doc, "isChange"),
        state: State::parse(json::text(doc, "state").unwrap_or_default()),
        ask: json::text(doc, "ask").map_or_else(crate::random::uuid, str::to_owned),
        stages: json::texts(doc, "stages").into_iter().map(str::to_owned).collect(),
        stage: number("stage")
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or_default(),
        asked: doc.get("asked").and_then(Value::as_object).cloned().unwrap_or_default(),
        reason: json::text(doc, "reason").map(str::to_owned),
        decisions: serde_json::from_value(list("decisions")).unwrap_or_default(),
        notes: serde_json::from_value(list("notes")).unwrap_or_default(),
        created: number("created").unwrap_or(client.created),
        decided: number("decided"),
        expires: number("expires").unwrap_or_default(),
        told: 0,
        due: None,
        base: None,
    }
}
