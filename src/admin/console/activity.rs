//! What happened: applications that registered or were refused, people who registered, and what administrators changed.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Refused};
use super::shown::{Sheet, instant};

const SECTION: &str = "activity";
const MOST: usize = 60;

/// What applications did that register themselves.
pub const OF_APPLICATIONS: &str = "/events?max=60&type=CLIENT_REGISTER&type=CLIENT_REGISTER_ERROR&type=CLIENT_UPDATE\
    &type=CLIENT_UPDATE_ERROR&type=CLIENT_DELETE&type=CLIENT_DELETE_ERROR&type=CLIENT_INFO_ERROR\
    &type=CLIENT_REGISTRATION_PENDING&type=CLIENT_REGISTRATION_APPROVED&type=CLIENT_REGISTRATION_REFUSED&type=CLIENT_EXPIRED";
const OF_PEOPLE: &str = "/events?max=60&type=REGISTER&type=REGISTER_ERROR&type=VERIFY_EMAIL&type=VERIFY_EMAIL_ERROR";
const OF_ADMINISTRATORS: &str = "/admin-events?max=60&resourceTypes=CLIENT_INITIAL_ACCESS_MODEL&resourceTypes=COMPONENT&resourceTypes=CLIENT\
    &resourceTypes=REGISTRATION";

/// What a page shows of an event.
pub fn event(event: &Value) -> Value {
    let details = &event["details"];
    let kind = event["type"].as_str().unwrap_or_default();
    json!({
        "time": event["time"], "at": instant(event["time"].as_i64().unwrap_or_default()),
        "kind": kind.trim_end_matches("_ERROR"), "refused": kind.ends_with("_ERROR"), "error": event["error"],
        "client": event["clientId"], "who": details["username"], "address": event["ipAddress"],
        "policy": details["policy"], "field": details["field"], "value": details["value"],
        "reason": details["reason"], "token": details["token"]
    })
}

fn admin_event(event: &Value) -> Value {
    json!({
        "time": event["time"], "at": instant(event["time"].as_i64().unwrap_or_default()),
        "kind": event["operationType"], "resource": event["resourceType"], "path": event["resourcePath"],
        "refused": event["error"].is_string(), "error": event["error"], "address": event["authDetails"]["ipAddress"]
    })
}

/// Whose doings are looked at.
#[derive(Deserialize)]
pub struct Whose {
    of: Option<String>,
}

/// `GET activity`: the newest first.
pub async fn list(desk: Desk, Query(whose): Query<Whose>) -> Result<Response, Refused> {
    let (of, path) = match whose.of.as_deref() {
        Some("people") => ("people", OF_PEOPLE),
        Some("administrators") => ("administrators", OF_ADMINISTRATORS),
        _ => ("applications", OF_APPLICATIONS),
    };
    let found = desk.read(path).await?;
    let config = desk.ask_realm("GET", "/events/config", None).await?;
    let kept = if of == "administrators" {
        "adminEventsEnabled"
    } else {
        "eventsEnabled"
    };
    let show = if of == "administrators" { admin_event } else { event };
    let events: Vec<Value> = found.as_array().into_iter().flatten().take(MOST).map(show).collect();
    let page = json!({ "of": of, "events": events, "off": config.body[kept] == false, "switch": kept });
    Ok(desk.page("activity.j2", SECTION, page).await?)
}

/// `POST activity/keep`: events are kept from now on.
pub async fn keep(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    let switch = match sheet.text("switch") {
        "adminEventsEnabled" => "adminEventsEnabled",
        _ => "eventsEnabled",
    };
    if desk.is_own(&sheet) {
        let said = desk
            .ask_realm("PUT", "/events/config", Some(&json!({ switch: true })))
            .await?;
        if !said.status.is_success() {
            return Ok(desk.refused(&said).await?);
        }
    }
    let of = if switch == "adminEventsEnabled" {
        "administrators"
    } else {
        "applications"
    };
    Ok(desk.go_realm(&format!("activity?of={of}")))
}
