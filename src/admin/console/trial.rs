//! "Try it": what the policies would say to a registration, without registering anything.

use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Refused};
use super::shown::Sheet;

/// The section that the pages of policies are in.
const SECTION: &str = "policies";

/// What is tried where nothing was typed.
const EXAMPLE: &str =
    "{\n  \"client_name\": \"My application\",\n  \"redirect_uris\": [\"https://app.example.org/callback\"]\n}";

/// The box, as it is before anything was tried.
pub async fn blank(desk: &Desk) -> Result<Value, Refused> {
    filled(desk, "anonymous", EXAMPLE).await
}

/// The box with what was typed: `by` is a kind of registration, or the id of a token.
async fn filled(desk: &Desk, by: &str, metadata: &str) -> Result<Value, Refused> {
    let tokens = desk.ask_realm("GET", "/clients-initial-access", None).await?.body;
    let tokens: Vec<Value> = tokens
        .as_array()
        .into_iter()
        .flatten()
        .map(|token| json!({ "id": token["id"], "name": token["name"] }))
        .collect();
    Ok(json!({ "by": by, "metadata": metadata, "tokens": tokens }))
}

/// `POST policies/try`.
pub async fn run(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("policies"));
    }
    let (by, typed) = (sheet.text("by"), sheet.text("metadata"));
    let form = filled(&desk, by, typed).await?;
    let metadata = match serde_json::from_str::<Value>(typed) {
        Ok(metadata) if metadata.is_object() => metadata,
        Ok(_) => return shown(&desk, form, json!({ "error": "trialNotAnObject" })).await,
        Err(wrong) => {
            let why = json!({ "error": "trialNotJson", "line": wrong.line(), "column": wrong.column() });
            return shown(&desk, form, why).await;
        }
    };
    let mut body = json!({ "metadata": metadata });
    match by {
        "anonymous" | "authenticated" => body["subType"] = json!(by),
        token => body["tokenId"] = json!(token),
    }
    let said = desk
        .ask_realm("POST", "/client-registration-policy/evaluate", Some(&body))
        .await?;
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    let client = &said.body["client"];
    let pretty = serde_json::to_string_pretty(client).unwrap_or_default();
    let refusals: Vec<Value> = said.body["refusals"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let mut one = one.clone();
            if !one["value"].is_string() && !one["value"].is_null() {
                one["value"] = json!(one["value"].to_string());
            }
            one
        })
        .collect();
    let result = json!({
        "allowed": said.body["allowed"], "refusals": refusals, "client": client.is_object().then_some(pretty)
    });
    shown(&desk, form, result).await
}

async fn shown(desk: &Desk, form: Value, result: Value) -> Result<Response, Refused> {
    let page = json!({ "trial": form, "result": result });
    Ok(desk.page("trial.j2", SECTION, page).await?)
}
