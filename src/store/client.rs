//! Applications. Looked up by key, never loaded all.

use std::sync::Arc;

use vestibule_oauth::web_origin;

use super::attribute_secret;
use super::cache::client_topic;
use super::client_state::registered;
pub use super::client_state::{Life, Source, Standing};
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use super::realm::ProtocolMapper;
use crate::error::Error;
use crate::likeness;
use crate::secret_key::SecretKey;

/// A client as a node keeps it. `doc` is Keycloak's `ClientRepresentation` without `id`, `clientId` and secrets.
#[derive(Clone)]
pub struct Client {
    /// Keycloak's `id`; paths of the Admin API name it.
    pub id: String,
    pub realm_id: String,
    /// What the client calls itself: `client_id` of OAuth.
    pub client_id: String,
    pub doc: Doc,
    pub secrets: Secrets,
    /// Epoch milliseconds.
    pub created: i64,
    /// [`update`] leaves it as it is; [`set_standing`] changes it.
    pub standing: Standing,
    /// Kept with the registration: [`add`] and [`update`] do not write it.
    pub source: Source,
    /// Kept there as well. A snapshot may be older than the last use.
    pub life: Life,
}

/// The attribute by which an administrator vouches for a client that registered itself.
pub const VERIFIED: &str = "client.verified";

/// What is kept of a client's secrets: SHA-256 of generated ones (base64url), and sealed values only where one must be
/// read back. Not `Debug`.
#[derive(Clone, Default)]
pub struct Secrets {
    pub hash: Option<String>,
    pub sealed: Option<Vec<u8>>,
    pub previous_hash: Option<String>,
    /// Epoch milliseconds until which the previous secret is good.
    pub previous_expires: Option<i64>,
    /// SHA-256 of the `jti` of the registration access token.
    pub rat_hash: Option<String>,
    /// The one before it, good until the new one is first used.
    pub previous_rat_hash: Option<String>,
    /// `anonymous` or `authenticated`: under which policies the registration access token stays.
    pub rat_auth: Option<String>,
}

impl Client {
    /// Whether it is of use: no administrator disabled it, and it does not wait for approval.
    pub fn enabled(&self) -> bool {
        self.standing == Standing::Live && json::flag(&self.doc, "enabled")
    }

    /// Has no secret: a page in a browser, an app on a phone.
    pub fn public(&self) -> bool {
        json::flag(&self.doc, "publicClient")
    }

    /// Any switch of the representation, such as `standardFlowEnabled`.
    pub fn flag(&self, key: &str) -> bool {
        json::flag(&self.doc, key)
    }

    /// A text of the representation that is not empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        json::text(&self.doc, key)
    }

    /// A list of the representation, such as `redirectUris` or `defaultClientScopes`.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        json::texts(&self.doc, key)
    }

    /// A client attribute that is not empty.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        json::attribute(&self.doc, key)
    }

    /// Its protocol mappers.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if they cannot be read.
    pub fn mappers(&self) -> Result<Vec<ProtocolMapper>, Error> {
        match self.doc.get("protocolMappers") {
            Some(all) if !all.is_null() => Ok(serde_json::from_value(all.clone())?),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether it registered itself, and no administrator has vouched for it ([`VERIFIED`]).
    pub fn unverified(&self) -> bool {
        self.source != Source::Admin && self.attribute(VERIFIED) != Some("true")
    }

    /// The name for people, else the `client_id`.
    pub fn display_name(&self) -> &str {
        self.text("name").unwrap_or(&self.client_id)
    }
}

/// The member with the flows that a client uses instead of the realm's.
const OWN_FLOWS: &str = "authenticationFlowBindingOverrides";

/// The setting that shows a client in the Account Console.
const ALWAYS_DISPLAYED: &str = "alwaysDisplayInConsole";

pub(super) const COLUMNS: &str = "id, realm_id, client_id, doc, secret_hash, secret_sealed, previous_secret_hash,
    previous_secret_expires, rat_hash, previous_rat_hash, rat_auth, created, standing";

/// What is kept elsewhere: how it came to be, and when it was used (`registered` reads it).
pub(super) const REGISTERED: &str = "(select source || ' ' || cast(active as text) || ' '
    || coalesce(cast(last_used as text), '') || ' ' || coalesce(cast(warned as text), '')
    from client_registration where client_uuid = client.id)";

