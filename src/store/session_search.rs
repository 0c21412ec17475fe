//! Sessions of a whole realm, looked for.

use super::clause::Clause;
use super::db::Db;
use super::session::{self, COLUMNS, UserSession};
use super::user::{escape_like, normal};
use crate::error::Error;

/// Which sessions are looked for; everything that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Only offline ones, or only others.
    pub offline: Option<bool>,
    /// Only those that an application (its id) takes part in.
    pub client_uuid: Option<String>,
    /// Part of the user's name.
    pub username: Option<String>,
    /// Only those that last longer than this, epoch milliseconds.
    pub after: i64,
}

/// A page of a realm's sessions, the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, search: &Search, first: i64, max: i64) -> Result<Vec<UserSession>, Error> {
    let mut made = Clause::of_realm(realm_id);
    let after = made.bind(search.after);
    made.require(format!("expires > {after}"));
    if let Some(offline) = search.offline {
        let offline = made.bind(offline);
        made.require(format!("offline = {offline}"));
    }
    if let Some(client) = &search.client_uuid {
        let client = made.bind(client.clone());
        made.require(format!(
            "exists (select 1 from client_session c where c.session_id = user_session.id
                     and c.offline = user_session.offline and c.client_uuid = {client})"
        ));
    }
    if let Some(name) = search.username.as_deref().filter(|n| !n.is_empty()) {
        let like = made.bind(format!("%{}%", escape_like(&normal(name))));
        made.require(format!(
            "account_id in (select id from account where realm_id = $1 and username like {like} escape '\\')"
        ));
    }
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from user_session where {} order by started desc, id, offline limit {limit} offset {offset}",
        made.text()
    );
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(session::session).collect()
}
