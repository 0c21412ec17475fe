//! `auth-username-password-form`, `auth-username-form`, `auth-password-form`: who are you, and what is your password?

use serde_json::json;
use vestibule_oauth::params::Params;

use super::beside::{self, Beside};
use super::password::{self, Proof};
use crate::brute_force::{self, Means};
use crate::error::Error;
use crate::events;
use crate::login::flow::{self, Context, Outcome, UNEXPECTED};
use crate::login::{Turn, cookies, record};
use crate::page::{Draft, StatusCode};
use crate::registration;
use crate::store::user::{self, User};
use crate::theme::pages::{Login, LoginBean, LoginPassword, LoginUsername, Severity};

/// Why a form is shown again.
#[derive(Clone, Copy)]
enum Fault {
    /// `Invalid username or password.`, whatever was wrong.
    Credentials,
    /// `Account is disabled ...`; only who has the password sees it.
    Disabled,
    /// A passkey was tried instead: the message of what was wrong.
    Passkey(&'static str),
}

impl Fault {
    /// Says it above the form.
    fn show(self, draft: &mut Draft<'_>) {
        match self {
            Self::Credentials => {}
            Self::Disabled => draft.message(Severity::Error, "accountDisabledMessage", &[]),
            Self::Passkey(key) => draft.message(Severity::Error, key, &[json!("")]),
        }
    }
}

/// User name and password on one page; only the password, if it is known who this is.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn both(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let known = context.turn.session.note("known_before").is_some();
    let Some(form) = context.form else {
        return page(context, known, None).await;
    };
    match beside::take(context, form).await? {
        Beside::Unasked => {}
        Beside::Proved => return Ok(Outcome::Success),
        Beside::Refused(key) => return page(context, known, Some(Fault::Passkey(key))).await,
    }
    if !known {
        context.user = find(context, form).await?;
    }
    let user = context.user.clone();
    match prove(context, user.as_ref(), form).await? {
        None => {
            flow::used(context.turn, "password");
            Ok(Outcome::Success)
        }
        Some(fault) => {
            if let Some(page) = waiting(context, form).await? {
                return Ok(page);
            }
            if !known {
                context.user = None;
            }
            page(context, known, Some(fault)).await
        }
    }
}

/// The name alone. Whether it exists is not said here: the password's page follows anyway.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn username(context: &mut Context<'_>) -> Result<Outcome, Error> {
    if context.turn.session.note("known_before").is_some() {
        return Ok(Outcome::Success);
    }
    if let Some(form) = context.form {
        match beside::take(context, form).await? {
            Beside::Unasked => {}
            Beside::Proved => return Ok(Outcome::Success),
            Beside::Refused(key) => return username_page(context, Some(Fault::Passkey(key))).await,
        }
    }
    let named = context.form.filter(|form| form.text("username").is_some());
    let Some(form) = named else {
        let fault = context.form.map(|_| Fault::Credentials);
        return username_page(context, fault).await;
    };
    context.user = find(context, form).await?;
    Ok(Outcome::Success)
}

/// The password alone.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn password(context: &mut Context<'_>) -> Result<Outcome, Error> {
    if beside::was_used(context.turn) {
        return Ok(Outcome::Success);
    }
    if context.turn.session.note("username").is_none() {
        return Ok(Outcome::Failure(UNEXPECTED));
    }
    let Some(form) = context.form else {
        return password_page(context, None).await;
    };
    match beside::take(context, form).await? {
        Beside::Unasked => {}
        Beside::Proved => return Ok(Outcome::Success),
        Beside::Refused(key) => return password_page(context, Some(Fault::Passkey(key))).await,
    }
    let user = context.user.clone();
    match prove(context, user.as_ref(), form).await? {
        None => {
            flow::used(context.turn, "password");
            Ok(Outcome::Success)
        }
        Some(fault) => password_page(context, Some(fault)).await,
    }
}

/// The page of a registration that waits for the proof of its address, for who has its password. Asked after every failure:
/// whether a name is a user's or only waits does not show.
async fn waiting(context: &mut Context<'_>, form: &Params) -> Result<Option<Outcome>, Error> {
    let turn = &mut *context.turn;
    let (name, password) = (
        form.get("username").unwrap_or_default(),
        form.get("password").unwrap_or_default(),
    );
    let Some(row) = registration::waiting::by_password(&turn.app, &turn.realm, name, password).await? else {
        return Ok(None);
    };
    context.user = None;
    Ok(Some(Outcome::Challenge(registration::web::wait(turn, &row))))
}

/// Whom a form names; remembers what was typed.
async fn find(context: &mut Context<'_>, form: &Params) -> Result<Option<User>, Error> {
    let turn = &mut *context.turn;
    let typed = form.get("username").unwrap_or_default().trim();
    let typed: String = typed.chars().take(255).collect();
    turn.session.set_note("username", &*typed);
    remember(turn, form);
    if typed.is_empty() {
        return Ok(None);
    }
    let with_email = turn.realm.flag("loginWithEmailAllowed") && turn.realm.unique_emails();
    let found = user::by_login(&turn.app.db, &turn.realm.id, &typed, with_email).await?;
    Ok(found.filter(|u| u.service_client.is_none()))
}

