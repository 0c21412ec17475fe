//! One way to talk to two databases.
//!
//! SQLite is embedded and the default, PostgreSQL is the way out of one machine. Both get the same SQL text with `$1`
//! placeholders and the same parameters, and give the same [`Row`]. Nowhere else does code know which engine runs.
//! See `docs/adr/0019-two-databases-one-text.md`.

use std::future::Future;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::cache::Caches;
use super::postgres::{self, Postgres};
use super::sqlite::{self, Durability, Sqlite};
use crate::clock::Clock;
use crate::error::Error;
use crate::secret_key::SecretKey;

/// What a statement may take as a parameter: whatever both drivers know.
pub trait Param: rusqlite::ToSql + tokio_postgres::types::ToSql + Send + Sync {}
impl<T: rusqlite::ToSql + tokio_postgres::types::ToSql + Send + Sync> Param for T {}

/// Parameters of one statement, `$1` first.
pub type Params<'a> = &'a [&'a dyn Param];

/// One value of a row, before it has a Rust type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row, read column by column in the order of the `SELECT` list.
#[derive(Debug)]
pub struct Row(std::vec::IntoIter<Cell>);

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// The next column.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if there is none or it is of another type.
    pub fn next<T: FromCell>(&mut self) -> Result<T, Error> {
        let cell = self
            .0
            .next()
            .ok_or_else(|| Error::Corrupt("a row has too few columns".into()))?;
        T::from_cell(cell)
    }
}

/// A Rust type that a column can be read as.
pub trait FromCell: Sized {
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the column holds something else.
    fn from_cell(cell: Cell) -> Result<Self, Error>;
}

fn mismatch<T>(wanted: &str) -> Result<T, Error> {
    Err(Error::Corrupt(format!("a column is not {wanted}")))
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        if let Cell::Int(i) = cell {
            Ok(i)
        } else {
            mismatch("a number")
        }
    }
}

impl FromCell for bool {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        if let Cell::Int(i) = cell {
            Ok(i != 0)
        } else {
            mismatch("a boolean")
        }
    }
}

