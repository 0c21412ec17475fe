//! What is told of something that waits: to the application, and to those who decide.

use serde_json::{Value, json};

use crate::client_registration::asked::{Asked, Form};
use crate::client_registration::metadata::described;
use crate::store::approval::{Approval, State};
use crate::store::client::{Client, Standing};
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// How long an application is told that it was refused, in milliseconds: a week.
pub(super) const REFUSAL_KEPT: i64 = 604_800_000;

/// `registration_status` of an answer, and `reason`.
#[derive(Debug, Clone)]
pub(in crate::client_registration) struct Status {
    word: &'static str,
    reason: Option<String>,
}

impl Status {
    pub(in crate::client_registration) fn pending() -> Self {
        Self {
            word: "pending",
            reason: None,
        }
    }

    pub(in crate::client_registration) fn update_pending() -> Self {
        Self {
            word: "update_pending",
            reason: None,
        }
    }

    /// Adds it to an answer.
    pub(in crate::client_registration) fn tell(&self, body: &mut Doc) {
        body.insert("registration_status".into(), json!(self.word));
        if let Some(reason) = &self.reason {
            body.insert("reason".into(), json!(reason));
        }
    }
}

/// How a client stands, where there is something to say: nothing of one that is simply in force.
pub(in crate::client_registration) fn status(client: &Client, row: Option<&Approval>, now: i64) -> Option<Status> {
    let row = row?;
    let word = match (client.standing, row.state) {
        (Standing::Pending, _) => "pending",
        (Standing::Refused, _) => "refused",
        (Standing::Live, State::Pending) if row.expires > now => "update_pending",
        (Standing::Live, State::Refused) if row.is_change && was_refused_lately(row, now) => "update_refused",
        (Standing::Live, _) => return None,
    };
    let reason = row.reason.clone().filter(|_| row.state == State::Refused);
    Some(Status { word, reason })
}

/// Whether an application that is not in force is told of still: it waits, or was refused not long ago.
pub(in crate::client_registration) fn is_kept(row: Option<&Approval>, now: i64) -> bool {
    row.is_some_and(|row| match row.state {
        State::Pending => row.expires > now,
        State::Approved => true,
        State::Refused => was_refused_lately(row, now),
    })
}

fn was_refused_lately(row: &Approval, now: i64) -> bool {
    row.decided.is_some_and(|at| now < at + REFUSAL_KEPT)
}

/// What those who decide look at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The application as metadata: as it would become, where something waits.
    pub metadata: Doc,
    /// As it is, where a change of it waits.
    pub previous: Option<Doc>,
}

/// The facts of a client, with what waits or waited.
pub fn facts(realm: &Realm, client: &Client, row: Option<&Approval>) -> Facts {
    let now = described(realm, &client.doc, Some(&client.client_id));
    let changed = row
        .filter(|row| row.is_change && row.state == State::Pending)
        .and_then(|row| asked_for(realm, row))
        .map(|asked| asked.changed_client(realm, client));
    match changed {
        Some(doc) => Facts {
            metadata: described(realm, &doc, Some(&client.client_id)),
            previous: Some(now),
        },
        None => Facts {
            metadata: now,
            previous: None,
        },
    }
}

/// In which form a change was sent.
pub(super) fn form_of(row: &Approval) -> Form {
    let named = row.asked.get("form").and_then(Value::as_str).unwrap_or_default();
    let found = Form::ALL.into_iter().find(|form| form.as_str() == named);
    found.unwrap_or(Form::OpenId)
}

/// What was sent for a change that waits, if it was sent in this form, and no statement vouched for it.
pub(in crate::client_registration) fn sent_before(row: &Approval, form: Form) -> Option<Doc> {
    if form_of(row) != form || row.asked.contains_key(super::ISSUER) {
        return None;
    }
    row.asked.get("sent").and_then(Value::as_object).cloned()
}

/// The change that a row asks for; none if it cannot be read any more.
pub(super) fn asked_for(realm: &Realm, row: &Approval) -> Option<Asked> {
    let sent = row.asked.get("sent").and_then(Value::as_object)?;
    Asked::parse_change(form_of(row), realm, sent).ok()
}
