//! When registered clients were used, and which of them nobody needs any more.

use super::clause::Clause;
use super::client_registration::{COLUMNS, Registration, registration};
use super::db::{Db, Query, Tx};
use crate::error::Error;

/// What a list of registrations is narrowed to.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// What the `client_id` contains, in any case.
    pub search: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub source: Option<&'a str>,
    pub token_id: Option<&'a str>,
    pub owner: Option<&'a str>,
    pub ip_address: Option<&'a str>,
    /// Epoch milliseconds, inclusive.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Nobody has used it since this instant.
    pub quiet_since: Option<i64>,
    /// Only those that no administrator made.
    pub registered: bool,
}

fn clause(realm_id: &str, filter: &Filter<'_>) -> Clause {
    let mut clause = Clause::of_realm(realm_id);
    for (column, value) in [
        ("source", filter.source),
        ("token_id", filter.token_id),
        ("owner", filter.owner),
        ("ip_address", filter.ip_address),
    ] {
        clause.equal(column, value);
    }
    clause.between("created", filter.from, filter.to);
    clause.between("active", None, filter.quiet_since);
    if filter.registered {
        clause.require("source <> 'admin'");
    }
    let mut named = Vec::new();
    if let Some(id) = filter.client_id {
        let id = clause.bind(id.to_owned());
        named.push(format!("c.client_id = {id}"));
    }
    if let Some(text) = filter.search.filter(|text| !text.is_empty()) {
        let like = clause.bind(format!("%{}%", super::user::escape_like(&text.to_lowercase())));
        named.push(format!("lower(c.client_id) like {like} escape '\\'"));
    }
    if !named.is_empty() {
        let named = named.join(" and ");
        clause.require(format!(
            "client_uuid in (select c.id from client c where c.realm_id = $1 and {named})"
        ));
    }
    clause
}

/// A page of registrations, newest first; of those that are quiet, the quietest first.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    db: &Db,
    realm_id: &str,
    filter: &Filter<'_>,
    first: i64,
    max: i64,
) -> Result<Vec<Registration>, Error> {
    let mut clause = clause(realm_id, filter);
    let (limit, offset) = (clause.bind(max), clause.bind(first));
    let order = if filter.quiet_since.is_some() {
        "active, client_uuid"
    } else {
        "created desc, client_uuid desc"
    };
    let sql = format!(
        "select {COLUMNS} from client_registration where {} order by {order} limit {limit} offset {offset}",
        clause.text()
    );
    let rows = db.list(&sql, &clause.params()).await?;
    rows.into_iter().map(registration).collect()
}

/// How many there are.
///
/// # Errors
///
/// Those of the database.
pub async fn count(q: impl Query, realm_id: &str, filter: &Filter<'_>) -> Result<i64, Error> {
    let clause = clause(realm_id, filter);
    let sql = format!("select count(*) from client_registration where {}", clause.text());
    q.count(&sql, &clause.params()).await
}

/// Writes that clients were used, by id, in epoch milliseconds. It may be lost with the power.
///
/// # Errors
///
/// Those of the database.
pub async fn used(db: &Db, uses: &[(String, i64)]) -> Result<(), Error> {
    let sql = "update client_registration set last_used = $2, active = $2, warned = null
               where client_uuid = $1 and (last_used is null or last_used < $2)";
    for some in uses.chunks(500) {
        let mut tx = db.begin().await?;
        for (client, at) in some {
            tx.exec(sql, &[client, at]).await?;
        }
        tx.commit_lazily().await?;
    }
    Ok(())
}

/// Instants before which clients count as forgotten; `i64::MIN`: none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Registered before it, and never used.
    pub unused: i64,
    /// Last used before it.
    pub idle: i64,
}

const FORGOTTEN: &str = "realm_id = $1 and active < $2 and source <> 'admin'
    and ((last_used is null and active < $3) or (last_used is not null and active < $4))";

/// The clients of a realm that are forgotten, the longest first; those that administrators made are none.
///
/// # Errors
///
/// Those of the database.
pub async fn forgotten(q: impl Query, realm_id: &str, limits: Limits, max: i64) -> Result<Vec<String>, Error> {
    let latest = limits.unused.max(limits.idle);
    let sql = format!("select client_uuid from client_registration where {FORGOTTEN} order by active limit $5");
    let rows = q
        .all(&sql, &[&realm_id, &latest, &limits.unused, &limits.idle, &max])
        .await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// Whether a client is forgotten still: it may have been used since it was found.
///
/// # Errors
///
/// Those of the database.
pub async fn is_forgotten(q: impl Query, realm_id: &str, client_uuid: &str, limits: Limits) -> Result<bool, Error> {
    let latest = limits.unused.max(limits.idle);
    let sql = format!("select count(*) from client_registration where client_uuid = $5 and {FORGOTTEN}");
    let params: [&dyn super::db::Param; 5] = [&realm_id, &latest, &limits.unused, &limits.idle, &client_uuid];
    Ok(q.count(&sql, &params).await? > 0)
}

/// Marks clients whose people are warned now, and gives their ids.
///
/// # Errors
///
/// Those of the database.
pub async fn warn(tx: &mut Tx, realm_id: &str, limits: Limits, now: i64, max: i64) -> Result<Vec<String>, Error> {
    let latest = limits.unused.max(limits.idle);
    let sql = format!(
        "update client_registration set warned = $5 where warned is null and client_uuid in (
             select client_uuid from client_registration where warned is null and {FORGOTTEN} order by active limit $6)
         returning client_uuid"
    );
    let params: [&dyn super::db::Param; 6] = [&realm_id, &latest, &limits.unused, &limits.idle, &now, &max];
    let rows = tx.all(&sql, &params).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}