impl FromCell for f64 {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        match cell {
            Cell::Real(f) => Ok(f),
            Cell::Int(i) => Ok(i as f64),
            _ => mismatch("a fraction"),
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        if let Cell::Text(s) = cell {
            Ok(s)
        } else {
            mismatch("text")
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        if let Cell::Bytes(b) = cell {
            Ok(b)
        } else {
            mismatch("bytes")
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Result<Self, Error> {
        if cell == Cell::Null {
            Ok(None)
        } else {
            T::from_cell(cell).map(Some)
        }
    }
}

/// Whatever can be asked: the database itself (`&Db`), or an open transaction (`&mut Tx`), which sees its own writes.
pub trait Query: Send {
    /// Borrows this for one more question, so that a function can ask twice.
    fn again(&mut self) -> Again<'_>;

    /// The key that opens what is sealed.
    fn opener(&self) -> Arc<SecretKey>;

    /// All rows of an answer.
    fn all(self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The first row of an answer, if there is one.
    fn first(self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<Option<Row>, Error>> + Send
    where
        Self: Sized,
    {
        async move { Ok(self.all(sql, params).await?.into_iter().next()) }
    }

    /// The number that a `SELECT count(*)` gives.
    fn count(self, sql: &str, params: Params<'_>) -> impl Future<Output = Result<i64, Error>> + Send
    where
        Self: Sized,
    {
        async move {
            let mut row = self
                .first(sql, params)
                .await?
                .ok_or_else(|| Error::Corrupt("a count gave no row".into()))?;
            row.next()
        }
    }
}

/// Either of the two, borrowed.
pub enum Again<'a> {
    Db(&'a Db),
    Tx(&'a mut Tx),
}

impl Query for Again<'_> {
    fn again(&mut self) -> Again<'_> {
        match self {
            Self::Db(db) => Again::Db(db),
            Self::Tx(tx) => Again::Tx(tx),
        }
    }

    fn opener(&self) -> Arc<SecretKey> {
        match self {
            Self::Db(db) => db.opener(),
            Self::Tx(tx) => Arc::clone(&tx.secret_key),
        }
    }

    async fn all(self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        match self {
            Self::Db(db) => db.all(sql, params).await,
            Self::Tx(tx) => tx.all(sql, params).await,
        }
    }
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// The database, and the snapshots that are kept of it. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Arc<Engine>,
    clock: Clock,
    secret_key: Arc<SecretKey>,
    pub(super) caches: Arc<Caches>,
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://...`. Applies no migration.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the address is not understood, [`Error::Unreachable`] if nothing answers there.
    pub async fn open(address: &str, clock: Clock, secret_key: Arc<SecretKey>) -> Result<Self, Error> {
        let caches = Arc::<Caches>::default();
        let engine = if let Some(path) = address.strip_prefix("sqlite:") {
            Engine::Sqlite(Sqlite::open(path, Arc::clone(&caches))?)
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            Engine::Postgres(Postgres::open(address).await?)
        } else {
            return Err(Error::Setup(format!(
                "--db must be sqlite:PATH or postgres://..., not {address}"
            )));
        };
        Ok(Self {
            engine: Arc::new(engine),
            clock,
            secret_key,
            caches,
        })
    }

    /// Claims an embedded database for this process as long as the claim is held: another one that serves from it would
    /// not hear of its changes. PostgreSQL has many nodes, and needs no claim.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if another process holds it.
    pub fn claim(&self) -> Result<Option<std::fs::File>, Error> {
        match &*self.engine {
            Engine::Sqlite(s) => s.claim().map(Some),
            Engine::Postgres(_) => Ok(None),
        }
    }

    /// `sqlite` or `postgres`: which text of a migration applies, and what start-up prints.
    pub fn engine_name(&self) -> &'static str {
        match &*self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Encrypts what must not be readable in the database. `purpose` and `id` (of the row) are bound in, so that a value
    /// cannot be moved to another place.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the cipher fails.
    pub fn seal(&self, purpose: &str, id: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.secret_key.seal(purpose, id.as_bytes(), plain)
    }

    /// Whether the secret key was changed and the earlier ones are still at hand.
    pub fn has_earlier_keys(&self) -> bool {
        self.secret_key.has_earlier()
    }

    /// Whether the newest secret key sealed this for a purpose and row.
    pub fn is_sealed_with_newest(&self, purpose: &str, id: &str, sealed: &[u8]) -> bool {
        self.secret_key.is_newest(purpose, id.as_bytes(), sealed)
    }

    /// Decrypts what [`Db::seal`] made for the same purpose and row.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if it was sealed with another key or for another place.
    pub fn open_sealed(&self, purpose: &str, id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.secret_key.open(purpose, id.as_bytes(), sealed)
    }

    /// The key that seals.
    pub(super) fn secret_key(&self) -> &SecretKey {
        &self.secret_key
    }

    pub(super) fn as_postgres(&self) -> Option<&Postgres> {
        match &*self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(pg) => Some(pg),
        }
    }

    /// Begins a transaction. SQLite has one writer, which waits in a fair queue; do slow work (hashing, HTTP) before.
    /// A transaction that is dropped is rolled back.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] or [`Error::Busy`] if no connection can be had.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let inner = match &*self.engine {
            Engine::Sqlite(s) => Inner::Sqlite(s.begin().await?),
            Engine::Postgres(p) => Inner::Postgres(p.begin().await?),
        };
        Ok(Tx {
            inner,
            topics: Vec::new(),
            caches: Arc::clone(&self.caches),
            secret_key: Arc::clone(&self.secret_key),
            clock: self.clock.clone(),
        })
    }

    /// Like [`Query::all`], for lists, searches and exports: lets the runtime's other tasks go on meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Query::all`].
    pub async fn list(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        match &*self.engine {
            Engine::Sqlite(s) => tokio::task::block_in_place(|| s.all(sql, params)),
            Engine::Postgres(p) => p.all(sql, params).await,
        }
    }

    /// Work that must not wait for requests: moves what was written from the log into the database file.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn checkpoint(&self) -> Result<(), Error> {
        match &*self.engine {
            Engine::Sqlite(s) => s.checkpoint(),
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Runs a script of several statements, as migrations are.
    pub(super) async fn script(&self, sql: &str) -> Result<(), Error> {
        match &*self.engine {
            Engine::Sqlite(s) => s.script(sql).await,
            Engine::Postgres(p) => p.script(sql).await,
        }
    }
}

impl Query for &Db {
    fn again(&mut self) -> Again<'_> {
        Again::Db(self)
    }

    fn opener(&self) -> Arc<SecretKey> {
        Arc::clone(&self.secret_key)
    }

    async fn all(self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        match &*self.engine {
            Engine::Sqlite(s) => s.all(sql, params),
            Engine::Postgres(p) => p.all(sql, params).await,
        }
    }
}

enum Inner {
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

/// An open transaction. What it writes exists for others after [`Tx::commit`] has returned, and then durably.
pub struct Tx {
    inner: Inner,
    topics: Vec<String>,
    caches: Arc<Caches>,
    secret_key: Arc<SecretKey>,
    clock: Clock,
}

impl Tx {
    /// As [`Db::seal`].
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the cipher fails.
    pub fn seal(&self, purpose: &str, id: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.secret_key.seal(purpose, id.as_bytes(), plain)
    }

