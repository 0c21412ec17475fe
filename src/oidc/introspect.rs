//! Introspection (RFC 7662): whether a token is good, for those whom it is meant for.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;

use super::bearer::{self, Bearer};
use super::door::{self, OfRealm, Stop};
use super::tokens::claims::Claims;
use super::tokens::id;
use super::tokens::make::{self, Signer};
use super::tokens::mappers::{self, Target};
use super::tokens::refresh;
use super::{client_auth, cors, policy, userinfo};
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy;
use crate::error::Error;
use crate::events;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::session::{self, Reuse};

/// `POST .../protocol/openid-connect/token/introspect`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match answer(&app, &caller, &realm, &headers, &body).await {
        Ok(mut response) => {
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Err(stop) => {
            let mut response = stop.into_response();
            door::challenge(&mut response, &realm, &headers);
            response
        }
    }
}

/// `OPTIONS` of it: pages in browsers have no business here.
pub async fn options() -> Response {
    cors::methods_only("HEAD, POST, OPTIONS")
}

async fn answer(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Stop> {
    door::admit(realm, caller)?;
    let params = door::form(headers, body)?;
    let client = match client_auth::authenticate(app, caller, realm, headers, &params).await? {
        Ok(known) => known.client,
        Err(refused) if refused.refusal.code == "unauthorized_client" => {
            return Err(Refusal::new(401, "invalid_client", "Client authentication failed.").into());
        }
        Err(refused) => return Err(refused.refusal.into()),
    };
    let invalid = |status, text: &'static str| Stop::Refused(Refusal::new(status, "invalid_request", text));
    if client.public() {
        return Err(invalid(403, "Client not allowed."));
    }
    if params.duplicate(&[]).is_some() {
        return Err(invalid(400, "duplicated parameter"));
    }
    let Some(token) = params.get("token") else {
        return Err(invalid(400, "Token not provided."));
    };
    let mut event = Event::new("INTROSPECT_TOKEN");
    event.client_id = Some(client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let issuer = caller.issuer(&realm.name);
    let asked = client_policy::Event::Introspection(policy::asked(app, caller, &issuer, &params));
    policy::judge(app, realm, &client, asked, &event).await?;
    let found = match params.text("token_type_hint") {
        None | Some("access_token") => meant_for(app, caller, realm, &client, token).await?,
        Some("refresh_token") => own_refresh_token(app, caller, realm, &client, token).await?,
        Some(_) => return Err(invalid(400, "Unsupported token type.")),
    };
    let Some(known) = found else {
        event.kind = "INTROSPECT_TOKEN_ERROR".into();
        event.error = Some("invalid_token".into());
        events::record_alone(app, realm, &event).await;
        return said(app, caller, realm, headers, &client, json!({ "active": false })).await;
    };
    event.user_id = Some(known.user.id.clone());
    event.session_id = known.session_id().map(str::to_owned);
    let claims = claims(app, realm, &known).await?;
    events::record_alone(app, realm, &event).await;
    said(app, caller, realm, headers, &client, Value::Object(claims)).await
}

/// The media type of signed answers, and with `typ` before it their type.
const SIGNED: &str = "token-introspection+jwt";

/// The answer: JSON or, for who takes nothing else, signed (RFC 9701).
async fn said(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    headers: &HeaderMap,
    client: &Client,
    body: Value,
) -> Result<Response, Stop> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if !accept.contains(SIGNED) {
        return Ok(door::json_answer(StatusCode::OK, &body));
    }
    let claims = json!({
        "iss": caller.issuer(&realm.name), "aud": client.client_id, "iat": app.now_seconds(), "token_introspection": body
    });
    let claims = claims.as_object().cloned().unwrap_or_default();
    let alg = make::algorithm(realm, client, "introspection.signed.response.alg");
    let signed = make::sign(app, realm, client, alg, Signer::Client, SIGNED, &claims).await?;
    let kind = format!("application/{SIGNED}");
    Ok(([(header::CONTENT_TYPE, kind)], signed).into_response())
}

/// A good token of any type, if it is for the caller: its audience, or a caller that may look at everything.
async fn meant_for(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    token: &str,
) -> Result<Option<Bearer>, Error> {
    let types = ["Bearer", "DPoP", "ID", "Refresh", "Offline"];
    let Ok(known) = bearer::verify_types(app, caller, realm, token, &types).await? else {
        return Ok(None);
    };
    let any = client.attribute("allow.token.introspection.without.audience.check") == Some("true");
    let meant = any || known.audiences().contains(&client.client_id.as_str());
    Ok(if meant && not_used_up(app, realm, &known.claims).await? {
        Some(known)
    } else {
        None
    })
}

/// A good refresh token, if it is the caller's own.
async fn own_refresh_token(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    token: &str,
) -> Result<Option<Bearer>, Error> {
    if !refresh::read(app, caller, realm, token).is_ok_and(|token| token.azp == client.client_id) {
        return Ok(None);
    }
    let found = bearer::verify_types(app, caller, realm, token, &["Refresh", "Offline"]).await?;
    let Ok(known) = found else { return Ok(None) };
    Ok(if not_used_up(app, realm, &known.claims).await? {
        Some(known)
    } else {
        None
    })
}

/// Whether a refresh token could still be used, where the realm revokes them.
async fn not_used_up(app: &App, realm: &Realm, claims: &Doc) -> Result<bool, Error> {
    if !matches!(json::text(claims, "typ"), Some("Refresh" | "Offline")) || !realm.flag("revokeRefreshToken") {
        return Ok(true);
    }
    let own = json::text(claims, "jti").unwrap_or_default();
    let chain = json::text(claims, "reuse_id").unwrap_or(own);
    let generation = json::number(claims, "reuse_generation");
    let most = realm.number("refreshTokenMaxReuse").max(0);
    Ok(session::look_at_chain(&app.db, chain, generation, most).await? == Reuse::Good)
}

/// What is told: the token's own claims, and those that the mappers give for introspection now.
async fn claims(app: &App, realm: &Arc<Realm>, known: &Bearer) -> Result<Doc, Error> {
    let context = userinfo::context(app, realm, known).await?;
    let mut claims = Claims::default();
    for name in ["exp", "nbf", "iat", "jti", "iss", "typ", "azp", "sid", "scope", "cnf"] {
        if let Some(value) = known.claims.get(name) {
            claims.set(name, value.clone());
        }
    }
    claims.set("sub", known.user.id.as_str());
    for audience in known.audiences() {
        claims.add_audience(audience);
    }
    mappers::apply(&context, Target::Introspection, &mut claims);
    claims.set("client_id", known.client.client_id.as_str());
    claims.set("username", known.user.username.as_str());
    claims.set("token_type", id::kind(&known.claims));
    claims.set("active", true);
    Ok(claims.finish())
}
