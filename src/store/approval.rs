//! What waits for somebody's decision, or waited, with those decisions. Before a row is changed, lock whose it is
//! ([`super::client_registration::lock`] for a client): all that is done to one then happens one after the other.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Approved,
    Refused,
}

impl State {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }

    /// What is not understood is refused.
    pub fn parse(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "approved" => Self::Approved,
            _ => Self::Refused,
        }
    }
}

/// Somebody's decision at one stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    pub stage: String,
    /// The id of the user; their name is looked up where it is shown, so that nothing of theirs stays when they go.
    pub by: String,
    /// `approve` or `refuse`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Epoch milliseconds.
    pub time: i64,
}

/// What those who decide tell each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Note {
    /// The id of the user.
    pub by: String,
    pub text: String,
    /// Epoch milliseconds.
    pub time: i64,
}

/// What was asked for, and what became of it.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Whose it is: the client's id.
    pub id: String,
    pub realm_id: String,
    /// Of what: `client`.
    pub kind: String,
    /// Something that is in force is to change; else something is to begin.
    pub is_change: bool,
    pub state: State,
    /// Names exactly what is asked for: another one when it is asked for anew.
    pub ask: String,
    /// Who decides, in order.
    pub stages: Vec<String>,
    /// Which of them is next, from 0.
    pub stage: usize,
    /// The change.
    pub asked: Doc,
    /// Why it was refused, for whoever asked.
    pub reason: Option<String>,
    pub decisions: Vec<Decision>,
    pub notes: Vec<Note>,
    /// Epoch milliseconds, all three.
    pub created: i64,
    pub decided: Option<i64>,
    pub expires: i64,
    /// When those who decide were written to last, and are to be again; both in epoch milliseconds.
    pub told: i64,
    pub due: Option<i64>,
    /// Where the links of those mails begin.
    pub base: Option<String>,
}

impl Approval {
    /// The stage that is to decide; none once it is decided.
    pub fn waiting(&self) -> Option<&str> {
        let pending = self.state == State::Pending;
        self.stages.get(self.stage).map(String::as_str).filter(|_| pending)
    }
}

const COLUMNS: &str =
    "id, realm_id, kind, is_change, state, ask, stages, stage, asked, reason, decisions, notes, created,
    decided, expires, told, due, base";

fn approval(mut r: Row) -> Result<Approval, Error> {
    Ok(Approval {
        id: r.next()?,
        realm_id: r.next()?,
        kind: r.next()?,
        is_change: r.next()?,
        state: State::parse(&r.next::<String>()?),
        ask: r.next()?,
        stages: serde_json::from_str(&r.next::<String>()?)?,
        stage: usize::try_from(r.next::<i64>()?).unwrap_or_default(),
        asked: json::parse(&r.next::<String>()?)?,
        reason: r.next()?,
        decisions: serde_json::from_str(&r.next::<String>()?)?,
        notes: serde_json::from_str(&r.next::<String>()?)?,
        created: r.next()?,
        decided: r.next()?,
        expires: r.next()?,
        told: r.next()?,
        due: r.next()?,
        base: r.next()?,
    })
}

/// Keeps it as it is now.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, a: &Approval) -> Result<(), Error> {
    let [stages, decisions, notes] = [
        serde_json::to_string(&a.stages)?,
        serde_json::to_string(&a.decisions)?,
        serde_json::to_string(&a.notes)?,
    ];
    let (asked, stage) = (
        serde_json::to_string(&a.asked)?,
        i64::try_from(a.stage).unwrap_or_default(),
    );
    let sql = format!(
        "insert into approval ({COLUMNS}, waiting)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         on conflict (id) do update set is_change = $4, state = $5, ask = $6, stages = $7, stage = $8, asked = $9,
             reason = $10, decisions = $11, notes = $12, created = $13, decided = $14, expires = $15, told = $16, due = $17,
             base = $18, waiting = $19"
    );
    tx.exec(
        &sql,
        &[
            &a.id,
            &a.realm_id,
            &a.kind,
            &a.is_change,
            &a.state.as_str(),
            &a.ask,
            &stages,
            &stage,
            &asked,
            &a.reason,
            &decisions,
            &notes,
            &a.created,
            &a.decided,
            &a.expires,
            &a.told,
            &a.due,
            &a.base,
            &a.waiting().unwrap_or_default(),
        ],
    )
    .await?;
    Ok(())
}

