//! Mail goes out through the outbox: written in the transaction of what it tells of, delivered afterwards by any node.
//!
//! What applications are told of a logout goes the same way, in queues of their own.
//!
//! In development a realm without `smtpServer` sends nothing: its mail goes to the inbox page.

mod deliver;
mod notices;
mod settings;
mod smtp;

pub use deliver::{deliver_due, forget_old, start};
pub use notices::deliver_due as deliver_notices;
pub(crate) use notices::{start_turns, turn};
pub use settings::Settings;
pub use smtp::send_now;

use std::net::IpAddr;

use serde_json::json;

use crate::app::App;
use crate::error::Error;
use crate::protection::{self, Limit, Rule, per};
use crate::store::Tx;
use crate::store::inbox;
use crate::store::outbox::{self, Outgoing};
use crate::store::realm::Realm;
use crate::store::user::normal;
use crate::theme::email::{Letter, Mail};
use crate::theme::{Voice, messages::Texts};

/// What a letter in the outbox is sealed for.
pub(crate) const SEALED_FOR: &str = "outbox";

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
/// nobody is told but the caller: `false`. Each kind of mail has the limit for itself, and strangers who had mails sent to an
/// address leave a few for who calls from elsewhere (`asked_from`): so nobody keeps back the mails that its owner waits for.
///
/// # Errors
///
/// Those of the database.
pub async fn queue(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    mail: &Envelope,
    asked_from: IpAddr,
    sending: Sending,
) -> Result<bool, Error> {
    let to = normal(&mail.recipient);
    let wanted = is_within_limits(tx, app, realm, &to, mail.kind, asked_from, sending).await?;
    put(tx, app, realm, mail, wanted).await?;
    Ok(wanted)
}

/// Mails to one recipient about one kind of thing that is out of the ordinary.
const ALERTS: Limit = per(20, 3600);

/// Queues a mail to who watches over the realm. Nobody asked for it, and what strangers do must not use up how many there may be: the
/// realm's limits are not its limits. It has its own, for each recipient and each kind of thing (`about`).
///
/// # Errors
///
/// Those of the database.
pub async fn queue_alert(tx: &mut Tx, app: &App, realm: &Realm, mail: &Envelope, about: &str) -> Result<bool, Error> {
    let to = format!("{about} {}", normal(&mail.recipient));
    let rule = Rule::plain(&realm.id, "mail.alert", &to, ALERTS);
    let wanted = protection::spend(tx, app, &realm.id, &[rule]).await?.is_none();
    if wanted {
        put(tx, app, realm, mail, true).await?;
    } else {
        tracing::warn!(
            "realm {:?}: a mail of an alert ({about}) is not sent: there were {} within an hour",
            realm.name,
            ALERTS.most
        );
    }
    Ok(wanted)
}

async fn put(tx: &mut Tx, app: &App, realm: &Realm, mail: &Envelope, wanted: bool) -> Result<(), Error> {
    let now = app.now();
    let to = normal(&mail.recipient);
    let inbox = app.config.dev && Settings::of(realm).is_none();
    let id = crate::random::row_id();
    let doc = json!({
        "to": mail.recipient, "subject": mail.letter.subject, "text": mail.letter.text, "html": mail.letter.html
    });
    let message = Outgoing {
        doc: tx.seal(SEALED_FOR, &id, doc.to_string().as_bytes())?,
        id,
        realm_id: realm.id.clone(),
        kind: mail.kind.to_owned(),
        created: now,
        attempts: 0,
        receiver: None,
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
    Ok(())
}

async fn is_within_limits(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    recipient: &str,
    kind: &str,
    asked_from: IpAddr,
    sending: Sending,
) -> Result<bool, Error> {
    let limit = |key: &str, default| Limit::of(realm.attribute(key), Some(default));
    let mut rules = Vec::new();
    if let Some(limit) = limit("registration.limit.mail", per(5, 3600)) {
        rules.push(Rule::fair(&realm.id, kind, recipient, asked_from, limit));
    }
    // A mail that is not sent takes none of the realm's.
    if sending == Sending::Wanted
        && let Some(limit) = limit("registration.limit.mail.realm", per(1000, 3600))
    {
        rules.push(Rule::plain(&realm.id, "registration.limit.mail.realm", "", limit));
    }
    let wait = protection::spend(tx, app, &realm.id, &rules).await?;
    if wait.is_some() && sending == Sending::Wanted {
        tracing::warn!(
            "realm {:?}: a mail ({kind}) is not sent: there were as many as registration.limit.mail or \
             registration.limit.mail.realm allow",
            realm.name
        );
    }
    Ok(wait.is_none() && sending == Sending::Wanted)
}
