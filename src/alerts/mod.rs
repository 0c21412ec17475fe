//! Tells administrators of what is out of the ordinary: bursts of registrations or refusals from one address, many failed
//! logins of applications, a registration from a country that none came from lately (contract 5 and 7).
//!
//! Counted in the database, for all nodes together. Each is told once in its window: as an event `ALERT`, in the log, and by
//! mail to the addresses of `registration.alert.mail` or `clientRegistration.alert.mail`.

mod country;
mod tell;

use std::net::IpAddr;
use std::slice;
use std::sync::LazyLock;

pub use country::Countries;
use moka::sync::Cache;

use crate::app::App;
use crate::error::Error;
use crate::protection::{self, Limit, Rule, network, per};
use crate::store::realm::Realm;
use tell::{Alert, Reason};

/// Alerts at as much as this, where the realm says nothing.
const DEFAULT: Limit = per(100, 3600);

/// How long it is known that registrations came from a country.
const COUNTRY_KNOWN_SECONDS: i64 = 90 * 24 * 3600;

/// So lately that nothing need be written again.
const LATELY_SECONDS: i64 = 3 * 24 * 3600;

/// Until when (epoch milliseconds) what was told of is not told again, by realm, what it is, and the length of the window.
static TOLD: LazyLock<Cache<(String, String, i64), i64>> = LazyLock::new(|| Cache::new(10_000));

/// Who registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    People,
    Applications,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Through,
    ToNothing,
}

impl Who {
    /// What the names of its settings begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::People => "registration",
            Self::Applications => "clientRegistration",
        }
    }

    /// `alert.address`; `None`: the realm wants no alerts.
    fn limit(self, realm: &Realm) -> Option<Limit> {
        let setting = format!("{}.alert.address", self.prefix());
        Limit::of(realm.attribute(&setting), Some(DEFAULT))
    }
}

/// Somebody tried to register, or an application did. An alert that cannot be told stops nobody.
pub async fn registration(app: &App, realm: &Realm, who: Who, from: IpAddr, came: Came) {
    let Some(limit) = who.limit(realm) else { return };
    let reason = match who {
        Who::People => Reason::Registrations,
        Who::Applications => Reason::ClientRegistrations,
    };
    let mut done = count(app, realm, &Alert::of(reason, who, from), limit).await;
    if done.is_ok() && came == Came::Through {
        done = from_country(app, realm, who, from).await;
    }
    forgive(realm, done);
}

/// An application did not prove who it is; `client_id` is one that there is.
pub async fn failed_login(app: &App, realm: &Realm, from: IpAddr, client_id: Option<&str>) {
    let who = Who::Applications;
    let Some(limit) = who.limit(realm) else { return };
    let mut done = count(app, realm, &Alert::of(Reason::LoginsFromAddress, who, from), limit).await;
    if let (Ok(()), Some(client_id)) = (&done, client_id) {
        let mut alert = Alert::of(Reason::LoginsOfClient, who, from);
        client_id.clone_into(&mut alert.about);
        done = count(app, realm, &alert, limit).await;
    }
    forgive(realm, done);
}

fn forgive(realm: &Realm, done: Result<(), Error>) {
    if let Err(e) = done {
        tracing::warn!("realm {:?}: an alert could not be counted or told: {e}", realm.name);
    }
}

/// Counts once more, and tells when that is as often as the limit says.
async fn count(app: &App, realm: &Realm, alert: &Alert, limit: Limit) -> Result<(), Error> {
    let kind = alert.reason.key();
    let told = Rule::plain(
        &realm.id,
        "alert",
        &format!("{kind} {}", alert.about),
        per(1, limit.seconds),
    );
    // A flood that was told of costs a look, and on this node not even that.
    let known = (realm.id.clone(), format!("{kind} {}", alert.about), limit.seconds);
    if TOLD.get(&known).is_some_and(|until| until > app.now()) {
        return Ok(());
    }
    if let Some(seconds) = protection::foresee(app, slice::from_ref(&told)).await? {
        TOLD.insert(known, app.now() + seconds * 1000);
        return Ok(());
    }
    let before_last = per(limit.most - 1, limit.seconds);
    let counted = Rule::plain(&realm.id, kind, &alert.about, before_last);
    let mut tx = app.db.begin().await?;
    let is_enough = protection::spend(&mut tx, app, &realm.id, &[counted]).await?.is_some();
    if !is_enough {
        return tx.commit_lazily().await;
    }
    if protection::spend(&mut tx, app, &realm.id, &[told]).await?.is_none() {
        tell::tell(&mut tx, app, realm, alert, Some(limit)).await?;
    }
    tx.commit().await
}

/// Tells of the first registration from a country in a long time, but not of the very first.
async fn from_country(app: &App, realm: &Realm, who: Who, from: IpAddr) -> Result<(), Error> {
    let Some(country) = app.countries.as_ref().and_then(|countries| countries.of(from)) else {
        return Ok(());
    };
    let kind = format!("{}.country", who.prefix());
    let lately = protection::Past::new(&realm.id, &kind, &country, LATELY_SECONDS);
    if lately.look(app).await? {
        return Ok(());
    }
    let any = protection::Past::new(&realm.id, &kind, "", COUNTRY_KNOWN_SECONDS);
    let this = protection::Past::new(&realm.id, &kind, &country, COUNTRY_KNOWN_SECONDS);
    let mut tx = app.db.begin().await?;
    let is_first = !any.note(&mut tx, app).await?;
    let is_known = this.note(&mut tx, app).await?;
    if !is_first && !is_known {
        let mut alert = Alert::of(Reason::Country, who, from);
        alert.about = country;
        tell::tell(&mut tx, app, realm, &alert, None).await?;
    }
    tx.commit().await
}

/// How addresses are told: those of one subscriber together.
fn told(from: IpAddr) -> String {
    network::of(from).to_string()
}
