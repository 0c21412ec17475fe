//! Pushed authorization requests (RFC 9126): a client leaves its request here and sends the browser with a reference.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use super::authorize::{arrival, checks};
use super::client_auth;
use super::cors;
use super::door::{self, OfRealm, Stop};
use super::dpop;
use super::policy;
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Asked};
use crate::client_registration::cimd;
use crate::error::Error;
use crate::events;
use crate::organization;
use crate::store::client::{self, Client};
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::pushed_request::{self, Pushed};
use crate::store::realm::Realm;

/// The largest request that is kept, in bytes of names and values.
const LARGEST: usize = 16 * 1024;

/// `POST .../protocol/openid-connect/ext/par/request`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut answer = match push(&app, &caller, &realm, &headers, &body).await {
        // RFC 9126 section 2.2.
        Ok(body) => door::no_store(door::json_answer(StatusCode::CREATED, &body)),
        Err(stop) => stop.into_response(),
    };
    if app_page(&app, &realm, &headers, &body).await {
        cors::apply_exposing(&mut answer, &headers);
    }
    door::challenge(&mut answer, &realm, &headers);
    answer
}

/// Whether a page of the client that is named here calls: it may read the answer.
async fn app_page(app: &App, realm: &Realm, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(origin) = cors::origin(headers) else {
        return false;
    };
    let named = door::form(headers, body)
        .ok()
        .and_then(|form| form.text("client_id").map(str::to_owned));
    let Some(named) = named else { return false };
    let found = client::by_client_id(&app.db, &realm.id, &named).await;
    found.is_ok_and(|found| found.is_some_and(|known| cors::allowed(origin, &known)))
}

/// `OPTIONS` of it: Keycloak lets no page push.
pub async fn options() -> Response {
    cors::methods_only("HEAD, POST, OPTIONS")
}

async fn push(app: &App, caller: &Caller, realm: &Realm, headers: &HeaderMap, body: &[u8]) -> Result<Value, Stop> {
    door::admit(realm, caller)?;
    let params = door::form(headers, body)?;
    let mut event = Event::new("PUSHED_AUTHORIZATION_REQUEST");
    event.ip_address = Some(caller.ip.to_string());
    let client = match client_auth::authenticate(app, caller, realm, headers, &params).await? {
        Ok(known) => known.client,
        Err(refused) => {
            event.client_id = refused.client_id;
            let refused = Refusal::new(401, "invalid_request", "Authentication failed.");
            return Err(refuse(app, realm, event, refused, "invalid_client").await);
        }
    };
    event.client_id = Some(client.client_id.clone());
    let params = match with_key(app, caller, realm, params).await? {
        Ok(params) => params,
        Err(text) => {
            let refused = Refusal::new(400, dpop::INVALID, text);
            return Err(refuse(app, realm, event, refused, dpop::INVALID).await);
        }
    };
    let (kept, claims) = match check(app, caller, realm, &client, &params).await? {
        Ok(kept) => kept,
        Err(refused) => return Err(refuse(app, realm, event, refused, "invalid_request").await),
    };
    let size: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LARGEST {
        let refused = Refusal::new(413, "invalid_request", "The request is too large");
        return Err(refuse(app, realm, event, refused, "invalid_request").await);
    }
    let issuer = caller.issuer(&realm.name);
    let asked = Asked {
        sent: &params,
        object: claims.as_ref().map(|(claims, encrypted)| (claims, *encrypted)),
        ..policy::asked(app, caller, &issuer, &kept)
    };
    policy::judge(app, realm, &client, client_policy::Event::Pushed(asked), &event).await?;
    let lifespan = lifespan(realm);
    let uri = format!("{}{}", arrival::PUSHED, crate::random::token());
    let pushed = Pushed {
        client_uuid: client.id.clone(),
        params: kept.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        expires: app.now() + lifespan * 1000,
    };
    let mut tx = app.db.begin().await?;
    pushed_request::add(&mut tx, &realm.id, &arrival::hash(&uri), &pushed).await?;
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;
    Ok(json!({ "request_uri": uri, "expires_in": lifespan }))
}

