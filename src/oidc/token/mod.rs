//! The token endpoint. RFC 6749 section 3.2, with Keycloak's texts.

mod answer;
mod client_credentials;
mod code;
mod consent;
mod device;
mod exchange;
mod password;
mod place;
mod refresh;
mod request;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use super::bound::{self, Bound};
use super::ciba;
use super::client_auth::{self, Authenticated};
use super::cors;
use super::door::{self, OfRealm, Stop};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::user::User;
use request::Request;

/// The grants of which this endpoint knows, and the type of their events.
const GRANTS: &[(&str, &str)] = &[
    ("authorization_code", "CODE_TO_TOKEN"),
    ("refresh_token", "REFRESH_TOKEN"),
    ("password", "LOGIN"),
    ("client_credentials", "CLIENT_LOGIN"),
    (DEVICE, "OAUTH2_DEVICE_CODE_TO_TOKEN"),
    (CIBA, "AUTHREQID_TO_TOKEN"),
    (EXCHANGE, "TOKEN_EXCHANGE"),
    (JWT_BEARER, "JWT_AUTHORIZATION_GRANT"),
    (UMA, "PERMISSION_TOKEN"),
];

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const UMA: &str = "urn:ietf:params:oauth:grant-type:uma-ticket";

/// `POST .../protocol/openid-connect/token`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match opening(&realm, &caller, &headers, &body) {
        Ok(params) => params,
        Err(refused) => return finish(door::refusal(&refused), &realm, &headers),
    };
    let grant = params.get("grant_type").unwrap_or_default().to_owned();
    let kind = GRANTS
        .iter()
        .find(|(name, _)| *name == grant)
        .map_or("", |(_, kind)| kind);
    let known = match client_auth::authenticate(&app, &caller, &realm, &headers, &params).await {
        Ok(Ok(known)) => known,
        Ok(Err(refused)) => {
            let mut event = events::refusal(kind, refused.event_error).detail("grant_type", grant);
            event.client_id = refused.client_id;
            event.ip_address = Some(caller.ip.to_string());
            events::record_alone(&app, &realm, &event).await;
            return finish(door::refusal(&refused.refusal), &realm, &headers);
        }
        Err(failed) => return failed.into_response(),
    };
    if !cors::admits(&headers, &caller.base, &known.client) {
        return door::no_store(cors::invalid_origin());
    }
    let mut request = request(app, caller, &realm, known, params, kind, &grant);
    let answer = match answer(&mut request, &grant).await {
        Ok(body) => {
            client_auth::given(&request.app, &request.realm, &request.client).await;
            door::json_answer(StatusCode::OK, &body)
        }
        Err(stop) => stop.into_response(),
    };
    finish(answer, &realm, &headers)
}

/// `OPTIONS` of it.
pub async fn preflight(headers: HeaderMap) -> Response {
    cors::preflight(&headers, "POST, OPTIONS")
}

