//! Whom an application expects: by an ID token that it got before (`id_token_hint`), or by name (`sub` of the parameter
//! `claims`). OpenID Connect Core sections 3.1.2.1 and 5.5.1.

use serde_json::Value;
use vestibule_oauth::params::Params;

use crate::app::App;
use crate::error::Error;
use crate::oidc::logout::hint;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::{session, user};
use crate::visitor::Visitor;

/// The id of the user, as far as it is known: a hint may be of a session that is over and name a pairwise subject.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn user(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    params: &Params,
) -> Result<Option<String>, Error> {
    let hint = params
        .text("id_token_hint")
        .and_then(|token| hint::read(app, visitor, realm, token));
    if let Some(hint) = &hint
        && let Some(session) = session::by_id(&app.db, &realm.id, &hint.sid).await?
    {
        return Ok(Some(session.user_id));
    }
    let Some(id) = hint.map(|hint| hint.sub).or_else(|| named(params)) else {
        return Ok(None);
    };
    Ok(user::by_id(&app.db, &realm.id, &id).await?.map(|user| user.id))
}

fn named(params: &Params) -> Option<String> {
    let claims: Doc = serde_json::from_str(params.heeded("claims")?).ok()?;
    let sub = claims.get("id_token")?.get("sub")?.get("value")?;
    Value::as_str(sub).map(str::to_owned)
}
