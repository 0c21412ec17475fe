//! The challenge that a tab's page shows: the same while it is looked at, and good for one answer.

use vestibule_jose::digest::b64url;

use crate::error::Error;
use crate::login::Turn;
use crate::store::{Tx, single_use};

/// The note with the challenge.
const NOTE: &str = "webauthn_challenge";

/// The challenge for the page of a tab.
pub fn show(turn: &mut Turn) -> String {
    if turn.session.note(NOTE).is_none() {
        turn.session.set_note(NOTE, b64url(&crate::random::bytes::<32>()));
    }
    turn.session.note(NOTE).unwrap_or_default().to_owned()
}

/// Takes the challenge out of a tab, whatever the answer to it is worth. Empty: none was asked.
pub fn take(turn: &mut Turn) -> String {
    turn.session.notes.remove(NOTE).unwrap_or_default()
}

/// Uses a challenge up, in the transaction of what its answer leads to. `false`: it was answered before.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(tx: &mut Tx, turn: &Turn, challenge: &str) -> Result<bool, Error> {
    let expires = turn.session.expires;
    single_use::spend(tx, &turn.realm.id, "webauthn-challenge", challenge, expires).await
}
