//! One application: what it is, how it came, what binds it; and what is done to it.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::activity;
use super::clients::{SECTION, row};
use super::desk::{Desk, Refused};
use super::policies::POLICIES;
use super::shown::{Sheet, instant};
use crate::page::path_part;

/// What was just done.
#[derive(Deserialize)]
pub struct Done {
    done: Option<String>,
}

fn path(names: &HashMap<String, String>) -> String {
    let id = names.get("id").map(String::as_str).unwrap_or_default();
    format!("clients/{}", path_part(id))
}

/// `GET clients/{id}`.
pub async fn one(
    desk: Desk,
    Path(names): Path<HashMap<String, String>>,
    Query(done): Query<Done>,
) -> Result<Response, Refused> {
    let path = path(&names);
    let client = desk.read(&format!("/{path}")).await?;
    let how = desk.read(&format!("/{path}/registration")).await?;
    let mut row = row(&client, &how);
    if let Some(token) = how["tokenId"].as_str() {
        let path = format!("/clients-initial-access/{}", path_part(token));
        let said = desk.ask_realm("GET", &path, None).await?;
        row["tokenThere"] = json!(said.status.is_success());
        row["token"] = said.body["name"].clone();
    }
    for (name, member) in [
        ("method", "clientAuthenticatorType"),
        ("scopes", "defaultClientScopes"),
        ("optionalScopes", "optionalClientScopes"),
        ("description", "description"),
    ] {
        row[name] = client[member].clone();
    }
    let end = client["attributes"]["client.secret.expiration.time"].as_str();
    row["secretEnd"] = instant(end.and_then(|at| at.parse::<i64>().ok()).unwrap_or_default() * 1000);
    row["grants"] = json!(grants(&client));
    row["bound"] = how["scopes"].clone();
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
    let page = json!({
        "client": row, "events": events, "policies": policies(&desk, &how).await?, "done": done.done,
        "manageable": client["access"]["configure"] == true
    });
    Ok(desk.page("client.j2", SECTION, page).await?)
}

/// The policies that a client is under, where the reader may see them.
async fn policies(desk: &Desk, how: &Value) -> Result<Vec<Value>, Refused> {
    let whose = match how["source"].as_str() {
        Some("anonymous") => "anonymous",
        Some("token" | "user") => "authenticated",
        _ => return Ok(Vec::new()),
    };
    let components = desk.ask_realm("GET", POLICIES, None).await?.body;
    let named = |id: &Value| how["policies"].as_array().is_some_and(|ids| ids.contains(id));
    let all = components.as_array().into_iter().flatten();
    let binding = all.filter(|c| c["subType"] == whose || named(&c["id"]));
    Ok(binding
        .map(|c| json!({ "id": c["id"], "name": c["name"], "kind": c["providerId"], "whose": c["subType"] }))
        .collect())
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
    let device = client["attributes"]["oauth2.device.authorization.grant.enabled"] == "true";
    on.map(|(_, grant)| grant)
        .chain(device.then_some("urn:ietf:params:oauth:grant-type:device_code"))
        .collect()
}

/// `POST clients/{id}/{act}`.
pub async fn act(desk: Desk, Path(names): Path<HashMap<String, String>>, sheet: Sheet) -> Result<Response, Refused> {
    let path = path(&names);
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm(&path));
    }
    let switch = |on: bool| Some(json!({ "enabled": on }));
    let (method, below, body) = match names.get("act").map(String::as_str) {
        Some("enable") => ("PUT", "", switch(true)),
        Some("disable") => ("PUT", "", switch(false)),
        Some("delete") => ("DELETE", "", None),
        Some("secret") => ("POST", "/client-secret", None),
        Some("registration-token") => ("POST", "/registration-access-token", None),
        _ => return Ok(desk.go_realm(&path)),
    };
    // What shows a secret makes one: once.
    if method == "POST" && !desk.is_first(&sheet, below).await? {
        return Ok(desk.go_realm(&path));
    }
    let said = desk
        .ask_realm(method, &format!("/{path}{below}"), body.as_ref())
        .await?;
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    let (what, value) = match below {
        "/client-secret" => ("secret", &said.body["value"]),
        "/registration-access-token" => ("registration-token", &said.body["registrationAccessToken"]),
        _ if method == "DELETE" => return Ok(desk.go_realm("clients?done=1&action=delete")),
        _ if body == switch(true) => return Ok(desk.go_realm(&format!("{path}?done=enable"))),
        _ => return Ok(desk.go_realm(&format!("{path}?done=disable"))),
    };
    let page = json!({ "what": what, "value": value, "back": path });
    Ok(desk.page("once.j2", SECTION, page).await?)
}