pub(super) fn client(key: &SecretKey, mut r: Row) -> Result<Client, Error> {
    let (id, realm_id, client_id) = (r.next::<String>()?, r.next()?, r.next()?);
    let mut doc = json::parse(&r.next::<String>()?)?;
    attribute_secret::open(key, &id, &mut doc);
    let mut client = Client {
        id,
        realm_id,
        client_id,
        doc,
        secrets: Secrets {
            hash: r.next()?,
            sealed: r.next()?,
            previous_hash: r.next()?,
            previous_expires: r.next()?,
            rat_hash: r.next()?,
            previous_rat_hash: r.next()?,
            rat_auth: r.next()?,
        },
        created: r.next()?,
        standing: Standing::parse(&r.next::<String>()?),
        source: Source::default(),
        life: Life::default(),
    };
    (client.source, client.life) = registered(r.next::<Option<String>>()?.as_deref());
    Ok(client)
}

/// Forgets this node's snapshot of a client: it is known to be old.
pub fn forget(db: &Db, id: &str) {
    db.caches.forget(&client_topic(id));
}

/// The client of a realm with an id, as this node's snapshot has it.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(db: &Db, realm_id: &str, id: &str) -> Result<Option<Arc<Client>>, Error> {
    let found = match db.caches.clients.get(id) {
        Some(known) => Some(known),
        None => Box::pin(keep(db, realm_id, id)).await?,
    };
    Ok(found.filter(|c| c.realm_id == realm_id))
}

async fn keep(db: &Db, realm_id: &str, id: &str) -> Result<Option<Arc<Client>>, Error> {
    let load = async { Ok(read(db, realm_id, id).await?.map(Arc::new)) };
    db.caches.get(&db.caches.clients, id.to_owned(), load).await
}

/// The client of a realm with a `client_id`, as this node's snapshot has it.
///
/// # Errors
///
/// Those of the database.
pub async fn by_client_id(db: &Db, realm_id: &str, client_id: &str) -> Result<Option<Arc<Client>>, Error> {
    let key = format!("{realm_id} {client_id}");
    let known = match db.caches.client_uuids.get(&key) {
        Some(known) => Some(known),
        None => Box::pin(keep_uuid(db, key.clone(), realm_id, client_id)).await?,
    };
    let Some(id) = known else {
        return Ok(None);
    };
    let found = by_id(db, realm_id, &id).await?.filter(|c| c.client_id == client_id);
    if found.is_none() {
        // The name was cached and has since been given up: ask again next time.
        db.caches.client_uuids.invalidate(&key);
        return read_by_client_id(db, realm_id, client_id)
            .await
            .map(|c| c.map(Arc::new));
    }
    Ok(found)
}

async fn keep_uuid(db: &Db, key: String, realm_id: &str, client_id: &str) -> Result<Option<String>, Error> {
    let load = async {
        let sql = "select id from client where realm_id = $1 and client_id = $2";
        db.first(sql, &[&realm_id, &client_id])
            .await?
            .map(|mut r| r.next::<String>())
            .transpose()
    };
    db.caches.get(&db.caches.client_uuids, key, load).await
}

/// The client with an id, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn read(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Client>, Error> {
    let sql = format!("select {COLUMNS}, {REGISTERED} from client where realm_id = $1 and id = $2");
    let key = q.opener();
    let found = q.first(&sql, &[&realm_id, &id]).await?;
    found.map(|row| client(&key, row)).transpose()
}

