//! Who is signed in, and with which applications.
//!
//! Whether a session is still good (idle, too old) is decided in `oidc::session`; here it is only there or not.

use serde_json::Value;

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct UserSession {
    /// `sid` and `session_state` in tokens.
    pub id: String,
    pub realm_id: String,
    pub user_id: String,
    /// Made by the scope `offline_access`: has the id of the session that it came from, and outlives it.
    pub offline: bool,
    pub ip_address: Option<String>,
    /// Epoch milliseconds, as all instants here.
    pub started: i64,
    pub last_refresh: i64,
    /// When the row may be deleted: `oidc::session::expires`.
    pub expires: i64,
    /// Keycloak's session notes (`AUTH_TIME`, ...), and `rememberMe`.
    pub notes: Doc,
}

impl UserSession {
    /// A note that is a text.
    pub fn note(&self, name: &str) -> Option<&str> {
        self.notes.get(name).and_then(Value::as_str)
    }

    /// Signed in with *Remember me*: other lifetimes apply.
    pub fn remember_me(&self) -> bool {
        json::flag(&self.notes, "rememberMe")
    }
}

/// An application's part in a session.
#[derive(Debug, Clone)]
pub struct ClientSession {
    pub session_id: String,
    pub offline: bool,
    pub client_uuid: String,
    pub realm_id: String,
    pub started: i64,
    pub last_refresh: i64,
    /// `scope` as asked for, `redirectUri`, `nonce`, notes.
    pub doc: Doc,
}

/// Member of [`ClientSession::doc`]: the ids of the clients whose tokens the client exchanged to come by its part.
pub const EXCHANGED_FROM: &str = "exchangedFrom";

impl ClientSession {
    /// The clients whose tokens it came of; none where people signed in to the client itself.
    pub fn exchanged_from(&self) -> Vec<String> {
        json::texts(&self.doc, EXCHANGED_FROM)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }
}

pub(super) const COLUMNS: &str = "id, realm_id, account_id, offline, ip_address, started, last_refresh, expires, doc";

pub(super) fn session(mut r: Row) -> Result<UserSession, Error> {
    next_session(&mut r)
}

fn next_session(r: &mut Row) -> Result<UserSession, Error> {
    Ok(UserSession {
        id: r.next()?,
        realm_id: r.next()?,
        user_id: r.next()?,
        offline: r.next()?,
        ip_address: r.next()?,
        started: r.next()?,
        last_refresh: r.next()?,
        expires: r.next()?,
        notes: json::parse(&r.next::<String>()?)?,
    })
}

const CLIENT_COLUMNS: &str = "session_id, offline, client_uuid, realm_id, started, last_refresh, doc";

fn client_session(mut r: Row) -> Result<ClientSession, Error> {
    Ok(ClientSession {
        session_id: r.next()?,
        offline: r.next()?,
        client_uuid: r.next()?,
        realm_id: r.next()?,
        started: r.next()?,
        last_refresh: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// Keeps a new session, or one more time the offline session that is there already.
///
/// # Errors
///
/// Those of the database.
pub async fn create(tx: &mut Tx, s: &UserSession) -> Result<(), Error> {
    let notes = serde_json::to_string(&s.notes)?;
    tx.exec(
        "insert into user_session (id, realm_id, account_id, offline, ip_address, started, last_refresh, expires, doc)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (id, offline) do update set last_refresh = excluded.last_refresh, expires = excluded.expires",
        &[
            &s.id,
            &s.realm_id,
            &s.user_id,
            &s.offline,
            &s.ip_address,
            &s.started,
            &s.last_refresh,
            &s.expires,
            &notes,
        ],
    )
    .await?;
    Ok(())
}

/// The session with an id; not an offline one.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<UserSession>, Error> {
    find(q, realm_id, id, false).await
}

/// The session or offline session with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn find(q: impl Query, realm_id: &str, id: &str, offline: bool) -> Result<Option<UserSession>, Error> {
    let sql = format!("select {COLUMNS} from user_session where realm_id = $1 and id = $2 and offline = $3");
    q.first(&sql, &[&realm_id, &id, &offline])
        .await?
        .map(session)
        .transpose()
}

/// The sessions of a user, the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, realm_id: &str, user_id: &str, offline: bool) -> Result<Vec<UserSession>, Error> {
    let sql = format!(
        "select {COLUMNS} from user_session where realm_id = $1 and account_id = $2 and offline = $3
         order by started desc, id"
    );
    let rows = q.all(&sql, &[&realm_id, &user_id, &offline]).await?;
    rows.into_iter().map(session).collect()
}

