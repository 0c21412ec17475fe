//! A new initial access token, on one page: how many applications, for how long, and what they must be like.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Refused};
use super::inside::Said;
use super::policies::POLICIES;
use super::shown::Sheet;
use super::spot;
use super::tokens::{SECTION, shown};

/// What is wrong, by field: the key of a text, or a text.
type Faults = Map<String, Value>;

/// `GET tokens/new`.
pub async fn form(desk: Desk) -> Result<Response, Refused> {
    filled_in(&desk, None, Faults::new()).await
}

/// The form, with what was typed and why it was not taken.
async fn filled_in(desk: &Desk, sent: Option<&Sheet>, faults: Faults) -> Result<Response, Refused> {
    // Who manages clients need not see the realm's components; then no policies are offered.
    let said = desk.ask_realm("GET", POLICIES, None).await?;
    let chosen =
        |id: &Value| sent.is_some_and(|form| form.lines("policies").contains(&id.as_str().unwrap_or_default()));
    let all = said.body.as_array().into_iter().flatten();
    let policies: Vec<Value> = all
        .filter(|c| c["subType"] == "token")
        .map(|c| json!({ "id": c["id"], "name": c["name"], "kind": c["providerId"], "chosen": chosen(&c["id"]) }))
        .collect();
    let typed =
        |name: &str, otherwise: &str| sent.map_or_else(|| otherwise.to_owned(), |form| form.text(name).to_owned());
    let lines = |name: &str| sent.map_or_else(String::new, |form| form.lines(name).join("\n"));
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    let page = json!({
        "policies": policies, "spot": said.status.is_success(), "errors": faults,
        "name": typed("name", ""), "owner": typed("owner", ""), "count": typed("count", "1"),
        "unlimited": typed("unlimited", ""), "expires": typed("expires", "2592000"), "public": typed("public", ""),
        "redirects": lines("redirects"), "scopes": lines("scopes"), "origins": lines("origins"),
        "defaults": typed("defaults", "")
    });
    let mut answer = desk.page("token-new.j2", SECTION, page).await?;
    *answer.status_mut() = status;
    Ok(answer)
}

/// `POST tokens`: the one page that shows the token. Its own policies are made first, and taken away if it is not made.
pub async fn create(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("tokens/new"));
    }
    let (mut body, policies) = match asked_for(&sheet) {
        Ok(asked) => asked,
        Err(faults) => return filled_in(&desk, Some(&sheet), faults).await,
    };
    if !desk.is_first(&sheet, "token").await? {
        return Ok(desk.go_realm("tokens"));
    }
    let made = match spot::make(&desk, &policies).await? {
        Ok(made) => made,
        Err(said) => return refused(&desk, &sheet, &said, "redirects").await,
    };
    if !made.is_empty() {
        let chosen = sheet.lines("policies").into_iter().map(str::to_owned);
        body["policies"] = json!(chosen.chain(made.iter().cloned()).collect::<Vec<_>>());
    }
    let said = desk.ask_realm("POST", "/clients-initial-access", Some(&body)).await?;
    if said.status.is_success() {
        let page = json!({ "token": shown(&said.body, desk.now()), "value": said.body["token"] });
        return Ok(desk.page("token-made.j2", SECTION, page).await?);
    }
    spot::undo(&desk, &made).await?;
    refused(&desk, &sheet, &said, "form").await
}

/// Why nothing was made, beside the field that it is about.
async fn refused(desk: &Desk, sheet: &Sheet, said: &Said, otherwise: &str) -> Result<Response, Refused> {
    if said.status == StatusCode::FORBIDDEN {
        return Ok(desk.refused(said).await?);
    }
    let error = said.body["error"].as_str().unwrap_or_default();
    let field = match error.strip_prefix("Invalid value for ").unwrap_or(otherwise) {
        "webOrigins" => "origins",
        "expiration" => "expires",
        field => field,
    };
    let mut faults = Faults::new();
    faults.insert(field.to_owned(), json!(said.reason()));
    filled_in(desk, Some(sheet), faults).await
}

/// The token that a form asks for, and the policies to make for it; or all that is wrong.
fn asked_for(sheet: &Sheet) -> Result<(Value, Vec<Value>), Faults> {
    let mut faults = Faults::new();
    let mut wrong = |field: &str, why: &str| faults.insert(field.to_owned(), json!(why));
    let mut body = json!({});
    if sheet.text("unlimited").is_empty() {
        match sheet.text("count").parse::<i32>().ok().filter(|n| *n > 0) {
            Some(count) => body["count"] = json!(count),
            None => drop(wrong("count", "tokenCountWrong")),
        }
    } else {
        body["count"] = json!(-1);
    }
    match sheet.text("expires").parse::<i32>().ok().filter(|n| *n >= 0) {
        Some(seconds) => body["expiration"] = json!(seconds),
        None => drop(wrong("expires", "tokenExpiresWrong")),
    }
    for member in ["name", "owner"] {
        if !sheet.text(member).is_empty() {
            body[member] = json!(sheet.text(member));
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
    if sheet.lines("origins").iter().any(|origin| !is_origin(origin)) {
        wrong("origins", "tokenOriginsWrong");
    }
    match serde_json::from_str::<Value>(sheet.text("defaults")) {
        _ if sheet.text("defaults").is_empty() => {}
        Ok(Value::Object(defaults)) => body["defaults"] = Value::Object(defaults),
        Ok(_) => drop(wrong("defaults", "tokenDefaultsNoObject")),
        Err(e) => drop(wrong("defaults", &format!("JSON: {e}"))),
    }
    let policies = spot::wanted(sheet).unwrap_or_else(|why| {
        wrong("redirects", why);
        Vec::new()
    });
    if faults.is_empty() {
        Ok((body, policies))
    } else {
        Err(faults)
    }
}

/// Scheme and authority, or `*`.
fn is_origin(text: &str) -> bool {
    let url = url::Url::parse(text);
    text == "*"
        || url.is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text.trim_end_matches('/')
        })
}
