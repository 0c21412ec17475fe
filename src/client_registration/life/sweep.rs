//! Writes down which clients were used, warns of those that will go, and removes those that nobody needs.

use std::net::{IpAddr, Ipv4Addr};

use super::{Rule, is_over};
use crate::app::App;
use crate::client_registration::policy::contacts;
use crate::error::Error;
use crate::events;
use crate::mail::{self, Sending};
use crate::service_account;
use crate::store::client::{self, Client};
use crate::store::client_life::{self, Expired};
use crate::store::event::Event;
use crate::store::realm::{self, Realm};
use crate::store::realm_list;
use crate::theme::pages::mail::ClientExpiresMail;

/// Clients that are looked at in one go.
const AT_ONCE: i64 = 200;

/// Does it once for all realms.
///
/// # Errors
///
/// Those of the database and of mails.
pub async fn sweep(app: &App) -> Result<(), Error> {
    let uses = app.uses.take();
    if let Err(failed) = client_life::used(&app.db, &uses).await {
        // What is written already is no harm: the later instant counts.
        for (client, at) in &uses {
            app.uses.note(client, *at);
        }
        return Err(failed);
    }
    for outline in realm_list::outlines(&app.db).await? {
        if !outline.clients_expire {
            continue;
        }
        let Some(realm) = realm::by_id(&app.db, &outline.id).await? else {
            continue;
        };
        if let Some(rule) = Rule::of(&realm) {
            expire(app, &realm, rule.expired(app.now())).await?;
            warn(app, &realm, rule).await?;
        }
    }
    Ok(())
}

async fn expire(app: &App, realm: &Realm, expired: Expired) -> Result<(), Error> {
    for id in client_life::expired(&app.db, &realm.id, expired, AT_ONCE).await? {
        if let Some(found) = client::by_id(&app.db, &realm.id, &id).await? {
            remove(app, realm, &found, expired).await?;
        }
    }
    Ok(())
}

/// Removes a client, if its time is up.
async fn remove(app: &App, realm: &Realm, found: &Client, expired: Expired) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if !client_life::has_expired(&mut tx, &realm.id, &found.id, expired).await? {
        return Ok(());
    }
    service_account::remove(&mut tx, realm, &found.id).await?;
    if client::remove(&mut tx, &realm.id, &found.id).await? {
        let mut event = Event::new("CLIENT_EXPIRED");
        event.client_id = Some(found.client_id.clone());
        events::record(&mut tx, realm, &event, app.now()).await?;
    }
    tx.commit().await
}

/// Whether a client is gone because its time is up: then there is nothing left of it, as after a sweep.
///
/// # Errors
///
/// Those of the database.
pub async fn is_gone(app: &App, realm: &Realm, client_uuid: &str) -> Result<bool, Error> {
    let Some(rule) = Rule::of(realm) else {
        return Ok(false);
    };
    let Some(found) = client::by_id(&app.db, &realm.id, client_uuid).await? else {
        return Ok(true);
    };
    if !is_over(app, realm, &found).await? {
        return Ok(false);
    }
    remove(app, realm, &found, rule.expired(app.now())).await?;
    Ok(true)
}

/// Each is marked and its mails are queued together: nobody is warned twice, and nobody goes unwarned.
async fn warn(app: &App, realm: &Realm, rule: Rule) -> Result<(), Error> {
    let limits = rule.warning_limits(app.now());
    if !client_life::is_any_to_warn(&app.db, &realm.id, limits).await? {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    for id in client_life::warn(&mut tx, &realm.id, limits, app.now(), AT_ONCE).await? {
        let found = client::read(&mut tx, &realm.id, &id).await?;
        let registration = crate::store::client_registration::of_client(&mut tx, &realm.id, &id).await?;
        let (Some(client), Some(registration)) = (found, registration) else {
            continue;
        };
        let Some(end) = rule.end(&registration, app.now()) else {
            continue;
        };
        for address in contacts(&client.doc) {
            let mail = letter(realm, &client, end);
            let locale = realm.text("defaultLocale").unwrap_or("en");
            let envelope = mail::write(app, realm, locale, address, &mail)?;
            let from = registration.ip_address.as_deref().and_then(|ip| ip.parse().ok());
            let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            mail::queue(&mut tx, app, realm, &envelope, from, Sending::Wanted).await?;
        }
    }
    tx.commit().await
}

fn letter(realm: &Realm, client: &Client, end: i64) -> ClientExpiresMail {
    let day = crate::clock::iso(end);
    ClientExpiresMail {
        realm_name: realm.text("displayName").unwrap_or(&realm.name).to_owned(),
        client_name: client.display_name().to_owned(),
        client_id: client.client_id.clone(),
        day: day.get(..10).unwrap_or_default().to_owned(),
    }
}
