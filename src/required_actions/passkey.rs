//! `webauthn-register`, `webauthn-register-passwordless`: a user makes a passkey.

use serde_json::json;
use vestibule_jose::digest::b64url;
use vestibule_oauth::params::Params;
use vestibule_webauthn::Algorithm;

use super::{acted, end_other_sessions, forget, gone, once, over, take, wants_sign_out};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, record, session};
use crate::page::{Response, StatusCode};
use crate::passkey::{Kind, Policy, challenge, enrol, plain, stored};
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::{Severity, WebauthnError, WebauthnRegister};

/// With the action's name in `kc_action`: who has such a passkey already need not make another.
const SKIP: &str = "skip_if_exists";

/// Shows the page, or takes a new passkey.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(turn: Turn, user: User, alias: &str, form: Option<&Params>) -> Result<Response, Error> {
    let Some(kind) = Kind::of_action(alias) else {
        return done(turn, user, alias, End::Failed).await;
    };
    let asked = turn.session.request.kc_action.as_deref();
    let skips = asked.and_then(|asked| asked.split_once(':')) == Some((alias, SKIP));
    if skips && !stored::of_user(&turn.app.db, &user.id, kind).await?.is_empty() {
        return skip(turn, user, kind).await;
    }
    match form {
        None => page(turn, &user, kind, false).await,
        Some(form) if form.text("isSetRetry").is_some_and(|v| !v.is_empty()) => page(turn, &user, kind, true).await,
        Some(form) => keep(turn, user, kind, form).await,
    }
}

/// There is one already, and that was all that was asked.
async fn skip(mut turn: Turn, user: User, kind: Kind) -> Result<Response, Error> {
    acted(&mut turn, kind.action(), None);
    forget(&mut turn, kind.action());
    let mut tx = turn.app.db.begin().await?;
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| take(user, kind.action()));
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    let event = record::settled(&turn, Event::new("CUSTOM_REQUIRED_ACTION"));
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    done(turn, user, kind.action(), End::Unneeded).await
}

/// Why there is no new passkey.
enum Fault {
    /// The browser made none, in its own words.
    Browser(String),
    /// It is not what was asked for.
    Wrong(String),
}

async fn keep(mut turn: Turn, user: User, kind: Kind, form: &Params) -> Result<Response, Error> {
    let (alias, now) = (kind.action(), turn.app.now());
    acted(&mut turn, alias, Some(kind.credential_type()));
    let asked = challenge::take(&mut turn);
    if let Some(words) = form.text("error").filter(|words| !words.is_empty()) {
        return failed(turn, &user, kind, Fault::Browser(plain(words))).await;
    }
    let checked = enrol::check(&Policy::of(&turn.realm, &turn.visitor.caller, kind), &asked, form);
    let made = match checked {
        Ok(made) => made,
        Err(why) => return failed(turn, &user, kind, Fault::Wrong(why)).await,
    };
    let Some(mut tx) = once::begin(&turn, alias).await? else {
        return over(&mut turn);
    };
    if !challenge::spend(&mut tx, &turn, &asked).await? {
        return over(&mut turn);
    }
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| take(user, alias));
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    if let Err(why) = made.store(&mut tx, &user.id, kind, now).await? {
        drop(tx);
        return failed(turn, &user, kind, Fault::Wrong(why)).await;
    }
    forget(&mut turn, alias);
    if wants_sign_out(form) {
        end_other_sessions(&mut tx, &turn, &user).await?;
    }
    turn.session.tell("public_key_credential_id", made.id());
    turn.session.tell("public_key_credential_label", &*made.label);
    turn.session.tell("public_key_credential_aaguid", made.aaguid());
    for event in ["UPDATE_CREDENTIAL", "CUSTOM_REQUIRED_ACTION"] {
        events::record(&mut tx, &turn.realm, &record::settled(&turn, Event::new(event)), now).await?;
    }
    tx.commit().await?;
    turn.session.set_note("updated", "true");
    done(turn, user, alias, End::Done).await
}

/// Says what went wrong, and offers to try again.
async fn failed(mut turn: Turn, user: &User, kind: Kind, fault: Fault) -> Result<Response, Error> {
    let (key, code, words) = match fault {
        Fault::Browser(words) => (
            "webauthn-error-register-verification",
            "invalid_user_credentials",
            words,
        ),
        Fault::Wrong(why) => ("webauthn-error-registration", "invalid_registration", why),
    };
    for event in ["CUSTOM_REQUIRED_ACTION", "UPDATE_CREDENTIAL"] {
        let event = record::settled(&turn, events::refusal(event, code))
            .detail("web_authn_registration_error", key)
            .detail("web_authn_registration_error_detail", &*words);
        events::record_alone(&turn.app, &turn.realm, &event).await;
    }
    let mut draft = turn.draft(Some(user));
    draft.message(Severity::Error, key, &[json!(words)]);
    let page = WebauthnError {
        execution: kind.action().to_owned(),
    };
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

async fn page(mut turn: Turn, user: &User, kind: Kind, is_set_retry: bool) -> Result<Response, Error> {
    let challenge = challenge::show(&mut turn);
    let policy = Policy::of(&turn.realm, &turn.visitor.caller, kind);
    let known = match policy.avoids_same() {
        true => stored::of_user(&turn.app.db, &user.id, kind).await?,
        false => Vec::new(),
    };
    let known: Vec<String> = known.iter().map(|passkey| b64url(&passkey.id())).collect();
    let page = WebauthnRegister {
        challenge,
        userid: b64url(user.id.as_bytes()),
        username: user.username.clone(),
        signature_algorithms: policy.algorithms().into_iter().map(Algorithm::id).collect(),
        rp_entity_name: policy.name().to_owned(),
        rp_id: policy.rp_id().to_owned(),
        attestation_conveyance_preference: policy.attestation().to_owned(),
        authenticator_attachment: policy.attachment().to_owned(),
        require_resident_key: policy.require_resident_key().to_owned(),
        resident_key: policy.resident_key().to_owned(),
        user_verification_requirement: policy.user_verification().to_owned(),
        create_timeout: policy.timeout(),
        exclude_credential_ids: known.join(","),
        is_set_retry,
    };
    let draft = turn.draft(Some(user));
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
