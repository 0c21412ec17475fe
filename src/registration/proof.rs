//! "We sent you a mail": the page of a registration that waits, in the browser that registered or in one that the link was
//! opened in.

use serde_json::json;
use vestibule_oauth::params::Params;

use super::waiting::{self, Completed, Proof, Resent};
use super::web::NOTE;
use crate::error::Error;
use crate::login::{self, Turn, expired, session};
use crate::mail;
use crate::page::{Response, StatusCode};
use crate::profile::{self, Context, FieldError, Fields, Place};
use crate::store::registration::{self, Registration};
use crate::theme::pages::{Register, Severity, User, VerifyEmail};
use crate::verification::TabRef;

/// The note that says how the address was proved.
pub const PROVED: &str = "proved";

/// Shows the page, or takes what was sent to it: the code, the wish for another mail, another user name.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(mut turn: Turn, form: Option<&Params>) -> Result<Response, Error> {
    let id = turn.session.note(NOTE).unwrap_or_default().to_owned();
    let row = registration::by_id(&turn.app.db, &turn.realm.id, &id, turn.app.now()).await?;
    let Some(mut row) = row.filter(|row| row.account_id.is_none()) else {
        return expired::error(turn.notice(), "expiredActionMessage");
    };
    if let Some(proof) = proved(&turn) {
        return match form.and_then(|f| f.text("username")) {
            Some(name) => with_other_name(turn, &mut row, proof, name).await,
            None => complete(turn, &row, proof).await,
        };
    }
    let Some(form) = form else {
        return page(turn, &row, Shown::First).await;
    };
    match form.get("code") {
        Some(code) if waiting::is_code(&turn.app, &row, code).await? => {
            turn.session.set_note(PROVED, "code");
            complete(turn, &row, Proof::TypedCode).await
        }
        Some(_) => page(turn, &row, Shown::WrongCode).await,
        None => {
            let tab = TabRef::of(&turn.visitor.caller, &turn.client, &turn.session);
            let (app, caller, realm) = (&turn.app, &turn.visitor.caller, &turn.realm);
            let shown = match waiting::resend(app, caller, realm, &row, Some(&tab)).await? {
                Resent::Yes => Shown::First,
                Resent::Wait(seconds) => Shown::Wait(seconds),
            };
            page(turn, &row, shown).await
        }
    }
}

fn proved(turn: &Turn) -> Option<Proof> {
    match turn.session.note(PROVED)? {
        "code" => Some(Proof::TypedCode),
        "same" => Some(Proof::SameBrowser),
        _ => Some(Proof::Elsewhere),
    }
}

async fn complete(mut turn: Turn, row: &Registration, proof: Proof) -> Result<Response, Error> {
    match waiting::complete(&turn.app, &turn.realm, row, proof).await? {
        Completed::User(user) => {
            turn.session.notes.remove(NOTE);
            turn.session.notes.remove(PROVED);
            turn.session.set_note("username", &*user.username);
            login::proceed(turn, user).await
        }
        Completed::UsernameTaken => name_page(turn, &waiting::fields(row), None).await,
        Completed::Gone => expired::error(turn.notice(), "staleEmailVerificationLink"),
    }
}

async fn with_other_name(turn: Turn, row: &mut Registration, proof: Proof, name: &str) -> Result<Response, Error> {
    let mut fields = waiting::fields(row);
    fields.insert("username".into(), vec![name.to_owned()]);
    let errors = profile::validate(&turn.realm, &Place::of(Context::Registration), &fields);
    if let Some(error) = errors.into_iter().find(|e| e.field == "username") {
        return name_page(turn, &fields, Some(error)).await;
    }
    waiting::rename(&turn.app, row, name).await?;
    complete(turn, row, proof).await
}

/// Asks for another user name: nothing was reserved, and somebody was faster.
async fn name_page(mut turn: Turn, typed: &Fields, error: Option<FieldError>) -> Result<Response, Error> {
    let mut profile = profile::for_page(&turn.realm, &Place::of(Context::Registration), typed);
    profile.attributes.retain(|a| a.name == "username");
    let mut draft = turn.draft(None);
    draft.shell.url.registration_action = draft.shell.url.login_action.clone();
    match error {
        Some(error) => draft.field_error(&error.field, &error.key, &error.params),
        None => draft.field_error("username", "registrationUsernameTaken", &[]),
    }
    let answer = draft.answer(
        StatusCode::OK,
        &Register {
            profile,
            ..Register::default()
        },
    )?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

/// What the page says above its form.
enum Shown {
    First,
    WrongCode,
    /// Another mail can be had in so many seconds.
    Wait(i64),
}

async fn page(mut turn: Turn, row: &Registration, shown: Shown) -> Result<Response, Error> {
    let field = |name: &str| {
        waiting::fields(row)
            .get(name)
            .and_then(|v| v.first())
            .cloned()
            .unwrap_or_default()
    };
    let user = User {
        username: row.username.clone(),
        email: row.email.clone(),
        first_name: field("firstName"),
        last_name: field("lastName"),
    };
    let inbox = inbox_url(&turn, &row.email);
    let mut draft = turn.draft(None);
    match shown {
        // What was forwarded to this page is said instead.
        Shown::First if draft.shell.message.is_some() => {}
        Shown::First => draft.message(Severity::Warning, "verifyEmailMessage", &[]),
        Shown::WrongCode => draft.field_error("code", "emailVerifyCodeInvalid", &[]),
        Shown::Wait(seconds) => draft.message(Severity::Error, "emailVerifySendCooldown", &[json!(seconds)]),
    }
    let code_action = draft.shell.url.login_action.clone();
    let page = VerifyEmail {
        user,
        code_action,
        inbox_url: inbox,
        ..VerifyEmail::default()
    };
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

/// In development: where the mail can be read.
pub fn inbox_url(turn: &Turn, address: &str) -> String {
    if !turn.app.config.dev || mail::Settings::of(&turn.realm).is_some() {
        return String::new();
    }
    let to: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    format!("{}/inbox?to={to}", turn.visitor.caller.prefix)
}
