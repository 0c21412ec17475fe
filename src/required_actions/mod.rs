//! What a user must do before going on: prove the address, choose a password, complete the profile, accept the terms.
//!
//! `login::actions` asks [`next`] after the flow and after each action, and shows it with [`run`].

mod configure_totp;
mod delete_account;
mod delete_credential;
pub mod once;
mod passkey;
mod recovery_codes;
pub mod stamp;
mod terms;
pub mod update_email;
pub mod update_password;
mod update_profile;
pub mod verify_email;

use vestibule_oauth::params::Params;

use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, expired, record};
use crate::oidc::logout::backchannel;
use crate::page::{Response, StatusCode};
use crate::passkey::Kind;
use crate::password::policy;
use crate::profile::{self, Context, Place};
use crate::store::credential;
use crate::store::realm::Realm;
use crate::store::user::{self, User};
use crate::store::{Query, Tx};

/// The note with the aliases of actions that this way asks for, beside those on the user.
const WANTED: &str = "actions";

const DAY_MS: i64 = 86_400_000;

pub use configure_totp::{ALIAS as CONFIGURE_TOTP, remember_mode};
pub use delete_credential::ALIAS as DELETE_CREDENTIAL;
pub use recovery_codes::ALIAS as RECOVERY_CODES;

/// Asks for actions on this way only: those of a link that an administrator sent, the new password of a recovery.
pub fn want(turn: &mut Turn, aliases: &[String]) {
    let before = turn.session.note(WANTED).unwrap_or_default();
    let mut all: Vec<&str> = before.split(',').filter(|a| !a.is_empty()).collect();
    for alias in aliases {
        if !all.contains(&alias.as_str()) {
            all.push(alias);
        }
    }
    let all = all.join(",");
    turn.session.set_note(WANTED, all);
}

/// Notes of what was done last, and to which type of credential; events tell of it.
pub const ACTED: &str = "acted";
pub const CREDENTIAL_TYPE: &str = "acted_on";

/// Remembers what is done, for the events from now on.
fn acted(turn: &mut Turn, alias: &str, credential: Option<&str>) {
    turn.session.set_note(ACTED, alias);
    match credential {
        Some(kind) => turn.session.set_note(CREDENTIAL_TYPE, kind),
        None => drop(turn.session.notes.remove(CREDENTIAL_TYPE)),
    }
}

/// Records that an action did not come to pass.
async fn refused(turn: &Turn, code: &str) {
    let event = record::settled(turn, events::refusal("CUSTOM_REQUIRED_ACTION", code));
    events::record_alone(&turn.app, &turn.realm, &event).await;
}

/// Whether a form asks that the user's other sessions end.
fn wants_sign_out(form: &Params) -> bool {
    form.get("logout-sessions").is_some_and(|v| v == "on")
}

/// Ends the sessions of a user but the one of this browser. Offline sessions stay, as in Keycloak.
async fn end_other_sessions(tx: &mut Tx, turn: &Turn, user: &User) -> Result<(), Error> {
    let present = turn.session.note("sso");
    for known in crate::store::session::of_user(&mut *tx, &turn.realm.id, &user.id, false).await? {
        if present != Some(known.id.as_str()) {
            backchannel::queue(tx, &turn.app, &turn.visitor.caller, &turn.realm, &known, &[]).await?;
            crate::store::session::remove(tx, &turn.realm.id, &known.id).await?;
        }
    }
    Ok(())
}

/// The action whose turn it is: those of the user, of the realm and of this way, in the realm's order. What has become needed
/// comes on the user's list; what has become needless goes off it when its turn comes, as in Keycloak.
///
/// # Errors
///
/// Those of the database.
pub async fn next(turn: &Turn, user: &User) -> Result<Option<String>, Error> {
    let Some(user) = user::by_id(&turn.app.db, &turn.realm.id, &user.id).await? else {
        return Ok(None);
    };
    let user = in_chosen_language(turn, user).await?;
    let mut wanted = due(&turn.app, &turn.realm, &user).await?;
    // Who came by the link of a recovery has the address; it is written down with the new password.
    if user.email.is_some() && turn.session.note(update_password::PROVED_ADDRESS) == user.email.as_deref() {
        wanted.retain(|alias| alias != "VERIFY_EMAIL");
    }
    if is_profile_wanting(&turn.realm, &turn.place(Context::UpdateProfile), &user) {
        wanted.push("VERIFY_PROFILE".to_owned());
    }
    let own = turn.session.note(WANTED).unwrap_or_default();
    wanted.extend(own.split(',').filter(|a| !a.is_empty()).map(str::to_owned));
    let enabled = turn
        .realm
        .required_actions
        .iter()
        .filter(|a| a.enabled && a.alias != "update_user_locale");
    Ok(enabled.map(|a| &a.alias).find(|alias| wanted.contains(alias)).cloned())
}

/// `update_user_locale`: the language that somebody chose on the pages becomes the user's, without a page of its own.
async fn in_chosen_language(turn: &Turn, user: User) -> Result<User, Error> {
    let (realm, chosen) = (&turn.realm, turn.session.note("locale"));
    let on = realm.flag("internationalizationEnabled")
        && realm.required_action("update_user_locale").is_some_and(|a| a.enabled);
    let chosen = chosen.filter(|tag| on && realm.texts("supportedLocales").contains(tag));
    let Some(chosen) = chosen.filter(|tag| user.attribute("locale") != Some(tag)) else {
        return Ok(user);
    };
    let mut tx = turn.app.db.begin().await?;
    let changed = user::change_own(&mut tx, realm, &user.id, |user| {
        user.attributes.insert("locale".to_owned(), vec![chosen.to_owned()]);
    });
    let changed = changed.await?;
    tx.commit().await?;
    Ok(changed.unwrap_or(user))
}

