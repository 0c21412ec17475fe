//! How a client came to be, kept beside it (contract 5): who registered it, when, from where, with which token.

use axum::extract::Path;
use serde_json::{Value, json};

use super::{VIEW, describe};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::store::client;
use crate::store::client_registration::{self, Registration};
use crate::store::json::Doc;

/// `GET clients/{id}/registration`.
pub async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let found = client_registration::of_client(db, realm_id, &id).await?;
    if found.is_none() && client::by_id(db, realm_id, &id).await?.is_none() {
        return Err(ApiError::not_found("Could not find client"));
    }
    answer::json_plain(&found.as_ref().map_or_else(by_administrator, shown))
}

/// A client without a record was made by an administrator.
fn by_administrator() -> Doc {
    Doc::from_iter([("source".to_owned(), json!("admin"))])
}

fn shown(known: &Registration) -> Doc {
    let members = [
        ("source", json!(known.source)),
        ("tokenId", json!(known.token_id)),
        ("owner", json!(known.owner)),
        ("ipAddress", json!(known.ip_address)),
        ("time", json!(known.created)),
        ("lastUsed", json!(known.last_used)),
        ("expires", json!(known.expires)),
    ];
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    there.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The clients that registered themselves, the newest first, each with its `registration`.
///
/// # Errors
///
/// Those of the database.
pub async fn newest(admin: &Admin, first: i64, max: i64) -> Result<Vec<Doc>, ApiError> {
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let mut all = Vec::new();
    for known in client_registration::newest(db, realm_id, first, max).await? {
        if let Some(found) = client::by_id(db, realm_id, &known.client_uuid).await? {
            let mut doc = describe(admin, &found)?;
            doc.insert("registration".into(), Value::Object(shown(&known)));
            all.push(doc);
        }
    }
    Ok(all)
}
