//! A tab that is not there: it is over, it timed out, or the browser lost its cookies.

use std::sync::Arc;

use vestibule_oauth::params::Params;

use super::answer::{self, Way};
use super::entry::{Entered, Place};
use super::request::AuthRequest;
use super::session::{self, FlowKind};
use super::{address, expired, identity, restart};
use crate::app::App;
use crate::client_registration::cimd;
use crate::error::Error;
use crate::events;
use crate::page::{self, Caching, Draft, Response};
use crate::store::client::{self, Client};
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::theme::pages::{Info, Severity};
use crate::visitor::Visitor;

/// Helps as far as possible: back to the application for who is signed in already, from the start for who has the restart
/// cookie, else a page that says it.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn answer(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    client: Option<Arc<Client>>,
    query: &Params,
    place: Place,
) -> Result<Entered, Error> {
    let signed = |mut event: Event| {
        event.client_id = client.as_ref().map(|c| c.client_id.clone());
        event.ip_address = Some(visitor.caller.ip.to_string());
        event
    };
    let mut draft = Draft::new(app, realm, visitor, client.as_deref());
    draft.caching = Caching::NoStore;
    if identity::read(app, visitor, realm).await?.is_some() {
        let request = query.text("client_data").and_then(AuthRequest::of_client_data);
        let event = signed(events::refusal(place.event(), "already_logged_in"));
        if let (Some(client), Some(request)) = (&client, request)
            && let Some(request) = is_clients(visitor, client, request)
        {
            let event = event
                .detail("response_type", &*request.response_type)
                .detail("redirect_uri", &*request.redirect_uri)
                .detail("redirected_to_client", "true")
                .detail("response_mode", request.mode().as_str());
            events::record_alone(app, realm, &event).await;
            let way = Way {
                app,
                visitor,
                realm,
                client,
                request: &request,
            };
            let pairs = answer::refusal(way, "temporarily_unavailable", Some("authentication_expired"));
            return Ok(Entered::Answer(answer::send(way, pairs, Vec::new()).await?));
        }
        events::record_alone(app, realm, &event).await;
        return Ok(Entered::Answer(draft.info("alreadyLoggedIn", &[], &Info::default())?));
    }
    if place == Place::Flow(FlowKind::ResetCredentials) && query.get("session_code").is_none() {
        return forgotten(app, visitor, realm, client, query).await;
    }
    if let Some(answer) = from_the_start(app, visitor, realm, place).await? {
        return Ok(Entered::Answer(answer));
    }
    let event = signed(events::refusal(place.event(), "cookie_not_found"));
    events::record_alone(app, realm, &event).await;
    Ok(Entered::Answer(expired::error(draft, "cookieNotFoundMessage")?))
}

/// What an address says of its request, if it says something that the client may use: anybody can write addresses.
fn is_clients(visitor: &Visitor, client: &Client, mut request: AuthRequest) -> Option<AuthRequest> {
    if request.device.is_some() {
        return crate::oidc::device::allowed(client).then_some(request);
    }
    request.redirect_uri = address::redirect_uri(&visitor.caller, client, &request.redirect_uri)?;
    let asked = vestibule_oauth::authorize::ResponseType::parse(&request.response_type)?;
    if !asked.has_tokens() || client.flag("implicitFlowEnabled") {
        return Some(request);
    }
    None
}

async fn from_the_start(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    place: Place,
) -> Result<Option<Response>, Error> {
    let Some(known) = restart::read(app, visitor, realm) else {
        return Ok(None);
    };
    let found = cimd::find(app, &visitor.caller, realm, &known.client_id).await?;
    let Some(client) = found.unwrap_or_default().filter(|c| c.enabled()) else {
        return Ok(None);
    };
    // The cookie may be old: what the client may use is decided now.
    let Some(request) = is_clients(visitor, &client, known.request) else {
        return Ok(None);
    };
    let mut session = session::open(app, visitor, realm, &client, request, FlowKind::Browser).await?;
    session.forward(Severity::Error, "loginTimeout");
    let mut event = events::refusal(place.event(), "expired_code").detail("restart_after_timeout", "true");
    event.client_id = Some(client.client_id.clone());
    event.ip_address = Some(visitor.caller.ip.to_string());
    events::record_alone(app, realm, &event).await;
    let cookies = std::mem::take(&mut session.set_cookies);
    session::save(app, &mut session).await?;
    let here = address::here(&visitor.caller, realm, &client, &session);
    Ok(Some(page::redirect(realm, &here, &cookies)))
}

/// "Forgot password" from a link that knows no tab: for a client, else for the account's own pages.
async fn forgotten(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    client: Option<Arc<Client>>,
    query: &Params,
) -> Result<Entered, Error> {
    let client = match client {
        Some(client) => Some(client),
        None => client::by_client_id(&app.db, &realm.id, "account").await?,
    };
    let Some(client) = client.filter(|c| c.enabled()) else {
        let draft = Draft::new(app, realm, visitor, None);
        return Ok(Entered::Answer(expired::error(draft, "clientNotFoundMessage")?));
    };
    let sent = query.text("redirect_uri");
    let own = address::base_url(&visitor.caller, &client);
    let redirect_uri = match sent {
        Some(sent) => address::redirect_uri(&visitor.caller, &client, sent),
        None if own.is_empty() || client.client_id == "account" => {
            Some(format!("{}/account/", address::realm_url(&visitor.caller, realm)))
        }
        None => Some(own),
    };
    let Some(redirect_uri) = redirect_uri else {
        let draft = Draft::new(app, realm, visitor, Some(&client));
        return Ok(Entered::Answer(expired::error(draft, "invalidRequestMessage")?));
    };
    let request = AuthRequest {
        sent_redirect_uri: Some(redirect_uri.clone()),
        redirect_uri,
        response_type: "code".to_owned(),
        ..AuthRequest::default()
    };
    let session = session::open(app, visitor, realm, &client, request, FlowKind::ResetCredentials).await?;
    Ok(Entered::Look(super::Turn {
        app: app.clone(),
        visitor: visitor.clone(),
        realm: Arc::clone(realm),
        client,
        session,
    }))
}
