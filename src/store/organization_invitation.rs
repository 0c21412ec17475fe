//! Invitations into organizations that were mailed and not yet taken up.

use super::clause::Clause;
use super::db::{Db, Query, Row, Tx};
use super::user::escape_like;
use crate::error::Error;

/// An invitation. Its link is good while the row is there.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: String,
    pub organization_id: String,
    /// In lower case.
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// The user who is invited, if they are one.
    pub user_id: Option<String>,
    /// Epoch milliseconds.
    pub sent: i64,
    pub expires: i64,
}

const COLUMNS: &str = "id, organization_id, email, first_name, last_name, account_id, sent, expires";

fn invitation(mut r: Row) -> Result<Invitation, Error> {
    Ok(Invitation {
        id: r.next()?,
        organization_id: r.next()?,
        email: r.next()?,
        first_name: r.next()?,
        last_name: r.next()?,
        user_id: r.next()?,
        sent: r.next()?,
        expires: r.next()?,
    })
}

/// The invitation with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, organization_id: &str, id: &str) -> Result<Option<Invitation>, Error> {
    let sql = format!("select {COLUMNS} from organization_invitation where organization_id = $1 and id = $2");
    let row = q.first(&sql, &[&organization_id, &id]).await?;
    row.map(invitation).transpose()
}

/// The invitation of an address.
///
/// # Errors
///
/// Those of the database.
pub async fn by_email(q: impl Query, organization_id: &str, email: &str) -> Result<Option<Invitation>, Error> {
    let sql = format!("select {COLUMNS} from organization_invitation where organization_id = $1 and email = $2");
    let row = q.first(&sql, &[&organization_id, &email]).await?;
    row.map(invitation).transpose()
}

/// Adds an invitation, unless its address has one: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, i: &Invitation) -> Result<bool, Error> {
    let sql = format!(
        "insert into organization_invitation ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing"
    );
    let added = tx
        .exec(
            &sql,
            &[
                &i.id,
                &i.organization_id,
                &i.email,
                &i.first_name,
                &i.last_name,
                &i.user_id,
                &i.sent,
                &i.expires,
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Removes an invitation: its link is void from now on. `false` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, organization_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "delete from organization_invitation where organization_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&organization_id, &id]).await? > 0)
}

/// Which invitations are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of address or names.
    pub text: Option<String>,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// Only those that are over, or only those that are not.
    pub expired: Option<bool>,
}

/// A page of an organization's invitations, the latest first.
///
/// # Errors
///
/// Those of the database.
pub async fn page(
    db: &Db,
    organization_id: &str,
    search: &Search,
    now: i64,
    first: i64,
    max: i64,
) -> Result<Vec<Invitation>, Error> {
    let mut made = Clause::of_owner("organization_id", organization_id);
    if let Some(text) = search.text.as_deref().filter(|t| !t.is_empty()) {
        let like = made.bind(format!("%{}%", escape_like(&text.to_lowercase())));
        made.require(format!(
            "(email like {like} escape '\\' or lower(first_name) like {like} escape '\\'
                or lower(last_name) like {like} escape '\\')"
        ));
    }
    made.equal("email", search.email.as_deref().map(str::to_lowercase).as_deref());
    made.equal(
        "lower(first_name)",
        search.first_name.as_deref().map(str::to_lowercase).as_deref(),
    );
    made.equal(
        "lower(last_name)",
        search.last_name.as_deref().map(str::to_lowercase).as_deref(),
    );
    if let Some(expired) = search.expired {
        let now = made.bind(now);
        made.require(format!("expires {} {now}", if expired { "<=" } else { ">" }));
    }
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from organization_invitation where {} order by sent desc, id desc limit {limit} offset {offset}",
        made.text()
    );
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(invitation).collect()
}
