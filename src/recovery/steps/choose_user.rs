//! `reset-credentials-choose-user`: who forgot a password says who they are.

use crate::error::Error;
use crate::login::flow::{Context, Outcome};
use crate::page::StatusCode;
use crate::recovery::PROVED;
use crate::store::user;
use crate::theme::pages::{LoginBean, ResetPassword};

/// Shows the page, or takes the name. It goes on whoever that is.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let turn = &mut *context.turn;
    if turn.session.note(PROVED).is_some() {
        return Ok(Outcome::Success);
    }
    let Some(form) = context.form else {
        let hint = turn.session.request.login_hint.clone();
        let typed = turn
            .session
            .note("username")
            .map(str::to_owned)
            .or(hint)
            .unwrap_or_default();
        return page(context, typed, false);
    };
    let typed: String = form
        .get("username")
        .unwrap_or_default()
        .trim()
        .chars()
        .take(255)
        .collect();
    if typed.is_empty() {
        return page(context, typed, true);
    }
    let with_email = turn.realm.flag("loginWithEmailAllowed") && turn.realm.unique_emails();
    let found = user::by_login(&turn.app.db, &turn.realm.id, &typed, with_email).await?;
    turn.session.set_note("username", typed);
    context.user = found.filter(|u| u.service_client.is_none());
    Ok(Outcome::Success)
}

fn page(context: &mut Context<'_>, username: String, missing: bool) -> Result<Outcome, Error> {
    let mut draft = context.turn.draft(None);
    if missing {
        draft.field_error("username", "missingUsernameMessage", &[]);
    }
    let login = LoginBean {
        username,
        remember_me: false,
    };
    Ok(Outcome::Challenge(
        draft.answer(StatusCode::OK, &ResetPassword { login })?,
    ))
}
