//! Pages for what is over: an old page, a lost session, an old link.

use super::Turn;
use crate::error::Error;
use crate::page::{Draft, Response, StatusCode};
use crate::theme::pages::PageExpired;

/// "We are sorry..." with a message, 400.
///
/// # Errors
///
/// [`Error::Page`] if the template fails.
pub fn error(draft: Draft<'_>, key: &str) -> Result<Response, Error> {
    draft.error(StatusCode::BAD_REQUEST, key, &[])
}

/// "Page has expired": the form belongs to another step than the one whose turn it is.
///
/// # Errors
///
/// [`Error::Page`] if the template fails.
pub fn page(turn: &mut Turn) -> Result<Response, Error> {
    let here = super::address::here(&turn.visitor.caller, &turn.realm, &turn.client, &turn.session);
    let mut draft = turn.notice();
    draft.shell.url.login_action = here;
    draft.answer(StatusCode::OK, &PageExpired {})
}
