//! The database of several nodes: a bounded pool of connections, statements prepared once.

use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use futures_util::TryStreamExt as _;
use tokio_postgres::NoTls;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::db::{Cell, Param, Params, Row};
use crate::error::{Error, in_full};

/// Connections of one node.
const POOL_SIZE: usize = 16;

/// How long a statement may take. The server ends it; should the server itself be gone, we do, a little later.
const STATEMENT: Duration = Duration::from_secs(30);

/// How long a request waits for a connection before it is told to come again.
const POOL_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Postgres {
    pool: Pool,
    pub(super) config: tokio_postgres::Config,
}

/// A TLS configuration with the well-known roots, for databases elsewhere.
pub(super) fn tls() -> Result<MakeRustlsConnect, Error> {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Setup(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Whether the address asks for TLS (`sslmode=require`).
pub(super) fn wants_tls(config: &tokio_postgres::Config) -> bool {
    matches!(config.get_ssl_mode(), tokio_postgres::config::SslMode::Require)
}

impl Postgres {
    pub(super) async fn open(address: &str) -> Result<Self, Error> {
        let mut config: tokio_postgres::Config = address.parse().map_err(|e: tokio_postgres::Error| {
            Error::Setup(format!("--db is not a PostgreSQL address: {}", in_full(&e)))
        })?;
        config
            .application_name("vestibule")
            .connect_timeout(Duration::from_secs(5))
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(20));
        // What the address says comes last, and counts; but that commits are durable is not up to it.
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(format!(
            "-c statement_timeout={} -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000 {given} \
             -c synchronous_commit=on",
            STATEMENT.as_millis()
        ));
        let recycle = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if wants_tls(&config) {
            Manager::from_config(config.clone(), tls()?, recycle)
        } else {
            Manager::from_config(config.clone(), NoTls, recycle)
        };
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .timeouts(Timeouts {
                wait: Some(POOL_WAIT),
                create: Some(POOL_WAIT),
                recycle: Some(POOL_WAIT),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| Error::Setup(e.to_string()))?;
        let opened = Self { pool, config };
        drop(opened.connection().await?);
        Ok(opened)
    }

    async fn connection(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(|e| match e {
            PoolError::Timeout(_) => Error::Busy("no database connection is free"),
            e => Error::Unreachable(in_full(&e)),
        })
    }

    pub(super) async fn all(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let conn = self.connection().await?;
        let rows = all(&conn, sql, params).await;
        if matches!(rows, Err(Error::Unreachable(_))) {
            drop(Object::take(conn));
        }
        rows
    }

    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        // Made before the first statement: who hangs up during it must not leave a transaction open in the pool.
        let tx = Tx {
            conn: Some(self.connection().await?),
            failed: false,
        };
        in_time(tx.conn()?.batch_execute("begin")).await?;
        Ok(tx)
    }

    /// Runs a script that ends its own transactions. A connection on which it failed may be in the middle of one.
    pub(super) async fn script(&self, sql: &str) -> Result<(), Error> {
        let conn = self.connection().await?;
        let done = conn.batch_execute(sql).await;
        if done.is_err() {
            drop(Object::take(conn));
        }
        Ok(done?)
    }
}

/// Ends the wait for a server that is gone without saying so.
async fn in_time<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
    let most = STATEMENT + Duration::from_secs(5);
    let done = tokio::time::timeout(most, work).await;
    Ok(done.map_err(|_| Error::Unreachable("it does not answer".into()))??)
}

/// A parameter. PostgreSQL's text cannot hold the character NUL, which strangers may send anywhere: U+FFFD takes its place,
/// so that it is found nowhere and fails nothing.
struct Parameter<'a>(&'a dyn Param);

impl std::fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Parameters hold secrets.
        f.write_str("Parameter")
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql_checked(kind, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let start = out.len();
        let null = self.0.to_sql_checked(kind, out)?;
        if *kind == Type::TEXT && out[start..].contains(&0) {
            let text = String::from_utf8_lossy(&out[start..]).replace('\0', "\u{fffd}");
            out.truncate(start);
            out.extend_from_slice(text.as_bytes());
        }
        Ok(null)
    }
}

fn parameters(params: Params<'_>) -> impl ExactSizeIterator<Item = Parameter<'_>> {
    params.iter().map(|p| Parameter(*p))
}

async fn all(conn: &Object, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
    let rows = in_time(async {
        let stmt = conn.prepare_cached(sql).await?;
        let rows = conn.query_raw(&stmt, parameters(params)).await?;
        rows.try_collect::<Vec<_>>().await
    })
    .await?;
    rows.iter().map(cells).collect()
}

async fn execute(conn: &Object, sql: &str, params: Params<'_>) -> Result<u64, Error> {
    in_time(async {
        let stmt = conn.prepare_cached(sql).await?;
        conn.execute_raw(&stmt, parameters(params)).await
    })
    .await
}

fn cells(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let mut cells = Vec::with_capacity(row.len());
    for (i, column) in row.columns().iter().enumerate() {
        let cell = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(i)?.map(Cell::Int),
            Type::INT4 => row.try_get::<_, Option<i32>>(i)?.map(|n| Cell::Int(n.into())),
            Type::BOOL => row.try_get::<_, Option<bool>>(i)?.map(|b| Cell::Int(b.into())),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(i)?.map(Cell::Real),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i)?.map(Cell::Bytes),
            _ => row.try_get::<_, Option<String>>(i)?.map(Cell::Text),
        };
        cells.push(cell.unwrap_or(Cell::Null));
    }
    Ok(Row::new(cells))
}

/// A transaction on a connection of its own.
pub(super) struct Tx {
    conn: Option<Object>,
    /// A statement failed: PostgreSQL would answer `commit` with a silent rollback.
    failed: bool,
}

impl Tx {
    fn conn(&self) -> Result<&Object, Error> {
        self.conn
            .as_ref()
            .ok_or_else(|| Error::Storage("the transaction has ended".into()))
    }

    pub(super) async fn exec(&mut self, sql: &str, params: Params<'_>) -> Result<u64, Error> {
        let result = execute(self.conn()?, sql, params).await;
        self.failed |= result.is_err();
        result
    }

    pub(super) async fn all(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let result = all(self.conn()?, sql, params).await;
        self.failed |= result.is_err();
        result
    }

    /// Tells the other nodes which snapshots to forget, in the same transaction, and commits.
    pub(super) async fn commit(mut self, topics: &[String], now: i64) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Storage("a statement of the transaction failed".into()));
        }
        let conn = self.conn()?;
        for topic in topics {
            let id = crate::random::uuid();
            execute(
                conn,
                "insert into change (id, topic, time) values ($1, $2, $3)",
                &[&id, topic, &now],
            )
            .await?;
            all(conn, "select cast(pg_notify('vestibule', $1) as text)", &[topic]).await?;
        }
        in_time(conn.batch_execute("commit")).await?;
        self.conn.take();
        Ok(())
    }

    pub(super) async fn commit_lazily(mut self) -> Result<(), Error> {
        in_time(self.conn()?.batch_execute("set local synchronous_commit = off; commit")).await?;
        self.conn.take();
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        // A connection in the middle of a transaction must not go back to the pool. Closing it would roll back as well,
        // but refusals are common, and a new connection costs more than a statement.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(conn));
            return;
        };
        runtime.spawn(async move {
            let undone = tokio::time::timeout(POOL_WAIT, conn.batch_execute("rollback")).await;
            if !matches!(undone, Ok(Ok(()))) {
                drop(Object::take(conn));
            }
        });
    }
}
