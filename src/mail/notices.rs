//! Tells applications that a session has ended. Each has a queue of its own, so that one that is slow to answer, or does not
//! answer at all, holds up neither the others nor anybody's mail.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::deliver::deliver;
use crate::app::App;
use crate::error::Error;
use crate::store::outbox::{self, Queue};

/// How often a node looks whether something is due.
const PAUSE: Duration = Duration::from_millis(500);

/// Applications that a node tells at once; each of one thing after the other. Many, so that one session with all the
/// applications that hang does not hold up those of others.
const AT_ONCE: usize = 256;

/// What one application is told before others have their turn.
const IN_TURN: usize = 4;

/// Applications that have a turn in one round.
const IN_ROUND: i64 = 1_000;

/// Starts to tell applications. It ends with the process.
pub(super) fn start(app: &App) {
    start_turns(app, Queue::Applications, AT_ONCE, IN_TURN);
}

/// Tells the receivers of a queue from now on, so many at once, each in a task of its own, and so much before others have
/// their turn.
pub(crate) fn start_turns(app: &App, queue: Queue, at_once: usize, in_turn: usize) {
    let app = app.clone();
    tokio::spawn(async move {
        let busy = Arc::new(Mutex::new(HashSet::new()));
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(e) = begin_turns(&app, queue, &busy, at_once, in_turn).await {
                tracing::warn!("{queue:?}: {e}");
            }
        }
    });
}

fn lock(busy: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins the turn of each receiver that something is due for, unless it is in the middle of one.
async fn begin_turns(
    app: &App,
    queue: Queue,
    busy: &Arc<Mutex<HashSet<String>>>,
    at_once: usize,
    in_turn: usize,
) -> Result<(), Error> {
    for receiver in outbox::receivers(&app.db, queue, app.now(), IN_ROUND).await? {
        {
            let mut now = lock(busy);
            if now.len() >= at_once || !now.insert(receiver.clone()) {
                continue;
            }
        }
        let (app, busy) = (app.clone(), Arc::clone(busy));
        tokio::spawn(async move {
            if let Err(e) = turn(&app, &receiver, in_turn).await {
                tracing::warn!("{receiver}: {e}");
            }
            lock(&busy).remove(&receiver);
        });
    }
    Ok(())
}

/// Tells all that is due, and says how much of it was heard.
///
/// # Errors
///
/// Those of the database. An application that does not hear is no error: it is told again.
pub async fn deliver_due(app: &App) -> Result<usize, Error> {
    let mut delivered = 0;
    loop {
        let receivers = outbox::receivers(&app.db, Queue::Applications, app.now(), IN_ROUND).await?;
        let turns = stream::iter(receivers).map(|receiver| async move { turn(app, &receiver, IN_TURN).await });
        let heard: Vec<usize> = turns.buffer_unordered(AT_ONCE).try_collect().await?;
        let heard: usize = heard.into_iter().sum();
        if heard == 0 {
            return Ok(delivered);
        }
        delivered += heard;
    }
}

/// The turn of one receiver, for so many messages at the most. It ends early where it does not hear: what waits for it would
/// only take the time of others. Says how many were heard.
pub(crate) async fn turn(app: &App, receiver: &str, most: usize) -> Result<usize, Error> {
    let mut heard = 0;
    while heard < most {
        let Some(message) = outbox::next_for(&app.db, receiver, app.now()).await? else {
            break;
        };
        if !deliver(app, &message).await? {
            break;
        }
        heard += 1;
    }
    Ok(heard)
}
