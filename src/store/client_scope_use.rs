//! Clients name the client scopes that they have: what happens to them when a scope is renamed or removed.

use serde_json::Value;

use super::client::{self, Client};
use super::db::{Query, Row, Tx};
use super::json::Doc;
use crate::error::Error;

/// Clients that are changed at a time, so that memory stays bounded.
const BATCH: i64 = 500;

/// Renames a scope in all clients of a realm that have it.
///
/// # Errors
///
/// Those of the database.
pub async fn rename(tx: &mut Tx, realm_id: &str, from: &str, to: &str) -> Result<(), Error> {
    change(tx, realm_id, from, |names| {
        for name in names.iter_mut().filter(|n| *n == from) {
            *name = Value::from(to);
        }
    })
    .await
}

/// Takes a scope from all clients of a realm that have it.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, name: &str) -> Result<(), Error> {
    change(tx, realm_id, name, |names| names.retain(|n| n != name)).await
}

async fn change(tx: &mut Tx, realm_id: &str, name: &str, edit: impl Fn(&mut Vec<Value>)) -> Result<(), Error> {
    let like = format!("%{}%", super::user::escape_like(&Value::from(name).to_string()));
    let mut after = String::new();
    loop {
        let sql = "select id, client_id from client where realm_id = $1 and client_id > $2 and doc like $3 escape '\\'
             order by client_id limit $4";
        let rows = (&mut *tx).all(sql, &[&realm_id, &after, &like, &BATCH]).await?;
        let pair = |mut r: Row| Ok((r.next()?, r.next()?));
        let found: Vec<(String, String)> = rows.into_iter().map(pair).collect::<Result<_, Error>>()?;
        let Some((_, last)) = found.last().cloned() else {
            return Ok(());
        };
        after = last;
        for (id, _) in found {
            if let Some(mut found) = client::read(&mut *tx, realm_id, &id).await?
                && edit_lists(&mut found, &edit)
            {
                client::update(tx, &found).await?;
            }
        }
    }
}

/// Edits both lists of a client; says whether that changed anything.
fn edit_lists(client: &mut Client, edit: &impl Fn(&mut Vec<Value>)) -> bool {
    let before: Doc = client.doc.clone();
    for member in ["defaultClientScopes", "optionalClientScopes"] {
        if let Some(Value::Array(names)) = client.doc.get_mut(member) {
            edit(names);
        }
    }
    client.doc != before
}
