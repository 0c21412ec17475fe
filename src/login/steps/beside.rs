//! Passkeys on the pages that ask for a name or a password (`webAuthnPolicyPasswordlessPasskeysEnabled`).

use vestibule_oauth::params::Params;

use super::{forms, passkey};
use crate::error::Error;
use crate::login::Turn;
use crate::login::flow::{self, Context};
use crate::passkey::{Kind, policy, stored};
use crate::theme::pages::ConditionalUi;

/// What was sent beside the form.
pub(super) enum Beside {
    /// Nothing: it is the form itself.
    Unasked,
    /// A passkey, and it proves who is the context's user now.
    Proved,
    /// One that proves nobody: the message.
    Refused(&'static str),
}

/// Takes a passkey that was sent instead of the form.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn take(context: &mut Context<'_>, form: &Params) -> Result<Beside, Error> {
    if !policy::offers_passkeys(&context.turn.realm) || !passkey::is_answer(form) {
        return Ok(Beside::Unasked);
    }
    forms::remember(context.turn, form);
    Ok(match passkey::take(context, Kind::Passwordless, form).await? {
        Ok(()) => Beside::Proved,
        Err(fault) => Beside::Refused(passkey::message(&fault)),
    })
}

/// What the page needs to offer passkeys. To somebody who is known, only if they have one.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if the realm has no key.
pub(super) async fn offer(context: &mut Context<'_>) -> Result<ConditionalUi, Error> {
    // For a name that there is not the page looks as for most.
    let nobody = context.user.is_none() && flow::is_named(context.turn);
    if !policy::offers_passkeys(&context.turn.realm) || nobody {
        return Ok(ConditionalUi::default());
    }
    if let Some(user) = &context.user
        && stored::of_user(&context.turn.app.db, &user.id, Kind::Passwordless)
            .await?
            .is_empty()
    {
        return Ok(ConditionalUi::default());
    }
    Ok(ConditionalUi {
        enabled: true,
        asked: passkey::asked(context, Kind::Passwordless).await?,
    })
}

/// Whether somebody has come with a passkey already, so that no password is asked.
pub(super) fn was_used(turn: &Turn) -> bool {
    policy::offers_passkeys(&turn.realm) && flow::was_used(turn, Kind::Passwordless.credential_type())
}
