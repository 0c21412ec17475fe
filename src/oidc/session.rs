//! How long sessions live, and how they end.

use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::json;
use crate::store::realm::Realm;
use crate::store::session::{self, ClientSession, UserSession};

/// The lifetimes that apply to a session, in seconds; `max` may be unbounded.
struct Limits {
    idle: i64,
    max: Option<i64>,
}

fn positive(n: i64) -> Option<i64> {
    (n > 0).then_some(n)
}

fn limits(realm: &Realm, s: &UserSession) -> Limits {
    if s.offline {
        let max = realm
            .flag("offlineSessionMaxLifespanEnabled")
            .then(|| realm.number("offlineSessionMaxLifespan"));
        return Limits {
            idle: realm.number("offlineSessionIdleTimeout"),
            max: max.and_then(positive),
        };
    }
    let remembered = |name: &str| positive(realm.number(name)).filter(|_| s.remember_me() && realm.flag("rememberMe"));
    Limits {
        idle: remembered("ssoSessionIdleTimeoutRememberMe").unwrap_or_else(|| realm.number("ssoSessionIdleTimeout")),
        max: Some(
            remembered("ssoSessionMaxLifespanRememberMe").unwrap_or_else(|| realm.number("ssoSessionMaxLifespan")),
        ),
    }
}

impl Limits {
    /// The end of something that began at `started` and is not used after `last_refresh`.
    fn end(&self, started: i64, last_refresh: i64) -> i64 {
        self.latest(started).min(last_refresh + self.idle * 1000)
    }

    /// The end of something that is used all the time.
    fn latest(&self, started: i64) -> i64 {
        self.max.map_or(i64::MAX, |max| started + max * 1000)
    }
}

/// The instant (epoch milliseconds) at which a session ends unless it is used before.
pub fn expires(realm: &Realm, s: &UserSession) -> i64 {
    limits(realm, s).end(s.started, s.last_refresh)
}

/// Whether a session is still good: neither idle nor too old, by the realm's settings as they are now.
pub fn is_active(realm: &Realm, s: &UserSession, now: i64) -> bool {
    s.realm_id == realm.id && now < expires(realm, s)
}

/// The lifetimes of an application's part in a session: the realm's for clients, or the client's own.
fn part_limits(realm: &Realm, client: &Client, whole: &Limits, offline: bool) -> Limits {
    let (idle, max, own) = if offline {
        (
            "clientOfflineSessionIdleTimeout",
            "clientOfflineSessionMaxLifespan",
            "client.offline.session",
        )
    } else {
        ("clientSessionIdleTimeout", "clientSessionMaxLifespan", "client.session")
    };
    let set = |own: &str, name: &str| {
        let own = json::written(client.attribute(own)).and_then(positive);
        own.or_else(|| positive(realm.number(name)))
    };
    Limits {
        idle: set(&format!("{own}.idle.timeout"), idle).map_or(whole.idle, |idle| idle.min(whole.idle)),
        max: set(&format!("{own}.max.lifespan"), max).filter(|_| !offline || whole.max.is_some()),
    }
}

/// The instant (epoch milliseconds) at which an application's part in a session ends: never after the session, and sooner
/// where realm or client say so.
pub fn part_expires(realm: &Realm, client: &Client, s: &UserSession, started: i64, last_refresh: i64) -> i64 {
    let whole = limits(realm, s);
    let part = part_limits(realm, client, &whole, s.offline);
    let session_end = whole.end(s.started, last_refresh.max(s.last_refresh));
    session_end.min(part.end(started, last_refresh))
}

/// The instant (epoch milliseconds) beyond which an application's part cannot last, however often it is used; none for
/// offline sessions without bound.
pub fn part_latest(realm: &Realm, client: &Client, s: &UserSession, started: i64) -> Option<i64> {
    let whole = limits(realm, s);
    let part = part_limits(realm, client, &whole, s.offline);
    let latest = whole.latest(s.started).min(part.latest(started));
    (latest != i64::MAX).then_some(latest)
}

/// Whether an application's part in a session is still good.
pub fn part_is_active(realm: &Realm, client: &Client, s: &UserSession, c: &ClientSession, now: i64) -> bool {
    is_active(realm, s, now) && now < part_expires(realm, client, s, c.started, c.last_refresh)
}

/// What became of a request to end a session by its refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The session is over.
    Yes,
    /// The refresh token is not good; the text is Keycloak's.
    Refused(&'static str),
}

/// Ends the session of a refresh token that its own client presents: Keycloak's logout by POST. `event` says who asks.
///
/// # Errors
///
/// Those of the database.
pub async fn end_by_refresh_token(
    app: &App,
    caller: &crate::caller::Caller,
    realm: &Realm,
    client: &Client,
    refresh_token: &str,
    event: &Event,
) -> Result<Ended, Error> {
    let claims = match super::tokens::refresh::read(app, caller, realm, refresh_token) {
        Ok(claims) => claims,
        Err(refused) => return Ok(Ended::Refused(refused.description())),
    };
    if claims.azp != client.client_id {
        return Ok(Ended::Refused(
            "Invalid refresh token. Token client and authorized client don't match",
        ));
    }
    let mut tx = app.db.begin().await?;
    let found = session::find(&mut tx, &realm.id, &claims.sid, claims.offline).await?;
    if claims.offline {
        session::detach(&mut tx, &claims.sid, true, &client.id).await?;
    }
    if let Some(ending) = session::by_id(&mut tx, &realm.id, &claims.sid).await? {
        super::logout::backchannel::queue(&mut tx, app, caller, realm, &ending, &[]).await?;
    }
    let ended = session::remove(&mut tx, &realm.id, &claims.sid).await?;
    if ended || claims.offline {
        let mut event = event.clone();
        event.user_id = found.map(|found| found.user_id);
        event.session_id = Some(claims.sid.clone());
        events::record(&mut tx, realm, &event, app.now()).await?;
    }
    tx.commit().await?;
    Ok(Ended::Yes)
}
