//! `delete_account`: a user who may deletes the own account.

use vestibule_oauth::params::Params;

use super::{acted, once, over};
use crate::error::Error;
use crate::events;
use crate::login::{Turn, cookies, identity, record, session};
use crate::oidc::token_roles;
use crate::page::{Response, StatusCode};
use crate::store::client;
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::{DeleteAccountConfirm, Info};

pub const ALIAS: &str = "delete_account";

/// Shows the page, or deletes the account.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    if !may(&turn, &user).await? {
        // Keycloak says so with 200.
        return turn.notice().error(StatusCode::OK, "deletingAccountForbidden", &[]);
    }
    if form.is_none() {
        let triggered_from_aia = turn.session.note("kc_action_executing").is_some();
        let draft = turn.draft(Some(&user));
        let answer = draft.answer(StatusCode::OK, &DeleteAccountConfirm { triggered_from_aia })?;
        session::save(&turn.app, &mut turn.session).await?;
        return Ok(answer);
    }
    acted(&mut turn, ALIAS, None);
    let now = turn.app.now();
    let Some(mut tx) = once::begin(&turn, ALIAS).await? else {
        return over(&mut turn);
    };
    let event = record::settled(&turn, Event::new("DELETE_ACCOUNT"));
    user::remove(&mut tx, &turn.realm.id, &user.id).await?;
    session::drop(&mut tx, &turn.session, now).await?;
    events::record(&mut tx, &turn.realm, &event, now).await?;
    tx.commit().await?;
    let mut set_cookies = identity::expire(&turn.visitor, &turn.realm);
    set_cookies.extend(cookies::expire(&turn.visitor, &turn.realm.name, cookies::RESTART));
    let mut draft = turn.notice();
    draft.set_cookies.extend(set_cookies);
    let page = Info {
        message_header: Some(String::new()),
        ..Info::default()
    };
    draft.info("userDeletedSuccessfully", &[], &page)
}

/// Whether a user has the role `delete-account` of the client `account`.
async fn may(turn: &Turn, user: &User) -> Result<bool, Error> {
    let Some(account) = client::by_client_id(&turn.app.db, &turn.realm.id, "account").await? else {
        return Ok(false);
    };
    let Some(role) = turn.realm.roles.by_name(&account.id, "delete-account") else {
        return Ok(false);
    };
    let own = token_roles::of_user(&turn.app, &turn.realm, &user.id).await?;
    Ok(own.contains(&role.id))
}
