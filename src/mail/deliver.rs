//! Delivers what is in the outbox.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::settings::Settings;
use super::{notices, smtp};
use crate::app::App;
use crate::error::Error;
use crate::oidc::logout::backchannel;
use crate::store::outbox::{self, Outgoing};
use crate::store::realm;
use crate::store::{inbox, json};
use crate::theme::email::Letter;
use crate::webhook;

/// How often a node looks whether something is due.
const PAUSE: Duration = Duration::from_millis(500);

/// Realms whose mails a node sends at once, and mails of one realm: a mail server that is slow to answer holds up its own
/// realm, and nobody else.
const REALMS_AT_ONCE: usize = 64;
const AT_ONCE: i64 = 4;

/// Realms that are looked at in one round.
const IN_ROUND: i64 = 1_000;

/// How long a node keeps a mail that it has taken: longer than sending may last.
const CLAIM_MS: i64 = 90_000;

/// The first pause after a failure; it doubles up to [`LONGEST_RETRY_MS`].
const RETRY_MS: i64 = 5_000;
const LONGEST_RETRY_MS: i64 = 15 * 60_000;

/// When a mail is given up, and when the telling of a logout is: whoever is not there for minutes has lost more than that.
const GIVE_UP_MS: i64 = 24 * 3_600_000;
const NOTICE_GIVE_UP_MS: i64 = 10 * 60_000;

/// How long a message is kept that a hook has not heard, so that it can be sent again.
const DEAD_KEPT_MS: i64 = 7 * GIVE_UP_MS;

/// Messages that are kept for one hook.
const KEPT_FOR_HOOK: i64 = 10_000;

/// How long the inbox of development keeps its mails.
const INBOX_KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Mails forgotten in one sweep.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Starts the delivery of a node. It ends with the process.
pub fn start(app: &App) {
    let mails = app.clone();
    tokio::spawn(async move {
        let busy = Busy::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(e) = set_off(&mails, &busy).await {
                tracing::warn!("mail: {e}");
            }
        }
    });
    // Apart from the mails: an application that is slow to answer must not hold them up.
    notices::start(app);
}

/// The realms whose mails this node is sending.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashSet<String>>>);

/// The place of one realm among them; given back when dropped.
struct Place(Busy, String);

impl Busy {
    fn place(&self, realm_id: &str) -> Option<Place> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_place = all.len() < REALMS_AT_ONCE && all.insert(realm_id.to_owned());
        has_place.then(|| Place(self.clone(), realm_id.to_owned()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.1);
    }
}

/// Lets every realm begin that has mail which is due, and is not at it already.
async fn set_off(app: &App, busy: &Busy) -> Result<(), Error> {
    for realm_id in outbox::realms(&app.db, app.now(), IN_ROUND).await? {
        let Some(place) = busy.place(&realm_id) else { continue };
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(e) = turn(&app, &place.1).await {
                tracing::warn!("mail: {e}");
            }
        });
    }
    Ok(())
}

/// Sends all mails that are due, and says how many were delivered.
///
/// # Errors
///
/// Those of the database. A mail that a server refuses is no error: it is tried again.
pub async fn deliver_due(app: &App) -> Result<usize, Error> {
    let mut delivered = 0;
    loop {
        let realms = outbox::realms(&app.db, app.now(), IN_ROUND).await?;
        if realms.is_empty() {
            return Ok(delivered);
        }
        let turns = stream::iter(realms).map(|realm_id| async move { turn(app, &realm_id).await });
        let sent: Vec<usize> = turns.buffer_unordered(REALMS_AT_ONCE).try_collect().await?;
        delivered += sent.into_iter().sum::<usize>();
    }
}

/// Sends the mails of one realm that are due, and says how many were delivered.
async fn turn(app: &App, realm_id: &str) -> Result<usize, Error> {
    let mut delivered = 0;
    loop {
        let due = outbox::due(&app.db, realm_id, app.now(), AT_ONCE).await?;
        if due.is_empty() {
            return Ok(delivered);
        }
        let mut sending = tokio::task::JoinSet::new();
        for message in due {
            let app = app.clone();
            sending.spawn(async move { deliver(&app, &message).await });
        }
        while let Some(Ok(result)) = sending.join_next().await {
            delivered += usize::from(result?);
        }
    }
}

