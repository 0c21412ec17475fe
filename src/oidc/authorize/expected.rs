//! Whom an application expects: by an ID token that it got before (`id_token_hint`), or by name (`sub` of the parameter
//! `claims`). OpenID Connect Core sections 3.1.2.1 and 5.5.1.

use serde_json::Value;
use vestibule_oauth::params::Params;

use crate::app::App;
use crate::error::Error;
use crate::oidc::logout::hint::{self, Hint};
use crate::oidc::tokens::mappers;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::{session, user};
use crate::visitor::Visitor;

/// The subject that the tokens must be for, as the application knows it. A hint may be of a session that is over.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn subject(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    client: &Client,
    params: &Params,
) -> Result<Option<String>, Error> {
    let hint = match params.text("id_token_hint") {
        Some(token) => hint::read(app, visitor, realm, token).await?,
        None => None,
    };
    let Some(hint) = hint else {
        return Ok(named(params));
    };
    let hinted = of_hint(app, realm, client, hint).await?;
    Ok(match (hinted, named(params)) {
        // There is nobody who is both.
        (Some(hinted), Some(named)) if hinted != named => Some(String::new()),
        (hinted, named) => hinted.or(named),
    })
}

async fn of_hint(app: &App, realm: &Realm, client: &Client, hint: Hint) -> Result<Option<String>, Error> {
    if let Some(session) = session::by_id(&app.db, &realm.id, &hint.sid).await? {
        return Ok(Some(mappers::subject_for(client, &session.user_id)));
    }
    if hint.client_id == client.client_id {
        return Ok(Some(hint.sub));
    }
    // What another application was told may be an id that means nothing here.
    let known = user::by_id(&app.db, &realm.id, &hint.sub).await?;
    Ok(known.map(|user| mappers::subject_for(client, &user.id)))
}

fn named(params: &Params) -> Option<String> {
    let claims: Doc = serde_json::from_str(params.heeded("claims")?).ok()?;
    let sub = claims.get("id_token")?.get("sub")?.get("value")?;
    Value::as_str(sub).map(str::to_owned)
}
