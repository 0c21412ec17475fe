//! The embedded database: WAL, many readers, one writer that commits in groups and then syncs the log.
//!
//! A transaction is a savepoint inside one open outer transaction. `commit` releases it, hands the writer on, and answers
//! when the outer commit and the sync to disk are done. As the writer's queue is fair, whoever was already waiting gets
//! into the same outer commit: one sync serves them all. SQLite itself would sync at every commit (`synchronous=FULL`)
//! or at none (`NORMAL`); with `NORMAL` and a sync of our own, a group in which nobody waits for the disk does without.
//!
//! A reader keeps its snapshot for as long as nothing was committed: a look into it then asks the kernel for no lock.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Statement, types::ValueRef};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::cache::Caches;
use super::db::{Cell, Params, Row};
use crate::error::Error;

/// Names of most placeholders: SQLite numbers `$n` by first use, so parameters are bound by name.
const NAMES: [&str; 32] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16", "$17",
    "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29", "$30", "$31", "$32",
];

/// More readers than this are closed after use instead of being kept.
const KEPT_READERS: usize = 16;

/// A log of more pages (of 4 KiB) than this is made to begin anew.
const LONG_LOG_PAGES: i64 = 4_000;

/// How long the writer stands still for those who are reading, so that the log can begin anew. A long list holds it up;
/// the next second has another chance.
const READERS_END: Duration = Duration::from_millis(50);

/// How long a transaction waits for its turn.
const TURN: Duration = Duration::from_secs(10);

pub(super) struct Sqlite {
    path: String,
    readers: Mutex<Vec<Reader>>,
    writer: Arc<tokio::sync::Mutex<Writer>>,
    /// How often the writer has committed. As the database belongs to this process, nobody else does.
    commits: Arc<AtomicU64>,
}

/// A connection that reads.
struct Reader {
    conn: Connection,
    /// The commit up to which its open snapshot sees, if it has one.
    sees: Option<u64>,
}

impl Reader {
    /// Gives the snapshot up: while one is open, the log behind it cannot begin anew.
    fn let_go(&mut self) -> Result<(), Error> {
        if self.sees.take().is_some() {
            self.conn.prepare_cached("commit")?.execute([])?;
        }
        Ok(())
    }

    /// Takes a snapshot that sees everything up to a commit, unless it has one.
    fn see(&mut self, commit: u64) -> Result<(), Error> {
        if self.sees != Some(commit) {
            self.let_go()?;
            self.conn.prepare_cached("begin deferred")?.execute([])?;
            self.sees = Some(commit);
        }
        Ok(())
    }
}

struct Writer {
    conn: Connection,
    /// The log.
    log: File,
    /// The outer transaction is open.
    open: bool,
    /// A task that will commit the outer transaction is on its way.
    flush_due: bool,
    /// The log could not be synced. The system may have thrown away what it could not write, and a later sync would not say
    /// so: nothing that is written from now on can be called durable.
    broken: bool,
    waiting: Vec<Waiter>,
    caches: Arc<Caches>,
    commits: Arc<AtomicU64>,
}

/// When a transaction is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// When the disk has it.
    Synced,
    /// When others see it: a power failure may take it back. (The end of this process alone does not.)
    Lazy,
}

/// A transaction that waits for the outer commit.
struct Waiter {
    answer: oneshot::Sender<Result<(), Error>>,
    durability: Durability,
    /// What it made stale; forgotten with the commit, even if its caller has hung up.
    topics: Vec<String>,
}

fn connect(path: &str) -> Result<Connection, Error> {
    let conn =
        Connection::open(path).map_err(|e| Error::Setup(format!("the database {path} cannot be opened: {e}")))?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(256);
    // A plan is made once, whatever the parameters: otherwise SQLite plans anew each time that they change.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma cache_size = -16384;
         pragma mmap_size = 33554432; pragma wal_autocheckpoint = 0; pragma temp_store = memory;
         pragma case_sensitive_like = on;",
    )?;
    Ok(conn)
}

/// Opens the log, which is there once somebody has looked into the database, and stays as long as `conn` is open.
fn open_log(conn: &Connection, path: &str) -> Result<File, Error> {
    conn.query_row("pragma schema_version", [], |_| Ok(()))?;
    let path = format!("{path}-wal");
    File::open(&path).map_err(|e| Error::Setup(format!("the log {path} cannot be opened: {e}")))
}

/// Makes the folder and the file of a new database: it holds what others on this machine must not read.
fn make_private(path: &Path) -> Result<(), Error> {
    let failed = |e: std::io::Error| Error::Setup(format!("the database {} cannot be made: {e}", path.display()));
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(failed)
}

fn bind(stmt: &mut Statement<'_>, params: Params<'_>) -> Result<(), Error> {
    for (n, value) in params.iter().enumerate() {
        let name = NAMES
            .get(n)
            .map_or_else(|| Cow::from(format!("${}", n + 1)), |known| Cow::from(*known));
        // PostgreSQL refuses a parameter that is not used; so does this.
        let index = stmt.parameter_index(&name)?;
        let index = index.ok_or_else(|| Error::Corrupt(format!("a statement does not use {name}")))?;
        stmt.raw_bind_parameter(index, *value)?;
    }
    Ok(())
}

