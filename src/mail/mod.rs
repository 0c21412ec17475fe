//! Mail goes out through the outbox: written in the transaction of what it tells of, delivered afterwards by any node.
//!
//! In development a realm without `smtpServer` sends nothing: its mail goes to the inbox page.

mod deliver;
mod settings;
mod smtp;

pub use deliver::{deliver_due, forget_old, start};
pub use settings::Settings;
pub use smtp::send_now;

use serde_json::json;

use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::inbox;
use crate::store::outbox::{self, Outgoing};
use crate::store::realm::Realm;
use crate::store::user::normal;
use crate::theme::email::{Letter, Mail};
use crate::theme::{Voice, messages::Texts};

/// A mail, written and addressed.
pub struct Envelope {
    /// The template's name.
    pub kind: &'static str,
    pub recipient: String,
    pub letter: Letter,
}

/// The voice of a realm's mails in a language.
pub fn voice(realm: &Realm, locale: &str) -> Voice {
    let texts = realm.localization.iter().map(|(language, texts)| {
        let plain = texts
            .iter()
            .filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())));
        (language.clone(), plain.collect::<Texts>())
    });
    Voice {
        theme: realm.text("emailTheme").unwrap_or_default().to_owned(),
        locale: locale.to_owned(),
        texts: std::sync::Arc::new(texts.collect()),
    }
}

/// Writes a mail in the recipient's language. Call it before a transaction begins.
///
/// # Errors
///
/// [`Error::Page`] if a template is wrong.
pub fn write<M: Mail>(app: &App, realm: &Realm, locale: &str, recipient: &str, mail: &M) -> Result<Envelope, Error> {
    let letter = app.themes.mail(&voice(realm, locale), mail);
    Ok(Envelope {
        kind: M::TEMPLATE,
        recipient: recipient.to_owned(),
        letter: letter.map_err(|e| Error::Page(e.to_string()))?,
    })
}

/// Whether a mail goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// It does.
    Wanted,
    /// It does not, but nothing that a stranger can measure tells so: what is written looks the same.
    Feigned,
}

/// Queues a mail, within the realm's limits for one recipient and for all (contract 2). Beyond them nothing is sent, and
/// nobody is told but the caller: `false`. Each kind of mail has the limit for itself, so that strangers who register with
/// an address do not keep the mails back by which its owner recovers a password.
///
/// # Errors
///
/// Those of the database.
pub async fn queue(tx: &mut Tx, app: &App, realm: &Realm, mail: &Envelope, sending: Sending) -> Result<bool, Error> {
    let now = app.now();
    let to = normal(&mail.recipient);
    let wanted = sending == Sending::Wanted && is_within_limits(tx, realm, &to, mail.kind, now).await?;
    let inbox = app.config.dev && Settings::of(realm).is_none();
    let message = Outgoing {
        id: crate::random::row_id(),
        realm_id: realm.id.clone(),
        kind: mail.kind.to_owned(),
        // A feigned mail counts against nobody.
        recipient: if wanted { to.clone() } else { String::new() },
        doc: json!({
            "to": mail.recipient, "subject": mail.letter.subject, "text": mail.letter.text, "html": mail.letter.html
        })
        .to_string(),
        created: now,
        attempts: 0,
    };
    outbox::add(tx, &message, inbox || !wanted).await?;
    if inbox && wanted {
        let shown = inbox::Mail {
            id: message.id,
            recipient: to,
            subject: mail.letter.subject.clone(),
            text: mail.letter.text.clone(),
            html: mail.letter.html.clone(),
            time: now,
        };
        inbox::add(tx, &shown).await?;
    }
    Ok(wanted)
}

async fn is_within_limits(tx: &mut Tx, realm: &Realm, recipient: &str, kind: &str, now: i64) -> Result<bool, Error> {
    if let Some((most, window)) = limit(realm, "registration.limit.mail", (5, 3600))
        && outbox::count_to(&mut *tx, &realm.id, recipient, kind, now - window * 1000).await? >= most
    {
        tracing::warn!(
            "realm {:?}: a recipient has had {most} mails in {window} s, no more are sent",
            realm.name
        );
        return Ok(false);
    }
    if let Some((most, window)) = limit(realm, "registration.limit.mail.realm", (1000, 3600))
        && outbox::count_of_realm(&mut *tx, &realm.id, now - window * 1000).await? >= most
    {
        tracing::warn!("realm {:?}: {most} mails in {window} s, no more are sent", realm.name);
        return Ok(false);
    }
    Ok(true)
}

/// `N/seconds`, or `off`; what cannot be read is the default.
fn limit(realm: &Realm, key: &str, default: (i64, i64)) -> Option<(i64, i64)> {
    match realm.attribute(key).map(str::trim) {
        None => Some(default),
        Some("off") => None,
        Some(text) => {
            let parsed = text
                .split_once('/')
                .and_then(|(n, s)| Some((n.trim().parse().ok()?, s.trim().parse().ok()?)));
            Some(parsed.unwrap_or(default))
        }
    }
}
