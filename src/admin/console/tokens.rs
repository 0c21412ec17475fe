//! Initial access tokens: made, copied once, looked after, revoked.

use std::collections::HashMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::clients::row;
use super::desk::{Desk, Refused};
use super::policies::POLICIES;
use super::shown::{Sheet, instant, left};
use crate::page::path_part;

pub(super) const SECTION: &str = "tokens";

/// What a page shows of a token.
pub(super) fn shown(token: &Value, now: i64) -> Value {
    let number = |name: &str| token[name].as_i64().unwrap_or_default();
    let created = number("timestamp") * 1000;
    let expires = if number("expiration") == 0 {
        0
    } else {
        created + number("expiration") * 1000
    };
    let (count, remaining) = (number("count"), number("remainingCount"));
    let state = if expires != 0 && expires <= now {
        "expired"
    } else if count >= 0 && remaining == 0 {
        "used-up"
    } else {
        "open"
    };
    let defaults = token["defaults"].as_object().filter(|all| !all.is_empty());
    let members: Option<Vec<&String>> = defaults.map(|all| all.keys().collect());
    json!({
        "id": token["id"], "name": token["name"], "owner": token["owner"], "count": count, "used": count - remaining,
        "unlimited": count < 0, "created": instant(created), "expires": instant(expires),
        "left": left(expires, now), "state": state, "scopes": token["scopes"],
        "origins": token["webOrigins"], "defaults": members,
        "defaultsText": defaults.map(|all| serde_json::to_string_pretty(all).unwrap_or_default())
    })
}

/// `GET tokens`.
pub async fn list(desk: Desk) -> Result<Response, Refused> {
    let all = desk.read("/clients-initial-access?briefRepresentation=false").await?;
    let mut rows: Vec<Value> = all
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| shown(t, desk.now()))
        .collect();
    rows.reverse();
    Ok(desk.page("tokens.j2", SECTION, json!({ "tokens": rows })).await?)
}

/// How many of its applications a token's page shows; the others are in the list of all.
const SHOWN: usize = 25;

/// `GET tokens/{id}`: the token, and what was registered with it, the newest first.
pub async fn one(desk: Desk, Path(names): Path<HashMap<String, String>>) -> Result<Response, Refused> {
    let token = desk.read(&token_path(&names)).await?;
    let id = path_part(token["id"].as_str().unwrap_or_default());
    let found = desk.read(&format!("/clients?tokenId={id}&max={}", SHOWN + 1)).await?;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Value> = found
        .iter()
        .take(SHOWN)
        .map(|client| row(client, &client["registration"]))
        .collect();
    let components = if token["policies"].is_array() {
        desk.ask_realm("GET", POLICIES, None).await?.body
    } else {
        Value::Null
    };
    let named = components.as_array().into_iter().flatten();
    let wanted = token["policies"].as_array();
    let policies: Vec<Value> = named
        .filter(|c| wanted.is_some_and(|ids| ids.contains(&c["id"])))
        .map(|c| json!({ "id": c["id"], "name": c["name"], "kind": c["providerId"] }))
        .collect();
    let page = json!({
        "token": shown(&token, desk.now()), "clients": rows, "more": found.len() > SHOWN, "policies": policies
    });
    Ok(desk.page("token.j2", SECTION, page).await?)
}

fn token_path(names: &HashMap<String, String>) -> String {
    let id = names.get("id").map(String::as_str).unwrap_or_default();
    format!("/clients-initial-access/{}", path_part(id))
}

/// `POST tokens/{id}/revoke`.
pub async fn revoke(desk: Desk, Path(names): Path<HashMap<String, String>>, sheet: Sheet) -> Result<Response, Refused> {
    if desk.is_own(&sheet) {
        let said = desk.ask_realm("DELETE", &token_path(&names), None).await?;
        if !said.status.is_success() {
            return Ok(desk.refused(&said).await?);
        }
    }
    Ok(desk.go_realm("tokens").into_response())
}
