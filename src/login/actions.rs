//! After the flow: required actions, the action that the application asked for, consent; then the end.

use super::finish::finish;
use super::session::{self, Stage};
use super::{Turn, action_level, address, answer};
use crate::consent;
use crate::error::Error;
use crate::page::{self, Response};
use crate::required_actions;
use crate::store::user::User;

/// The name under which the consent page stands among the required actions.
pub const CONSENT: &str = "OAUTH_GRANT";

/// How a required action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The person did it.
    Done,
    /// The person went back (`cancel-aia`).
    Cancelled,
    /// It could not be done.
    Failed,
    /// There was nothing to do.
    Unneeded,
}

/// Goes on with somebody who is proved: to what they must do first, or to the end. Flows, registration and recovery call
/// this when their part is done.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn proceed(mut turn: Turn, user: User) -> Result<Response, Error> {
    turn.session.stage = Stage::Actions;
    turn.session.user_id = Some(user.id.clone());
    if turn.session.note("username").is_none() {
        turn.session.set_note("username", &*user.username);
    }
    let Some(alias) = next(&mut turn, &user).await? else {
        return Box::pin(finish(turn, user)).await;
    };
    if turn.session.request.prompts().none {
        return answer::passive_refusal(turn, "interaction_required").await;
    }
    turn.session.set_note("hopped", "true");
    turn.session.execution = Some(alias);
    turn.session.code = None;
    let cookies = std::mem::take(&mut turn.session.set_cookies);
    session::save(&turn.app, &mut turn.session).await?;
    let here = address::here(&turn.visitor.caller, &turn.realm, &turn.client, &turn.session);
    Ok(page::redirect(&turn.realm, &here, &cookies))
}

/// What comes next: an action of the user or the realm, the application's, consent; nothing.
async fn next(turn: &mut Turn, user: &User) -> Result<Option<String>, Error> {
    required_actions::stamp::remember(turn, user).await?;
    if let Some(alias) = required_actions::next(turn, user).await? {
        return Ok(Some(alias));
    }
    if let Some(alias) = asked_action(turn, user).await? {
        return Ok(Some(alias));
    }
    consent::next(turn, user).await
}

/// The action that the application asks for (`kc_action`), until it has ended. It fails where somebody has proved too little for
/// it.
async fn asked_action(turn: &mut Turn, user: &User) -> Result<Option<String>, Error> {
    let Some(asked) = turn.session.request.kc_action.clone() else {
        return Ok(None);
    };
    if turn.session.note("kc_action_status").is_some() {
        return Ok(None);
    }
    let alias = asked.split(':').next().unwrap_or_default().to_owned();
    let offered = turn.realm.required_action(&alias).is_some_and(|a| a.enabled);
    if !offered || !action_level::suffices(turn, &user.id).await? {
        turn.session.set_note("kc_action_status", "error");
        return Ok(None);
    }
    turn.session.set_note("kc_action_executing", &*alias);
    Ok(Some(alias))
}

/// Actions that an application may ask for; of others it hears at once that they failed.
const ASKABLE: &[&str] = &[
    "UPDATE_PASSWORD",
    "UPDATE_PROFILE",
    "VERIFY_EMAIL",
    "TERMS_AND_CONDITIONS",
    "CONFIGURE_TOTP",
    "CONFIGURE_RECOVERY_AUTHN_CODES",
    "UPDATE_EMAIL",
    "delete_account",
    "delete_credential",
    "webauthn-register",
    "webauthn-register-passwordless",
];

/// A required action has ended: goes on with what comes next. If the application had asked for it, it is told how it ended.
///
/// # Errors
///
/// As [`proceed`].
pub async fn done(mut turn: Turn, user: User, alias: &str, end: End) -> Result<Response, Error> {
    if turn.session.note("kc_action_executing") == Some(alias) {
        turn.session.notes.remove("kc_action_executing");
        let status = match end {
            End::Done | End::Unneeded => "success",
            End::Cancelled => "cancelled",
            End::Failed => "error",
        };
        turn.session.set_note("kc_action_status", status);
        // Keycloak names the action only where somebody did or refused it.
        if matches!(end, End::Done | End::Cancelled) {
            turn.session.set_note("kc_action", alias);
        }
    }
    proceed(turn, user).await
}

/// Shows the page of the action whose turn it is, or takes what was sent to it.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(turn: Turn, user: User, form: Option<&vestibule_oauth::params::Params>) -> Result<Response, Error> {
    let alias = turn.session.execution.clone().unwrap_or_default();
    match alias.as_str() {
        CONSENT => consent::page(turn, &user).await,
        alias if turn.session.note("kc_action_executing") == Some(alias) && !ASKABLE.contains(&alias) => {
            done(turn, user, alias, End::Failed).await
        }
        alias => required_actions::run(turn, user, alias, form).await,
    }
}
