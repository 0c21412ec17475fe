//! Somebody has to say yes to an application, or to a change of one, where the realm wants it so (contract 5).
//!
//! Until then a new application is a client that nobody can use ([`Standing::Pending`]), and a change is kept as it was sent.

mod again;
mod apply;
mod decide;
mod letters;
mod sweep;
mod told;

pub use again::{ask_again, ask_if_changed};
pub(super) use apply::begin;
pub use decide::{decide, note, remove, resend};
pub use letters::{TOLD, asked_for};
pub use sweep::sweep;
pub use told::facts;
pub(super) use told::{Status, is_kept, sent_before, status};

use serde_json::{Value, json};

use super::Request;
use super::access::Access;
use super::asked::Form;
use super::metadata::described;
use super::refusal::{Objection, Refusal, Rejected};
use crate::approval::{self, Mode, Settings};
use crate::error::Error;
use crate::events;
use crate::mail::{self, Envelope, Sending};
use crate::rules::hook::{Decision, Said};
use crate::rules::{self, About, Facts, Sender};
use crate::secret_settings;
use crate::store::approval::Approval;
use crate::store::client::{Client, Standing};
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::{Tx, approval as rows, client_registration};

/// Before the names of a realm's settings.
pub const PREFIX: &str = "clientRegistration";

/// What waits: the kind of the rows.
pub const KIND: &str = "client";

/// The role of administrators that decide at the stage `any`.
pub const RIGHT: &str = "manage-clients";

/// Members whose change needs another yes, unless the realm says otherwise.
pub const USUAL_MEMBERS: &str = "redirect_uris,scope,grant_types,jwks,jwks_uri,token_endpoint_auth_method";

/// Whether people are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No: it is in force at once.
    Approve,
    /// Yes.
    Queue,
}

/// Whether the realm wants to approve applications at all.
pub(super) fn is_wanted(realm: &Realm) -> bool {
    Settings::of(realm, PREFIX).mode != Mode::None
}

/// Judges a client as it would become, after all policies. `said`: what the realm's hook says; `before`: as it is.
///
/// # Errors
///
/// The rule of the realm refuses.
pub(super) fn verdict(
    request: &Request<'_>,
    said: &Said,
    wanted: &Doc,
    before: Option<&Client>,
) -> Result<Verdict, Refusal> {
    let realm = request.realm;
    let in_force = before.filter(|client| client.standing == Standing::Live);
    // Whoever may manage clients has decided when they change one that is in force. Whoever may only make some has not.
    let by_administrator = in_force.is_some() && matches!(&request.access, Access::Bearer(rights) if rights.manage);
    if matches!(said.decision, Decision::Queue) && !by_administrator {
        return Ok(Verdict::Queue);
    }
    if by_administrator || in_force.is_some_and(|client| !needs_another_yes(realm, &client.doc, wanted)) {
        return Ok(Verdict::Approve);
    }
    let said = match Settings::of(realm, PREFIX).mode {
        Mode::None => Verdict::Approve,
        Mode::Required => Verdict::Queue,
        Mode::Rule => rule(realm, &request.sender(), wanted)?,
    };
    // What people were asked about once waits for them, whoever asked them.
    let waits = before.is_some_and(|client| client.standing == Standing::Pending);
    Ok(if waits { Verdict::Queue } else { said })
}

/// The name by which a refusal of the realm's rule goes.
const RULE: &str = "clientRegistration.approval.rule";

/// What the realm's rule says. Where it says nothing that counts, or there is none, people are asked.
fn rule(realm: &Realm, sender: &Sender, wanted: &Doc) -> Result<Verdict, Refusal> {
    let client = Value::Object(described(realm, wanted, None));
    let facts = Facts {
        about: About::Client,
        subject: &client,
        sender,
        realm: &realm.name,
    };
    match rules::verdict(realm.attribute(RULE).unwrap_or_default(), &facts) {
        Ok(rules::Verdict::Approve) => Ok(Verdict::Approve),
        Ok(rules::Verdict::Queue) | Err(_) => Ok(Verdict::Queue),
        Ok(rules::Verdict::Refuse(reason)) => {
            let text = if reason.is_empty() {
                "The rule of the realm refuses it".to_owned()
            } else {
                reason
            };
            Err(Refusal::Policy(Box::new(Rejected {
                policy: RULE.to_owned(),
                policy_id: RULE.to_owned(),
                objection: Objection::new(text),
            })))
        }
    }
}

/// What the realm's rule has against a new client, where one decides.
pub(super) fn objection(realm: &Realm, sender: &Sender, wanted: &Doc) -> Option<Refusal> {
    match Settings::of(realm, PREFIX).mode {
        Mode::Rule => rule(realm, sender, wanted).err(),
        Mode::None | Mode::Required => None,
    }
}

