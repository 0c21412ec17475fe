//! Many requests decided at once: one page that says which, then it is done.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Refused};
use super::pending::{PAGE, SECTION, row};
use super::shown::Sheet;
use crate::page::path_part;

const TEMPLATE: &str = "pending-bulk.j2";

/// What can be done to many.
fn action(sheet: &Sheet) -> &'static str {
    match sheet.text("action") {
        "approve" => "approve",
        "delete" => "delete",
        _ => "refuse",
    }
}

/// Which request was looked at: nobody approves what they have not seen.
fn ask_field(id: &str) -> String {
    format!("ask-{id}")
}

/// `POST pending/bulk`: those that were chosen, as they are now, before anything is done to them.
pub async fn confirm(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm(SECTION));
    }
    let mut rows = Vec::new();
    for id in sheet.lines("ids").into_iter().take(PAGE) {
        let said = desk
            .ask_realm("GET", &format!("/client-registrations/{}", path_part(id)), None)
            .await?;
        // What has been decided or has gone meanwhile is not asked about.
        if said.status.is_success() && said.body["ask"].is_string() {
            let mut shown = row(&said.body, desk.now());
            shown["ask"] = said.body["ask"].clone();
            rows.push(shown);
        }
    }
    let is_empty = rows.is_empty();
    let page = json!({ "action": action(&sheet), "rows": rows });
    let mut answer = desk.page(TEMPLATE, SECTION, page).await?;
    if is_empty {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(answer)
}

/// `POST pending/bulk/now`: it is done to those that the page named, as they were there. What could not be done is told.
pub async fn carry_out(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm(SECTION));
    }
    let (action, ids) = (action(&sheet), sheet.lines("ids"));
    let asks = ids
        .iter()
        .map(|id| ((*id).to_owned(), json!(sheet.text(&ask_field(id)))));
    let mut body = json!({ "ids": ids, "action": action, "asks": asks.collect::<Map<String, Value>>() });
    if action == "refuse" && !sheet.text("reason").is_empty() {
        body["reason"] = json!(sheet.text("reason"));
    }
    let said = desk
        .ask_realm("POST", "/client-registrations/bulk", Some(&body))
        .await?;
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    let done = said.body["done"].as_u64().unwrap_or_default();
    if said.body["failed"].as_array().is_none_or(Vec::is_empty) {
        return Ok(desk.go_realm(&format!("{SECTION}?done={done}&action={action}")));
    }
    let failed = said.body["failed"].as_array().into_iter().flatten().map(|one| {
        let name = one["id"]
            .as_str()
            .map(|id| sheet.text(&format!("name-{id}")))
            .unwrap_or_default();
        json!({ "id": one["id"], "name": name, "why": one["errorMessage"] })
    });
    let page = json!({ "action": action, "rows": [], "done": done, "failed": failed.collect::<Vec<_>>() });
    Ok(desk.page(TEMPLATE, SECTION, page).await?)
}