/// Whether the browser is to remember who signs in.
pub(super) fn remember(turn: &mut Turn, form: &Params) {
    if turn.realm.flag("rememberMe") && form.get("rememberMe").is_some_and(|v| v.eq_ignore_ascii_case("on")) {
        turn.session.set_note("remember_me", "true");
    } else {
        turn.session.notes.remove("remember_me");
    }
}

async fn prove(context: &mut Context<'_>, user: Option<&User>, form: &Params) -> Result<Option<Fault>, Error> {
    let turn = &*context.turn;
    let sent = form.get("password").unwrap_or_default();
    let proof = password::check(&turn.app, &turn.realm, user, sent).await?;
    let (code, fault) = match user {
        None => {
            let typed = form.get("username").unwrap_or_default().trim();
            brute_force::nobody(&turn.app, &turn.realm, typed).await?;
            ("user_not_found", Fault::Credentials)
        }
        Some(user) => {
            let address = turn.visitor.caller.ip.to_string();
            let right = proof == Proof::Right;
            let lock = brute_force::decide(&turn.app, &turn.realm, user, &address, Means::Password, right).await?;
            match lock.code() {
                Some(code) => (code, Fault::Credentials),
                None if !right => ("invalid_user_credentials", Fault::Credentials),
                None if !user.enabled => ("user_disabled", Fault::Disabled),
                None => return Ok(None),
            }
        }
    };
    let mut event = record::refusal(turn, record::kind(turn.session.flow), code);
    event.user_id = user.map(|u| u.id.clone());
    events::record_alone(&turn.app, &turn.realm, &event).await;
    Ok(Some(fault))
}

/// The name to fill in: what was typed, what the application says, what the browser remembers.
fn first_name(context: &Context<'_>) -> LoginBean {
    let turn = &*context.turn;
    let remembered = || {
        let cookie = turn
            .visitor
            .cookie(cookies::REMEMBER_ME)?
            .strip_prefix("username:")?
            .to_owned();
        let name = vestibule_oauth::params::decode(cookie.replace('+', "%2B").as_bytes(), 1024).ok()?;
        turn.realm.flag("rememberMe").then_some(name)
    };
    if let Some(typed) = turn.session.note("username") {
        let remember_me = turn.session.note("remember_me").is_some();
        return LoginBean {
            username: typed.to_owned(),
            remember_me,
        };
    }
    if let Some(hint) = &turn.session.request.login_hint {
        return LoginBean {
            username: hint.clone(),
            remember_me: false,
        };
    }
    remembered().map_or_else(LoginBean::default, |username| LoginBean {
        username,
        remember_me: true,
    })
}

async fn page(context: &mut Context<'_>, known: bool, fault: Option<Fault>) -> Result<Outcome, Error> {
    let passkeys = beside::offer(context).await?;
    let login = first_name(context);
    let user = context.user.clone();
    let mut draft = context.turn.draft(user.as_ref());
    if known {
        draft.attempted(&login.username);
    }
    match fault {
        Some(Fault::Credentials) if known => draft.field_error("password", "invalidPasswordMessage", &[]),
        Some(Fault::Credentials) => draft.field_error("username", "invalidUserMessage", &[]),
        Some(fault) => fault.show(&mut draft),
        None => {}
    }
    let page = Login {
        login,
        username_hidden: known,
        registration_disabled: known,
        passkeys,
        ..Login::default()
    };
    Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?))
}

async fn username_page(context: &mut Context<'_>, fault: Option<Fault>) -> Result<Outcome, Error> {
    let passkeys = beside::offer(context).await?;
    let login = first_name(context);
    let mut draft = context.turn.draft(None);
    match fault {
        Some(Fault::Credentials) => draft.field_error("username", "invalidUserMessage", &[]),
        Some(fault) => fault.show(&mut draft),
        None => {}
    }
    let page = LoginUsername {
        login,
        passkeys,
        ..LoginUsername::default()
    };
    Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?))
}

async fn password_page(context: &mut Context<'_>, fault: Option<Fault>) -> Result<Outcome, Error> {
    let passkeys = beside::offer(context).await?;
    let login = first_name(context);
    let user = context.user.clone();
    let mut draft = context.turn.draft(user.as_ref());
    draft.attempted(&login.username);
    match fault {
        Some(Fault::Credentials) => draft.field_error("password", "invalidPasswordMessage", &[]),
        Some(fault) => fault.show(&mut draft),
        None => {}
    }
    Ok(Outcome::Challenge(
        draft.answer(StatusCode::OK, &LoginPassword { passkeys })?,
    ))
}
