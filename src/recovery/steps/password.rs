//! `reset-password`: a new password is asked for, after the flow.

use super::email::recovered;
use crate::error::Error;
use crate::events;
use crate::login::flow::{Context, Outcome, UNEXPECTED};
use crate::recovery::PROVED;
use crate::required_actions;

/// Succeeds, and asks for the password on the way on. Keycloak's `reset-password` does so for whoever got here by the link.
///
/// # Errors
///
/// Those of the database.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    if context.turn.session.note(PROVED).is_none() || context.user.is_none() {
        return Ok(Outcome::Failure(UNEXPECTED));
    }
    required_actions::want(context.turn, &["UPDATE_PASSWORD".to_owned()]);
    let mut event = recovered(context.turn);
    event.user_id = context.user.as_ref().map(|u| u.id.clone());
    events::record_alone(&context.turn.app, &context.turn.realm, &event).await;
    Ok(Outcome::Success)
}
