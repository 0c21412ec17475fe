//! Where somebody is signed in, and signing out there.

use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::Answer;
use crate::device::{self, Device};
use crate::error::Error;
use crate::events;
use crate::oidc;
use crate::oidc::logout::backchannel;
use crate::store::realm::Realm;
use crate::store::session::{self, UserSession};
use crate::store::{Tx, client};

const LOOK: &[Right] = &[Right::ViewProfile, Right::ManageAccount];

/// `GET sessions`
pub async fn list(person: &Person) -> Answer {
    person.require(LOOK)?;
    let mut shown = Vec::new();
    for s in live(person).await? {
        shown.push(represent(person, &s, &device::of(&s)).await?);
    }
    answer::json(&shown)
}

/// `GET sessions/devices`: the sessions by system.
pub async fn devices(person: &Person) -> Answer {
    person.require(LOOK)?;
    let mut systems: Vec<(Device, i64, bool, Vec<Value>)> = Vec::new();
    for s in live(person).await? {
        let device = device::of(&s);
        let shown = represent(person, &s, &device).await?;
        let (last, current) = (s.last_refresh / 1000, is_current(person, &s));
        let same = |d: &Device| d.os == device.os && d.os_version == device.os_version;
        match systems.iter_mut().find(|(known, ..)| same(known)) {
            Some((_, latest, has_current, sessions)) => {
                *latest = last.max(*latest);
                *has_current |= current;
                sessions.push(shown);
            }
            None => systems.push((device, last, current, vec![shown])),
        }
    }
    let shown: Vec<Value> = systems
        .into_iter()
        .map(|(device, last, current, sessions)| {
            let mut doc = json!({
                "os": device.os, "osVersion": device.os_version, "device": device.device, "lastAccess": last
            });
            if current {
                doc["current"] = json!(true);
            }
            doc["sessions"] = json!(sessions);
            doc["mobile"] = json!(device.mobile);
            doc
        })
        .collect();
    answer::json(&shown)
}

async fn live(person: &Person) -> Result<Vec<UserSession>, Error> {
    let mut all = session::of_user(&person.app.db, &person.realm.id, &person.user.id, false).await?;
    all.retain(|s| oidc::session::is_active(&person.realm, s, person.app.now()));
    Ok(all)
}

fn is_current(person: &Person, s: &UserSession) -> bool {
    s.id == person.session_id
}

/// When a session ends however often it is used, in epoch seconds.
fn latest(realm: &Realm, s: &UserSession) -> i64 {
    let remembered = realm.number("ssoSessionMaxLifespanRememberMe");
    let lifespan = if s.remember_me() && remembered > 0 {
        remembered
    } else {
        realm.number("ssoSessionMaxLifespan")
    };
    s.started / 1000 + lifespan
}

async fn represent(person: &Person, s: &UserSession, device: &Device) -> Result<Value, Error> {
    let mut clients = Vec::new();
    for part in session::parts(&person.app.db, &s.id, s.offline).await? {
        let Some(known) = client::by_id(&person.app.db, &person.realm.id, &part.client_uuid).await? else {
            continue;
        };
        let mut shown = json!({ "clientId": known.client_id });
        if let Some(name) = known.text("name") {
            shown["clientName"] = json!(name);
        }
        for never_told in ["userConsentRequired", "inUse", "offlineAccess"] {
            shown[never_told] = json!(false);
        }
        clients.push(shown);
    }
    let mut shown = json!({
        "id": s.id, "ipAddress": s.ip_address, "started": s.started / 1000, "lastAccess": s.last_refresh / 1000,
        "expires": latest(&person.realm, s), "clients": clients, "browser": device.browser
    });
    if is_current(person, s) {
        shown["current"] = json!(true);
    }
    Ok(shown)
}

/// `DELETE sessions`: all others; with `current=true` this one, too.
pub async fn remove_all(person: &Person) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let all = session::of_user(&person.app.db, &person.realm.id, &person.user.id, false).await?;
    let with_current = person.query.flag("current") == Some(true);
    let mut tx = person.app.db.begin().await?;
    for s in all.iter().filter(|s| with_current || !is_current(person, s)) {
        end(person, &mut tx, &s.id).await?;
    }
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// `DELETE sessions/ID`: one that is not theirs is answered as one that is not there.
pub async fn remove(person: &Person, id: &str) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let found = session::by_id(&person.app.db, &person.realm.id, id).await?;
    if found.is_some_and(|s| s.user_id == person.user.id) {
        let mut tx = person.app.db.begin().await?;
        end(person, &mut tx, id).await?;
        tx.commit().await?;
    }
    answer::uncached(answer::nothing())
}

async fn end(person: &Person, tx: &mut Tx, id: &str) -> Result<(), Error> {
    if let Some(ending) = session::by_id(&mut *tx, &person.realm.id, id).await? {
        backchannel::queue(tx, &person.app, &person.caller, &person.realm, &ending, &[]).await?;
    }
    if session::remove(tx, &person.realm.id, id).await? {
        let mut event = person.event("LOGOUT");
        event.session_id = Some(id.to_owned());
        events::record(tx, &person.realm, &event, person.app.now()).await?;
    }
    Ok(())
}
