//! What waits for a decision: applications that registered themselves, and changes of some.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Refused};
use super::shown::{Sheet, instant, left};
use crate::approval::differences;
use crate::client_registration::approval::TOLD;
use crate::page::path_part;

pub(super) const SECTION: &str = "pending";
/// As many as a page lists.
pub(super) const PAGE: usize = 25;

/// What can be done to many.
const ACTIONS: [&str; 3] = ["approve", "refuse", "delete"];

/// What lists show of something that waits.
pub(super) fn row(one: &Value, now: i64) -> Value {
    let time = |name: &str| one[name].as_i64().unwrap_or_default();
    json!({
        "id": one["id"], "clientId": one["clientId"], "name": one["metadata"]["client_name"], "stage": one["stage"],
        "isChange": one["previous"].is_object(), "source": one["source"], "owner": one["owner"],
        "address": one["ipAddress"], "asked": instant(time("createdTimestamp")), "left": left(time("expiresTimestamp"), now),
        "expires": instant(time("expiresTimestamp")), "redirectUris": one["metadata"]["redirect_uris"]
    })
}

/// Which part of the list is looked at.
#[derive(Deserialize)]
pub struct Part {
    first: Option<usize>,
    /// What was done to how many before the list was come back to.
    done: Option<u64>,
    action: Option<String>,
}

/// `GET pending`: the newest first.
pub async fn list(desk: Desk, Query(part): Query<Part>) -> Result<Response, Refused> {
    let first = part.first.unwrap_or_default();
    let max = PAGE + 1;
    let path = format!("/client-registrations?status=approval&first={first}&max={max}");
    let found = desk.read(&path).await?;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Value> = found.iter().take(PAGE).map(|one| row(one, desk.now())).collect();
    let done = part
        .done
        .zip(part.action.filter(|action| ACTIONS.contains(&action.as_str())));
    let page = json!({
        "done": done.as_ref().map(|(count, _)| count), "action": done.as_ref().map(|(_, action)| action),
        "rows": rows, "newer": (first > 0).then(|| first.saturating_sub(PAGE)),
        "older": (found.len() > PAGE).then_some(first + PAGE)
    });
    Ok(desk.page("pending.j2", SECTION, page).await?)
}

fn path_of(names: &HashMap<String, String>) -> String {
    let id = names.get("id").map(String::as_str).unwrap_or_default();
    format!("/client-registrations/{}", path_part(id))
}

/// `GET pending/{id}`: what is asked for, and what differs.
pub async fn one(desk: Desk, Path(names): Path<HashMap<String, String>>) -> Result<Response, Refused> {
    detail(&desk, &names, None).await
}

async fn detail(
    desk: &Desk,
    names: &HashMap<String, String>,
    sent: Option<(&Sheet, String)>,
) -> Result<Response, Refused> {
    let one = desk.read(&path_of(names)).await?;
    let mut shown = row(&one, desk.now());
    let metadata = one["metadata"].as_object().cloned().unwrap_or_default();
    shown["status"] = one["status"].clone();
    shown["ask"] = one["ask"].clone();
    shown["reason"] = one["reason"].clone();
    shown["facts"] = json!(facts(&metadata));
    if let Some(previous) = one["previous"].as_object() {
        let changed = differences(previous, &metadata).into_iter();
        let changed =
            changed.map(|d| json!({ "field": d.field, "before": lines(&d.before), "after": lines(&d.after) }));
        shown["changes"] = changed.collect();
    }
    let timed = |all: &Value| -> Vec<Value> {
        let all = all.as_array().into_iter().flatten();
        all.map(|one| {
            let mut one = one.clone();
            one["at"] = instant(one["time"].as_i64().unwrap_or_default());
            one
        })
        .collect()
    };
    shown["decisions"] = json!(timed(&one["decisions"]));
    shown["notes"] = json!(timed(&one["notes"]));
    let typed = |name: &str| sent.as_ref().map_or("", |(sheet, _)| sheet.text(name));
    let page = json!({
        "one": shown, "error": sent.as_ref().map(|(_, why)| why), "reason": typed("reason"), "note": typed("note")
    });
    let failed = sent.is_some();
    let mut answer = desk.page("pending-one.j2", SECTION, page).await?;
    if failed {
        *answer.status_mut() = StatusCode::CONFLICT;
    }
    Ok(answer)
}

/// Metadata, as rows: what matters most first.
fn facts(metadata: &Map<String, Value>) -> Vec<Value> {
    let first = TOLD.iter().filter_map(|name| metadata.get_key_value(*name));
    let told = |name: &str| TOLD.contains(&name) || matches!(name, "client_id" | "client_secret_expires_at");
    let others = metadata.iter().filter(|(name, _)| !told(name));
    first
        .chain(others)
        .map(|(name, value)| json!({ "field": name, "lines": lines(value) }))
        .collect()
}

/// A value, line by line.
fn lines(value: &Value) -> Vec<String> {
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// `POST pending/{id}`: approves, refuses, notes, or takes away.
pub async fn decide(desk: Desk, Path(names): Path<HashMap<String, String>>, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("pending"));
    }
    let path = path_of(&names);
    let mut body = json!({});
    for field in ["reason", "note", "ask"] {
        if !sheet.text(field).is_empty() {
            body[field] = json!(sheet.text(field));
        }
    }
    let action = sheet.text("action");
    let said = match action {
        "approve" => {
            body["reason"] = Value::Null;
            desk.ask_realm("POST", &format!("{path}/approve"), Some(&body)).await?
        }
        "refuse" => desk.ask_realm("POST", &format!("{path}/refuse"), Some(&body)).await?,
        "remove" => desk.ask_realm("DELETE", &path, None).await?,
        _ => {
            let note = json!({ "text": sheet.text("note") });
            desk.ask_realm("POST", &format!("{path}/notes"), Some(&note)).await?
        }
    };
    if said.status == StatusCode::CONFLICT {
        return detail(&desk, &names, Some((&sheet, said.reason()))).await;
    }
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    let stays = action == "note";
    let to = names
        .get("id")
        .filter(|_| stays)
        .map(|id| format!("pending/{}", path_part(id)));
    Ok(desk.go_realm(to.as_deref().unwrap_or("pending")))
}