/// The client with a `client_id`, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn read_by_client_id(q: impl Query, realm_id: &str, client_id: &str) -> Result<Option<Client>, Error> {
    let sql = format!("select {COLUMNS}, {REGISTERED} from client where realm_id = $1 and client_id = $2");
    let key = q.opener();
    let found = q.first(&sql, &[&realm_id, &client_id]).await?;
    found.map(|row| client(&key, row)).transpose()
}

/// A page of a realm's clients by `client_id`; `search` finds what contains it, in any case.
///
/// # Errors
///
/// Those of the database.
pub async fn search(db: &Db, realm_id: &str, search: &str, first: i64, max: i64) -> Result<Vec<Client>, Error> {
    let like = format!("%{}%", super::user::escape_like(&search.to_lowercase()));
    let sql = format!(
        "select {COLUMNS}, {REGISTERED} from client where realm_id = $1 and lower(client_id) like $2 escape '\\'
         order by client_id limit $3 offset $4"
    );
    let rows = db.list(&sql, &[&realm_id, &like, &max, &first]).await?;
    rows.into_iter().map(|row| client(db.secret_key(), row)).collect()
}

/// The clients that everybody sees in the Account Console, used or not.
///
/// # Errors
///
/// Those of the database.
pub async fn always_displayed(db: &Db, realm_id: &str) -> Result<Vec<Client>, Error> {
    let sql = format!(
        "select {COLUMNS}, {REGISTERED} from client where realm_id = $1 and always_displayed order by client_id"
    );
    let rows = db.list(&sql, &[&realm_id]).await?;
    rows.into_iter().map(|row| client(db.secret_key(), row)).collect()
}

/// How many clients a realm has.
///
/// # Errors
///
/// Those of the database.
pub async fn count(q: impl Query, realm_id: &str) -> Result<i64, Error> {
    q.count("select count(*) from client where realm_id = $1", &[&realm_id])
        .await
}

/// Adds a client, unless its id or `client_id` is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, c: &Client) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &c.id, &c.doc)?)?;
    let s = &c.secrets;
    let sql = format!(
        "insert into client ({COLUMNS}, always_displayed, own_flows, name_key, name_likeness)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict do nothing"
    );
    let added = tx
        .exec(
            &sql,
            &[
                &c.id,
                &c.realm_id,
                &c.client_id,
                &doc,
                &s.hash,
                &s.sealed,
                &s.previous_hash,
                &s.previous_expires,
                &s.rat_hash,
                &s.previous_rat_hash,
                &s.rat_auth,
                &c.created,
                &c.standing.as_str(),
                &c.flag(ALWAYS_DISPLAYED),
                &has_own_flows(c),
                &name_key(c),
                &name_likeness(c),
            ],
        )
        .await?;
    if added > 0 {
        index_origins(tx, c).await?;
    }
    Ok(added > 0)
}

/// The origins of a client, so that a page can be known that does not say for which client it speaks.
async fn index_origins(tx: &mut Tx, c: &Client) -> Result<(), Error> {
    for origin in web_origin::resolve(&c.texts("webOrigins"), &c.texts("redirectUris")) {
        let sql =
            "insert into client_origin (realm_id, origin, client_uuid) values ($1, $2, $3) on conflict do nothing";
        tx.exec(sql, &[&c.realm_id, &origin, &c.id]).await?;
    }
    Ok(())
}