/// A page of the sessions that an application takes part in, the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn of_client(
    q: impl Query,
    client_uuid: &str,
    offline: bool,
    first: i64,
    max: i64,
) -> Result<Vec<UserSession>, Error> {
    let sql =
        "select s.id, s.realm_id, s.account_id, s.offline, s.ip_address, s.started, s.last_refresh, s.expires, s.doc
         from client_session c join user_session s on s.id = c.session_id and s.offline = c.offline
         where c.client_uuid = $1 and c.offline = $2 order by s.started desc, s.id limit $3 offset $4";
    let rows = q.all(sql, &[&client_uuid, &offline, &max, &first]).await?;
    rows.into_iter().map(session).collect()
}

/// How many sessions an application takes part in.
///
/// # Errors
///
/// Those of the database.
pub async fn count_of_client(q: impl Query, client_uuid: &str, offline: bool) -> Result<i64, Error> {
    let sql = "select count(*) from client_session where client_uuid = $1 and offline = $2";
    q.count(sql, &[&client_uuid, &offline]).await
}

/// Moves a session's last use on. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn refresh(tx: &mut Tx, id: &str, offline: bool, now: i64, expires: i64) -> Result<bool, Error> {
    let sql = "update user_session set last_refresh = $3, expires = $4 where id = $1 and offline = $2";
    Ok(tx.exec(sql, &[&id, &offline, &now, &expires]).await? > 0)
}

/// Holds a session until the transaction ends, so that nobody else moves it on or ends it meanwhile. Whoever changes both
/// a session and a part in it holds the session first: transactions that took them in different orders could wait for each
/// other. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn hold(tx: &mut Tx, id: &str, offline: bool) -> Result<bool, Error> {
    let sql = "update user_session set last_refresh = last_refresh where id = $1 and offline = $2";
    Ok(tx.exec(sql, &[&id, &offline]).await? > 0)
}

/// Replaces a session's notes. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn set_notes(tx: &mut Tx, s: &UserSession) -> Result<bool, Error> {
    let notes = serde_json::to_string(&s.notes)?;
    let sql = "update user_session set doc = $3 where id = $1 and offline = $2";
    Ok(tx.exec(sql, &[&s.id, &s.offline, &notes]).await? > 0)
}

/// Lets an application take part in a session, or replaces what is kept of its part.
///
/// # Errors
///
/// Those of the database.
pub async fn attach(tx: &mut Tx, c: &ClientSession) -> Result<(), Error> {
    let doc = serde_json::to_string(&c.doc)?;
    tx.exec(
        "insert into client_session (session_id, offline, client_uuid, realm_id, started, last_refresh, doc)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (session_id, offline, client_uuid)
             do update set started = excluded.started, last_refresh = excluded.last_refresh, doc = excluded.doc",
        &[
            &c.session_id,
            &c.offline,
            &c.client_uuid,
            &c.realm_id,
            &c.started,
            &c.last_refresh,
            &doc,
        ],
    )
    .await?;
    Ok(())
}

