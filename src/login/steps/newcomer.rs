//! `registration-page-form` for somebody who is signed in already: Keycloak lets them fill in the form and then refuses; here
//! they are asked first whether they want to sign out.

use crate::error::Error;
use crate::login::flow::{Context, Outcome};
use crate::login::identity;
use crate::page::StatusCode;
use crate::registration;
use crate::theme::pages::{LogoutConfirm, LogoutConfirmBean, Severity};

/// Asks who is signed in, then leads on to the form.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let turn = &mut *context.turn;
    if identity::read(&turn.app, &turn.visitor, &turn.realm).await?.is_none() {
        return registration::web::step(context).await;
    }
    if context.form.is_some_and(|form| form.has("confirmLogout")) {
        let cookies = identity::sign_out(&turn.app, &turn.visitor, &turn.realm).await?;
        turn.session.set_cookies.extend(cookies);
        context.form = None;
        return registration::web::step(context).await;
    }
    let mut draft = turn.draft(None);
    draft.message(Severity::Info, "alreadyLoggedIn", &[]);
    draft.shell.url.logout_confirm_action = draft.shell.url.login_action.clone();
    let page = LogoutConfirm {
        logout_confirm: LogoutConfirmBean {
            code: String::new(),
            skip_link: false,
        },
    };
    Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?))
}
