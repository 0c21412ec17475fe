//! Which way through the users is the shorter one.
//!
//! A page is sorted by user name. Where few users are looked for, they are found by index and then sorted; where they are many, the
//! users are read in the order of their names until the page is full, which then is soon. A planner that does not know how many will
//! be found cannot choose, so they are counted before, up to [`FEW`].

use super::clause::Clause;
use super::db::{Db, Row};
use super::user::COLUMNS;
use crate::error::Error;

/// As many as are quickly sorted.
const FEW: i64 = 3_000;

/// A piece of SQL with a `?` for each of its texts.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub sql: String,
    pub texts: Vec<String>,
}

impl Part {
    pub fn new<const N: usize>(sql: impl Into<String>, texts: [&str; N]) -> Self {
        Self {
            sql: sql.into(),
            texts: texts.map(str::to_owned).into(),
        }
    }

    fn within(&self, clause: &mut Clause) -> String {
        let mut pieces = self.sql.split('?');
        let mut sql = pieces.next().unwrap_or_default().to_owned();
        for (text, piece) in self.texts.iter().zip(pieces) {
            sql += &clause.bind(text.clone());
            sql += piece;
        }
        sql
    }
}

/// What users must fulfil so as to be found.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// Queries by index, each of the ids of some who do, together of all; none if no index helps.
    pub ids: Vec<Part>,
    /// The same of a row of `account`.
    pub holds: Part,
}

impl Condition {
    /// To be among the accounts that another table names: `table` with a `where` clause, and its texts.
    pub fn among<const N: usize>(table: &str, texts: [&str; N]) -> Self {
        Self {
            ids: vec![Part::new(format!("select account_id from {table}"), texts)],
            holds: Part::new(format!("exists (select 1 from {table} and account_id = id)"), texts),
        }
    }
}

/// A page of the users of a realm who fulfil all conditions, by user name: rows of [`COLUMNS`]. `others`: conditions that no index
/// helps with.
pub(super) async fn page(
    db: &Db,
    realm_id: &str,
    conditions: &[Condition],
    others: impl FnOnce(&mut Clause),
    first: i64,
    max: i64,
) -> Result<Vec<Row>, Error> {
    let mut fewest = None;
    for (at, condition) in conditions.iter().enumerate() {
        let count = count_few(db, condition).await?;
        if count <= FEW && fewest.is_none_or(|(known, _)| count < known) {
            fewest = Some((count, at));
        }
    }
    let mut made = Clause::of_realm(realm_id);
    let (with, from) = found(&mut made, conditions, fewest.map(|(_, at)| at));
    others(&mut made);
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "{with} select {COLUMNS} from {from} where {} order by username limit {limit} offset {offset}",
        made.text()
    );
    db.list(&sql, &made.params()).await
}

/// How many users of a realm fulfil all conditions.
pub(super) async fn count(
    db: &Db,
    realm_id: &str,
    conditions: &[Condition],
    others: impl FnOnce(&mut Clause),
) -> Result<i64, Error> {
    let mut made = Clause::of_realm(realm_id);
    let (with, from) = found(&mut made, conditions, conditions.iter().position(|c| !c.ids.is_empty()));
    others(&mut made);
    let sql = format!("{with} select count(*) from {from} where {}", made.text());
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().next().map_or(Ok(0), |mut r| r.next())
}

/// Adds the conditions to the clause, and gives what stands before them. `beginning`: the one whose ids are found first.
fn found(made: &mut Clause, conditions: &[Condition], beginning: Option<usize>) -> (String, &'static str) {
    for (at, condition) in conditions.iter().enumerate() {
        if beginning != Some(at) {
            let holds = condition.holds.within(made);
            made.require(holds);
        }
    }
    let Some(at) = beginning else {
        return (String::new(), "account");
    };
    made.require("id = found_id");
    let ids: Vec<String> = conditions[at].ids.iter().map(|part| part.within(made)).collect();
    let with = format!("with found (found_id) as materialized ({})", ids.join(" union "));
    // SQLite keeps the order of a cross join.
    (with, "found cross join account")
}

/// How many ids there are, up to [`FEW`] and one more; more than that where no index helps.
async fn count_few(db: &Db, condition: &Condition) -> Result<i64, Error> {
    let mut all = if condition.ids.is_empty() { FEW + 1 } else { 0 };
    for part in &condition.ids {
        if all <= FEW {
            let mut made = Clause::default();
            let ids = part.within(&mut made);
            let most = made.bind(FEW + 1);
            let sql = format!("select count(*) from ({ids} limit {most}) as counted");
            let rows = db.list(&sql, &made.params()).await?;
            all += rows.into_iter().next().map_or(Ok(0), |mut r| r.next::<i64>())?;
        }
    }
    Ok(all)
}
