//! The applications that registered themselves: which, when, from where, with whose token.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::activity;
use super::desk::{Desk, Refused};
use super::shown::instant;
use crate::page::path_part;

const SECTION: &str = "clients";
const PAGE: usize = 25;

/// What lists show of a client, with how it came to be.
pub fn row(client: &Value, how: &Value) -> Value {
    let time = |name: &str| instant(how[name].as_i64().unwrap_or_default());
    json!({
        "id": client["id"], "clientId": client["clientId"], "name": client["name"], "enabled": client["enabled"],
        "public": client["publicClient"], "redirectUris": client["redirectUris"],
        "source": how["source"], "tokenId": how["tokenId"], "owner": how["owner"], "address": how["ipAddress"],
        "registered": time("time"), "used": time("lastUsed"), "expires": time("expires")
    })
}

/// Which part of the list is looked at.
#[derive(Deserialize)]
pub struct Part {
    first: Option<usize>,
}

/// `GET clients`: the newest first.
pub async fn list(desk: Desk, Query(part): Query<Part>) -> Result<Response, Refused> {
    let first = part.first.unwrap_or_default();
    let max = PAGE + 1;
    let found = desk
        .read(&format!("/clients?registered=true&first={first}&max={max}"))
        .await?;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let tokens = desk.read("/clients-initial-access").await?;
    let rows: Vec<Value> = found
        .iter()
        .take(PAGE)
        .map(|client| {
            let mut row = row(client, &client["registration"]);
            let token = tokens
                .as_array()
                .into_iter()
                .flatten()
                .find(|t| t["id"] == row["tokenId"]);
            row["token"] = token.map_or(Value::Null, |t| t["name"].clone());
            row["tokenThere"] = json!(token.is_some());
            row
        })
        .collect();
    let page = json!({
        "clients": rows, "first": first,
        "newer": (first > 0).then(|| first.saturating_sub(PAGE)),
        "older": (found.len() > PAGE).then_some(first + PAGE)
    });
    Ok(desk.page("clients.j2", SECTION, page).await?)
}

/// `GET clients/{id}`.
pub async fn one(desk: Desk, Path(names): Path<HashMap<String, String>>) -> Result<Response, Refused> {
    let id = path_part(names.get("id").map(String::as_str).unwrap_or_default());
    let client = desk.read(&format!("/clients/{id}")).await?;
    let how = desk.read(&format!("/clients/{id}/registration")).await?;
    let mut row = row(&client, &how);
    if let Some(token) = how["tokenId"].as_str() {
        let path = format!("/clients-initial-access/{}", path_part(token));
        let said = desk.ask_realm("GET", &path, None).await?;
        row["tokenThere"] = json!(said.status.is_success());
        row["token"] = said.body["name"].clone();
    }
    row["method"] = client["clientAuthenticatorType"].clone();
    row["scopes"] = client["defaultClientScopes"].clone();
    row["optionalScopes"] = client["optionalClientScopes"].clone();
    row["grants"] = json!(grants(&client));
    let name = path_part(client["clientId"].as_str().unwrap_or_default());
    let events = desk
        .ask_realm("GET", &format!("{}&client={name}", activity::OF_APPLICATIONS), None)
        .await?;
    let events: Vec<Value> = events
        .body
        .as_array()
        .into_iter()
        .flatten()
        .map(activity::event)
        .collect();
    Ok(desk
        .page("client.j2", SECTION, json!({ "client": row, "events": events }))
        .await?)
}

/// The grant types that a client may use.
fn grants(client: &Value) -> Vec<&'static str> {
    let switches = [
        ("standardFlowEnabled", "authorization_code"),
        ("implicitFlowEnabled", "implicit"),
        ("directAccessGrantsEnabled", "password"),
        ("serviceAccountsEnabled", "client_credentials"),
    ];
    let on = switches.into_iter().filter(|(name, _)| client[*name] == true);
    on.map(|(_, grant)| grant).collect()
}
