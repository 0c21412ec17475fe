//! Many applications at once: one page that says which and how many, then it is done.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::clients::{MOST, Part, SECTION, row};
use super::desk::{Desk, Refused};
use super::shown::Sheet;

/// What can be done to many.
fn action(sheet: &Sheet) -> &'static str {
    match sheet.text("action") {
        "delete" => "delete",
        _ => "disable",
    }
}

/// `POST clients/bulk`: those that were chosen, or all that the list has, before anything is done to them.
pub async fn confirm(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    let part = Part::of(&sheet);
    let back = format!("clients?{}", part.here());
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm(&back));
    }
    let ids = sheet.lines("ids");
    let asked = match (sheet.text("all").is_empty(), ids.is_empty()) {
        (false, _) => part.asked(),
        (true, true) => return nothing(&desk, &back).await,
        (true, false) => {
            let mut query = Serializer::new(String::new());
            query.extend_pairs(ids.iter().take(MOST).map(|id| ("id", *id)));
            query.finish()
        }
    };
    let found = desk.read(&format!("/clients?{asked}&max={MOST}")).await?;
    let rows: Vec<Value> = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|client| row(client, &client["registration"]))
        .collect();
    if rows.is_empty() {
        return nothing(&desk, &back).await;
    }
    let page = json!({ "action": action(&sheet), "clients": rows, "back": back, "filter": part.told(), "full": rows.len() == MOST });
    Ok(desk.page("bulk.j2", SECTION, page).await?)
}

async fn nothing(desk: &Desk, back: &str) -> Result<Response, Refused> {
    let mut answer = desk
        .page("bulk.j2", SECTION, json!({ "clients": [], "back": back }))
        .await?;
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    Ok(answer)
}

/// `POST clients/bulk/now`: it is done to those that the page named. What could not be done is told.
pub async fn carry_out(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    let part = Part::of(&sheet);
    let back = format!("clients?{}", part.here());
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm(&back));
    }
    let action = action(&sheet);
    let asked = json!({ "ids": sheet.lines("ids"), "action": action });
    let said = desk.ask_realm("POST", "/clients/bulk", Some(&asked)).await?;
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    let done = said.body["done"].as_u64().unwrap_or_default();
    if said.body["failed"].as_array().is_none_or(Vec::is_empty) {
        return Ok(desk.go_realm(&format!("{back}&done={done}&action={action}").replace("?&", "?")));
    }
    let page = json!({ "action": action, "done": done, "failed": said.body["failed"], "back": back });
    Ok(desk.page("bulk-done.j2", SECTION, page).await?)
}
