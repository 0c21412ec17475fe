//! Delivers what is in the outbox.

use std::time::Duration;

use serde_json::Value;

use super::settings::Settings;
use super::smtp;
use crate::app::App;
use crate::error::Error;
use crate::oidc::logout::backchannel;
use crate::store::outbox::{self, Outgoing};
use crate::store::realm;
use crate::store::{inbox, json};
use crate::theme::email::Letter;

/// How often a node looks whether something is due.
const PAUSE: Duration = Duration::from_millis(500);

/// Mails that a node sends at once.
const AT_ONCE: i64 = 8;

/// How long a node keeps a mail that it has taken: longer than sending may last.
const CLAIM_MS: i64 = 90_000;

/// The first pause after a failure; it doubles up to [`LONGEST_RETRY_MS`].
const RETRY_MS: i64 = 5_000;
const LONGEST_RETRY_MS: i64 = 15 * 60_000;

/// When a mail is given up.
const GIVE_UP_MS: i64 = 24 * 3_600_000;

/// How long the inbox of development keeps its mails.
const INBOX_KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Mails forgotten in one sweep.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Starts the delivery of a node. It ends with the process.
pub fn start(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(e) = deliver_due(&app).await {
                tracing::warn!("mail: {e}");
            }
        }
    });
}

/// Sends all that is due, and says how many were delivered.
///
/// # Errors
///
/// Those of the database. A mail that a server refuses is no error: it is tried again.
pub async fn deliver_due(app: &App) -> Result<usize, Error> {
    let mut delivered = 0;
    loop {
        let due = outbox::due(&app.db, app.now(), AT_ONCE).await?;
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

async fn deliver(app: &App, message: &Outgoing) -> Result<bool, Error> {
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
            tracing::warn!("mail {} ({}) was not sent, {then}: {why}", message.id, message.kind);
            outbox::failed(&mut tx, &message.id, why, due, now).await?;
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
    outbox::forget_before(&mut tx, app.now() - GIVE_UP_MS, FORGOTTEN_AT_ONCE).await?;
    if app.config.dev {
        inbox::forget_before(&mut tx, app.now() - INBOX_KEPT_MS).await?;
    }
    tx.commit().await
}

fn next_attempt(message: &Outgoing, now: i64) -> Option<i64> {
    let pause = (RETRY_MS << message.attempts.clamp(0, 16)).min(LONGEST_RETRY_MS);
    (now + pause < message.created + GIVE_UP_MS).then_some(now + pause)
}

async fn send(app: &App, message: &Outgoing) -> Result<(), String> {
    let opened = app.db.open_sealed(super::SEALED_FOR, &message.id, &message.doc);
    let opened = opened.map_err(|e| e.to_string())?;
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

    fn after(attempts: i64, age: i64) -> Option<i64> {
        let message = Outgoing {
            id: String::new(),
            realm_id: String::new(),
            kind: String::new(),
            doc: Vec::new(),
            created: 0,
            attempts,
        };
        next_attempt(&message, age).map(|due| due - age)
    }

    #[test]
    fn pauses_double_to_a_quarter_of_an_hour_and_end_after_a_day() {
        assert_eq!(after(0, 0), Some(5_000));
        assert_eq!(after(1, 0), Some(10_000));
        assert_eq!(after(7, 0), Some(640_000));
        assert_eq!(after(8, 0), Some(900_000));
        assert_eq!(after(50, 0), Some(900_000));
        assert_eq!(after(90, 24 * 3_600_000), None);
    }
}