/// The actions on a user as they should be now; so they are from now on.
///
/// # Errors
///
/// Those of the database.
pub async fn due(app: &App, realm: &Realm, user: &User) -> Result<Vec<String>, Error> {
    let wanted = wanted(&app.db, app.now(), realm, user).await?;
    if wanted == user.required_actions {
        return Ok(wanted);
    }
    let mut tx = app.db.begin().await?;
    let Some(user) = user::latest(&mut tx, &realm.id, &user.id).await? else {
        return Ok(wanted);
    };
    let wanted = self::wanted(&mut tx, app.now(), realm, &user).await?;
    user::set_required_actions(&mut tx, &realm.id, &user.id, &wanted).await?;
    tx.commit().await?;
    Ok(wanted)
}

async fn wanted(q: impl Query, now: i64, realm: &Realm, user: &User) -> Result<Vec<String>, Error> {
    let mut wanted = user.required_actions.clone();
    let to_prove = !user.email_verified && user.email.is_some();
    let want = |wanted: &mut Vec<String>, alias: &str| {
        let enabled = realm.required_action(alias).is_some_and(|a| a.enabled);
        if enabled && !wanted.iter().any(|w| w == alias) {
            wanted.push(alias.to_owned());
        }
    };
    if to_prove && realm.flag("verifyEmail") {
        want(&mut wanted, "VERIFY_EMAIL");
    }
    if let Some(days) = policy::of(realm).expires_after_days()
        && let Some(password) = credential::password(q, &user.id).await?
        && password.created + days * DAY_MS < now
    {
        want(&mut wanted, "UPDATE_PASSWORD");
    }
    // Asked anew each time: the profile decides.
    wanted.retain(|alias| alias != "VERIFY_PROFILE");
    Ok(wanted)
}

/// Whether the profile asks for something that a user has not told. Administrators in `master` need not tell anything, so
/// that the first of them can begin.
pub fn is_profile_wanting(realm: &Realm, place: &Place, user: &User) -> bool {
    if realm.name == "master" {
        return false;
    }
    // The first administrator has neither name nor address, and is let in as in Keycloak.
    let enabled = realm.name != "master" && realm.required_action("VERIFY_PROFILE").is_some_and(|a| a.enabled);
    enabled && !profile::validate(realm, place, &profile::of_user(user)).is_empty()
}

/// Shows the page of an action, or takes what was sent to it. An action that is not known lets nobody pass.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(mut turn: Turn, user: User, alias: &str, form: Option<&Params>) -> Result<Response, Error> {
    if form.is_some_and(|f| f.has("cancel-aia")) && turn.session.note("kc_action_executing") == Some(alias) {
        acted(&mut turn, alias, None);
        refused(&turn, "rejected_by_user").await;
        return done(turn, user, alias, End::Cancelled).await;
    }
    if !stamp::is_current(&turn, &user).await? {
        return expired::error(turn.notice(), "expiredActionMessage");
    }
    match alias {
        "VERIFY_EMAIL" => verify_email::run(turn, user, form).await,
        "UPDATE_PASSWORD" => update_password::run(turn, user, form).await,
        "UPDATE_PROFILE" | "VERIFY_PROFILE" => update_profile::run(turn, user, alias, form).await,
        "TERMS_AND_CONDITIONS" => terms::run(turn, user, form).await,
        configure_totp::ALIAS => configure_totp::run(turn, user, form).await,
        recovery_codes::ALIAS => recovery_codes::run(turn, user, form).await,
        delete_account::ALIAS => delete_account::run(turn, user, form).await,
        delete_credential::ALIAS => delete_credential::run(turn, user, form).await,
        update_email::ALIAS => update_email::run(turn, user, form).await,
        alias if Kind::of_action(alias).is_some() => passkey::run(turn, user, alias, form).await,
        _ => {
            tracing::error!(
                realm = turn.realm.name,
                action = alias,
                "this required action is not known: nobody passes it"
            );
            turn.notice()
                .error(StatusCode::BAD_REQUEST, "unexpectedErrorHandlingRequestMessage", &[])
        }
    }
}

/// The answer to somebody who was disabled or deleted meanwhile.
fn gone(turn: &mut Turn) -> Result<Response, Error> {
    expired::error(turn.notice(), "accountDisabledMessage")
}

/// The answer to who did by a link what was done by it before.
fn over(turn: &mut Turn) -> Result<Response, Error> {
    expired::error(turn.notice(), "expiredActionMessage")
}

/// Takes an action off a user's list.
fn take(user: &mut User, alias: &str) {
    user.required_actions.retain(|a| a != alias);
}

/// Takes an action that is done off this way's own list.
fn forget(turn: &mut Turn, alias: &str) {
    let own = turn.session.note(WANTED).unwrap_or_default();
    let left: Vec<String> = own
        .split(',')
        .filter(|a| !a.is_empty() && *a != alias)
        .map(str::to_owned)
        .collect();
    turn.session.set_note(WANTED, left.join(","));
}
