//! What is told of the registration of an application.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::auth::Admin;
use super::super::clients::registration;
use super::super::error::ApiError;
use crate::client_registration::approval::facts;
use crate::store::approval::{self as rows, Approval};
use crate::store::client::{self, Client, Standing};
use crate::store::client_registration::Registration;
use crate::store::json::Doc;

/// The names of users by id.
type Names = HashMap<String, String>;

/// Registrations with the metadata of their clients, as they are or would become.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn all(admin: &Admin, found: &[Registration]) -> Result<Vec<Doc>, ApiError> {
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let ids: Vec<String> = found.iter().map(|known| known.client_uuid.clone()).collect();
    let waits = rows::of(db, realm_id, &ids).await?;
    let mut named: Vec<String> = waits.iter().flat_map(people).collect();
    named.sort();
    named.dedup();
    let names: Names = rows::names(db, &named).await?.into_iter().collect();
    let waits: HashMap<&str, &Approval> = waits.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut shown = Vec::new();
    for known in found {
        if let Some(client) = client::by_id(db, realm_id, &known.client_uuid).await? {
            let row = waits.get(client.id.as_str()).copied();
            shown.push(one(admin, known, &client, row, &names));
        }
    }
    Ok(shown)
}

/// The ids of those who decided on something, or wrote a note.
fn people(row: &Approval) -> Vec<String> {
    let decided = row.decisions.iter().map(|decision| decision.by.clone());
    decided.chain(row.notes.iter().map(|note| note.by.clone())).collect()
}

fn one(admin: &Admin, known: &Registration, client: &Client, row: Option<&Approval>, names: &Names) -> Doc {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(client.id));
    doc.insert("status".into(), json!(status(client, row)));
    doc.insert("clientId".into(), json!(client.client_id));
    doc.insert("enabled".into(), json!(client.enabled()));
    let mut rest = registration::shown(&admin.realm, known, admin.app.now());
    rest.shift_remove("time");
    let end = rest.shift_remove("expires");
    doc.extend(rest);
    doc.insert("createdTimestamp".into(), json!(known.created));
    let waiting = row.and_then(Approval::waiting);
    let end = match row.filter(|_| waiting.is_some()) {
        Some(row) => Some(json!(row.expires)),
        None => end.filter(|_| client.standing == Standing::Live),
    };
    for (name, value) in [
        ("decidedTimestamp", row.and_then(|row| row.decided).map(|at| json!(at))),
        ("expiresTimestamp", end),
        ("stage", waiting.map(|stage| json!(stage))),
        (
            "reason",
            row.and_then(|row| row.reason.as_ref()).map(|text| json!(text)),
        ),
        ("ask", row.filter(|_| waiting.is_some()).map(|row| json!(row.ask))),
    ] {
        if let Some(value) = value {
            doc.insert(name.into(), value);
        }
    }
    if let Some(row) = row {
        doc.insert("decisions".into(), decisions(row, names));
        doc.insert("notes".into(), notes(row, names));
    }
    let facts = facts(&admin.realm, client, row);
    doc.insert("metadata".into(), json!(facts.metadata));
    if let Some(previous) = facts.previous {
        doc.insert("previous".into(), json!(previous));
    }
    doc
}

fn status(client: &Client, row: Option<&Approval>) -> &'static str {
    match client.standing {
        Standing::Pending => "approval",
        Standing::Refused => "refused",
        Standing::Live if row.is_some_and(|row| row.waiting().is_some()) => "approval",
        Standing::Live => "done",
    }
}

/// Who it was; the id of somebody who is not there any more.
fn name<'a>(names: &'a Names, id: &'a str) -> &'a str {
    names.get(id).map_or(id, String::as_str)
}

fn decisions(row: &Approval, names: &Names) -> Value {
    let all = row.decisions.iter().map(|one| {
        let mut shown = json!({
            "stage": one.stage, "by": name(names, &one.by), "action": one.action, "time": one.time
        });
        if let Some(reason) = &one.reason {
            shown["reason"] = json!(reason);
        }
        shown
    });
    all.collect()
}

fn notes(row: &Approval, names: &Names) -> Value {
    let all = row.notes.iter();
    all.map(|one| json!({ "by": name(names, &one.by), "text": one.text, "time": one.time }))
        .collect()
}
