//! Hears from other nodes which snapshots are stale: `LISTEN`, and a poll behind it.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::poll_fn;
use tokio_postgres::{AsyncMessage, NoTls};

use super::db::{Db, Query};
use super::postgres::{tls, wants_tls};
use crate::clock::Clock;
use crate::error::Error;

/// How far back the poll looks: longer than nodes' clocks may differ (5 s) and a commit may take.
const LOOK_BACK_MS: i64 = 15_000;

/// Starts listening. Does nothing on SQLite, which has one node.
pub fn start(db: &Db, clock: &Clock) {
    if db.as_postgres().is_none() {
        return;
    }
    let listener = db.clone();
    tokio::spawn(async move {
        loop {
            if let Err(e) = listen(&listener).await {
                tracing::warn!("listening for changes: {e}");
            }
            listener.caches.forget_all();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let (poller, clock) = (db.clone(), clock.clone());
    tokio::spawn(async move {
        let mut seen = HashSet::new();
        loop {
            tokio::time::sleep(Duration::from_millis(900)).await;
            if poll(&poller, clock.now(), &mut seen).await.is_err() {
                poller.caches.forget_all();
            }
        }
    });
}

/// Forgets what changed lately and was not seen before; `seen` holds the ids of the last changes.
async fn poll(db: &Db, now: i64, seen: &mut HashSet<String>) -> Result<(), Error> {
    let mut recent = HashSet::new();
    for mut row in db
        .all("select id, topic from change where time > $1", &[&(now - LOOK_BACK_MS)])
        .await?
    {
        let (id, topic): (String, String) = (row.next()?, row.next()?);
        if !seen.contains(&id) {
            db.caches.forget(&topic);
        }
        recent.insert(id);
    }
    *seen = recent;
    Ok(())
}

async fn listen(db: &Db) -> Result<(), Error> {
    let Some(pg) = db.as_postgres() else { return Ok(()) };
    if wants_tls(&pg.config) {
        let (client, connection) = pg.config.connect(tls()?).await?;
        follow(db, client, connection).await
    } else {
        let (client, connection) = pg.config.connect(NoTls).await?;
        follow(db, client, connection).await
    }
}

async fn follow<S, T>(
    db: &Db,
    client: tokio_postgres::Client,
    mut connection: tokio_postgres::Connection<S, T>,
) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut messages = poll_fn(move |cx| connection.poll_message(cx));
    let hear = async {
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(n) = message? {
                db.caches.forget(n.payload());
            }
        }
        Ok(())
    };
    let ask = async {
        client.batch_execute("listen vestibule").await?;
        std::future::pending::<Result<(), Error>>().await
    };
    tokio::select! { heard = hear => heard, asked = ask => asked }
}
