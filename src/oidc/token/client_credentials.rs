//! `client_credentials`: a client acts for itself, as its service account. RFC 6749 section 4.4.
//!
//! One signature, and no row is written: the token belongs to no session, unless the client is set to get refresh tokens.

use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;

use super::request::Request;
use super::{answer, place};
use crate::error::Error;
use crate::events;
use crate::oidc::door::Stop;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::{self, Grant, Wanted};
use crate::oidc::tokens::resource::Resources;
use crate::service_account::{self, Ensured};
use crate::store::json::Doc;
use crate::store::user::{self, User};

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    let client = &request.client;
    let refusal = |text| Refusal::new(401, "unauthorized_client", text);
    for (not_so, text) in [
        (client.public(), "Public client not allowed to retrieve service account"),
        (
            !client.flag("serviceAccountsEnabled"),
            "Client not enabled to retrieve service account",
        ),
    ] {
        if not_so {
            return Err(request.refuse(refusal(text), "invalid_client", Some(text)).await);
        }
    }
    let account = account(request).await?;
    let mut event = request.event.clone();
    event.user_id = Some(account.id.clone());
    event = event.detail("username", account.username.as_str());
    if !account.enabled {
        let text = "Service account disabled";
        let refused = Refusal::new(401, "invalid_request", text);
        return Err(request.refuse_as(event, refused, "user_disabled", None).await);
    }
    let scopes = request.scopes(&event).await?;
    let resources = Resources::all(request.resources(&event, []).await?.asked);
    let ip = request.caller.ip.to_string();
    let notes: Doc = [
        ("client_id", client.client_id.clone()),
        ("clientHost", ip.clone()),
        ("clientAddress", ip),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), json!(value)))
    .collect();
    let (app, realm) = (&request.app, &request.realm);
    let refreshes = client.attribute("client_credentials.use_refresh_token") == Some("true");
    let place = refreshes.then(|| place::new(request, &account.id, notes.clone()));
    let context = Context::load(app, realm, client, account, scopes, notes, Doc::new()).await?;
    let wanted = Wanted {
        grant: Grant::ClientCredentials,
        place: place.as_ref(),
        nonce: None,
        chain: realm.flag("revokeRefreshToken").then(|| (crate::random::uuid(), 0)),
        refresh: refreshes,
        refresh_scope: None,
        bound: &request.bound,
        resources: &resources,
        audience: &[],
    };
    let issued = make::make(app, &request.caller, &context, &wanted).await?;
    let mut event = answer::told(&event, &issued);
    let Some(place) = place else {
        events::record_alone(app, realm, &event).await;
        return Ok(answer::body(realm, client, &issued, None));
    };
    event.session_id = Some(place.session.id.clone());
    let mut tx = app.db.begin().await?;
    place::keep(&mut tx, &place).await?;
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;
    Ok(answer::body(realm, client, &issued, Some(&place.session.id)))
}

async fn account(request: &Request) -> Result<User, Stop> {
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    if let Some(known) = user::service_account(&app.db, &realm.id, &client.id).await? {
        return Ok(known);
    }
    let mut tx = app.db.begin().await.map_err(Stop::Failed)?;
    match service_account::ensure(&mut tx, app, realm, client).await? {
        Ensured::Yes(made) => {
            tx.commit().await?;
            Ok(made)
        }
        Ensured::NameTaken => Err(Stop::Failed(Error::Corrupt(
            "a user has the name of a client's service account".into(),
        ))),
    }
}
