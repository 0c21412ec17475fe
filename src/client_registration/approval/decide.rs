//! Somebody decides on an application, or on a change of one. Whoever decides, whatever the application does meanwhile: one
//! thing happens after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::apply::OnBehalf;
use super::letters;
use crate::app::App;
use crate::approval::{self, Decided, Outcome, Person, Refusal, Stop, record};
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::mail::{self, Sending};
use crate::store::approval::{Approval, Note};
use crate::store::client::{self, Client, Secrets, Standing, VERIFIED};
use crate::store::db::Query;
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::store::{Tx, approval as rows, client_registration, single_use};

/// The most notes that one has.
const NOTES: usize = 100;

/// Decides on what waits for a client.
///
/// # Errors
///
/// [`Stop::Refused`] if the decision does not count, or cannot be carried out; those of the database and of mails.
pub async fn decide(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    by: &Person,
    id: &str,
    decided: &Decided<'_>,
) -> Result<Outcome, Stop> {
    let (client, row) = find(&app.db, realm, id).await?;
    let registered = client_registration::of_client(&app.db, &realm.id, id).await?;
    let owner = registered.as_ref().and_then(|known| known.owner.as_deref());
    approval::check(app, realm, (&row, owner), by, decided).await?;
    let mut next = row.clone();
    let outcome = approval::decide(&mut next, by, decided, app.now());
    let letters = letters::of_outcome(app, caller, realm, &client, (&next, owner), outcome, decided).await?;
    let behalf = OnBehalf::of(app, caller, realm, &client, &row).await?;
    let change = match outcome {
        Outcome::Approved if row.is_change => Some(behalf.change(&client, &row).await?),
        Outcome::Approved => {
            behalf.judge(&client).await?;
            None
        }
        _ => None,
    };

    let mut tx = app.db.begin().await?;
    if let Some(link) = decided.link
        && !single_use::spend(&mut tx, &realm.id, "approval", &link.jti, link.expires).await?
    {
        return Err(Refusal::AlreadyDecided.into());
    }
    let (mut client, latest) = latest(&mut tx, realm, id).await?;
    if latest.ask != row.ask {
        return Err(Refusal::Changed.into());
    }
    if latest.stage != row.stage || !approval::is_open(&latest, app.now()) {
        return Err(Refusal::AlreadyDecided.into());
    }
    next.notes = latest.notes;
    if let Some(text) = decided.note {
        add_note(&mut next, by, text, app.now());
    }
    match outcome {
        Outcome::Next => {}
        Outcome::Approved => match &change {
            Some(change) => behalf.put_in_force(&mut tx, &mut client, change).await?,
            None => behalf.begin(&mut tx, &mut client).await?,
        },
        Outcome::Refused if !row.is_change => turn_away(&mut tx, &mut client).await?,
        Outcome::Refused => {}
    }
    if outcome == Outcome::Approved {
        vouch(&mut tx, &mut client).await?;
    }
    rows::put(&mut tx, &next).await?;
    tell(&mut tx, app, realm, by, &client, &next, (outcome, decided)).await?;
    for letter in &letters {
        mail::queue(&mut tx, app, realm, letter, by.ip, Sending::Wanted).await?;
    }
    tx.commit().await?;
    Ok(outcome)
}

/// The client and what waits or waited for it.
async fn find(mut q: impl Query, realm: &Realm, id: &str) -> Result<(Client, Approval), Stop> {
    let client = client::read(q.again(), &realm.id, id).await?.ok_or(Refusal::NotFound)?;
    let row = rows::read(q, &realm.id, id).await?;
    // It never waited, or does no more.
    Ok((client, row.ok_or(Refusal::AlreadyDecided)?))
}

/// The same, and nobody changes either until the transaction ends.
async fn latest(tx: &mut Tx, realm: &Realm, id: &str) -> Result<(Client, Approval), Stop> {
    client_registration::lock(tx, &realm.id, id).await?;
    find(tx, realm, id).await
}

/// Who approves of an application vouches for it: people are not warned of it any more.
async fn vouch(tx: &mut Tx, client: &mut Client) -> Result<(), Error> {
    let attributes = client.doc.entry("attributes").or_insert_with(|| json!({}));
    if let Value::Object(attributes) = attributes {
        attributes.insert(VERIFIED.to_owned(), json!("true"));
    }
    client::update(tx, client).await?;
    Ok(())
}

/// A client that was refused has no secret any more; the token with which it reads why, it keeps.
async fn turn_away(tx: &mut Tx, client: &mut Client) -> Result<(), Error> {
    client.secrets = Secrets {
        rat_hash: client.secrets.rat_hash.take(),
        previous_rat_hash: client.secrets.previous_rat_hash.take(),
        rat_auth: client.secrets.rat_auth.take(),
        ..Secrets::default()
    };
    client::update(tx, client).await?;
    client::set_standing(tx, &client.realm_id, &client.id, Standing::Refused).await
}