    /// The key that seals.
    pub(super) fn secret_key(&self) -> &SecretKey {
        &self.secret_key
    }

    /// Runs a statement and says how many rows it changed. A duplicate is such a number, not an error: write
    /// `ON CONFLICT DO NOTHING`.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the statement fails; the transaction must then be dropped.
    pub async fn exec(&mut self, sql: &str, params: Params<'_>) -> Result<u64, Error> {
        match &mut self.inner {
            Inner::Sqlite(t) => t.exec(sql, params),
            Inner::Postgres(t) => t.exec(sql, params).await,
        }
    }

    /// Says that a snapshot is out of date: [`super::cache::realm_topic`] or [`super::cache::client_topic`]. Every node
    /// forgets it once this transaction is committed.
    pub fn touch(&mut self, topic: String) {
        if !self.topics.contains(&topic) {
            self.topics.push(topic);
        }
    }

    /// Makes the transaction's writes durable and visible. Returns after the disk has them.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if they could not be written: none of them is then there.
    pub async fn commit(self) -> Result<(), Error> {
        let caches = self.caches;
        match self.inner {
            // The writer forgets, not this task: the caller may hang up before the disk has it.
            Inner::Sqlite(t) => t.commit(self.topics, Durability::Synced).await,
            Inner::Postgres(t) => {
                t.commit(&self.topics, self.clock.now()).await?;
                self.topics.iter().for_each(|topic| caches.forget(topic));
                Ok(())
            }
        }
    }

    /// Like [`Tx::commit`], but does not wait for the disk. Only for what nobody was told of: pages being filled in,
    /// last-seen times.
    ///
    /// # Errors
    ///
    /// As [`Tx::commit`].
    pub async fn commit_lazily(self) -> Result<(), Error> {
        match self.inner {
            Inner::Postgres(t) if self.topics.is_empty() => t.commit_lazily().await,
            Inner::Sqlite(t) if self.topics.is_empty() => t.commit(Vec::new(), Durability::Lazy).await,
            _ => self.commit().await,
        }
    }
}

impl Query for &mut Tx {
    fn again(&mut self) -> Again<'_> {
        Again::Tx(self)
    }

    fn opener(&self) -> Arc<SecretKey> {
        Arc::clone(&self.secret_key)
    }

    async fn all(self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        match &mut self.inner {
            Inner::Sqlite(t) => t.all(sql, params),
            Inner::Postgres(t) => t.all(sql, params).await,
        }
    }
}
