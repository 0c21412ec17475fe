//! How a client came to be, beside the client itself; and the token with which it manages itself.

use super::cache::client_topic;
use super::client::{Client, Life};
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// The registration of a client.
#[derive(Debug, Clone)]
pub struct Registration {
    pub client_uuid: String,
    pub realm_id: String,
    /// `anonymous`, `token`, `user` or `admin`.
    pub source: String,
    /// The initial access token it was made with.
    pub token_id: Option<String>,
    /// Whose it is: the user who registered it, or the owner of the token.
    pub owner: Option<String>,
    pub ip_address: Option<String>,
    /// Epoch milliseconds.
    pub created: i64,
    pub last_used: Option<i64>,
    /// When it was used last or, before that, came into force.
    pub active: i64,
    /// When its people were told that it will go.
    pub warned: Option<i64>,
    /// What it is bound to for life: `policies` and `scopes` of the initial access token, which may be gone; and what was given to
    /// it once.
    pub terms: Doc,
}

impl Registration {
    /// That of a client, from when that was made; nobody's, and bound to nothing.
    pub fn new(client: &Client, source: &str) -> Self {
        Self {
            client_uuid: client.id.clone(),
            realm_id: client.realm_id.clone(),
            source: source.to_owned(),
            token_id: None,
            owner: None,
            ip_address: None,
            created: client.created,
            last_used: None,
            active: client.created,
            warned: None,
            terms: Doc::new(),
        }
    }
}

impl Registration {
    /// When its client was used.
    pub fn life(&self) -> Life {
        Life {
            last_used: self.last_used,
            active: self.active,
            warned: self.warned,
        }
    }
}

pub(super) const COLUMNS: &str =
    "client_uuid, realm_id, source, token_id, owner, ip_address, created, last_used, active, warned, terms";

pub(super) fn registration(mut r: Row) -> Result<Registration, Error> {
    Ok(Registration {
        client_uuid: r.next()?,
        realm_id: r.next()?,
        source: r.next()?,
        token_id: r.next()?,
        owner: r.next()?,
        ip_address: r.next()?,
        created: r.next()?,
        last_used: r.next()?,
        active: r.next()?,
        warned: r.next()?,
        terms: json::parse(&r.next::<String>()?)?,
    })
}

/// Adds the registration of a client that was added in the same transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, new: &Registration) -> Result<(), Error> {
    let terms = serde_json::to_string(&new.terms)?;
    let sql =
        format!("insert into client_registration ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    tx.exec(
        &sql,
        &[
            &new.client_uuid,
            &new.realm_id,
            &new.source,
            &new.token_id,
            &new.owner,
            &new.ip_address,
            &new.created,
            &new.last_used,
            &new.active,
            &new.warned,
            &terms,
        ],
    )
    .await?;
    Ok(())
}

/// Writes what a client is bound to.
///
/// # Errors
///
/// Those of the database.
pub async fn set_terms(tx: &mut Tx, client_uuid: &str, terms: &Doc) -> Result<(), Error> {
    let sql = "update client_registration set terms = $2 where client_uuid = $1";
    tx.exec(sql, &[&client_uuid, &serde_json::to_string(terms)?]).await?;
    Ok(())
}

/// Notes which software a client is, so that it is recognised when it comes again.
///
/// # Errors
///
/// Those of the database.
pub async fn recognise(tx: &mut Tx, client_uuid: &str, software: &str) -> Result<(), Error> {
    let sql = "update client_registration set software = $2 where client_uuid = $1";
    tx.exec(sql, &[&client_uuid, &software]).await?;
    Ok(())
}

/// Which software a client is, where that was noted.
///
/// # Errors
///
/// Those of the database.
pub async fn software(q: impl Query, client_uuid: &str) -> Result<Option<String>, Error> {
    let sql = "select software from client_registration where client_uuid = $1";
    let found = q.first(sql, &[&client_uuid]).await?;
    found.map_or(Ok(None), |mut r| r.next())
}

/// The newest client of this software that was registered with this token or for this owner, by its id.
///
/// # Errors
///
/// Those of the database.
pub async fn of_software(
    q: impl Query,
    realm_id: &str,
    software: &str,
    token_id: Option<&str>,
    owner: Option<&str>,
) -> Result<Option<String>, Error> {
    let sql = "select client_uuid from client_registration
               where realm_id = $1 and software = $2 and (token_id = $3 or owner = $4)
                   and not exists (select 1 from client c where c.id = client_uuid and c.standing = 'refused')
               order by created desc, client_uuid desc limit 1";
    let found = q.first(sql, &[&realm_id, &software, &token_id, &owner]).await?;
    found.map(|mut r| r.next()).transpose()
}

/// The registration of a client; clients that came otherwise have none.
///
/// # Errors
///
/// Those of the database.
pub async fn of_client(q: impl Query, realm_id: &str, client_uuid: &str) -> Result<Option<Registration>, Error> {
    let sql = format!("select {COLUMNS} from client_registration where realm_id = $1 and client_uuid = $2");
    q.first(&sql, &[&realm_id, &client_uuid])
        .await?
        .map(registration)
        .transpose()
}

/// How many clients a realm has, counted no further than `max`.
///
/// # Errors
///
/// Those of the database.
pub async fn count_up_to(q: impl Query, realm_id: &str, max: i64) -> Result<i64, Error> {
    let sql = "select count(*) from (select 1 from client where realm_id = $1 limit $2) as found";
    q.count(sql, &[&realm_id, &max]).await
}

/// Keeps a client from being changed by others until the transaction ends. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, realm_id: &str, client_uuid: &str) -> Result<bool, Error> {
    let sql = "update client set created = created where realm_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&realm_id, &client_uuid]).await? > 0)
}

/// Says that the newest registration access token has reached its owner: the one before it is dead.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_previous_token(tx: &mut Tx, client_uuid: &str, rat_hash: &str) -> Result<(), Error> {
    let sql = "update client set previous_rat_hash = null where id = $1 and rat_hash = $2";
    tx.exec(sql, &[&client_uuid, &rat_hash]).await?;
    tx.touch(client_topic(client_uuid));
    Ok(())
}

/// The registrations of the clients that were registered with an initial access token, oldest first.
///
/// # Errors
///
/// Those of the database.
pub async fn of_token(
    db: &Db,
    realm_id: &str,
    token_id: &str,
    first: i64,
    max: i64,
) -> Result<Vec<Registration>, Error> {
    let sql = format!(
        "select {COLUMNS} from client_registration where realm_id = $1 and token_id = $2
         order by created, client_uuid limit $3 offset $4"
    );
    let rows = db.list(&sql, &[&realm_id, &token_id, &max, &first]).await?;
    rows.into_iter().map(registration).collect()
}