/// What was asked for somebody or something; none: nobody was ever asked.
///
/// # Errors
///
/// Those of the database.
pub async fn read(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Approval>, Error> {
    let sql = format!("select {COLUMNS} from approval where realm_id = $1 and id = $2");
    q.first(&sql, &[&realm_id, &id]).await?.map(approval).transpose()
}

/// The same for several at once.
///
/// # Errors
///
/// Those of the database.
pub async fn of(db: &Db, realm_id: &str, ids: &[String]) -> Result<Vec<Approval>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut clause = Clause::of_realm(realm_id);
    clause.one_of("id", ids);
    let sql = format!("select {COLUMNS} from approval where {}", clause.text());
    db.list(&sql, &clause.params())
        .await?
        .into_iter()
        .map(approval)
        .collect()
}

/// The stages for which something waits in a realm: few, whatever waits.
///
/// # Errors
///
/// Those of the database.
pub async fn waiting(q: impl Query, realm_id: &str, kind: &str) -> Result<Vec<String>, Error> {
    let sql = "select distinct waiting from approval where realm_id = $1 and state = 'pending' and kind = $2";
    let rows = q.all(sql, &[&realm_id, &kind]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// What is over: what nobody decided in time, and registrations that were refused before an instant. `realm_id` and id of each.
///
/// # Errors
///
/// Those of the database.
pub async fn over(q: impl Query, now: i64, refused_before: i64, max: i64) -> Result<Vec<(String, String)>, Error> {
    let sql = "select realm_id, id from approval where state = 'pending' and expires <= $1
               union all
               select realm_id, id from approval where state = 'refused' and decided <= $2 and not is_change
               limit $3";
    let rows = q.all(sql, &[&now, &refused_before, &max]).await?;
    rows.into_iter().map(|mut r| Ok((r.next()?, r.next()?))).collect()
}

/// What those who decide are to be written to about by an instant: `realm_id` and id of each, the longest due first.
///
/// # Errors
///
/// Those of the database.
pub async fn due(q: impl Query, now: i64, max: i64) -> Result<Vec<(String, String)>, Error> {
    let sql = "select realm_id, id from approval where due is not null and due <= $1 order by due limit $2";
    let rows = q.all(sql, &[&now, &max]).await?;
    rows.into_iter().map(|mut r| Ok((r.next()?, r.next()?))).collect()
}

/// Puts off to an instant what is due now. Nothing else of the row is changed, so nobody needs to lock it before.
///
/// # Errors
///
/// Those of the database.
pub async fn put_off(tx: &mut Tx, realm_id: &str, id: &str, now: i64, until: i64) -> Result<(), Error> {
    let sql = "update approval set due = $4 where realm_id = $1 and id = $2 and due <= $3";
    tx.exec(sql, &[&realm_id, &id, &now, &until]).await?;
    Ok(())
}

/// Forgets it.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<(), Error> {
    tx.exec(
        "delete from approval where realm_id = $1 and id = $2",
        &[&realm_id, &id],
    )
    .await?;
    Ok(())
}

/// The user names of those who decided or wrote, of whatever realm; who is gone is not among them. Each with their id.
///
/// # Errors
///
/// Those of the database.
pub async fn names(db: &Db, ids: &[String]) -> Result<Vec<(String, String)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut clause = Clause::default();
    clause.one_of("id", ids);
    let sql = format!("select id, username from account where {}", clause.text());
    let rows = db.list(&sql, &clause.params()).await?;
    rows.into_iter().map(|mut r| Ok((r.next()?, r.next()?))).collect()
}