fn read(conn: &Connection, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
    let mut stmt = conn.prepare_cached(sql)?;
    let width = stmt.column_count();
    bind(&mut stmt, params)?;
    let mut rows = stmt.raw_query();
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(width);
        for i in 0..width {
            cells.push(match row.get_ref(i)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(i) => Cell::Int(i),
                ValueRef::Real(f) => Cell::Real(f),
                ValueRef::Text(t) => Cell::Text(String::from_utf8_lossy(t).into_owned()),
                ValueRef::Blob(b) => Cell::Bytes(b.to_vec()),
            });
        }
        all.push(Row::new(cells));
    }
    Ok(all)
}

impl Sqlite {
    pub(super) fn open(path: &str, caches: Arc<Caches>) -> Result<Self, Error> {
        make_private(Path::new(path))?;
        let conn = connect(path)?;
        let mode: String = conn.query_row("pragma journal_mode", [], |r| r.get(0))?;
        if mode != "wal" {
            return Err(Error::Setup(format!(
                "the database {path} lies on a file system without shared memory: put it on a local disk"
            )));
        }
        let commits = Arc::<AtomicU64>::default();
        let writer = Writer {
            log: open_log(&conn, path)?,
            conn,
            open: false,
            flush_due: false,
            broken: false,
            waiting: Vec::new(),
            caches,
            commits: Arc::clone(&commits),
        };
        Ok(Self {
            path: path.to_owned(),
            readers: Mutex::default(),
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            commits,
        })
    }

    fn idle_readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn claim(&self) -> Result<File, Error> {
        let path = format!("{}.lock", self.path);
        let failed = |e: std::io::Error| Error::Setup(format!("{path}: {e}"));
        let file = File::create(&path).map_err(failed)?;
        file.try_lock().map_err(|e| match e {
            std::fs::TryLockError::WouldBlock => Error::Setup(format!(
                "another vestibule already serves from {}: stop it, or give this one its own folder with --data",
                self.path
            )),
            std::fs::TryLockError::Error(e) => failed(e),
        })?;
        Ok(file)
    }

    pub(super) fn all(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        // Before the look: what is committed meanwhile may be seen or not, what was committed before is seen.
        let commit = self.commits.load(Ordering::SeqCst);
        let idle = self.idle_readers().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader {
                conn: connect(&self.path)?,
                sees: None,
            },
        };
        reader.see(commit)?;
        let rows = read(&reader.conn, sql, params)?;
        if self.commits.load(Ordering::SeqCst) != commit {
            // Nobody would look into this snapshot again, and the log could not begin anew while it is kept.
            reader.let_go()?;
        }
        let mut idle = self.idle_readers();
        if idle.len() < KEPT_READERS {
            idle.push(reader);
        }
        Ok(rows)
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        // Whoever waits longer waits for a transaction that waits for them, or for a disk that is gone.
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.writer).lock_owned()).await;
        let mut writer = turn.map_err(|_| Error::Busy("the database's writer is taken"))?;
        if writer.open && writer.conn.is_autocommit() {
            // SQLite gave the outer transaction up by itself (disk full): nobody in it may be told that it is durable.
            writer.finish(&Err(Error::Storage("the disk refused a write".into())));
        }
        if writer.broken {
            return Err(Error::Storage(
                "the log could not be synced: nothing is written until the server is started again".into(),
            ));
        }
        if !writer.open {
            writer.conn.prepare_cached("begin immediate")?.execute([])?;
            writer.open = true;
        }
        writer.conn.prepare_cached("savepoint t")?.execute([])?;
        Ok(Tx {
            writer: Some(writer),
            home: Arc::clone(&self.writer),
            failed: false,
        })
    }

    /// Moves the log into the database file. Blocks: not on a thread that serves requests.
    pub(super) fn checkpoint(&self) -> Result<(), Error> {
        self.end_snapshots()?;
        let conn = connect(&self.path)?;
        conn.busy_timeout(READERS_END)?;
        let checkpoint = |sql| conn.query_row(sql, [], |r| r.get::<_, i64>(1));
        if checkpoint("pragma wal_checkpoint(passive)")? > LONG_LOG_PAGES {
            // Under constant writing something is always left over, and the log would never begin anew. With the writer
            // stopped for a moment nothing is.
            let mut writer = self.writer.blocking_lock();
            // A transaction that began on the old log would go on in it, and so would a snapshot.
            writer.flush();
            self.end_snapshots()?;
            checkpoint("pragma wal_checkpoint(passive)")?;
            // Whoever looks from now on needs the log no more. It waits for those who are looking.
            self.end_snapshots()?;
            checkpoint("pragma wal_checkpoint(truncate)")?;
        }
        Ok(())
    }

    /// Snapshots end: those that are kept now, those that are looked into when their reader is done.
    fn end_snapshots(&self) -> Result<(), Error> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        for reader in self.idle_readers().iter_mut() {
            reader.let_go()?;
        }
        Ok(())
    }

    pub(super) async fn script(&self, sql: &str) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        let done = writer.conn.execute_batch(sql);
        if done.is_err() && !writer.conn.is_autocommit() {
            writer.conn.execute_batch("rollback")?;
        }
        writer.commits.fetch_add(1, Ordering::SeqCst);
        done?;
        writer.sync()
    }
}