/// What is looked at before the client: the realm, and that the request is one.
fn opening(realm: &Realm, caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<Params, Refusal> {
    door::admit(realm, caller)?;
    let params = door::form(headers, body)?;
    let Some(grant) = params.get("grant_type") else {
        return Err(Refusal::new(
            400,
            "invalid_request",
            "Missing form parameter: grant_type",
        ));
    };
    if !GRANTS.iter().any(|(name, _)| *name == grant) {
        return Err(Refusal::new(400, "unsupported_grant_type", "Unsupported grant_type"));
    }
    if params.duplicate(&["resource", "audience"]).is_some() {
        return Err(Refusal::new(400, "invalid_request", "duplicated parameter"));
    }
    Ok(params)
}

/// The token response for somebody who has just registered through a public client that may sign people in by password
/// (contract 3); or why there is none, in the words of this endpoint.
///
/// # Errors
///
/// Those of the database and of keys.
pub async fn of_registered(
    app: &App,
    caller: &Caller,
    realm: &std::sync::Arc<Realm>,
    client: &std::sync::Arc<Client>,
    user: User,
) -> Result<Result<Value, Refusal>, Error> {
    let mut event = crate::store::event::Event::new("LOGIN");
    event.client_id = Some(client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    // For policies and proofs it is the grant by password, and no way around it.
    let params = [("grant_type".to_owned(), "password".to_owned())];
    let mut request = Request {
        app: app.clone(),
        caller: caller.clone(),
        realm: std::sync::Arc::clone(realm),
        client: std::sync::Arc::clone(client),
        params: params.into_iter().collect(),
        event: event.detail("grant_type", "registration"),
        bound: Bound::default(),
    };
    match registered(&mut request, user).await {
        Ok(tokens) => Ok(Ok(tokens)),
        Err(Stop::Refused(refused)) => Ok(Err(refused)),
        Err(Stop::Failed(failed)) => Err(failed),
    }
}

async fn registered(request: &mut Request, user: User) -> Result<Value, Stop> {
    bind(request).await?;
    let judged = request.judged(&request.event, None).await?;
    password::registered(&judged, user).await
}

fn request(
    app: App,
    caller: Caller,
    realm: &std::sync::Arc<Realm>,
    known: Authenticated,
    params: Params,
    kind: &str,
    grant: &str,
) -> Request {
    let mut event = crate::store::event::Event::new(kind);
    event.client_id = Some(known.client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let method = known.method().to_owned();
    let event = event.detail("grant_type", grant).detail("client_auth_method", method);
    Request {
        app,
        caller,
        realm: std::sync::Arc::clone(realm),
        client: known.client,
        params,
        event,
        bound: Bound::default(),
    }
}

async fn answer(request: &mut Request, grant: &str) -> Result<Value, Stop> {
    if request.client.flag("bearerOnly") {
        let refused = Refusal::new(400, "invalid_client", "Bearer-only not allowed");
        return Err(request.refuse(refused, "invalid_client", None).await);
    }
    bind(request).await?;
    let request = &*request;
    match grant {
        "authorization_code" => code::grant(request).await,
        "refresh_token" => refresh::grant(request).await,
        "password" => password::grant(&*request.judged(&request.event, None).await?).await,
        "client_credentials" => client_credentials::grant(&*request.judged(&request.event, None).await?).await,
        DEVICE => device::grant(request).await,
        EXCHANGE => exchange::grant(request).await,
        other => Err(not_for_this_client(request, other).await),
    }
}

/// Binds the tokens to what the caller proves, or refuses who proves too little.
async fn bind(request: &mut Request) -> Result<(), Stop> {
    let bound = bound::of_request(&request.app, &request.caller, &request.realm, &request.client).await?;
    match bound {
        Ok(bound) => request.bound = bound,
        Err(refused) => {
            let text = refused.description.to_string();
            let error = refused.code;
            return Err(request.refuse(refused, error, Some(&text)).await);
        }
    }
    Ok(())
}

/// Grants that no client of this version may use: the answers that Keycloak gives to a client without the right.
async fn not_for_this_client(request: &Request, grant: &str) -> Stop {
    let (code, text, error) = match grant {
        CIBA => ("invalid_grant", ciba::NOT_ALLOWED, "not_allowed"),
        JWT_BEARER if request.params.text("assertion").is_none() => {
            ("invalid_grant", "Missing parameter:assertion", "invalid_request")
        }
        JWT_BEARER => (
            "invalid_grant",
            "JWT Authorization Grant is not supported for the requested client",
            "not_allowed",
        ),
        _ => ("invalid_request", "You must provide the issuedFor", "invalid_request"),
    };
    request.refuse(Refusal::new(400, code, text), error, Some(text)).await
}

fn finish(answer: Response, realm: &Realm, headers: &HeaderMap) -> Response {
    let mut answer = door::no_store(answer);
    cors::apply_exposing(&mut answer, headers);
    door::challenge(&mut answer, realm, headers);
    answer
}
