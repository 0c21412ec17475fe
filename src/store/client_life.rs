//! When registered clients were used, and which of them nobody needs any more.

use super::cache::client_topic;
use super::clause::Clause;
use super::client_registration::{COLUMNS, Registration, registration};
use super::db::{Db, Query, Tx};
use crate::error::Error;

/// What a list of registrations is narrowed to.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// What the `client_id` or the name contains, in any case.
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
    /// Only these clients, by id; empty: all.
    pub ids: Vec<String>,
    /// How far they are; none: whatever.
    pub status: Option<Status>,
}

/// How far a registration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It waits for somebody's decision, or a change of it does; of these stages, or of all.
    Approval(Option<Vec<String>>),
    Refused,
    /// It is in force, and nothing waits.
    Done,
}

impl Status {
    fn require(&self, clause: &mut Clause) {
        let some = |state: &str| format!("client_uuid in (select id from approval where realm_id = $1 and {state})");
        let (pending, refused) = ("state = 'pending'", "state = 'refused' and not is_change");
        match self {
            Self::Approval(None) => clause.require(some(pending)),
            Self::Approval(Some(stages)) => {
                let places: Vec<String> = stages.iter().map(|stage| clause.bind(stage.clone())).collect();
                // Of no stage: nothing.
                let among = if places.is_empty() {
                    "''".to_owned()
                } else {
                    places.join(", ")
                };
                clause.require(some(&format!("{pending} and waiting in ({among})")));
            }
            Self::Refused => clause.require(some(refused)),
            Self::Done => {
                let others = format!("({pending} or ({refused}))");
                clause.require(some(&others).replacen("client_uuid in", "client_uuid not in", 1));
            }
        }
    }
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
    clause.one_of("client_uuid", &filter.ids);
    if let Some(status) = &filter.status {
        status.require(&mut clause);
    }
    let mut named = Vec::new();
    if let Some(id) = filter.client_id {
        let id = clause.bind(id.to_owned());
        named.push(format!("c.client_id = {id}"));
    }
    if let Some(text) = filter.search.filter(|text| !text.is_empty()) {
        let like = clause.bind(format!("%{}%", super::user::escape_like(&text.to_lowercase())));
        named.push(format!(
            "(lower(c.client_id) like {like} escape '\\' or c.name_key like {like} escape '\\')"
        ));
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

/// A client comes into force: from now on it is to be used.
///
/// # Errors
///
/// Those of the database.
pub async fn begin(tx: &mut Tx, client_uuid: &str, now: i64) -> Result<(), Error> {
    let sql = "update client_registration set active = $2 where client_uuid = $1";
    tx.exec(sql, &[&client_uuid, &now]).await?;
    Ok(())
}

/// How many there are.
/// # Errors
///
/// Those of the database.
pub async fn count(q: impl Query, realm_id: &str, filter: &Filter<'_>) -> Result<i64, Error> {
    let clause = clause(realm_id, filter);
    let sql = format!("select count(*) from client_registration where {}", clause.text());
    q.count(&sql, &clause.params()).await
}

/// How many there are, of whom no more than `most` are looked at.
///
/// # Errors
///
/// Those of the database.
pub async fn count_to(q: impl Query, realm_id: &str, filter: &Filter<'_>, most: i64) -> Result<i64, Error> {
    let mut clause = clause(realm_id, filter);
    let limit = clause.bind(most);
    let sql = format!(
        "select count(*) from (select 1 from client_registration where {} limit {limit}) as found",
        clause.text()
    );
    q.count(&sql, &clause.params()).await
}

/// Writes that clients were used, by id, in epoch milliseconds. It may be lost with the power.
///
/// # Errors
///
/// Those of the database.
pub async fn used(db: &Db, uses: &[(String, i64)]) -> Result<(), Error> {
    for some in uses.chunks(500) {
        let mut tx = db.begin().await?;
        for (client, at) in some {
            tx.exec(USE, &[client, at]).await?;
        }
        tx.commit_lazily().await?;
    }
    Ok(())
}

const USE: &str = "update client_registration set last_used = $2, active = $2, warned = null
    where client_uuid = $1 and (last_used is null or last_used < $2)";

/// The same for one client, which every node must know of soon.
///
/// # Errors
///
/// Those of the database.
pub async fn used_now(db: &Db, client_uuid: &str, at: i64) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.exec(USE, &[&client_uuid, &at]).await?;
    tx.touch(client_topic(client_uuid));
    tx.commit().await
}

/// Instants before which something must have been, by whether a client was ever used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For those that were never used.
    pub unused: i64,
    /// For those that were.
    pub idle: i64,
}