/// A session or offline session together with an application's part in it.
///
/// # Errors
///
/// Those of the database.
pub async fn with_part(
    q: impl Query,
    realm_id: &str,
    id: &str,
    offline: bool,
    client_uuid: &str,
) -> Result<Option<(UserSession, ClientSession)>, Error> {
    let sql =
        "select s.id, s.realm_id, s.account_id, s.offline, s.ip_address, s.started, s.last_refresh, s.expires, s.doc,
                      c.session_id, c.offline, c.client_uuid, c.realm_id, c.started, c.last_refresh, c.doc
               from user_session s join client_session c on c.session_id = s.id and c.offline = s.offline
               where s.realm_id = $1 and s.id = $2 and s.offline = $3 and c.client_uuid = $4";
    let row = q.first(sql, &[&realm_id, &id, &offline, &client_uuid]).await?;
    row.map(|mut r| Ok((next_session(&mut r)?, client_session(r)?)))
        .transpose()
}

/// An application's part in a session.
///
/// # Errors
///
/// Those of the database.
pub async fn part(
    q: impl Query,
    session_id: &str,
    offline: bool,
    client_uuid: &str,
) -> Result<Option<ClientSession>, Error> {
    let sql = format!(
        "select {CLIENT_COLUMNS} from client_session where session_id = $1 and offline = $2 and client_uuid = $3"
    );
    let row = q.first(&sql, &[&session_id, &offline, &client_uuid]).await?;
    row.map(client_session).transpose()
}

/// The applications that take part in a session, in the order in which they came.
///
/// # Errors
///
/// Those of the database.
pub async fn parts(q: impl Query, session_id: &str, offline: bool) -> Result<Vec<ClientSession>, Error> {
    let sql = format!(
        "select {CLIENT_COLUMNS} from client_session where session_id = $1 and offline = $2 order by started, client_uuid"
    );
    let rows = q.all(&sql, &[&session_id, &offline]).await?;
    rows.into_iter().map(client_session).collect()
}

/// Moves an application's last use of a session on. `false` if it takes no part any more.
///
/// # Errors
///
/// Those of the database.
pub async fn refresh_part(
    tx: &mut Tx,
    session_id: &str,
    offline: bool,
    client_uuid: &str,
    now: i64,
) -> Result<bool, Error> {
    let sql = "update client_session set last_refresh = $4 where session_id = $1 and offline = $2 and client_uuid = $3";
    Ok(tx.exec(sql, &[&session_id, &offline, &client_uuid, &now]).await? > 0)
}

/// Ends the parts in a session that applications have by having exchanged tokens of this one.
///
/// # Errors
///
/// Those of the database.
pub async fn detach_exchanged(tx: &mut Tx, session_id: &str, offline: bool, client_uuid: &str) -> Result<(), Error> {
    for part in parts(&mut *tx, session_id, offline).await? {
        if part.exchanged_from().iter().any(|id| id == client_uuid) {
            detach(tx, session_id, offline, &part.client_uuid).await?;
        }
    }
    Ok(())
}

/// Ends an application's part in a session; its tokens are void. `false` if it took none.
///
/// # Errors
///
/// Those of the database.
pub async fn detach(tx: &mut Tx, session_id: &str, offline: bool, client_uuid: &str) -> Result<bool, Error> {
    let sql = "delete from client_session where session_id = $1 and offline = $2 and client_uuid = $3";
    Ok(tx.exec(sql, &[&session_id, &offline, &client_uuid]).await? > 0)
}

/// Ends the parts that an application has in a user's sessions, offline ones too, and those that others have by having exchanged
/// its tokens. Says whether it had part in an offline session.
///
/// # Errors
///
/// Those of the database.
pub async fn detach_of_user(tx: &mut Tx, realm_id: &str, user_id: &str, client_uuid: &str) -> Result<bool, Error> {
    let mut had_offline = false;
    for offline in [false, true] {
        for one in of_user(&mut *tx, realm_id, user_id, offline).await? {
            // Session before part, as everywhere.
            hold(tx, &one.id, offline).await?;
            had_offline |= detach(tx, &one.id, offline, client_uuid).await? && offline;
            detach_exchanged(tx, &one.id, offline, client_uuid).await?;
        }
    }
    Ok(had_offline)
}

