//! `reset-otp`: whoever came by the link of a recovery removes a lost device, and sets another one up.

use crate::error::Error;
use crate::events;
use crate::login::flow::{Context, Outcome, UNEXPECTED};
use crate::login::record;
use crate::login::steps::otp::list;
use crate::otp::device;
use crate::page::StatusCode;
use crate::recovery::PROVED;
use crate::required_actions;
use crate::store::credential;
use crate::theme::pages::ResetOtp;

/// Shows the devices, or removes the one that was chosen.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let Some(user) = context
        .user
        .clone()
        .filter(|_| context.turn.session.note(PROVED).is_some())
    else {
        return Ok(Outcome::Failure(UNEXPECTED));
    };
    let turn = &mut *context.turn;
    let devices = device::of_user(&turn.app, &turn.app.db, &user.id).await?;
    if !devices.is_empty() {
        let sent = context.form.map(|form| form.text("selectedCredentialId"));
        let chosen = sent.flatten().filter(|id| devices.iter().any(|d| d.id() == *id));
        let Some(chosen) = chosen else {
            let configured_otp_credentials = list(&devices, None);
            let mut draft = turn.draft(Some(&user));
            if sent.is_some() {
                draft.message(crate::theme::pages::Severity::Error, "error-reset-otp-missing-id", &[]);
            }
            let page = ResetOtp {
                configured_otp_credentials,
            };
            return Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?));
        };
        let mut tx = turn.app.db.begin().await?;
        credential::remove(&mut tx, &user.id, chosen).await?;
        for kind in ["REMOVE_CREDENTIAL", "REMOVE_TOTP"] {
            let mut event = record::event(turn, kind)
                .detail("credential_type", device::TYPE)
                .detail("selected_credential_id", chosen);
            event.user_id = Some(user.id.clone());
            events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
        }
        tx.commit().await?;
    }
    required_actions::want(turn, &["CONFIGURE_TOTP".to_owned()]);
    Ok(Outcome::Success)
}
