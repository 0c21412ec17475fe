//! Userinfo: what an access token with the scope `openid` lets an application know. OpenID Connect Core section 5.3.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vestibule_oauth::error::{BearerError, Refusal};
use vestibule_oauth::params::Params;

use super::bearer::{self, Bearer};
use super::cors;
use super::discovery;
use super::door::{self, OfRealm, Stop};
use super::policy;
use super::tokens::claims::Claims;
use super::tokens::context::Context;
use super::tokens::encrypted::{self, What};
use super::tokens::make::{self, Signer};
use super::tokens::mappers::{self, Target};
use super::tokens::scope;
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy;
use crate::error::Error;
use crate::events;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// `GET` and `POST .../protocol/openid-connect/userinfo`
pub async fn serve(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refused) = door::admit(&realm, &caller) {
        return door::refusal(&refused);
    }
    let token = match token(&method, &headers, &body) {
        Ok(Some(token)) => token,
        Ok(None) => return refused(&realm, &caller, &headers, StatusCode::UNAUTHORIZED, None),
        Err(text) => {
            let why = Some((BearerError::InvalidRequest, text));
            return refused(&realm, &caller, &headers, StatusCode::BAD_REQUEST, why);
        }
    };
    let known = match bearer::verify(&app, &caller, &realm, &token).await {
        Ok(Ok(known)) => known,
        Ok(Err(why)) => {
            let mut event = events::refusal("USER_INFO_REQUEST", "invalid_token").detail("reason", why.description());
            event.ip_address = Some(caller.ip.to_string());
            events::record_alone(&app, &realm, &event).await;
            let why = (BearerError::InvalidToken, why.description());
            return refused(&realm, &caller, &headers, StatusCode::UNAUTHORIZED, Some(why));
        }
        Err(failed) => return failed.into_response(),
    };
    if !cors::admits(&headers, &caller.base, &known.client) {
        return door::no_store(cors::invalid_origin());
    }
    if !known.has_scope("openid") {
        let why = (BearerError::InsufficientScope, "Missing openid scope");
        return refused(&realm, &caller, &headers, StatusCode::FORBIDDEN, Some(why));
    }
    if let Err(stop) = judge(&app, &caller, &realm, &known).await {
        return match stop {
            Stop::Refused(why) => refused_by_policy(&realm, &headers, &why),
            failed @ Stop::Failed(_) => failed.into_response(),
        };
    }
    match answer(&app, &caller, &realm, &known).await {
        Ok(mut response) => {
            let own = response.headers_mut();
            own.append(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            own.append(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            own.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            cors::apply_exposing(&mut response, &headers);
            response
        }
        Err(stop) => stop.into_response(),
    }
}

/// `OPTIONS` of it, with the methods that Keycloak names.
pub async fn preflight(headers: HeaderMap) -> Response {
    cors::preflight(&headers, "GET, HEAD, OPTIONS")
}

/// The token of the header or, posted, of the form; never of the query (RFC 9700 section 4.3.2), and never of two places
/// (RFC 6750 section 2).
fn token(method: &Method, headers: &HeaderMap, body: &[u8]) -> Result<Option<String>, &'static str> {
    let of_header = bearer::of_headers(headers).map(str::to_owned);
    if method != Method::POST {
        return Ok(of_header);
    }
    let params = door::form(headers, body).map_err(|_| "The form cannot be read")?;
    let mut sent = params.all("access_token").filter(|token| !token.is_empty());
    let of_form = sent.next().map(str::to_owned);
    if sent.next().is_some() || (of_header.is_some() && of_form.is_some()) {
        return Err("More than one method used for including an access token");
    }
    Ok(of_header.or(of_form))
}

