//! `auth-recovery-authn-code-form`: the next code of the person's list, instead of another proof.

use serde_json::json;

use super::otp::not_set_up;
use crate::brute_force::{self, Means};
use crate::error::Error;
use crate::events;
use crate::login::flow::{self, Context, Outcome, UNEXPECTED};
use crate::login::record;
use crate::otp::recovery::{self, Used};
use crate::page::StatusCode;
use crate::required_actions::RECOVERY_CODES;
use crate::store::user::{self, User};
use crate::theme::pages::{RecoveryCode, RecoveryCodeBean};

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
    let Some(number) = recovery::next_number(&turn.app, &user.id).await? else {
        return Ok(not_set_up(context, RECOVERY_CODES));
    };
    let Some(form) = context.form.filter(|form| form.has("recoveryCodeInput")) else {
        return page(context, number, false);
    };
    // Asked first: a code is not used up where nobody may sign in.
    let mut refused = brute_force::lock(&turn.app, &turn.realm, &user).await?.code();
    if refused.is_none() {
        let typed = form.get("recoveryCodeInput").unwrap_or_default();
        match recovery::spend(&turn.app, &turn.realm, &user, typed).await? {
            Used::Right => {}
            Used::RightAndLast => ask_for_more(context, &user).await?,
            Used::Locked(lock) => refused = lock.code(),
            Used::Wrong => {
                let address = turn.visitor.caller.ip.to_string();
                let how = Means::RecoveryCode;
                let lock = brute_force::decide(&turn.app, &turn.realm, &user, &address, how, false).await?;
                refused = lock.code().or(Some("invalid_user_credentials"));
            }
        }
    }
    let turn = &mut *context.turn;
    let Some(code) = refused else {
        flow::used(turn, recovery::TYPE);
        return Ok(Outcome::Success);
    };
    let event = record::refusal(turn, record::kind(turn.session.flow), code).detail("credential_type", recovery::TYPE);
    events::record_alone(&turn.app, &turn.realm, &event).await;
    page(context, number, true)
}

/// The list is used up: the user makes a new one.
async fn ask_for_more(context: &mut Context<'_>, user: &User) -> Result<(), Error> {
    let turn = &*context.turn;
    if !turn.realm.required_action(RECOVERY_CODES).is_some_and(|a| a.enabled) {
        return Ok(());
    }
    let mut tx = turn.app.db.begin().await?;
    let changed = user::change(&mut tx, &turn.realm, &user.id, |user| {
        user.required_actions.retain(|a| a != RECOVERY_CODES);
        user.required_actions.push(RECOVERY_CODES.to_owned());
    });
    if let Ok(user) = changed.await? {
        tx.commit().await?;
        context.user = Some(user);
    }
    Ok(())
}

fn page(context: &mut Context<'_>, code_number: i64, wrong: bool) -> Result<Outcome, Error> {
    let user = context.user.clone();
    let turn = &mut *context.turn;
    let name = turn.session.note("username").unwrap_or_default().to_owned();
    let mut draft = turn.draft(user.as_ref());
    draft.attempted(&name);
    if wrong {
        draft.field_error(
            "recoveryCodeInput",
            "recovery-codes-error-invalid",
            &[json!(code_number)],
        );
    }
    let page = RecoveryCode {
        recovery_authn_codes_input_bean: RecoveryCodeBean { code_number },
    };
    Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?))
}