impl Writer {
    /// Ends the outer transaction for all who wait for it.
    fn finish(&mut self, result: &Result<(), Error>) {
        self.open = false;
        // Before anybody is told: who was told must see it.
        self.commits.fetch_add(1, Ordering::SeqCst);
        for waiter in self.waiting.drain(..) {
            let answer = match result {
                Ok(()) => {
                    waiter.topics.iter().for_each(|topic| self.caches.forget(topic));
                    Ok(())
                }
                Err(Error::Unreachable(why)) => Err(Error::Unreachable(why.clone())),
                Err(e) => Err(Error::Storage(e.to_string().into())),
            };
            let _ = waiter.answer.send(answer);
        }
    }

    /// Takes back what the savepoint did. Where that is not possible, takes back the whole outer transaction: half a
    /// transaction must never be committed.
    fn undo(&mut self) {
        let undone = self.conn.execute_batch("rollback to t; release t");
        let others = !self.waiting.is_empty() || self.flush_due;
        if undone.is_ok() && others {
            return;
        }
        let _ = self.conn.execute_batch("rollback");
        self.finish(&Err(Error::Storage("the transaction before it broke down".into())));
    }

    fn flush(&mut self) {
        self.flush_due = false;
        if !self.open {
            return;
        }
        let committed = self.conn.execute_batch("commit").map_err(Error::from);
        if committed.is_err() {
            let _ = self.conn.execute_batch("rollback");
        }
        let result = committed.and_then(|()| if self.must_sync() { self.sync() } else { Ok(()) });
        self.finish(&result);
    }

    /// Whether somebody in the group waits for the disk.
    fn must_sync(&self) -> bool {
        self.waiting.iter().any(|w| w.durability == Durability::Synced)
    }

    fn sync(&mut self) -> Result<(), Error> {
        let synced = self.log.sync_data();
        self.broken |= synced.is_err();
        synced.map_err(|e| Error::Storage(format!("the log cannot be synced: {e}").into()))
    }
}

/// A savepoint of the writer's outer transaction.
pub(super) struct Tx {
    writer: Option<OwnedMutexGuard<Writer>>,
    home: Arc<tokio::sync::Mutex<Writer>>,
    /// A statement failed: as on PostgreSQL, nothing of the transaction may be kept.
    failed: bool,
}

impl Tx {
    fn conn(&self) -> Result<&Connection, Error> {
        // SQLite may end a transaction by itself (disk full); a statement after that would stand alone.
        let conn = self.writer.as_ref().map(|w| &w.conn).filter(|c| !c.is_autocommit());
        conn.ok_or_else(|| Error::Storage("the transaction has ended".into()))
    }

    pub(super) fn exec(&mut self, sql: &str, params: Params<'_>) -> Result<u64, Error> {
        let result = self.conn().and_then(|conn| {
            let mut stmt = conn.prepare_cached(sql)?;
            bind(&mut stmt, params)?;
            Ok(stmt.raw_execute()? as u64)
        });
        self.failed |= result.is_err();
        result
    }

    pub(super) fn all(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let result = self.conn().and_then(|conn| read(conn, sql, params));
        self.failed |= result.is_err();
        result
    }

    /// Releases the savepoint and sees to it that the outer transaction is committed.
    fn release(&mut self, waiter: Waiter) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Storage("a statement of the transaction failed".into()));
        }
        self.conn()?.prepare_cached("release t")?.execute([])?;
        let Some(mut writer) = self.writer.take() else {
            return Ok(());
        };
        writer.waiting.push(waiter);
        let due = !std::mem::replace(&mut writer.flush_due, true);
        drop(writer);
        if due {
            let home = Arc::clone(&self.home);
            tokio::spawn(async move {
                // Whoever is ready to write now gets in, too.
                tokio::task::yield_now().await;
                let mut writer = home.lock_owned().await;
                if writer.must_sync() {
                    // The sync blocks: not on a thread that serves requests.
                    let _ = tokio::task::spawn_blocking(move || writer.flush()).await;
                } else {
                    writer.flush();
                }
            });
        }
        Ok(())
    }

    pub(super) async fn commit(mut self, topics: Vec<String>, durability: Durability) -> Result<(), Error> {
        let (answer, receiver) = oneshot::channel();
        self.release(Waiter {
            answer,
            durability,
            topics,
        })?;
        receiver
            .await
            .map_err(|_| Error::Storage("the writer has gone".into()))?
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.undo();
        }
    }
}

#[cfg(test)]
mod tests;
