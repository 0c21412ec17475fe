//! `UPDATE_EMAIL`: a user changes the address. Where the realm verifies addresses, the new one is proved first, by the link in a
//! mail to it.

use serde_json::json;
use vestibule_oauth::params::Params;

use super::{acted, end_other_sessions, forget, gone, once, over, take, wants_sign_out};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, record, session};
use crate::mail::{self, Sending};
use crate::page::{Response, StatusCode};
use crate::profile::{self, Context, FieldError, Fields};
use crate::registration::settings;
use crate::registration::web::show_errors;
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User};
use crate::theme::pages::{Info, Severity, UpdateEmail};
use crate::verification::{self, TabRef};

pub const ALIAS: &str = "UPDATE_EMAIL";

/// The attribute with the address that waits for its proof, Keycloak's.
pub const PENDING: &str = "kc.email.pending";

/// The note with when a mail was sent, epoch milliseconds.
const MAILED_AT: &str = "update_email_at";

/// Shows the page, or takes the new address.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let Some(form) = form else {
        let address = user.email.clone().unwrap_or_default();
        return page(turn, &user, address, Shown::First).await;
    };
    let typed = form.get("email").unwrap_or_default().to_owned();
    let fields = Fields::from([("email".to_owned(), vec![typed.clone()])]);
    let errors = profile::validate(&turn.realm, &turn.place(Context::UpdateEmail), &fields);
    if !errors.is_empty() {
        return page(turn, &user, typed, Shown::Wrong(errors)).await;
    }
    let address = profile::apply(&user, fields).email.unwrap_or_default();
    if user.email.as_deref() == Some(address.as_str()) {
        return same(turn, user, &address).await;
    }
    let taken = turn.realm.unique_emails()
        && user::by_email(&turn.app.db, &turn.realm.id, &address)
            .await?
            .is_some_and(|other| other.id != user.id);
    if taken {
        let error = FieldError::new("email", "emailExistsMessage");
        return page(turn, &user, typed, Shown::Wrong(vec![error])).await;
    }
    let elsewhere = wants_sign_out(form);
    if is_proved_first(&turn.realm) {
        return ask(turn, user, &address, elsewhere).await;
    }
    change(turn, user, &address, elsewhere).await
}

/// It is the address that was there.
async fn same(mut turn: Turn, user: User, address: &str) -> Result<Response, Error> {
    forget(&mut turn, ALIAS);
    acted(&mut turn, ALIAS, None);
    let Some(mut tx) = once::begin(&turn, ALIAS).await? else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| take(user, ALIAS));
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    let event = record::settled(&turn, Event::new("UPDATE_EMAIL"))
        .detail("updated_email", address)
        .detail("previous_email", address);
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    done(turn, user, ALIAS, End::Done).await
}

fn is_proved_first(realm: &Realm) -> bool {
    let action = realm.required_action(ALIAS);
    let forced = action.is_some_and(|a| a.config.get("verifyEmail").is_some_and(|v| v == "true"));
    forced || realm.flag("verifyEmail")
}

/// Sends the mail to the new address.
async fn ask(mut turn: Turn, user: User, address: &str, elsewhere: bool) -> Result<Response, Error> {
    let now = turn.app.now();
    let mailed_at: i64 = turn.session.note(MAILED_AT).and_then(|t| t.parse().ok()).unwrap_or(0);
    let left = mailed_at + settings::cooldown_ms(&turn.realm, ALIAS) - now;
    if mailed_at > 0 && left > 0 {
        return page(turn, &user, address.to_owned(), Shown::Wait((left / 1000).max(1))).await;
    }
    acted(&mut turn, ALIAS, None);
    let tab = TabRef::of(&turn.visitor.caller, &turn.client, &turn.session);
    let change = verification::EmailChange {
        address,
        redirect_uri: &turn.session.request.redirect_uri,
        sign_out: elsewhere,
    };
    let mail = verification::update_mail(&turn.app, &turn.visitor.caller, &turn.realm, &user, &tab, &change)?;
    // Who mistyped the address may ask again: the link is used up by the first mail of a tab.
    let again = mailed_at > 0;
    let tx = if again {
        Some(turn.app.db.begin().await?)
    } else {
        once::begin(&turn, ALIAS).await?
    };
    let Some(mut tx) = tx else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
        user.attributes.insert(PENDING.to_owned(), vec![address.to_owned()]);
    });
    if changed.await?.is_err() {
        return gone(&mut turn);
    }
    mail::queue(
        &mut tx,
        &turn.app,
        &turn.realm,
        &mail,
        turn.visitor.caller.ip,
        Sending::Wanted,
    )
    .await?;
    let event = record::settled(&turn, Event::new("SEND_VERIFY_EMAIL")).detail("email", address);
    events::record(&mut tx, &turn.realm, &event, now).await?;
    tx.commit().await?;
    turn.session.set_note(MAILED_AT, now.to_string());
    let draft = turn.notice();
    let page = Info {
        message_header: Some(draft.text("emailUpdateConfirmationSentTitle", &[])),
        ..Info::default()
    };
    let answer = draft.info("emailUpdateConfirmationSent", &[json!(address)], &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

/// The new address counts at once, and is not proved.
async fn change(mut turn: Turn, user: User, address: &str, elsewhere: bool) -> Result<Response, Error> {
    forget(&mut turn, ALIAS);
    acted(&mut turn, ALIAS, None);
    let mut before = String::new();
    let Some(mut tx) = once::begin(&turn, ALIAS).await? else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
        before = user.email.replace(address.to_owned()).unwrap_or_default();
        user.email_verified = false;
        take(user, ALIAS);
        if turn.realm.flag("registrationEmailAsUsername") {
            user.username = address.to_owned();
        }
    });
    let user = match changed.await? {
        Ok(changed) => changed,
        Err(Kept::Gone) => return gone(&mut turn),
        Err(_) => {
            drop(tx);
            let error = FieldError::new("email", "emailExistsMessage");
            return page(turn, &user, address.to_owned(), Shown::Wrong(vec![error])).await;
        }
    };
    if elsewhere {
        end_other_sessions(&mut tx, &turn, &user).await?;
    }
    let event = record::settled(&turn, Event::new("UPDATE_EMAIL"))
        .detail("updated_email", address)
        .detail("previous_email", before);
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    turn.session.set_note("updated", "true");
    done(turn, user, ALIAS, End::Done).await
}

/// What the page says beside its form.
enum Shown {
    First,
    Wrong(Vec<FieldError>),
    Wait(i64),
}

async fn page(mut turn: Turn, user: &User, typed: String, shown: Shown) -> Result<Response, Error> {
    let asked = turn.session.note("kc_action_executing").is_some();
    let fields = Fields::from([("email".to_owned(), vec![typed])]);
    let profile = profile::for_page(&turn.realm, &turn.place(Context::UpdateEmail), &fields);
    let mut draft = turn.draft(Some(user));
    match &shown {
        Shown::First if asked => {}
        Shown::First => draft.message(Severity::Warning, "updateEmailMessage", &[]),
        Shown::Wrong(errors) => show_errors(&mut draft, &profile, errors),
        Shown::Wait(seconds) => draft.message(Severity::Error, "emailVerifySendCooldown", &[json!(seconds)]),
    }
    let answer = draft.answer(StatusCode::OK, &UpdateEmail { profile })?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
