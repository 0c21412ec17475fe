//! How a client came to be and when it was used; and what is done to many clients at once (contract 5).

use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::{Found, latest, manageable};
use crate::client_registration::cimd;
use crate::client_registration::life::Rule;
use crate::service_account;
use crate::store::client;
use crate::store::client_registration::{self, Registration};
use crate::store::json::{self as documents, Doc};
use crate::store::realm::Realm;

/// The most clients in one call.
const MOST: usize = 1000;

/// What is told of a registration, with the `policies` and `scopes` that the token bound it to; what is not set is left out.
pub fn shown(realm: &Realm, known: &Registration, now: i64) -> Doc {
    let mut doc = Doc::new();
    doc.insert("source".into(), json!(known.source));
    for (name, value) in [
        ("tokenId", &known.token_id),
        ("owner", &known.owner),
        ("ipAddress", &known.ip_address),
    ] {
        if let Some(value) = value {
            doc.insert(name.into(), json!(value));
        }
    }
    doc.insert("time".into(), json!(known.created));
    let end = Rule::of(realm).and_then(|rule| rule.end(known, now));
    for (name, value) in [("lastUsed", known.last_used), ("expires", end)] {
        if let Some(value) = value {
            doc.insert(name.into(), json!(value));
        }
    }
    doc.extend(known.terms.clone());
    doc
}

/// `GET .../clients/{id}/registration`. A client that came otherwise is an administrator's.
pub(super) async fn read(found: Found) -> Answer {
    let (admin, client) = (&found.admin, &found.client);
    let known = client_registration::of_client(&admin.app.db, &admin.realm.id, &client.id).await?;
    match known {
        Some(known) => answer::json(&shown(&admin.realm, &known, admin.app.now())),
        None => answer::json(&json!({ "source": "admin", "time": client.created })),
    }
}

/// `POST .../clients/bulk`: each by itself; what cannot be done is told.
pub(super) async fn bulk(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let given = body.object("ClientBulkAction")?;
    let action = match documents::text(&given, "action") {
        Some("disable") => Operation::Update,
        Some("delete") => Operation::Delete,
        _ => return Err(ApiError::bad("action must be disable or delete")),
    };
    let ids = documents::texts(&given, "ids");
    if ids.len() > MOST {
        return Err(ApiError::bad(&format!("ids may name {MOST} clients at most")));
    }
    let (mut done, mut failed) = (0, Vec::new());
    for id in ids {
        match one(&admin, id, action).await {
            Ok(()) => done += 1,
            Err(ApiError::Refused(_, told)) => {
                let text = told.get("error").or_else(|| told.get("errorMessage")).cloned();
                failed.push(json!({ "id": id, "errorMessage": text.unwrap_or(Value::Null) }));
            }
            Err(failure) => return Err(failure),
        }
    }
    answer::json(&json!({ "done": done, "failed": failed }))
}

async fn one(admin: &Admin, id: &str, action: Operation) -> Result<(), ApiError> {
    let mut tx = admin.app.db.begin().await?;
    let mut client = latest(&mut tx, admin, id).await?;
    if !manageable(admin, &client) || client.attribute("realm_client") == Some("true") {
        return Err(ApiError::bad("The realm itself needs this client"));
    }
    let told = json!({ "id": client.id, "clientId": client.client_id });
    if action == Operation::Delete {
        service_account::remove(&mut tx, &admin.realm, &client.id).await?;
        client::remove(&mut tx, &admin.realm.id, &client.id).await?;
        cimd::deleted(&mut tx, &admin.realm, &client).await?;
    } else {
        client.doc.insert("enabled".into(), json!(false));
        client::update(&mut tx, &client).await?;
    }
    let path = format!("clients/{}", answer::segment(id));
    record(&mut tx, admin, action, "CLIENT", &path, Some(&told)).await?;
    tx.commit().await?;
    Ok(())
}
