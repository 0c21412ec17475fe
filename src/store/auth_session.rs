//! Tabs of browsers in which somebody is signing in.

use super::db::{Query, Tx};
use crate::error::Error;

/// A tab: `root_id` is the browser's (its cookie), `tab_id` this tab's (in its addresses). `doc` is the flow's, as JSON.
#[derive(Debug, Clone)]
pub struct Tab {
    pub root_id: String,
    pub tab_id: String,
    pub realm_id: String,
    pub client_uuid: String,
    pub doc: String,
    /// Epoch milliseconds.
    pub created: i64,
    pub expires: i64,
}

/// Keeps a tab as it is now.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, t: &Tab) -> Result<(), Error> {
    tx.exec(
        "insert into auth_session (tab_id, root_id, realm_id, client_uuid, doc, created, expires)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (root_id, tab_id) do update set doc = excluded.doc, expires = excluded.expires",
        &[
            &t.tab_id,
            &t.root_id,
            &t.realm_id,
            &t.client_uuid,
            &t.doc,
            &t.created,
            &t.expires,
        ],
    )
    .await?;
    Ok(())
}

/// A tab that has not expired.
///
/// # Errors
///
/// Those of the database.
pub async fn find(q: impl Query, realm_id: &str, root_id: &str, tab_id: &str, now: i64) -> Result<Option<Tab>, Error> {
    let sql = "select client_uuid, doc, created, expires from auth_session
               where root_id = $1 and tab_id = $2 and realm_id = $3 and expires > $4";
    let Some(mut r) = q.first(sql, &[&root_id, &tab_id, &realm_id, &now]).await? else {
        return Ok(None);
    };
    Ok(Some(Tab {
        root_id: root_id.to_owned(),
        tab_id: tab_id.to_owned(),
        realm_id: realm_id.to_owned(),
        client_uuid: r.next()?,
        doc: r.next()?,
        created: r.next()?,
        expires: r.next()?,
    }))
}

/// How many tabs of a browser are signing in.
///
/// # Errors
///
/// Those of the database.
pub async fn tabs(q: impl Query, realm_id: &str, root_id: &str, now: i64) -> Result<i64, Error> {
    let sql = "select count(*) from auth_session where root_id = $1 and realm_id = $2 and expires > $3";
    q.count(sql, &[&root_id, &realm_id, &now]).await
}

/// Ends one tab. `false` if it was gone: whoever gets `true` is the one to act on it.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, root_id: &str, tab_id: &str) -> Result<bool, Error> {
    let sql = "delete from auth_session where root_id = $1 and tab_id = $2";
    Ok(tx.exec(sql, &[&root_id, &tab_id]).await? > 0)
}

/// Ends all tabs of a browser.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_root(tx: &mut Tx, root_id: &str) -> Result<u64, Error> {
    tx.exec("delete from auth_session where root_id = $1", &[&root_id])
        .await
}
