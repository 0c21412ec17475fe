//! Initial access tokens: who may register applications, how often, until when.

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// A token as it is kept; the token itself is not, it can be made from `id` only when it is given out.
#[derive(Debug, Clone)]
pub struct InitialAccess {
    pub id: String,
    pub realm_id: String,
    /// Epoch milliseconds.
    pub created: i64,
    /// Epoch milliseconds, or 0 for never.
    pub expires: i64,
    /// How many applications it was given for; -1 for any number.
    pub uses: i64,
    /// How many are left; -1 for any number.
    pub remaining: i64,
    /// What else was said: `webOrigins`, `name`, `owner`, ...
    pub doc: Doc,
}

impl InitialAccess {
    /// Seconds from its making to its end, or 0 for never: Keycloak's `expiration`.
    pub fn expiration(&self) -> i64 {
        if self.expires == 0 {
            0
        } else {
            (self.expires - self.created) / 1000
        }
    }
}

/// What came of using one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// One use less is left, if they are counted.
    Yes,
    /// None was left.
    UsedUp,
    /// It is past its time.
    Expired,
    /// There is no such token, or no longer.
    Gone,
}

const COLUMNS: &str = "id, realm_id, created, expires, uses, remaining, doc";

fn initial_access(mut r: Row) -> Result<InitialAccess, Error> {
    Ok(InitialAccess {
        id: r.next()?,
        realm_id: r.next()?,
        created: r.next()?,
        expires: r.next()?,
        uses: r.next()?,
        remaining: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// Adds a token.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, new: &InitialAccess) -> Result<(), Error> {
    let doc = serde_json::to_string(&new.doc)?;
    let sql = format!("insert into initial_access ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)");
    tx.exec(
        &sql,
        &[
            &new.id,
            &new.realm_id,
            &new.created,
            &new.expires,
            &new.uses,
            &new.remaining,
            &doc,
        ],
    )
    .await?;
    Ok(())
}

/// All tokens of a realm that have not expired, oldest first; used-up ones too.
///
/// # Errors
///
/// Those of the database.
pub async fn list(q: impl Query, realm_id: &str, now: i64) -> Result<Vec<InitialAccess>, Error> {
    let sql = format!(
        "select {COLUMNS} from initial_access where realm_id = $1 and (expires = 0 or expires > $2) order by created, id"
    );
    let rows = q.all(&sql, &[&realm_id, &now]).await?;
    rows.into_iter().map(initial_access).collect()
}

/// The token with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<InitialAccess>, Error> {
    let sql = format!("select {COLUMNS} from initial_access where realm_id = $1 and id = $2");
    q.first(&sql, &[&realm_id, &id]).await?.map(initial_access).transpose()
}

/// Removes a token: it is dead at once. `false` if it was not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "delete from initial_access where realm_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&realm_id, &id]).await? > 0)
}

/// Uses a token once, in the transaction of what it is used for (rule R4). Exact whoever else uses it at the same moment.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(tx: &mut Tx, realm_id: &str, id: &str, now: i64) -> Result<Spent, Error> {
    let sql = "update initial_access set remaining = case when remaining > 0 then remaining - 1 else remaining end
               where realm_id = $1 and id = $2 and remaining <> 0 and (expires = 0 or expires > $3)";
    if tx.exec(sql, &[&realm_id, &id, &now]).await? > 0 {
        return Ok(Spent::Yes);
    }
    Ok(match by_id(&mut *tx, realm_id, id).await? {
        None => Spent::Gone,
        Some(known) if known.expires != 0 && known.expires <= now => Spent::Expired,
        Some(_) => Spent::UsedUp,
    })
}