/// Asks the realm's client policies.
async fn judge(app: &App, caller: &Caller, realm: &Realm, known: &Bearer) -> Result<(), Stop> {
    let mut event = Event::new("USER_INFO_REQUEST");
    event.client_id = Some(known.client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let (issuer, nothing) = (caller.issuer(&realm.name), Params::default());
    let mut asked = policy::asked(app, caller, &issuer, &nothing);
    asked.scope = json::text(&known.claims, "scope");
    let asked = client_policy::Event::UserInfo(asked);
    policy::judge(app, realm, &known.client, asked, &event).await.map(drop)
}

fn refused_by_policy(realm: &Realm, headers: &HeaderMap, why: &Refusal) -> Response {
    let status = StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = door::no_store((status, "").into_response());
    let challenge = format!(
        "Bearer realm=\"{}\", error=\"{}\", error_description=\"{}\"",
        realm.name, why.code, why.description
    );
    if let Ok(value) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    cors::apply_exposing(&mut response, headers);
    response
}

/// Keycloak says why in the header only.
fn refused(
    realm: &Realm,
    caller: &Caller,
    headers: &HeaderMap,
    status: StatusCode,
    why: Option<(BearerError, &str)>,
) -> Response {
    let mut value = match why {
        Some((error, description)) => error.challenge(&realm.name, description),
        None => format!("Bearer realm=\"{}\"", realm.name),
    };
    if caller.proofs.dpop.is_some() {
        // RFC 9449 section 7.1.
        value = format!(
            "{}, algs=\"{}\"",
            value.replacen("Bearer", "DPoP", 1),
            discovery::asymmetric().join(" ")
        );
    }
    let kind = [(header::CONTENT_TYPE, "text/plain;charset=utf-8")];
    let mut response = door::no_store((status, kind, "").into_response());
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    cors::apply_exposing_challenge(&mut response, headers);
    response
}

async fn answer(app: &App, caller: &Caller, realm: &std::sync::Arc<Realm>, known: &Bearer) -> Result<Response, Stop> {
    let context = context(app, realm, known).await?;
    let mut event = Event::new("USER_INFO_REQUEST").detail("username", known.user.username.as_str());
    event.client_id = Some(known.client.client_id.clone());
    event.user_id = Some(known.user.id.clone());
    event.session_id = known.session_id().map(str::to_owned);
    event.ip_address = Some(caller.ip.to_string());
    events::record_alone(app, realm, &event).await;
    let mut claims = claims(&context);
    let client = &known.client;
    let alg = client
        .attribute("user.info.response.signature.alg")
        .filter(|alg| *alg != "none");
    let Some(alg) = alg else {
        let body = Value::Object(claims.finish());
        if !What::Userinfo.is_wanted(client) {
            return Ok(door::json_answer(StatusCode::OK, &body));
        }
        let sealed = encrypted::wrap(app, client, What::Userinfo, body.to_string(), "").await?;
        return Ok(([(header::CONTENT_TYPE, "application/jwt")], sealed).into_response());
    };
    claims.set("iss", caller.issuer(&realm.name));
    claims.add_audience(&client.client_id);
    let alg = vestibule_jose::Alg::parse(alg).unwrap_or(vestibule_jose::Alg::RS256);
    let signed = make::sign(app, realm, client, alg, Signer::Client, "JWT", &claims.finish()).await?;
    let signed = encrypted::wrap(app, client, What::Userinfo, signed, "JWT").await?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], signed).into_response())
}

/// What the mappers look at for a token that was presented.
///
/// # Errors
///
/// Those of the database.
pub async fn context(app: &App, realm: &std::sync::Arc<Realm>, known: &Bearer) -> Result<Context, Error> {
    let scopes = scope::known(
        realm,
        &known.client,
        json::text(&known.claims, "scope").unwrap_or_default(),
    );
    let notes = known.session.as_ref().map_or_else(Doc::new, |s| s.notes.clone());
    let part_notes = match known.part.as_ref().and_then(|part| part.doc.get("notes")) {
        Some(Value::Object(kept)) => kept.clone(),
        _ => Doc::new(),
    };
    Context::load(app, realm, &known.client, known.user.clone(), scopes, notes, part_notes).await
}

/// The claims of the answer: `sub` always.
pub fn claims(context: &Context) -> Claims {
    let mut claims = Claims::default();
    claims.set("sub", context.user.id.as_str());
    mappers::apply(context, Target::Userinfo, &mut claims);
    claims
}
