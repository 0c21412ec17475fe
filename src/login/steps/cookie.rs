//! `auth-cookie`: somebody is signed in already.

use crate::error::Error;
use crate::login::flow::{Context, Outcome};
use crate::login::identity::{self, SignedIn};
use crate::login::loa;
use crate::login::request::AuthRequest;
use crate::password::policy;
use crate::store::client::Client;
use crate::store::json;
use crate::store::realm::Realm;
use crate::theme::pages::Severity;

/// Seconds after which somebody proves themselves again before an action that an application asks for, unless the
/// action's `max_auth_age` says otherwise.
const ACTION_MAX_AGE: i64 = 300;

/// Succeeds with the browser's session, unless the application wants people to prove themselves again: then it only says who
/// they are.
///
/// # Errors
///
/// Those of the database.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let turn = &mut *context.turn;
    let Some(SignedIn { session, user }) = identity::read(&turn.app, &turn.visitor, &turn.realm).await? else {
        return Ok(Outcome::Attempted);
    };
    if !turn.session.request.is_about(&turn.client, &user.id) {
        // The application asks about somebody else, who may sign in now.
        return Ok(Outcome::Attempted);
    }
    let age = turn.app.now_seconds() - identity::auth_time(&session);
    let again = must_prove_again(&turn.realm, &turn.client, &turn.session.request, age);
    turn.session.set_note("username", &*user.username);
    context.user = Some(user);
    if again {
        turn.session.set_note("known_before", "true");
        turn.session.forward(Severity::Info, "reauthenticate");
        loa::begins_anew(turn);
        return Ok(Outcome::Attempted);
    }
    if loa::continues(turn, &session).await? {
        turn.session.set_note("known_before", "true");
        if turn.session.request.kc_action.is_some() {
            turn.session.forward(Severity::Info, "authenticateStrong");
        }
        return Ok(Outcome::Attempted);
    }
    turn.session.set_note("sso", &*session.id);
    Ok(Outcome::Success)
}

fn must_prove_again(realm: &Realm, client: &Client, request: &AuthRequest, age: i64) -> bool {
    let default = json::written(client.attribute("default.max.age"));
    let max_age = request.max_age.map(i64::from).or(default);
    request.prompts().login
        || max_age.is_some_and(|max| max == 0 || age > max)
        || action_max_age(realm, request).is_some_and(|max| max == 0 || age > max)
}

fn action_max_age(realm: &Realm, request: &AuthRequest) -> Option<i64> {
    let alias = request.kc_action.as_deref()?.split(':').next()?;
    let action = realm.required_action(alias)?;
    let by_policy = || policy::of(realm).oldest_proof().filter(|_| alias == "UPDATE_PASSWORD");
    let own = action
        .config
        .get("max_auth_age")
        .and_then(|v| v.parse().ok())
        .or_else(by_policy);
    let usual = if alias == "delete_account" { 0 } else { ACTION_MAX_AGE };
    Some(own.unwrap_or(usual))
}