/// Ends a session. `false` if it is gone; an offline session stays.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    remove_one(tx, realm_id, id, false).await
}

/// Ends a session or an offline session. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_one(tx: &mut Tx, realm_id: &str, id: &str, offline: bool) -> Result<bool, Error> {
    let sql = "delete from user_session where realm_id = $1 and id = $2 and offline = $3";
    Ok(tx.exec(sql, &[&realm_id, &id, &offline]).await? > 0)
}

/// Ends all sessions of a user, but not the offline ones.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_of_user(tx: &mut Tx, realm_id: &str, user_id: &str) -> Result<u64, Error> {
    let sql = "delete from user_session where realm_id = $1 and account_id = $2 and offline = $3";
    tx.exec(sql, &[&realm_id, &user_id, &false]).await
}

/// The sessions of a realm that began between two instants, both included, the oldest first; no offline ones.
///
/// # Errors
///
/// Those of the database.
pub async fn of_realm(q: impl Query, realm_id: &str, from: i64, to: i64, max: i64) -> Result<Vec<UserSession>, Error> {
    let sql = format!(
        "select {COLUMNS} from user_session where realm_id = $1 and offline = $2 and started >= $3 and started <= $4
         order by started, id limit $5"
    );
    let rows = q.all(&sql, &[&realm_id, &false, &from, &to, &max]).await?;
    rows.into_iter().map(session).collect()
}

/// What a refresh token of a chain is when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// The newest, and not used too often.
    Good,
    /// A newer one of the chain was used already.
    Stale,
    /// Used more often than the realm allows.
    TooOften,
}

/// Uses a refresh token of a chain: at most `1 + max_reuse` times, and none once a later generation was used. Exact
/// under parallel use. Call [`refresh_part`] before, in the same transaction: it holds the row that the chain needs.
///
/// # Errors
///
/// Those of the database.
pub async fn use_chain(
    tx: &mut Tx,
    chain: &str,
    c: &ClientSession,
    generation: i64,
    max_reuse: i64,
) -> Result<Reuse, Error> {
    let used = tx
        .exec(
            "insert into refresh_chain (id, session_id, offline, client_uuid, generation, uses)
             values ($1, $2, $3, $4, $5, 1)
             on conflict (id) do update set generation = excluded.generation,
                 uses = case when refresh_chain.generation = excluded.generation then refresh_chain.uses + 1 else 1 end
             where refresh_chain.generation < excluded.generation
                or (refresh_chain.generation = excluded.generation and refresh_chain.uses <= $6)",
            &[
                &chain,
                &c.session_id,
                &c.offline,
                &c.client_uuid,
                &generation,
                &max_reuse,
            ],
        )
        .await?;
    if used > 0 {
        return Ok(Reuse::Good);
    }
    let sql = "select count(*) from refresh_chain where id = $1 and generation > $2";
    Ok(if tx.count(sql, &[&chain, &generation]).await? > 0 {
        Reuse::Stale
    } else {
        Reuse::TooOften
    })
}

/// What a refresh token of a chain is, without using it.
///
/// # Errors
///
/// Those of the database.
pub async fn look_at_chain(q: impl Query, chain: &str, generation: i64, max_reuse: i64) -> Result<Reuse, Error> {
    let row = q
        .first("select generation, uses from refresh_chain where id = $1", &[&chain])
        .await?;
    let Some(mut row) = row else { return Ok(Reuse::Good) };
    let (used, uses): (i64, i64) = (row.next()?, row.next()?);
    Ok(match used.cmp(&generation) {
        std::cmp::Ordering::Greater => Reuse::Stale,
        std::cmp::Ordering::Equal if uses > max_reuse => Reuse::TooOften,
        _ => Reuse::Good,
    })
}
