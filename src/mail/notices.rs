//! Tells applications that a session has ended. Each has a queue of its own, so that one that is slow to answer, or does not
//! answer at all, holds up neither the others nor anybody's mail.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::deliver::deliver;
use crate::app::App;
use crate::error::Error;
use crate::store::outbox::{self, Queue};

/// Applications that a node tells at once; each of one thing after the other.
const AT_ONCE: usize = 16;

/// What one application is told before others have their turn.
const IN_TURN: usize = 4;

/// Applications that have a turn in one round.
const IN_ROUND: i64 = 1_000;

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