/// Which clients have expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Quiet since before then; `i64::MIN`: none is.
    pub quiet: Limits,
    /// And warned by then; `i64::MAX`: none needs to be.
    pub warned: Limits,
    /// Or warned no more than so many milliseconds after it was used last: that was in time.
    pub in_time: Limits,
}

/// Whoever waits for approval is not forgotten: others are, also those of whom only a change waits. They are in force,
/// and end when it was told (`client_registration::life`).
const FORGOTTEN: &str = "realm_id = $1 and active < $2 and source <> 'admin'
    and ((last_used is null and active < $3) or (last_used is not null and active < $4))
    and not exists (select 1 from approval a where a.id = client_uuid and a.state = 'pending' and not a.is_change)";

/// Whoever was not warned counts as warned at the end of time.
const WARNED: &str = "((last_used is null and (coalesce(warned, 9223372036854775807) <= $5 or warned - active <= $7))
    or (last_used is not null and (coalesce(warned, 9223372036854775807) <= $6 or warned - active <= $8)))";

/// The clients of a realm that have expired, those first that were quiet for longest; those that administrators made never
/// do.
///
/// # Errors
///
/// Those of the database.
pub async fn expired(q: impl Query, realm_id: &str, expired: Expired, max: i64) -> Result<Vec<String>, Error> {
    let Expired { quiet, warned, in_time } = expired;
    let latest = quiet.unused.max(quiet.idle);
    let sql =
        format!("select client_uuid from client_registration where {FORGOTTEN} and {WARNED} order by active limit $9");
    let params: [&dyn super::db::Param; 9] = [
        &realm_id,
        &latest,
        &quiet.unused,
        &quiet.idle,
        &warned.unused,
        &warned.idle,
        &in_time.unused,
        &in_time.idle,
        &max,
    ];
    let rows = q.all(&sql, &params).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// Whether a client has expired still: it may have been used since it was found.
///
/// # Errors
///
/// Those of the database.
pub async fn has_expired(q: impl Query, realm_id: &str, client_uuid: &str, expired: Expired) -> Result<bool, Error> {
    let Expired { quiet, warned, in_time } = expired;
    let latest = quiet.unused.max(quiet.idle);
    let sql = format!("select count(*) from client_registration where client_uuid = $9 and {FORGOTTEN} and {WARNED}");
    let params: [&dyn super::db::Param; 9] = [
        &realm_id,
        &latest,
        &quiet.unused,
        &quiet.idle,
        &warned.unused,
        &warned.idle,
        &in_time.unused,
        &in_time.idle,
        &client_uuid,
    ];
    Ok(q.count(&sql, &params).await? > 0)
}

/// Whether there are clients whose people are to be warned now: most often there are none, and nothing is written.
///
/// # Errors
///
/// Those of the database.
pub async fn is_any_to_warn(q: impl Query, realm_id: &str, limits: Limits) -> Result<bool, Error> {
    let latest = limits.unused.max(limits.idle);
    let sql = format!(
        "select count(*) from (
             select 1 from client_registration where warned is null and {FORGOTTEN} limit 1) as found"
    );
    let params: [&dyn super::db::Param; 4] = [&realm_id, &latest, &limits.unused, &limits.idle];
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
    let ids: Vec<String> = rows.into_iter().map(|mut r| r.next()).collect::<Result<_, _>>()?;
    for id in &ids {
        tx.touch(client_topic(id));
    }
    Ok(ids)
}