/// Records a decision.
async fn tell(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    by: &Person,
    client: &Client,
    row: &Approval,
    (outcome, decided): (Outcome, &Decided<'_>),
) -> Result<(), Error> {
    let kind = match outcome {
        Outcome::Next => None,
        Outcome::Approved => Some("CLIENT_REGISTRATION_APPROVED"),
        Outcome::Refused => Some("CLIENT_REGISTRATION_REFUSED"),
    };
    if let Some(kind) = kind {
        let mut event = Event::new(kind);
        event.client_id = Some(client.client_id.clone());
        event.user_id = Some(by.user_id.clone());
        event.ip_address = Some(by.ip.to_string());
        event = event.detail("registration", row.id.as_str());
        event = event.detail("action", if row.is_change { "update" } else { "create" });
        if let Some(reason) = decided.reason {
            event = event.detail("reason", reason);
        }
        events::record(tx, realm, &event, app.now()).await?;
    }
    let path = format!("client-registrations/{}/{}", client.id, decided.action.as_str());
    let stage = row.decisions.last().map(|decision| decision.stage.as_str());
    let told = json!({ "clientId": client.client_id, "stage": stage, "reason": decided.reason, "note": decided.note });
    record::record(tx, app, realm, by, "ACTION", path, &told).await
}

fn add_note(row: &mut Approval, by: &Person, text: &str, now: i64) {
    if row.notes.len() < NOTES {
        row.notes.push(Note {
            by: by.user_id.clone(),
            text: text.to_owned(),
            time: now,
        });
    }
}

/// Writes a note for the others who decide.
///
/// # Errors
///
/// [`Stop::Refused`] if there is nothing, or nothing of theirs; those of the database.
pub async fn note(app: &App, realm: &Realm, by: &Person, id: &str, text: &str) -> Result<(), Stop> {
    let (_, row) = find(&app.db, realm, id).await?;
    if !by.manages && !by.fits(app, realm, row.waiting().unwrap_or_default()).await? {
        return Err(Refusal::NotTheirs.into());
    }
    let mut tx = app.db.begin().await?;
    let (client, mut row) = latest(&mut tx, realm, id).await?;
    add_note(&mut row, by, text, app.now());
    rows::put(&mut tx, &row).await?;
    let path = format!("client-registrations/{}/notes", client.id);
    record::record(&mut tx, app, realm, by, "ACTION", path, &json!({ "text": text })).await?;
    Ok(tx.commit().await?)
}

/// Writes once more to those whose turn it is.
///
/// # Errors
///
/// [`Stop::Refused`] if nothing waits, or nothing of theirs; those of the database and of mails.
pub async fn resend(app: &App, caller: &Caller, realm: &Realm, by: &Person, id: &str) -> Result<(), Stop> {
    let (client, row) = find(&app.db, realm, id).await?;
    if !approval::is_open(&row, app.now()) {
        return Err(Refusal::AlreadyDecided.into());
    }
    if !by.manages && !by.fits(app, realm, row.waiting().unwrap_or_default()).await? {
        return Err(Refusal::NotTheirs.into());
    }
    let registered = client_registration::of_client(&app.db, &realm.id, id).await?;
    let owner = registered.as_ref().and_then(|known| known.owner.as_deref());
    let letters = letters::to_approvers(app, caller, realm, &client, (&row, owner)).await?;
    let mut tx = app.db.begin().await?;
    for letter in &letters {
        mail::queue(&mut tx, app, realm, letter, by.ip, Sending::Wanted).await?;
    }
    let path = format!("client-registrations/{}/resend", client.id);
    record::record(
        &mut tx,
        app,
        realm,
        by,
        "ACTION",
        path,
        &json!({ "clientId": client.client_id }),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Takes away what waits, or was refused, without a decision: nobody is told. A client that is in force stays as it is.
///
/// # Errors
///
/// [`Stop::Refused`] if there is nothing that waits; those of the database.
pub async fn remove(app: &App, realm: &Realm, by: &Person, id: &str) -> Result<(), Stop> {
    let mut tx = app.db.begin().await?;
    let (client, row) = latest(&mut tx, realm, id).await?;
    if client.standing != Standing::Live {
        client::remove(&mut tx, &realm.id, id).await?;
    } else if row.waiting().is_some() {
        rows::remove(&mut tx, &realm.id, id).await?;
    } else {
        return Err(Refusal::AlreadyDecided.into());
    }
    let path = format!("client-registrations/{id}");
    let told = json!({ "clientId": client.client_id });
    record::record(&mut tx, app, realm, by, "DELETE", path, &told).await?;
    Ok(tx.commit().await?)
}