/// Sends one message, if no other node has it, and notes what came of it. Whether it was delivered.
pub(super) async fn deliver(app: &App, message: &Outgoing) -> Result<bool, Error> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let ours = outbox::claim(&mut tx, &message.id, now, now + CLAIM_MS).await?;
    tx.commit().await?;
    if !ours {
        return Ok(false);
    }
    let sent = send(app, message).await;
    let now = app.now();
    let mut tx = app.db.begin().await?;
    match &sent {
        Ok(()) => outbox::delivered(&mut tx, &message.id, now).await?,
        Err(why) => {
            let due = next_attempt(message, now);
            let then = if due.is_some() {
                "it is tried again"
            } else {
                "it is given up"
            };
            tracing::warn!("message {} ({}) was not sent, {then}: {why}", message.id, message.kind);
            if due.is_none() && message.is_to_hook() {
                outbox::dead(&mut tx, &message.id, why, now).await?;
            } else {
                outbox::failed(&mut tx, &message.id, why, due, now).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(sent.is_ok())
}

/// Frees the room of mails that are long done, and of old ones in the inbox.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_old(app: &App) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let now = app.now();
    outbox::forget_before(&mut tx, now - GIVE_UP_MS, now - DEAD_KEPT_MS, FORGOTTEN_AT_ONCE).await?;
    if app.config.dev {
        inbox::forget_before(&mut tx, app.now() - INBOX_KEPT_MS).await?;
    }
    tx.commit().await?;
    outbox::trim(&app.db, KEPT_FOR_HOOK).await
}

fn next_attempt(message: &Outgoing, now: i64) -> Option<i64> {
    let doubled = RETRY_MS << message.attempts.clamp(0, 16);
    let (pause, given_up) = match message.receiver {
        Some(_) if message.is_to_hook() => (doubled, GIVE_UP_MS),
        Some(_) => (doubled.min(LONGEST_RETRY_MS), NOTICE_GIVE_UP_MS),
        None => (doubled.min(LONGEST_RETRY_MS), GIVE_UP_MS),
    };
    (now + pause < message.created + given_up).then_some(now + pause)
}

async fn send(app: &App, message: &Outgoing) -> Result<(), String> {
    let opened = app.db.open_sealed(super::SEALED_FOR, &message.id, &message.doc);
    let opened = opened.map_err(|e| e.to_string())?;
    if message.is_to_hook() {
        return webhook::send(app, message, &String::from_utf8_lossy(&opened)).await;
    }
    let doc = json::parse(&String::from_utf8_lossy(&opened)).map_err(|e| e.to_string())?;
    if message.kind == backchannel::KIND {
        return backchannel::deliver(app, &message.realm_id, &doc).await;
    }
    let realm = realm::by_id(&app.db, &message.realm_id)
        .await
        .map_err(|e| e.to_string())?;
    let realm = realm.ok_or("the realm is gone")?;
    let settings = Settings::of(&realm).ok_or("the realm has no smtpServer")?;
    let text = |key: &str| doc.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let letter = Letter {
        subject: text("subject"),
        text: text("text"),
        html: text("html"),
    };
    smtp::send_now(&app.egress, &settings, &text("to"), &message.id, &letter).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempts: i64, age: i64, receiver: Option<&str>) -> Option<i64> {
        let message = Outgoing {
            id: String::new(),
            realm_id: String::new(),
            kind: String::new(),
            doc: Vec::new(),
            created: 0,
            attempts,
            receiver: receiver.map(str::to_owned),
        };
        next_attempt(&message, age).map(|due| due - age)
    }

    #[test]
    fn pauses_double_to_a_quarter_of_an_hour_and_end_after_a_day() {
        assert_eq!(after(0, 0, None), Some(5_000));
        assert_eq!(after(1, 0, None), Some(10_000));
        assert_eq!(after(7, 0, None), Some(640_000));
        assert_eq!(after(8, 0, None), Some(900_000));
        assert_eq!(after(50, 0, None), Some(900_000));
        assert_eq!(after(90, 24 * 3_600_000, None), None);
    }

    #[test]
    fn hooks_are_told_again_for_a_day_in_doubling_pauses() {
        let hook = Some("hook/webhook/1");
        assert_eq!(after(0, 0, hook), Some(5_000));
        assert_eq!(after(10, 5_115_000, hook), Some(5_120_000));
        assert_eq!(after(13, 40_955_000, hook), Some(40_960_000));
        assert_eq!(after(14, 81_915_000, hook), None);
    }

    #[test]
    fn whoever_does_not_hear_of_a_logout_is_told_for_minutes_only() {
        assert_eq!(after(0, 0, Some("client")), Some(5_000));
        assert_eq!(after(5, 155_000, Some("client")), Some(160_000));
        assert_eq!(after(6, 315_000, Some("client")), None);
    }
}
