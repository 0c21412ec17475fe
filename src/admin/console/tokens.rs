//! Initial access tokens: made, copied once, looked after, revoked.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::clients::row;
use super::desk::{Desk, Refused};
use super::shown::{Sheet, instant, left};
use crate::page::path_part;

const SECTION: &str = "tokens";
const POLICIES: &str = "/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

/// What a page shows of a token.
fn shown(token: &Value, now: i64) -> Value {
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
    json!({
        "id": token["id"], "name": token["name"], "owner": token["owner"], "count": count, "used": count - remaining,
        "unlimited": count < 0, "created": instant(created), "expires": instant(expires),
        "left": left(expires, now), "state": state, "scopes": token["scopes"], "policies": token["policies"]
    })
}

/// `GET tokens`.
pub async fn list(desk: Desk) -> Result<Response, Refused> {
    let all = desk.read("/clients-initial-access").await?;
    let mut rows: Vec<Value> = all
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| shown(t, desk.now()))
        .collect();
    rows.reverse();
    Ok(desk.page("tokens.j2", SECTION, json!({ "tokens": rows })).await?)
}

/// `GET tokens/new`.
pub async fn form(desk: Desk) -> Result<Response, Refused> {
    filled_in(&desk, None, StatusCode::OK).await
}

/// The form, with what was typed and why it was not taken.
async fn filled_in(desk: &Desk, sent: Option<(&Sheet, String)>, status: StatusCode) -> Result<Response, Refused> {
    // Who manages clients need not see the realm's components; then no policies are offered.
    let components = desk.ask_realm("GET", POLICIES, None).await?.body;
    let chosen = |id: &Value| {
        let id = id.as_str().unwrap_or_default();
        sent.as_ref()
            .is_some_and(|(form, _)| form.lines("policies").contains(&id))
    };
    let policies = components
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| c["subType"] == "token");
    let policies: Vec<Value> = policies
        .map(|c| json!({ "id": c["id"], "name": c["name"], "kind": c["providerId"], "chosen": chosen(&c["id"]) }))
        .collect();
    let typed = |name: &str, otherwise: &str| {
        let found = sent.as_ref().map(|(form, _)| form.text(name).to_owned());
        found.unwrap_or_else(|| otherwise.to_owned())
    };
    let page = json!({
        "policies": policies, "error": sent.as_ref().map(|(_, why)| why),
        "name": typed("name", ""), "owner": typed("owner", ""), "count": typed("count", "1"),
        "unlimited": typed("unlimited", ""), "expires": typed("expires", "2592000"),
        "scopes": sent.as_ref().map(|(form, _)| form.lines("scopes").join("\n")),
        "origins": sent.as_ref().map(|(form, _)| form.lines("origins").join("\n"))
    });
    let mut answer = desk.page("token-new.j2", SECTION, page).await?;
    *answer.status_mut() = status;
    Ok(answer)
}

/// `POST tokens`: the one page that shows the token.
pub async fn create(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("tokens/new"));
    }
    let body = match asked_for(&sheet) {
        Ok(body) => body,
        Err(why) => return filled_in(&desk, Some((&sheet, why.to_owned())), StatusCode::BAD_REQUEST).await,
    };
    let said = desk.ask_realm("POST", "/clients-initial-access", Some(&body)).await?;
    if said.status == StatusCode::FORBIDDEN {
        return Ok(desk.refused(&said).await?);
    }
    if !said.status.is_success() {
        return filled_in(&desk, Some((&sheet, said.reason())), StatusCode::BAD_REQUEST).await;
    }
    let page = json!({ "token": shown(&said.body, desk.now()), "value": said.body["token"] });
    Ok(desk.page("token-made.j2", SECTION, page).await?)
}

/// The token that a form asks for, or the key of the text that says what is wrong.
fn asked_for(sheet: &Sheet) -> Result<Value, &'static str> {
    let count = if sheet.text("unlimited").is_empty() {
        let count = sheet.text("count").parse::<i32>().ok().filter(|n| *n > 0);
        count.ok_or("tokenCountWrong")?
    } else {
        -1
    };
    let expiration = sheet.text("expires").parse::<i64>().ok().filter(|n| *n >= 0);
    let mut body = json!({ "count": count, "expiration": expiration.ok_or("tokenExpiresWrong")? });
    for (member, field) in [("name", "name"), ("owner", "owner")] {
        if !sheet.text(field).is_empty() {
            body[member] = json!(sheet.text(field));
        }
    }
    for (member, field) in [
        ("webOrigins", "origins"),
        ("scopes", "scopes"),
        ("policies", "policies"),
    ] {
        let lines = sheet.lines(field);
        if !lines.is_empty() {
            body[member] = json!(lines);
        }
    }
    Ok(body)
}

/// `GET tokens/{id}`: the token, and what was registered with it.
pub async fn one(desk: Desk, Path(names): Path<HashMap<String, String>>) -> Result<Response, Refused> {
    let path = token_path(&names);
    let token = desk.read(&path).await?;
    let found = desk.read(&format!("{path}/clients?max=200")).await?;
    let mut rows = Vec::new();
    for client in found.as_array().into_iter().flatten() {
        let id = client["id"].as_str().unwrap_or_default();
        let how = desk
            .ask_realm("GET", &format!("/clients/{id}/registration"), None)
            .await?;
        rows.push(row(client, &how.body));
    }
    let components = if token["policies"].is_array() {
        desk.ask_realm("GET", POLICIES, None).await?.body
    } else {
        Value::Null
    };
    let named = components.as_array().into_iter().flatten();
    let wanted = token["policies"].as_array();
    let policies: Vec<&Value> = named
        .filter(|c| wanted.is_some_and(|ids| ids.contains(&c["id"])))
        .map(|c| &c["name"])
        .collect();
    let page = json!({ "token": shown(&token, desk.now()), "clients": rows, "policies": policies });
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
