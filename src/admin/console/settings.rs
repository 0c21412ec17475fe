//! How a realm lets applications register themselves, on one page: who may, what they get, how many, for how long.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Refused};
use super::shown::{Sheet, Span, UNITS};
use crate::client_registration::approval::USUAL_MEMBERS;
use crate::page::path_part;

const SECTION: &str = "settings";
const PREFIX: &str = "clientRegistration.";

/// What a setting is on the page.
#[derive(Clone, Copy)]
enum Kind {
    /// One of these, the default first.
    Choice(&'static [&'static str]),
    /// Off and on, as the setting has them.
    Switch(&'static str, &'static str),
    /// Client scopes of the realm.
    Scopes,
    /// Names, one per line.
    Lines,
    /// Members of metadata.
    Members,
    /// An expression.
    Rule,
    /// So many, or no limit.
    Count,
    /// How long; nothing: the default, or never.
    Span,
}

/// The sections of the page, and their settings without the prefix.
const PAGE: &[(&str, &[(&str, Kind)])] = &[
    (
        "who",
        &[("access", Kind::Choice(&["optional", "required", "open", "off"]))],
    ),
    (
        "gets",
        &[
            ("scopes.spontaneous", Kind::Switch("deny", "allow")),
            ("scopes.default", Kind::Scopes),
            ("roles", Kind::Lines),
        ],
    ),
    (
        "approval",
        &[
            ("approval", Kind::Choice(&["none", "required", "rule"])),
            ("approval.rule", Kind::Rule),
            ("approval.stages", Kind::Lines),
            ("approval.expires", Kind::Span),
            ("reapproval", Kind::Members),
        ],
    ),
    (
        "quotas",
        &[
            ("quota.token", Kind::Count),
            ("quota.owner", Kind::Count),
            ("quota.address", Kind::Count),
            ("quota.realm", Kind::Count),
        ],
    ),
    (
        "secrets",
        &[("secret.expires", Kind::Span), ("secret.overlap", Kind::Span)],
    ),
    (
        "life",
        &[
            ("unused.expires", Kind::Span),
            ("idle.expires", Kind::Span),
            ("warn.before", Kind::Span),
        ],
    ),
    ("again", &[("duplicate", Kind::Choice(&["new", "same"]))]),
];

/// Members of metadata that may need another yes, besides those that need it unless an administrator says otherwise.
const MORE_MEMBERS: &[&str] = &[
    "client_name",
    "contacts",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "response_types",
    "post_logout_redirect_uris",
    "request_uris",
    "sector_identifier_uri",
];

/// The most roles that are looked up when they are saved.
const ROLES: usize = 20;

fn settings() -> impl Iterator<Item = (&'static str, Kind)> {
    PAGE.iter().flat_map(|(_, settings)| settings.iter().copied())
}

/// Whether it was just saved.
#[derive(Deserialize)]
pub struct Done {
    done: Option<String>,
}

/// `GET settings`.
pub async fn form(desk: Desk, Query(done): Query<Done>) -> Result<Response, Refused> {
    let realm = desk.read("").await?;
    show(&desk, &realm, None, &Map::new(), done.done.is_some()).await
}

async fn show(
    desk: &Desk,
    realm: &Value,
    sent: Option<&Sheet>,
    errors: &Map<String, Value>,
    done: bool,
) -> Result<Response, Refused> {
    let scopes = desk.ask_realm("GET", "/client-scopes", None).await?.body;
    let mut names: Vec<&str> = scopes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|s| s["name"].as_str())
        .collect();
    names.sort_unstable();
    let sections: Vec<Value> = PAGE
        .iter()
        .map(|(section, settings)| {
            let fields = settings.iter().map(|(name, kind)| {
                let kept = realm["attributes"][format!("{PREFIX}{name}")]
                    .as_str()
                    .unwrap_or_default();
                let mut field = field(*kind, name, kept, sent, &names);
                field["name"] = json!(name);
                field["id"] = json!(name.replace('.', "-"));
                field["error"] = errors.get(*name).cloned().unwrap_or_default();
                field
            });
            json!({ "name": section, "fields": fields.collect::<Vec<_>>() })
        })
        .collect();
    let page = json!({ "sections": sections, "units": UNITS, "done": done, "error": errors.get("form"), "wrong": !errors.is_empty() });
    let mut answer = desk.page("settings.j2", SECTION, page).await?;
    if !errors.is_empty() {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(answer)
}

/// A setting as a field, with what is kept, or what was typed.
fn field(kind: Kind, name: &str, kept: &str, sent: Option<&Sheet>, scopes: &[&str]) -> Value {
    let kept_names = || listed(kept);
    match kind {
        Kind::Choice(options) => {
            let value = sent.map_or(kept, |sheet| sheet.text(name));
            let value = options.iter().find(|one| **one == value).unwrap_or(&options[0]);
            json!({ "kind": "choice", "options": options, "value": value })
        }
        Kind::Switch(_, on) => {
            let is_on = sent.map_or(kept == on, |sheet| !sheet.text(name).is_empty());
            json!({ "kind": "switch", "on": is_on })
        }
        Kind::Scopes => choices(scopes, &sent.map_or_else(kept_names, |sheet| sheet.lines(name))),
        Kind::Members => {
            let usual = listed(USUAL_MEMBERS);
            let kept = if kept.is_empty() { usual.clone() } else { kept_names() };
            let all: Vec<&str> = usual.into_iter().chain(MORE_MEMBERS.iter().copied()).collect();
            choices(&all, &sent.map_or(kept, |sheet| sheet.lines(name)))
        }
        Kind::Rule => json!({ "kind": "rule", "value": sent.map_or(kept, |sheet| sheet.text(name)) }),
        Kind::Lines => {
            let value = sent.map_or_else(kept_names, |sheet| sheet.lines(name)).join("\n");
            json!({ "kind": "lines", "value": value })
        }
        Kind::Count => {
            let value = sent.map_or(if kept == "off" { "" } else { kept }, |sheet| sheet.text(name));
            json!({ "kind": "count", "value": value })
        }
        Kind::Span => {
            let unit = format!("{name}.unit");
            let span = match sent {
                Some(sheet) => json!({ "value": sheet.text(name), "unit": sheet.text(&unit) }),
                None => Span::of(kept, has_none(name)).told(),
            };
            json!({ "kind": "span", "value": span["value"], "unit": span["unit"] })
        }
    }
}

