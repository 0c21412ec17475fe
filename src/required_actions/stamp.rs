//! Who proved themselves with a password goes on only while it is still that password. Otherwise a stranger who waits with
//! the old one would be let in when the owner proves the address or chooses a new one.

use crate::app::App;
use crate::error::Error;
use crate::login::Turn;
use crate::store::user::User;
use crate::store::{Query, credential};

/// The note that holds the stamp.
const NOTE: &str = "credential";

/// What stands for a user's present password: it changes with it.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<String, Error> {
    let password = credential::password(q, user_id).await?;
    Ok(password.map_or_else(|| "none".to_owned(), |p| format!("{}.{}", p.id, p.created)))
}

/// The same for an action token, in which an id of ours has no place.
///
/// # Errors
///
/// Those of the database.
pub async fn for_link(app: &App, user_id: &str) -> Result<String, Error> {
    use vestibule_jose::digest::{b64url, sha256};
    let stamp = of_user(&app.db, user_id).await?;
    Ok(b64url(&sha256(stamp.as_bytes())[..12]))
}

/// Remembers the stamp, where it is not yet.
///
/// # Errors
///
/// Those of the database.
pub async fn remember(turn: &mut Turn, user: &User) -> Result<(), Error> {
    if turn.session.note(NOTE).is_none() {
        let stamp = of_user(&turn.app.db, &user.id).await?;
        turn.session.set_note(NOTE, stamp);
    }
    Ok(())
}

/// Forgets it, because this way itself changed the password.
pub fn forget(turn: &mut Turn) {
    turn.session.notes.remove(NOTE);
}

/// The remembered stamp.
pub fn remembered(turn: &Turn) -> Option<&str> {
    turn.session.note(NOTE)
}

/// Whether the password is still the one that was there when the actions began.
///
/// # Errors
///
/// Those of the database.
pub async fn is_current(turn: &Turn, user: &User) -> Result<bool, Error> {
    match remembered(turn) {
        Some(stamp) => Ok(of_user(&turn.app.db, &user.id).await? == stamp),
        None => Ok(true),
    }
}