/// Whether something is to change that was looked at when the client was approved.
fn needs_another_yes(realm: &Realm, before: &Doc, wanted: &Doc) -> bool {
    let changed = approval::differences(&described(realm, before, None), &described(realm, wanted, None));
    let named = realm
        .attribute("clientRegistration.reapproval")
        .unwrap_or(USUAL_MEMBERS);
    let mut named = named.split(',').map(str::trim);
    named.any(|name| {
        changed.iter().any(|one| one.field == name)
            // A certificate's name is a key as well.
            || (name == "jwks" && changed.iter().any(|one| one.field.starts_with("tls_client_auth_")))
    })
}

/// Where [`Change::issuer`] is kept.
const ISSUER: &str = "issuer";

/// What waits from now on, and the mails to those who decide.
pub(super) struct Waiting {
    row: Approval,
    letters: Vec<Envelope>,
    client_id: String,
}

/// Prepares to ask for a yes: to a client, or to a change of it, as it was sent. Do it before a transaction is opened.
///
/// # Errors
///
/// Those of the database and of mails.
pub(super) async fn ask(request: &Request<'_>, client: &Client, change: Option<Change<'_>>) -> Result<Waiting, Error> {
    let (app, realm) = (request.app, request.realm);
    let change = change.map(|change| change_of(request.form, &change));
    let row = approval::ask(app, realm, &Settings::of(realm, PREFIX), (KIND, &client.id), change);
    let owner = owner(request, client).await?;
    let letters = letters::to_approvers(app, request.caller, realm, client, (&row, owner.as_deref())).await?;
    Ok(Waiting {
        row,
        letters,
        client_id: client.client_id.clone(),
    })
}

/// Who has registered a client, or does so now: a person, or the owner of the token.
async fn owner(request: &Request<'_>, client: &Client) -> Result<Option<String>, Error> {
    let now = match &request.access {
        Access::Bearer(rights) => Some(rights.user_id.as_str()),
        Access::Initial { token, .. } => token.doc.get("owner").and_then(Value::as_str),
        Access::Anonymous | Access::Registration { .. } => None,
    };
    if let Some(owner) = now {
        return Ok(Some(owner.to_owned()));
    }
    let known = client_registration::of_client(&request.app.db, &client.realm_id, &client.id).await?;
    Ok(known.and_then(|known| known.owner))
}

/// A change that is asked for.
pub(super) struct Change<'a> {
    pub sent: &'a Doc,
    /// Who issued the software statement in it, if one was checked.
    pub issuer: Option<&'a str>,
}

/// Secrets of the client, which are not changed by sending them.
const NOT_KEPT: [&str; 4] = [
    "client_secret",
    "secret",
    "registration_access_token",
    "registrationAccessToken",
];

/// A change as it is kept: in which form it was sent, and what, without what is secret.
fn change_of(form: Form, change: &Change<'_>) -> Doc {
    let mut sent = change.sent.clone();
    sent.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    if let Some(Value::Object(attributes)) = sent.get_mut("attributes") {
        attributes.retain(|name, _| !secret_settings::is_secret(name));
    }
    let mut kept = Doc::new();
    kept.insert("form".into(), json!(form.as_str()));
    kept.insert("sent".into(), sent.into());
    if let Some(issuer) = change.issuer {
        kept.insert(ISSUER.into(), json!(issuer));
    }
    kept
}

impl Waiting {
    /// Asks, in the transaction in which the client is made or locked. Whatever it asked for before is asked for no more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub(super) async fn keep(&self, tx: &mut Tx, request: &Request<'_>) -> Result<(), Error> {
        let (app, realm, ip) = (request.app, request.realm, request.caller.ip);
        let mut row = self.row.clone();
        if let Some(known) = rows::read(&mut *tx, &realm.id, &row.id).await? {
            // Those who decide begin anew, but remember what they told each other.
            row.notes = known.notes;
        }
        rows::put(tx, &row).await?;
        let mut event = Event::new("CLIENT_REGISTRATION_PENDING");
        event.client_id = Some(self.client_id.clone());
        let event = super::audit::who(event, request);
        let event = event.detail("registration", self.row.id.as_str());
        let event = event.detail("action", if self.row.is_change { "update" } else { "create" });
        events::record(tx, realm, &event, app.now()).await?;
        for letter in &self.letters {
            mail::queue(tx, app, realm, letter, ip, Sending::Wanted).await?;
        }
        Ok(())
    }
}

/// A change that waits is not wanted any more: another has taken its place.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn withdraw_change(tx: &mut Tx, client: &Client) -> Result<(), Error> {
    let waits = rows::read(&mut *tx, &client.realm_id, &client.id).await?;
    if waits.is_some_and(|row| row.is_change && row.waiting().is_some()) {
        rows::remove(tx, &client.realm_id, &client.id).await?;
    }
    Ok(())
}
