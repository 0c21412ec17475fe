//! `UPDATE_PASSWORD`: a user chooses a new password.

use vestibule_oauth::params::Params;

use super::{acted, end_other_sessions, forget, gone, once, over, stamp, take, wants_sign_out};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, expired, record, session};
use crate::page::{Response, StatusCode};
use crate::password::{self, Violation};
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::{Severity, UpdatePassword};

/// The note of a recovery: the address was proved by its link.
pub const PROVED_ADDRESS: &str = "proved_address";

/// What is wrong with what was sent.
enum Fault {
    Missing,
    NoMatch,
    Policy(Violation),
}

/// Shows the page, or takes the new password.
///
/// # Errors
///
/// Those of the database, the hash pool and of pages.
pub async fn run(turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let Some(form) = form else {
        return page(turn, &user, None).await;
    };
    let mut turn = turn;
    acted(&mut turn, "UPDATE_PASSWORD", Some("password"));
    let new = form.get("password-new").unwrap_or_default();
    let fault = if new.is_empty() {
        Fault::Missing
    } else if form.get("password-confirm") != Some(new) {
        Fault::NoMatch
    } else {
        match password::prepare(&turn.app, &turn.realm, &user, new).await? {
            Ok(prepared) => return change(turn, user, prepared, wants_sign_out(form)).await,
            Err(violation) => Fault::Policy(violation),
        }
    };
    refused(&turn, &fault).await;
    page(turn, &user, Some(fault)).await
}

/// Records that a password was not taken.
async fn refused(turn: &Turn, fault: &Fault) {
    let (code, reason) = match fault {
        Fault::Missing => ("password_missing", None),
        Fault::NoMatch => ("password_confirm_error", None),
        Fault::Policy(violation) => ("password_rejected", Some(violation.key)),
    };
    for kind in ["UPDATE_CREDENTIAL", "UPDATE_PASSWORD"] {
        let mut event = record::settled(turn, events::refusal(kind, code));
        if let Some(reason) = reason {
            event = event.detail("reason", reason);
        }
        events::record_alone(&turn.app, &turn.realm, &event).await;
    }
}

async fn change(
    mut turn: Turn,
    user: User,
    new: password::NewPassword,
    sign_out_elsewhere: bool,
) -> Result<Response, Error> {
    let now = turn.app.now();
    forget(&mut turn, "UPDATE_PASSWORD");
    let Some(mut tx) = once::begin(&turn, "UPDATE_PASSWORD").await? else {
        return over(&mut turn);
    };
    // One link, one change: who comes second finds another password than the one that the link was sent for.
    user::lock(&mut tx, &turn.realm.id, &user.id).await?;
    let present = stamp::of_user(&mut tx, &user.id).await?;
    if stamp::remembered(&turn).is_some_and(|stamp| stamp != present) {
        drop(tx);
        return expired::error(turn.notice(), "expiredActionMessage");
    }
    let proved = turn.session.note(PROVED_ADDRESS);
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
        take(user, "UPDATE_PASSWORD");
        if user.email.is_some() && user.email.as_deref() == proved {
            user.email_verified = true;
            take(user, "VERIFY_EMAIL");
        }
    });
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    password::store(&mut tx, &user.id, new, now).await?;
    if sign_out_elsewhere {
        end_other_sessions(&mut tx, &turn, &user).await?;
    }
    for kind in ["UPDATE_CREDENTIAL", "UPDATE_PASSWORD"] {
        events::record(&mut tx, &turn.realm, &record::settled(&turn, Event::new(kind)), now).await?;
    }
    tx.commit().await?;
    stamp::forget(&mut turn);
    turn.session.set_note("updated", "true");
    done(turn, user, "UPDATE_PASSWORD", End::Done).await
}

async fn page(mut turn: Turn, user: &User, fault: Option<Fault>) -> Result<Response, Error> {
    let asked = turn.session.note("kc_action_executing").is_some();
    let on_user = user.required_actions.iter().any(|a| a == "UPDATE_PASSWORD");
    let mut draft = turn.draft(Some(user));
    match fault {
        None if asked => {}
        None if on_user => draft.message(Severity::Warning, "updatePasswordMessage", &[]),
        None => draft.message(Severity::Warning, "resetPasswordMessage", &[]),
        Some(Fault::Missing) => draft.field_error("password-new", "missingPasswordMessage", &[]),
        Some(Fault::NoMatch) => draft.field_error("password-confirm", "notMatchPasswordMessage", &[]),
        Some(Fault::Policy(violation)) => draft.message(Severity::Error, violation.key, &violation.params),
    }
    let page = UpdatePassword {
        username: user.username.clone(),
        logout_sessions: true,
        password_hints: password::hints(&draft),
    };
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
