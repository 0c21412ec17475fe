//! `CONFIGURE_RECOVERY_AUTHN_CODES`: a user gets codes to keep on paper.

use vestibule_jose::digest::{b64url, sha256};
use vestibule_oauth::params::Params;

use super::{acted, end_other_sessions, forget, gone, once, over, take, wants_sign_out};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, record, session};
use crate::otp::recovery;
use crate::page::{Response, StatusCode};
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::{RecoveryCodes, RecoveryCodesBean, Severity};

pub const ALIAS: &str = "CONFIGURE_RECOVERY_AUTHN_CODES";

/// The note with what stands for the codes that were shown: only those can be kept.
const SHOWN: &str = "recovery_codes";

/// The longest label.
const LONGEST_LABEL: usize = 255;

/// Shows new codes, or keeps those that were shown.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let sent = form
        .and_then(|form| form.text("generatedRecoveryAuthnCodes"))
        .unwrap_or_default();
    let shown = turn.session.note(SHOWN);
    let Some(form) = form.filter(|_| shown == Some(stamp(sent).as_str())) else {
        return page(turn, &user, form.is_some()).await;
    };
    let codes: Vec<String> = sent.split(',').map(str::to_owned).collect();
    let label: String = form
        .get("userLabel")
        .unwrap_or_default()
        .chars()
        .take(LONGEST_LABEL)
        .collect();
    let now = turn.app.now();
    forget(&mut turn, ALIAS);
    acted(&mut turn, ALIAS, Some(recovery::TYPE));
    let Some(mut tx) = once::begin(&turn, ALIAS).await? else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| take(user, ALIAS));
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    recovery::store(&mut tx, &user.id, &codes, &label, now).await?;
    if wants_sign_out(form) {
        end_other_sessions(&mut tx, &turn, &user).await?;
    }
    let event = record::settled(&turn, Event::new("UPDATE_CREDENTIAL"));
    events::record(&mut tx, &turn.realm, &event, now).await?;
    tx.commit().await?;
    turn.session.notes.remove(SHOWN);
    turn.session.set_note("updated", "true");
    done(turn, user, ALIAS, End::Done).await
}

fn stamp(codes: &str) -> String {
    b64url(&sha256(codes.as_bytes()))
}

async fn page(mut turn: Turn, user: &User, again: bool) -> Result<Response, Error> {
    let list = recovery::generate();
    let joined = list.join(",");
    turn.session.set_note(SHOWN, stamp(&joined));
    let asked = turn.session.note("kc_action_executing").is_some();
    let generated_at = turn.app.now();
    let mut draft = turn.draft(Some(user));
    if again {
        // These are others than the ones before: do not keep those.
        draft.message(Severity::Error, "expiredActionTokenSessionExistsMessage", &[]);
    } else if !asked && draft.shell.message.is_none() {
        draft.message(Severity::Warning, "configureBackupCodesMessage", &[]);
    }
    let page = RecoveryCodes {
        recovery_authn_codes_config_bean: RecoveryCodesBean {
            generated_recovery_authn_codes_list: list,
            generated_recovery_authn_codes_as_string: joined,
            generated_at,
        },
    };
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
