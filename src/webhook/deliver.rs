//! Delivers what hooks are to be told. Each has a queue and a task of its own, so that one that hangs holds up neither the
//! others nor anybody's mail.

use std::time::Duration;

use futures_util::future;

use super::address;
use crate::app::App;
use crate::error::Error;
use crate::mail::{start_turns, turn};
use crate::rules::hook::signature;
use crate::store::outbox::{self, Outgoing, Queue};
use crate::store::realm;

/// How long a hook may take to hear one message.
const TIME: Duration = Duration::from_secs(10);

/// Hooks that a node tells at once, and how much one of them hears before it is asked again who is due.
const AT_ONCE: usize = 64;
const IN_TURN: usize = 100;

/// Starts the delivery of a node. It ends with the process.
pub fn start(app: &App) {
    start_turns(app, Queue::Hooks, AT_ONCE, IN_TURN);
}

/// Tells all that is due now, and says how much of it was heard.
///
/// # Errors
///
/// Those of the database. A hook that does not hear is no error: it is told again.
pub async fn deliver_due(app: &App) -> Result<usize, Error> {
    let receivers = outbox::receivers(&app.db, Queue::Hooks, app.now(), 1_000).await?;
    let turns = receivers.iter().map(|receiver| turn(app, receiver, IN_TURN));
    Ok(future::try_join_all(turns).await?.into_iter().sum())
}

/// Sends one message.
///
/// # Errors
///
/// Why it was not heard, for the administrator.
pub async fn send(app: &App, message: &Outgoing, body: &str) -> Result<(), String> {
    let realm = realm::by_id(&app.db, &message.realm_id)
        .await
        .map_err(|e| e.to_string())?;
    let receiver = message.receiver.as_deref().unwrap_or_default();
    let found = realm.as_deref().and_then(|realm| address(realm, receiver));
    let (url, secret) = found.ok_or("there is no such hook, or it is switched off")?;
    let headers = signature::headers(secret, &message.id, app.now_seconds(), body);
    match app.egress.tell(url, &headers, body.to_owned(), TIME).await {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(format!("it answered {status}")),
        Err(refused) => Err(refused.to_string()),
    }
}
