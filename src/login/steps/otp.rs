//! `auth-otp-form`: a one-time code, after the password.

use crate::error::Error;
use crate::events;
use crate::login::flow::{self, Context, Failure, Outcome, UNEXPECTED};
use crate::login::record;
use crate::otp::{Device, attempt, device};
use crate::page::StatusCode;
use crate::required_actions;
use crate::theme::pages::{LoginOtp, OtpCredential, OtpLogin};

/// The note with the device that was chosen; events tell of it.
pub const SELECTED: &str = "selected_credential_id";

/// What somebody has to set up first cannot be set up.
const SETUP_REQUIRED: Failure = Failure {
    event: "invalid_user_credentials",
    message: "credentialSetupRequired",
};

/// Shows the page, or takes the code.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let Some(user) = context.user.clone() else {
        return Ok(Outcome::Failure(UNEXPECTED));
    };
    let turn = &mut *context.turn;
    let devices = device::of_user(&turn.app, &turn.app.db, &user.id).await?;
    if devices.is_empty() {
        return Ok(not_set_up(context, "CONFIGURE_TOTP"));
    }
    let Some(form) = context.form.filter(|form| form.has("otp")) else {
        return page(context, &devices, false);
    };
    let chosen = form.text("selectedCredentialId").unwrap_or_else(|| devices[0].id());
    if devices.iter().any(|d| d.id() == chosen) {
        turn.session.set_note(SELECTED, chosen.to_owned());
    }
    let typed = form.get("otp").unwrap_or_default().trim();
    let address = turn.visitor.caller.ip.to_string();
    let sent = (Some(chosen), typed);
    let Some(code) = attempt::refusal(&turn.app, &turn.realm, &user, &address, sent).await? else {
        flow::used(turn, "otp");
        return Ok(Outcome::Success);
    };
    let mut event = record::refusal(turn, record::kind(turn.session.flow), code);
    event.details.shift_remove("username");
    events::record_alone(&turn.app, &turn.realm, &event).await;
    page(context, &devices, true)
}

/// Somebody has nothing to take this step with. Where it is required, they set it up on the way on, as in Keycloak.
pub(super) fn not_set_up(context: &mut Context<'_>, action: &str) -> Outcome {
    if context.execution.requirement != "REQUIRED" {
        return Outcome::Attempted;
    }
    if !context.turn.realm.required_action(action).is_some_and(|a| a.enabled) {
        return Outcome::Failure(SETUP_REQUIRED);
    }
    required_actions::want(context.turn, &[action.to_owned()]);
    Outcome::Success
}

/// Devices as pages list them.
pub fn list(devices: &[Device], selected: Option<&str>) -> OtpLogin {
    let known = selected.filter(|id| devices.iter().any(|d| d.id() == *id));
    let first = devices.first().map(Device::id).unwrap_or_default();
    OtpLogin {
        user_otp_credentials: devices
            .iter()
            .map(|d| OtpCredential {
                id: d.id().to_owned(),
                user_label: d.label().to_owned(),
            })
            .collect(),
        selected_credential_id: known.unwrap_or(first).to_owned(),
    }
}

fn page(context: &mut Context<'_>, devices: &[Device], wrong: bool) -> Result<Outcome, Error> {
    let user = context.user.clone();
    let turn = &mut *context.turn;
    let otp_login = list(devices, turn.session.note(SELECTED));
    let name = turn.session.note("username").unwrap_or_default().to_owned();
    let mut draft = turn.draft(user.as_ref());
    draft.attempted(&name);
    if wrong {
        draft.field_error("totp", "invalidTotpMessage", &[]);
    }
    Ok(Outcome::Challenge(
        draft.answer(StatusCode::OK, &LoginOtp { otp_login })?,
    ))
}