/// Boxes to tick; what is chosen and not there any more is one, too.
fn choices(all: &[&str], chosen: &[&str]) -> Value {
    let gone = chosen.iter().filter(|one| !all.contains(one));
    let options = all.iter().chain(gone);
    let options = options.map(|one| json!({ "value": one, "on": chosen.contains(one) }));
    json!({ "kind": "choices", "options": options.collect::<Vec<_>>() })
}

/// Whether 0 means that there is none, so that an empty field says the same.
fn has_none(name: &str) -> bool {
    name.ends_with(".expires") && name != "approval.expires"
}

/// The entries of a comma list.
fn listed(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect()
}

/// `POST settings`: all of them, or none.
pub async fn save(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("settings"));
    }
    let realm = desk.read("").await?;
    let (mut attributes, mut errors) = (Map::new(), Map::new());
    for (name, kind) in settings() {
        match wanted(kind, name, &sheet) {
            Ok(value) => drop(attributes.insert(format!("{PREFIX}{name}"), value)),
            Err(why) => drop(errors.insert(name.to_owned(), json!(why))),
        }
    }
    let kept = realm["attributes"][format!("{PREFIX}roles")]
        .as_str()
        .unwrap_or_default();
    if let Some(role) = unknown_role(&desk, &sheet.lines("roles"), &listed(kept)).await? {
        errors.insert("roles".to_owned(), json!({ "key": "set.roleWrong", "value": role }));
    }
    if errors.is_empty() {
        let said = desk
            .ask_realm("PUT", "", Some(&json!({ "attributes": attributes })))
            .await?;
        if said.status.is_success() {
            return Ok(desk.go_realm("settings?done=1"));
        }
        if said.status != StatusCode::BAD_REQUEST {
            return Ok(desk.refused(&said).await?);
        }
        let (field, why) = beside(&said.reason());
        errors.insert(field, json!(why));
    }
    show(&desk, &realm, Some(&sheet), &errors, false).await
}

/// What the Admin API says, and the field that it is about.
fn beside(reason: &str) -> (String, String) {
    let about = reason.strip_prefix(PREFIX).and_then(|rest| rest.split_once(": "));
    match about.filter(|(name, _)| settings().any(|(known, _)| known == *name)) {
        Some((name, why)) => (name.to_owned(), why.to_owned()),
        None => ("form".to_owned(), reason.to_owned()),
    }
}

/// What a form wants a setting to be; null: what it is by default. Or the key of the text that says what is wrong.
fn wanted(kind: Kind, name: &str, sheet: &Sheet) -> Result<Value, &'static str> {
    let text = sheet.text(name);
    Ok(match kind {
        Kind::Choice(options) => json!(options.iter().find(|one| **one == text).ok_or("set.choiceWrong")?),
        Kind::Switch(off, on) => json!(if text.is_empty() { off } else { on }),
        Kind::Members if sheet.lines(name).is_empty() => return Err("set.membersWrong"),
        Kind::Rule if text.trim().is_empty() => Value::Null,
        Kind::Rule => json!(text.replace("\r\n", "\n")),
        Kind::Scopes | Kind::Lines | Kind::Members => match sheet.lines(name).join(",") {
            all if all.is_empty() => Value::Null,
            all => json!(all),
        },
        Kind::Count if text.is_empty() => Value::Null,
        Kind::Count => json!(text.parse::<u32>().map_err(|_| "set.countWrong")?.to_string()),
        Kind::Span if text.is_empty() => Value::Null,
        Kind::Span => {
            let seconds = Span::seconds(text, sheet.text(&format!("{name}.unit")));
            json!(seconds.ok_or("set.spanWrong")?.to_string())
        }
    })
}

/// The first role that the realm has not; those that are kept already are not looked for.
async fn unknown_role(desk: &Desk, wanted: &[&str], kept: &[&str]) -> Result<Option<String>, Refused> {
    for role in wanted.iter().filter(|role| !kept.contains(role)).take(ROLES) {
        let path = match role.split_once(':') {
            None => format!("/roles/{}", path_part(role)),
            Some((client, role)) => {
                let found = desk
                    .ask_realm("GET", &format!("/clients?clientId={}", path_part(client)), None)
                    .await?;
                let id = found.body[0]["id"].as_str().unwrap_or("none").to_owned();
                format!("/clients/{}/roles/{}", path_part(&id), path_part(role))
            }
        };
        if desk.ask_realm("GET", &path, None).await?.status == StatusCode::NOT_FOUND {
            return Ok(Some((*role).to_owned()));
        }
    }
    Ok(None)
}