/// A proof beside the request binds the code to its key (RFC 9449 section 10.1).
async fn with_key(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    params: Params,
) -> Result<Result<Params, &'static str>, Stop> {
    let Some(sent) = &caller.proofs.dpop else {
        return Ok(Ok(params));
    };
    let key = match dpop::check(app, realm, sent, None).await? {
        Ok(key) => key,
        Err(text) => return Ok(Err(text)),
    };
    if params.text("dpop_jkt").is_some_and(|named| named != key) {
        return Ok(Err("DPoP Proof public key thumbprint does not match dpop_jkt"));
    }
    let others = params.iter().filter(|(name, _)| *name != "dpop_jkt");
    let others = others.map(|(n, v)| (n.to_owned(), v.to_owned()));
    Ok(Ok(others.chain([("dpop_jkt".to_owned(), key)]).collect()))
}

/// Seconds in which the browser must come.
fn lifespan(realm: &Realm) -> i64 {
    let set = json::written(realm.attribute("parRequestUriLifespan"));
    set.filter(|n| *n > 0).unwrap_or(60)
}

async fn refuse(app: &App, realm: &Realm, mut event: Event, refused: Refusal, error: &str) -> Stop {
    event.kind = "PUSHED_AUTHORIZATION_REQUEST_ERROR".into();
    event.error = Some(error.to_owned());
    events::record_alone(app, realm, &event.detail("reason", &*refused.description)).await;
    refused.into()
}

/// The parameters as they will be used, and the object that they came in, if the authorization endpoint would take them; else Keycloak's text.
async fn check(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Arc<Client>,
    params: &Params,
) -> Result<Result<(Params, Option<(Doc, bool)>), Refusal>, Stop> {
    let refuse = |text: &str| Ok(Err(Refusal::new(400, "invalid_request", text.to_owned())));
    if params.text("request_uri").is_some() {
        return refuse("It is not allowed to include request_uri to PAR.");
    }
    let (params, object) = match arrival::resolve(app, caller, realm, client, params).await? {
        Ok(arrived) => (arrived.params, arrived.object),
        // RFC 9101 section 7.
        Err(text) if params.text("request").is_some() => {
            return Ok(Err(Refusal::new(400, "invalid_request_object", text)));
        }
        Err(text) => return refuse(text),
    };
    let id = client.client_id.clone();
    // Who proved themselves in another way need not be named; somebody else must not be.
    if params.text("client_id").is_some_and(|named| named != id) {
        return refuse("The client_id parameter is not the one of the client that calls");
    }
    let kept = params.iter().filter(|(name, _)| !NOT_KEPT.contains(name));
    let kept = kept.map(|(n, v)| (n.to_owned(), v.to_owned()));
    let params: Params = kept.chain([("client_id".to_owned(), id)]).collect();
    let found = as_it_is_now(app, caller, realm, client).await?;
    let known = match checks::known_client(found) {
        Ok(known) => known,
        Err(refused) => return refuse(refused.event),
    };
    let trusted = checks::readable(known, &params)
        .and_then(|readable| checks::trusted(caller, realm, readable, &params, Some(String::new())));
    let mut trusted = match trusted {
        Ok(trusted) => trusted,
        Err(refused) if refused.event == "invalid_redirect_uri" => return refuse("Invalid parameter: redirect_uri"),
        Err(refused) => return refuse(refused.reason.unwrap_or("Invalid request")),
    };
    if let Err(refused) = checks::acceptable(realm, &mut trusted, &params) {
        let text = refused.description.unwrap_or_default();
        if refused.code == "unauthorized_client" {
            return Ok(Err(Refusal::new(401, refused.code, text)));
        }
        if refused.code == "invalid_target" {
            // RFC 8707 section 2, which Keycloak has not.
            return Ok(Err(Refusal::new(400, refused.code, text)));
        }
        return refuse(match refused.code {
            "unsupported_response_type" => "Unsupported response type",
            _ => &text,
        });
    }
    if !organization::scope::exist(app, realm, trusted.request.scope.as_deref()).await? {
        let refused = checks::invalid_scope(&trusted.request);
        return refuse(refused.description.as_deref().unwrap_or(refused.code));
    }
    Ok(Ok((params, object)))
}

/// The client that has called, which may have described itself anew since people said yes to it.
async fn as_it_is_now(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Arc<Client>,
) -> Result<Result<Option<Arc<Client>>, cimd::Refused>, Error> {
    let kept = client::by_client_id(&app.db, &realm.id, &client.client_id).await?;
    match kept {
        Some(kept) if cimd::is_document(&kept) => cimd::find(app, caller, realm, &client.client_id).await,
        // It was read a moment ago.
        _ => Ok(Ok(Some(Arc::clone(client)))),
    }
}

/// What proves the client is not part of the request, and the client is named anew.
const NOT_KEPT: &[&str] = &[
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];
