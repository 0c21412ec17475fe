//! `VERIFY_EMAIL`: a user proves the address, by the link in a mail or by the code beside it.

use serde_json::json;
use vestibule_oauth::params::Params;

use super::{forget, gone, once, take};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, expired, record, session};
use crate::mail::{self, Sending};
use crate::page::{Response, StatusCode};
use crate::registration::proof::inbox_url;
use crate::registration::settings;
use crate::store::event::Event;
use crate::store::single_use;
use crate::store::user::{self, User};
use crate::theme::pages::{Severity, VerifyEmail};
use crate::verification::{self, Code, LIFETIME_MS, MOST_ATTEMPTS, TabRef};

/// Notes: to which address the mail went, when, and the hash of its code.
const MAILED_TO: &str = "verify_email";
const MAILED_AT: &str = "verify_email_at";
const CODE: &str = "verify_email_code";

/// What the page says above its form.
enum Shown {
    First,
    WrongCode,
    Wait(i64),
}

/// Shows the page, or takes what was sent to it.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let now = turn.app.now();
    let Some(address) = user.email.clone().filter(|_| !user.email_verified) else {
        forget(&mut turn, "VERIFY_EMAIL");
        let mut tx = turn.app.db.begin().await?;
        once::spend(&mut tx, &turn, "VERIFY_EMAIL").await?;
        let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
            // Another address that came meanwhile is still to be proved.
            if user.email_verified || user.email.is_none() {
                take(user, "VERIFY_EMAIL");
            }
        });
        let Ok(user) = changed.await? else {
            return gone(&mut turn);
        };
        let event = record::settled(&turn, Event::new("CUSTOM_REQUIRED_ACTION"))
            .detail("custom_required_action", "VERIFY_EMAIL");
        events::record(&mut tx, &turn.realm, &event, now).await?;
        tx.commit().await?;
        return done(turn, user, "VERIFY_EMAIL", End::Unneeded).await;
    };
    let mailed = turn.session.note(MAILED_TO) == Some(&address);
    let mailed_at: i64 = turn.session.note(MAILED_AT).and_then(|t| t.parse().ok()).unwrap_or(0);
    let Some(form) = form.filter(|_| mailed) else {
        if !mailed {
            send(&mut turn, &user, &address).await?;
        }
        return page(turn, &user, Shown::First).await;
    };
    if let Some(typed) = form.get("code") {
        if now < mailed_at + LIFETIME_MS && is_code(&turn, &user, mailed_at, typed).await? {
            return match prove(&mut turn, &user, "code").await? {
                Ok(user) => done(turn, user, "VERIFY_EMAIL", End::Done).await,
                Err(refused) => Ok(refused),
            };
        }
        return page(turn, &user, Shown::WrongCode).await;
    }
    let left = mailed_at + settings::resend_cooldown_ms(&turn.realm) - now;
    if left > 0 {
        return page(turn, &user, Shown::Wait((left / 1000).max(1))).await;
    }
    send(&mut turn, &user, &address).await?;
    page(turn, &user, Shown::First).await
}

fn purpose(turn: &Turn, user: &User) -> String {
    format!("{}.{}.{}", user.id, turn.session.root_id, turn.session.tab_id)
}

async fn is_code(turn: &Turn, user: &User, mailed_at: i64, typed: &str) -> Result<bool, Error> {
    let purpose = purpose(turn, user);
    let mut tx = turn.app.db.begin().await?;
    let mut counted = false;
    for attempt in 0..MOST_ATTEMPTS {
        let this = format!("{purpose}.{mailed_at}.{attempt}");
        let expires = mailed_at + LIFETIME_MS;
        if single_use::spend(&mut tx, &turn.realm.id, "verification-code", &this, expires).await? {
            counted = true;
            break;
        }
    }
    tx.commit().await?;
    Ok(counted && verification::code_is_right(typed, &purpose, turn.session.note(CODE)))
}

async fn send(turn: &mut Turn, user: &User, address: &str) -> Result<(), Error> {
    let (app, now) = (turn.app.clone(), turn.app.now());
    let code = Code::new();
    let tab = TabRef::of(&turn.visitor.caller, &turn.client, &turn.session);
    let mail = verification::user_mail(&app, &turn.visitor.caller, &turn.realm, user, &tab, &code)?;
    turn.session.set_note(CODE, code.hash(&purpose(turn, user)));
    turn.session.set_note(MAILED_TO, address);
    turn.session.set_note(MAILED_AT, now.to_string());
    let mut tx = app.db.begin().await?;
    mail::queue(
        &mut tx,
        &app,
        &turn.realm,
        &mail,
        turn.visitor.caller.ip,
        Sending::Wanted,
    )
    .await?;
    let event = record::settled(turn, Event::new("SEND_VERIFY_EMAIL")).detail("email", address);
    events::record(&mut tx, &turn.realm, &event, now).await?;
    tx.commit().await
}

/// The address is proved: the user's row, and the event. `Err`: the answer to somebody who was disabled meanwhile, or has
/// another address than the one that is proved.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn prove(turn: &mut Turn, user: &User, by: &str) -> Result<Result<User, Response>, Error> {
    forget(turn, "VERIFY_EMAIL");
    let mut is_same = false;
    let mut tx = turn.app.db.begin().await?;
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |present| {
        is_same = present.email == user.email;
        present.email_verified = is_same;
        take(present, "VERIFY_EMAIL");
    });
    let Ok(user) = changed.await? else {
        return gone(turn).map(Err);
    };
    if !is_same {
        return expired::error(turn.notice(), "staleEmailVerificationLink").map(Err);
    }
    let address = user.email.clone().unwrap_or_default();
    let event = record::settled(turn, Event::new("VERIFY_EMAIL"))
        .detail("email", address)
        .detail("proof", by);
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    Ok(Ok(user))
}

async fn page(mut turn: Turn, user: &User, shown: Shown) -> Result<Response, Error> {
    let address = user.email.clone().unwrap_or_default();
    let inbox_url = inbox_url(&turn, &address);
    let asked = turn.session.note("kc_action_executing").is_some();
    let mut draft = turn.draft(Some(user));
    match shown {
        Shown::First if asked || draft.shell.message.is_some() => {}
        Shown::First => draft.message(Severity::Warning, "verifyEmailMessage", &[]),
        Shown::WrongCode => draft.field_error("code", "emailVerifyCodeInvalid", &[]),
        Shown::Wait(seconds) => draft.message(Severity::Error, "emailVerifySendCooldown", &[json!(seconds)]),
    }
    let code_action = draft.shell.url.login_action.clone();
    let page = VerifyEmail {
        user: crate::theme::pages::User {
            username: user.username.clone(),
            email: address,
            first_name: user.first_name.clone().unwrap_or_default(),
            last_name: user.last_name.clone().unwrap_or_default(),
        },
        code_action,
        inbox_url,
        ..VerifyEmail::default()
    };
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
