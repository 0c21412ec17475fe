//! `delete_credential`: a user removes something that they sign in with. An application asks for it with the credential's id:
//! `kc_action=delete_credential:ID`.

use vestibule_oauth::params::Params;

use super::{acted, refused};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, action_level, loa, record, session};
use crate::otp::{device, recovery};
use crate::page::{Response, StatusCode};
use crate::store::credential::{self, Credential};
use crate::store::event::Event;
use crate::store::user::User;
use crate::theme::pages::DeleteCredential;

pub const ALIAS: &str = "delete_credential";

/// Types that may be removed: not the password, without which nobody gets in.
const REMOVABLE: &[&str] = &[device::TYPE, recovery::TYPE, "webauthn", "webauthn-passwordless"];

/// Shows the page, or removes the credential.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let asked = turn.session.request.kc_action.clone().unwrap_or_default();
    let Some((_, id)) = asked.split_once(':').filter(|(_, id)| !id.is_empty()) else {
        refused(&turn, "missing_credential_id").await;
        return done(turn, user, ALIAS, End::Failed).await;
    };
    let all = credential::of_user(&turn.app.db, &user.id).await?;
    let found = all
        .into_iter()
        .find(|c| c.id == id && REMOVABLE.contains(&c.kind.as_str()));
    let Some(found) = found else {
        refused(&turn, "credential_not_found").await;
        return done(turn, user, ALIAS, End::Failed).await;
    };
    if loa::present(&turn) < action_level::to_remove(&turn.realm, &turn.client, &found.kind) {
        tracing::info!("{}", action_level::too_low(&found.kind));
        refused(&turn, "delete_credential_failed").await;
        return done(turn, user, ALIAS, End::Failed).await;
    }
    if !form.is_some_and(|form| form.has("accept")) {
        let draft = turn.draft(Some(&user));
        let credential_label = label(&found, |key| draft.text(key, &[]));
        let answer = draft.answer(StatusCode::OK, &DeleteCredential { credential_label })?;
        session::save(&turn.app, &mut turn.session).await?;
        return Ok(answer);
    }
    acted(&mut turn, ALIAS, Some(&found.kind));
    let mut tx = turn.app.db.begin().await?;
    credential::remove(&mut tx, &user.id, &found.id).await?;
    let mut kinds = vec!["REMOVE_CREDENTIAL"];
    if found.kind == device::TYPE {
        kinds.push("REMOVE_TOTP");
    }
    for kind in kinds {
        let mut event = record::settled(&turn, Event::new(kind)).detail("credential_id", &*found.id);
        if let Some(label) = &found.label {
            event = event.detail("credential_user_label", &**label);
        }
        events::record(&mut tx, &turn.realm, &event, turn.app.now()).await?;
    }
    tx.commit().await?;
    done(turn, user, ALIAS, End::Done).await
}

fn label(found: &Credential, text: impl Fn(&str) -> String) -> String {
    match (&found.label, found.kind.as_str()) {
        (Some(label), _) => label.clone(),
        (None, device::TYPE) => text("otp-display-name"),
        (None, recovery::TYPE) => text("recovery-codes-label-default"),
        (None, _) => text("webauthn-display-name"),
    }
}
