//! `TERMS_AND_CONDITIONS`: a user accepts the terms, or goes no further.

use vestibule_oauth::params::Params;

use super::{acted, forget, gone, once, over, take};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, answer, record, session};
use crate::page::{Response, StatusCode};
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::Terms;

/// The user attribute with the time of the consent (epoch seconds), Keycloak's.
const ATTRIBUTE: &str = "terms_and_conditions";

/// Shows the page, or takes the decision.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    // Applications cannot ask for it, as in Keycloak; it takes one hop to find out.
    if turn.session.note("kc_action_executing").is_some() {
        return done(turn, user, "TERMS_AND_CONDITIONS", End::Failed).await;
    }
    let Some(form) = form else {
        let page = turn.draft(Some(&user)).answer(StatusCode::OK, &Terms {})?;
        session::save(&turn.app, &mut turn.session).await?;
        return Ok(page);
    };
    acted(&mut turn, "TERMS_AND_CONDITIONS", None);
    let event = record::settled(&turn, Event::new("CUSTOM_REQUIRED_ACTION"));
    if form.has("cancel") {
        let mut refused = event;
        refused.kind = "CUSTOM_REQUIRED_ACTION_ERROR".to_owned();
        refused.error = Some("rejected_by_user".to_owned());
        events::record_alone(&turn.app, &turn.realm, &refused).await;
        return answer::refuse(turn, "access_denied", Some("termsAndConditionsDeclined")).await;
    }
    forget(&mut turn, "TERMS_AND_CONDITIONS");
    let accepted = turn.app.now_seconds().to_string();
    let Some(mut tx) = once::begin(&turn, "TERMS_AND_CONDITIONS").await? else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
        take(user, "TERMS_AND_CONDITIONS");
        user.attributes.insert(ATTRIBUTE.to_owned(), vec![accepted]);
    });
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    tx.commit().await?;
    done(turn, user, "TERMS_AND_CONDITIONS", End::Done).await
}
