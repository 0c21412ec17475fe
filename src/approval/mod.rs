//! Somebody decides: on an application that registers itself, and on changes of one.
//!
//! What is asked for waits as a row of `store::approval`, stage by stage, until all have approved or one has refused, or until
//! it is too late. What then happens is the business of the flow that asked (`client_registration/approval/`).

pub mod link;
mod person;
pub mod record;
mod settings;
mod stage;
pub mod web;

pub use person::{Approver, Person, approvers};
pub use settings::{Mode, Settings};
pub use stage::{Stage, role_id};

use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::store::approval::{Approval, Decision, State};
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Approve,
    Refuse,
}

impl Action {
    /// As it is kept and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
        }
    }

    /// The other way.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approve, Self::Refuse]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

/// A decision, as it comes.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    pub action: Action,
    /// For whoever asked.
    pub reason: Option<&'a str>,
    /// For the others who decide.
    pub note: Option<&'a str>,
    /// Whether the people of what was asked for are told.
    pub notify: bool,
    /// What was looked at ([`Approval::ask`]), where that is known: nobody approves what they have not seen.
    pub ask: Option<&'a str>,
    /// By a link, which is good once and for one stage.
    pub link: Option<&'a link::Link>,
}

/// What a decision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Another stage has its turn.
    Next,
    Approved,
    Refused,
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing of the kind.
    NotFound,
    /// Nothing waits, or this person has had their say.
    AlreadyDecided,
    /// Others decide at this stage.
    NotTheirs,
    /// It is their own: somebody else decides, whatever they may.
    Own,
    /// Something else is asked for by now than what was looked at.
    Changed,
    /// The rules of today do not let it be approved.
    Impossible(String),
}

/// Why nothing was decided: it does not count, or we failed.
#[derive(Debug)]
pub enum Stop {
    Refused(Refusal),
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(failed: Error) -> Self {
        Self::Failed(failed)
    }
}

/// Something that is asked for from now on. `change`: what is to become of something that is in force.
pub fn ask(app: &App, realm: &Realm, settings: &Settings, (kind, id): (&str, &str), change: Option<Doc>) -> Approval {
    let now = app.now();
    Approval {
        id: id.to_owned(),
        realm_id: realm.id.clone(),
        kind: kind.to_owned(),
        is_change: change.is_some(),
        state: State::Pending,
        ask: crate::random::uuid(),
        stages: settings.stages.clone(),
        stage: 0,
        asked: change.unwrap_or_default(),
        reason: None,
        decisions: Vec::new(),
        notes: Vec::new(),
        created: now,
        decided: None,
        expires: now.saturating_add(settings.expires),
        told: now,
        due: None,
        base: None,
    }
}

/// How often those who decide are written to about one thing at most, in milliseconds: whoever changes it bit by bit asks once.
const PAUSE: i64 = 60_000;

/// The same asked for anew, because it is another one by now: who has decided already is asked again, there is as much time as at
/// first, and those whose turn it is are written to. `base`: where the links in their mails begin.
pub fn ask_anew(app: &App, realm: &Realm, settings: &Settings, row: &Approval, base: &str) -> Approval {
    let change = row.is_change.then(|| row.asked.clone());
    Approval {
        created: row.created,
        notes: row.notes.clone(),
        told: row.told,
        due: Some(row.due.unwrap_or_else(|| app.now().max(row.told.saturating_add(PAUSE)))),
        base: Some(base.to_owned()),
        ..ask(app, realm, settings, (&row.kind, &row.id), change)
    }
}

/// Whether it can still be decided on.
pub fn is_open(row: &Approval, now: i64) -> bool {
    row.state == State::Pending && row.expires > now
}

/// Whether a decision of this person would count. `owner`: who has asked for it, by their id or as an
/// administrator has written it.
///
/// # Errors
///
/// [`Stop::Refused`] with why it would not; those of the database.
pub async fn check(
    app: &App,
    realm: &Realm,
    (row, owner): (&Approval, Option<&str>),
    by: &Person,
    decided: &Decided<'_>,
) -> Result<(), Stop> {
    let had_their_say = row.decisions.iter().any(|one| one.by == by.user_id);
    if !is_open(row, app.now()) || had_their_say {
        let could = had_their_say || by.manages || by.fits_any(app, realm, &row.stages).await?;
        let why = if could {
            Refusal::AlreadyDecided
        } else {
            Refusal::NotTheirs
        };
        return Err(why.into());
    }
    if decided.link.is_some_and(|link| link.stage != row.stage) {
        return Err(Refusal::AlreadyDecided.into());
    }
    if decided.ask.is_some_and(|ask| ask != row.ask) {
        return Err(Refusal::Changed.into());
    }
    if !by.fits(app, realm, row.waiting().unwrap_or_default()).await? {
        return Err(Refusal::NotTheirs.into());
    }
    if owner.is_some_and(|owner| by.is(owner)) {
        return Err(Refusal::Own.into());
    }
    Ok(())
}

/// Writes a decision that counts into the row. Nobody decides two stages of one.
pub fn decide(row: &mut Approval, by: &Person, decided: &Decided<'_>, now: i64) -> Outcome {
    row.decisions.push(Decision {
        stage: row.waiting().unwrap_or_default().to_owned(),
        by: by.user_id.clone(),
        action: decided.action.as_str().to_owned(),
        reason: decided.reason.map(str::to_owned),
        time: now,
    });
    // Whoever is next is written to at once.
    (row.told, row.due) = (now, None);
    let outcome = match decided.action {
        Action::Refuse => Outcome::Refused,
        Action::Approve if row.stage + 1 < row.stages.len() => Outcome::Next,
        Action::Approve => Outcome::Approved,
    };
    match outcome {
        Outcome::Next => row.stage += 1,
        Outcome::Approved => row.state = State::Approved,
        Outcome::Refused => {
            row.state = State::Refused;
            row.reason = decided.reason.map(str::to_owned);
        }
    }
    if outcome != Outcome::Next {
        row.decided = Some(now);
    }
    outcome
}

/// A member that is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub field: String,
    /// Null: it is not there.
    pub before: Value,
    pub after: Value,
}

/// What differs between two documents, in the order of their members. Lists whose order says nothing are equal in any.
pub fn differences(before: &Doc, after: &Doc) -> Vec<Difference> {
    let new = after.keys().filter(|name| !before.contains_key(*name));
    let names = before.keys().chain(new);
    let member = |doc: &Doc, name: &str| doc.get(name).cloned().unwrap_or_default();
    names
        .map(|name| Difference {
            field: name.clone(),
            before: member(before, name),
            after: member(after, name),
        })
        .filter(|one| sorted(one, &one.before) != sorted(one, &one.after))
        .collect()
}

/// A value whose lists, and the words of a scope, are sorted.
fn sorted(of: &Difference, value: &Value) -> Value {
    let mut all: Vec<Value> = match value {
        Value::Array(all) => all.clone(),
        Value::String(words) if of.field == "scope" => words.split_whitespace().map(Value::from).collect(),
        other => return other.clone(),
    };
    all.sort_by_key(Value::to_string);
    Value::Array(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn doc(value: &Value) -> Doc {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_differs_is_told_member_by_member() {
        let before = doc(&json!({ "a": [1, 2], "b": "x", "c": true, "scope": "email phone" }));
        let after = doc(&json!({ "a": [2, 1], "b": "y", "d": 1, "scope": "phone email" }));
        let fields: Vec<String> = differences(&before, &after).into_iter().map(|one| one.field).collect();
        assert_eq!(fields, ["b", "c", "d"]);
    }
}
