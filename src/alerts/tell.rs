//! How an alert is told: in the log, as an event, by mail.

use std::net::IpAddr;

use super::Who;
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::mail;
use crate::protection::Limit;
use crate::store::Tx;
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::theme::pages::mail::AlertMail;

/// Addresses that are told of one alert.
const MOST_ADDRESSES: usize = 10;

/// What is out of the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Registrations,
    ClientRegistrations,
    LoginsFromAddress,
    LoginsOfClient,
    Country,
}

impl Reason {
    /// The name under which it is counted and worded.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Registrations => "alert.registrations",
            Self::ClientRegistrations => "alert.clientRegistrations",
            Self::LoginsFromAddress => "alert.clientLogins.address",
            Self::LoginsOfClient => "alert.clientLogins.client",
            Self::Country => "alert.country",
        }
    }

    /// `reason` and `field` of the event.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Registrations => ("registrations", "address"),
            Self::ClientRegistrations => ("client_registrations", "address"),
            Self::LoginsFromAddress => ("client_logins", "address"),
            Self::LoginsOfClient => ("client_logins", "client_id"),
            Self::Country => ("country", "country"),
        }
    }
}

/// An alert.
pub(super) struct Alert {
    pub(super) reason: Reason,
    who: Who,
    /// The address, client or country.
    pub(super) about: String,
    from: IpAddr,
}

impl Alert {
    /// One about an address.
    pub(super) fn of(reason: Reason, who: Who, from: IpAddr) -> Self {
        let about = super::told(from);
        Self {
            reason,
            who,
            about,
            from,
        }
    }
}

/// Tells of an alert.
pub(super) async fn tell(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    alert: &Alert,
    limit: Option<Limit>,
) -> Result<(), Error> {
    let (reason, field) = alert.reason.told();
    let mut event = Event::new("ALERT").detail("reason", reason).detail("field", field);
    event = event.detail("value", &*alert.about);
    if let Some(limit) = limit {
        event = event.detail("limit", format!("{}/{}", limit.most, limit.seconds));
    }
    event.ip_address = Some(alert.from.to_string());
    if alert.reason == Reason::LoginsOfClient {
        event.client_id = Some(alert.about.clone());
    }
    tracing::warn!(
        "alert: realm={:?} reason={reason} {field}={:?} address={}",
        realm.name,
        alert.about,
        alert.from
    );
    events::record(tx, realm, &event, app.now()).await?;
    let letter = AlertMail {
        key: alert.reason.key().to_owned(),
        realm_name: realm.text("displayName").unwrap_or(&realm.name).to_owned(),
        about: alert.about.clone(),
        address: alert.from.to_string(),
        count: limit.map_or(0, |l| l.most),
        seconds: limit.map_or(0, |l| l.seconds),
    };
    let locale = realm.text("defaultLocale").unwrap_or("en");
    let setting = format!("{}.alert.mail", alert.who.prefix());
    let addresses = realm.attribute(&setting).unwrap_or_default().split(',').map(str::trim);
    for address in addresses.filter(|a| !a.is_empty()).take(MOST_ADDRESSES) {
        let envelope = mail::write(app, realm, locale, address, &letter)?;
        mail::queue_alert(tx, app, realm, &envelope, alert.reason.key()).await?;
    }
    Ok(())
}
