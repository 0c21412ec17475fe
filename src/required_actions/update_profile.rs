//! `UPDATE_PROFILE` and `VERIFY_PROFILE`: a user completes or corrects the profile.

use vestibule_oauth::params::Params;

use super::{acted, forget, gone, once, over, take};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, record, session};
use crate::page::{Response, StatusCode};
use crate::profile::{self, Context, FieldError, Fields};
use crate::registration::form::Form;
use crate::registration::web::show_errors;
use crate::store::Tx;
use crate::store::event::Event;
use crate::store::user::{self, Kept, User};
use crate::theme::pages::{Severity, UpdateProfile};

/// Shows the page, or takes what was sent.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(turn: Turn, user: User, alias: &str, form: Option<&Params>) -> Result<Response, Error> {
    let before = profile::of_user(&user);
    let Some(sent) = form else {
        return page(turn, &user, alias, &before, None).await;
    };
    let sent = Form::read(sent.iter()).fields;
    let errors = profile::validate(&turn.realm, &turn.place(Context::UpdateProfile), &sent);
    if !errors.is_empty() {
        return page(turn, &user, alias, &sent, Some(&errors)).await;
    }
    let mut turn = turn;
    acted(&mut turn, alias, None);
    let Some(tx) = once::begin(&turn, alias).await? else {
        return over(&mut turn);
    };
    let taken = match change(tx, &turn, &user.id, alias, &sent).await? {
        Ok(changed) => {
            forget(&mut turn, alias);
            turn.session.set_note("updated", "true");
            return done(turn, changed, alias, End::Done).await;
        }
        Err(Kept::EmailTaken) => FieldError::new("email", "emailExistsMessage"),
        Err(Kept::UsernameTaken) => FieldError::new("username", "usernameExistsMessage"),
        Err(Kept::Gone | Kept::Yes) => return gone(&mut turn),
    };
    page(turn, &user, alias, &sent, Some(&[taken])).await
}

/// Writes what was sent over what is there now.
async fn change(mut tx: Tx, turn: &Turn, id: &str, alias: &str, sent: &Fields) -> Result<Result<User, Kept>, Error> {
    let mut before = Fields::new();
    let place = turn.place(Context::UpdateProfile);
    let changed = user::change_own(&mut tx, &turn.realm, id, |user| {
        before = profile::of_user(user);
        let fields = profile::writable(&turn.realm, &place, sent, &before);
        let mut changed = profile::apply(user, fields);
        changed.email_verified = user.email_verified && changed.email == user.email;
        take(&mut changed, alias);
        take(&mut changed, "VERIFY_PROFILE");
        *user = changed;
    });
    let changed = match changed.await? {
        Ok(changed) => changed,
        Err(why) => return Ok(Err(why)),
    };
    let event = record::settled(turn, Event::new("UPDATE_PROFILE")).detail("context", "UPDATE_PROFILE");
    let event = profile::changes(event, &before, &profile::of_user(&changed));
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    Ok(Ok(changed))
}

async fn page(
    mut turn: Turn,
    user: &User,
    alias: &str,
    typed: &Fields,
    errors: Option<&[FieldError]>,
) -> Result<Response, Error> {
    let asked = turn.session.note("kc_action_executing").is_some();
    let place = turn.place(Context::UpdateProfile);
    let profile = profile::for_page(&turn.realm, &place, typed);
    let wanting = match errors {
        None if alias == "VERIFY_PROFILE" => profile::validate(&turn.realm, &place, typed),
        _ => Vec::new(),
    };
    if !wanting.is_empty() {
        let fields: Vec<&str> = wanting.iter().map(|e| e.field.as_str()).collect();
        let event = record::settled(&turn, Event::new(alias)).detail("fields_to_update", fields.join(","));
        events::record_alone(&turn.app, &turn.realm, &event).await;
    }
    let mut draft = turn.draft(Some(user));
    match errors {
        None if asked => {}
        None if alias == "VERIFY_PROFILE" => {
            show_errors(&mut draft, &profile, &wanting);
            if draft.shell.message.is_none() && wanting.is_empty() {
                draft.message(Severity::Warning, "updateProfileMessage", &[]);
            }
        }
        None => draft.message(Severity::Warning, "updateProfileMessage", &[]),
        Some(errors) => show_errors(&mut draft, &profile, errors),
    }
    let answer = draft.answer(StatusCode::OK, &UpdateProfile { profile })?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