/// Whether pages of an origin may call for any client of a realm that works.
///
/// # Errors
///
/// Those of the database.
pub async fn any_of_origin(db: &Db, realm_id: &str, origin: &str) -> Result<bool, Error> {
    let sql = "select client_uuid from client_origin where realm_id = $1 and (origin = $2 or origin = '*') limit 20";
    for mut row in db.all(sql, &[&realm_id, &origin]).await? {
        if by_id(db, realm_id, &row.next::<String>()?)
            .await?
            .is_some_and(|c| c.enabled())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Replaces a client's document, name and secrets. Look first whether a new `client_id` is free. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, c: &Client) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &c.id, &c.doc)?)?;
    let s = &c.secrets;
    let changed = tx
        .exec(
            "update client set client_id = $3, doc = $4, secret_hash = $5, secret_sealed = $6, previous_secret_hash = $7,
                 previous_secret_expires = $8, rat_hash = $9, previous_rat_hash = $10, rat_auth = $11,
                 always_displayed = $12, own_flows = $13, name_key = $14, name_likeness = $15
             where realm_id = $1 and id = $2",
            &[
                &c.realm_id,
                &c.id,
                &c.client_id,
                &doc,
                &s.hash,
                &s.sealed,
                &s.previous_hash,
                &s.previous_expires,
                &s.rat_hash,
                &s.previous_rat_hash,
                &s.rat_auth,
                &c.flag(ALWAYS_DISPLAYED),
                &has_own_flows(c),
                &name_key(c),
                &name_likeness(c),
            ],
        )
        .await?;
    tx.exec("delete from client_origin where client_uuid = $1", &[&c.id])
        .await?;
    if changed > 0 {
        index_origins(tx, c).await?;
    }
    tx.touch(client_topic(&c.id));
    Ok(changed > 0)
}

/// Says whether a client is of use from now on.
///
/// # Errors
///
/// Those of the database.
pub async fn set_standing(tx: &mut Tx, realm_id: &str, id: &str, standing: Standing) -> Result<(), Error> {
    let sql = "update client set standing = $3 where realm_id = $1 and id = $2";
    tx.exec(sql, &[&realm_id, &id, &standing.as_str()]).await?;
    tx.touch(client_topic(id));
    Ok(())
}

/// Removes a client with its roles, sessions and service account, and what waits for its approval. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let roles = tx
        .exec(
            "delete from role where realm_id = $1 and client_uuid = $2",
            &[&realm_id, &id],
        )
        .await?;
    if roles > 0 {
        tx.touch(super::cache::owner_topic(realm_id, id));
    }
    super::approval::remove(tx, realm_id, id).await?;
    let removed = tx
        .exec("delete from client where realm_id = $1 and id = $2", &[&realm_id, &id])
        .await?;
    tx.touch(client_topic(id));
    Ok(removed > 0)
}

/// The names of the clients that use a flow instead of the realm's.
///
/// # Errors
///
/// Those of the database.
pub async fn with_flow(q: impl Query, realm_id: &str, flow_id: &str) -> Result<Vec<String>, Error> {
    let binding = format!("%\"{OWN_FLOWS}\":{{%\"{flow_id}\"%");
    let sql = "select client_id from client where realm_id = $1 and own_flows and doc like $2 order by client_id";
    let rows = q.all(sql, &[&realm_id, &binding]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// What searches for a name look at.
fn name_key(c: &Client) -> String {
    c.text("name").unwrap_or_default().to_lowercase()
}

/// What nobody else may be called: of clients that administrators made, and whose name is no key of ours.
fn name_likeness(c: &Client) -> Option<String> {
    let name = c
        .text("name")
        .filter(|name| c.source == Source::Admin && !name.contains("${"))?;
    Some(likeness::of(name)).filter(|name| !name.is_empty())
}

/// Whether a client that an administrator made has a name that looks so ([`likeness::of`]).
///
/// # Errors
///
/// Those of the database.
pub async fn is_name_of_administrators(q: impl Query, realm_id: &str, looks: &str) -> Result<bool, Error> {
    let sql = "select id from client where realm_id = $1 and name_likeness = $2 limit 1";
    Ok(q.first(sql, &[&realm_id, &looks]).await?.is_some())
}

fn has_own_flows(c: &Client) -> bool {
    let own = c.doc.get(OWN_FLOWS).and_then(serde_json::Value::as_object);
    own.is_some_and(|own| own.values().any(|id| id.as_str().is_some_and(|id| !id.is_empty())))
}
