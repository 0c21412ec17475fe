//! Mails: to those who decide, with their links; and to the people of the application, once it is decided.

use std::sync::Arc;

use serde_json::Value;

use super::{RIGHT, facts};
use crate::app::App;
use crate::approval::{self, Action, Approver, Decided, Outcome, approvers, link};
use crate::caller::Caller;
use crate::client_registration::policy::contacts;
use crate::error::Error;
use crate::mail::{self, Envelope};
use crate::store::approval::Approval;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};
use crate::theme::pages::approval_mail::{ApprovalRequestMail, ClientApprovedMail, ClientRefusedMail, Fact};
use crate::verification::locale_of;

/// The most contacts of one application that are written to.
const CONTACTS: usize = 5;

/// What those who decide look at first.
pub const TOLD: [&str; 8] = [
    "client_uri",
    "redirect_uris",
    "grant_types",
    "scope",
    "token_endpoint_auth_method",
    "contacts",
    "jwks_uri",
    "software_id",
];

/// Mails to those whose turn it is. `owner`: who has registered it, where a person has; they are not asked.
pub(super) async fn to_approvers(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    (row, owner): (&Approval, Option<&str>),
) -> Result<Vec<Envelope>, Error> {
    let Some(realm) = realm::by_name(&app.db, &realm.name).await? else {
        return Ok(Vec::new());
    };
    let found = approvers(app, &realm, row.waiting().unwrap_or_default(), RIGHT).await?;
    let told = asked_for(&realm, client, row);
    let mut letters = Vec::new();
    // Who has decided at a stage before is not asked again.
    let decided = |id: &str| row.decisions.iter().any(|decision| decision.by == id);
    let is_owner = |to: &Approver| owner.is_some_and(|owner| to.is(owner));
    for to in found.iter().filter(|to| !is_owner(to) && !decided(&to.user.id)) {
        let mail = ApprovalRequestMail {
            realm_name: realm.display_name().to_owned(),
            client_name: client.display_name().to_owned(),
            client_id: client.client_id.clone(),
            is_change: row.is_change,
            facts: told.clone(),
            approve_link: link::address(app, caller, &realm, row, to, Action::Approve)?,
            refuse_link: link::address(app, caller, &realm, row, to, Action::Refuse)?,
            day: crate::clock::iso(row.expires).get(..10).unwrap_or_default().to_owned(),
        };
        let address = to.user.email.as_deref().unwrap_or_default();
        letters.push(mail::write(
            app,
            &realm,
            &locale_of(&to.home, &to.user),
            address,
            &mail,
        )?);
    }
    Ok(letters)
}

/// What an application asks for, line by line.
pub fn asked_for(realm: &Realm, client: &Client, row: &Approval) -> Vec<Fact> {
    let facts = facts(realm, client, Some(row));
    match &facts.previous {
        Some(before) => {
            let changed = approval::differences(before, &facts.metadata).into_iter();
            let fact = |one: approval::Difference| Fact {
                name: one.field,
                value: shown(&one.after),
                before: Some(shown(&one.before)),
            };
            changed.map(fact).collect()
        }
        None => told(&facts.metadata),
    }
}

fn told(metadata: &Doc) -> Vec<Fact> {
    let there = TOLD.iter().filter_map(|name| Some((name, metadata.get(*name)?)));
    let fact = |(name, value): (&&str, &Value)| Fact {
        name: (*name).to_owned(),
        value: shown(value),
        before: None,
    };
    there.map(fact).collect()
}

/// A value in one line, not longer than people read.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all = all
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
            all.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    text.chars().take(500).collect()
}

/// Mails that a decision brings about: to those whose turn it is now, or to the people of the application.
pub(super) async fn of_outcome(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    client: &Client,
    (row, owner): (&Approval, Option<&str>),
    outcome: Outcome,
    decided: &Decided<'_>,
) -> Result<Vec<Envelope>, Error> {
    if outcome == Outcome::Next {
        return to_approvers(app, caller, realm, client, (row, owner)).await;
    }
    if !decided.notify {
        return Ok(Vec::new());
    }
    let locale = realm.text("defaultLocale").unwrap_or("en");
    let (realm_name, client_name) = (realm.display_name().to_owned(), client.display_name().to_owned());
    let to = contacts(&client.doc).into_iter().filter(|one| one.contains('@'));
    let letters = to.take(CONTACTS).map(|address| match outcome {
        Outcome::Refused => {
            let mail = ClientRefusedMail {
                realm_name: realm_name.clone(),
                client_name: client_name.clone(),
                client_id: client.client_id.clone(),
                is_change: row.is_change,
                reason: decided.reason.unwrap_or_default().to_owned(),
            };
            mail::write(app, realm, locale, address, &mail)
        }
        _ => {
            let mail = ClientApprovedMail {
                realm_name: realm_name.clone(),
                client_name: client_name.clone(),
                client_id: client.client_id.clone(),
                is_change: row.is_change,
            };
            mail::write(app, realm, locale, address, &mail)
        }
    });
    letters.collect()
}
