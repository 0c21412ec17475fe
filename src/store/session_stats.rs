//! How many sessions applications have.

use super::db::Db;
use crate::error::Error;

/// The sessions of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfClient {
    pub client_uuid: String,
    pub client_id: String,
    pub active: i64,
    pub offline: i64,
}

/// The applications of a realm that have sessions, by `client_id`.
///
/// # Errors
///
/// Those of the database.
pub async fn by_client(db: &Db, realm_id: &str, now: i64) -> Result<Vec<OfClient>, Error> {
    let sql = "select c.id, c.client_id,
                   cast(sum(case when s.offline then 0 else 1 end) as bigint),
                   cast(sum(case when s.offline then 1 else 0 end) as bigint)
               from user_session s
               join client_session p on p.session_id = s.id and p.offline = s.offline
               join client c on c.id = p.client_uuid
               where s.realm_id = $1 and s.expires > $2
               group by c.id, c.client_id order by c.client_id";
    let rows = db.list(sql, &[&realm_id, &now]).await?;
    rows.into_iter()
        .map(|mut r| {
            Ok(OfClient {
                client_uuid: r.next()?,
                client_id: r.next()?,
                active: r.next()?,
                offline: r.next()?,
            })
        })
        .collect()
}
