//! Revocation (RFC 7009), with Keycloak's answers: garbage is 200 with a body that says so.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use super::bearer::{self, Bearer};
use super::bound;
use super::client_auth;
use super::cors;
use super::door::{OfRealm, Stop};
use super::dpop;
use super::policy;
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy;
use crate::events;
use crate::oidc::tokens::id;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::{Tx, consent, revoked, session};

/// `POST .../protocol/openid-connect/revoke`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let known = client_auth::of_page(&app, &caller, &realm, &headers, &body, "REVOKE_GRANT").await;
    let (known, params) = match known {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let mut event = Event::new("REVOKE_GRANT").detail("client_auth_method", known.method());
    event.client_id = Some(known.client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let answer = match revoke(&app, &caller, &realm, &known.client, &params, event).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(stop) => stop.into_response(),
    };
    client_auth::told(answer, &realm, &headers)
}

/// `OPTIONS` of it.
pub async fn preflight(headers: HeaderMap) -> Response {
    cors::preflight(&headers, "POST, OPTIONS")
}

async fn refuse(
    app: &App,
    realm: &Realm,
    mut event: Event,
    refused: Refusal,
    error: &str,
    reason: Option<&str>,
) -> Stop {
    event.kind = "REVOKE_GRANT_ERROR".into();
    event.error = Some(error.to_owned());
    if let Some(reason) = reason {
        event = event.detail("reason", reason);
    }
    events::record_alone(app, realm, &event).await;
    refused.into()
}

async fn revoke(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    params: &Params,
    event: Event,
) -> Result<(), Stop> {
    let issuer = caller.issuer(&realm.name);
    let asked = client_policy::Event::Revocation(policy::asked(app, caller, &issuer, params));
    let effects = policy::judge(app, realm, client, asked, &event).await?;
    let bad = |code, text: &'static str| Refusal::new(400, code, text);
    if client.flag("bearerOnly") {
        let text = "Bearer-only not allowed";
        return Err(refuse(
            app,
            realm,
            event,
            bad("invalid_client", text),
            "invalid_client",
            Some(text),
        )
        .await);
    }
    if params.duplicate(&[]).is_some() {
        let text = "duplicated parameter";
        return Err(refuse(
            app,
            realm,
            event,
            bad("invalid_request", text),
            "invalid_request",
            Some(text),
        )
        .await);
    }
    let Some(token) = params.text("token") else {
        let text = "Token not provided";
        return Err(refuse(
            app,
            realm,
            event,
            bad("invalid_request", text),
            "invalid_request",
            Some(text),
        )
        .await);
    };
    let types = ["Bearer", "DPoP", "Refresh", "Offline", "ID"];
    let Some(claims) = bearer::read(app, caller, realm, token, &types) else {
        // What is over needs no end: RFC 7009 section 2.2.
        if bearer::is_over(app, caller, realm, token, &bound::ACCESS) {
            return Ok(());
        }
        let refused = Refusal::new(200, "invalid_token", "Invalid token");
        return Err(refuse(app, realm, event, refused, "invalid_token", None).await);
    };
    let kind = id::kind(&claims).unwrap_or_default().to_owned();
    if kind == id::TYPE {
        let text = "Unsupported token type";
        let refused = bad("unsupported_token_type", text);
        return Err(refuse(app, realm, event, refused, "invalid_token_type", Some(text)).await);
    }
    if json::text(&claims, "azp") != Some(client.client_id.as_str()) {
        let text = "Unmatching clients";
        return Err(refuse(
            app,
            realm,
            event,
            bad("invalid_request", text),
            "invalid_request",
            Some(text),
        )
        .await);
    }
    if effects.proves_key
        && let Some((refused, reason)) = unproved(app, caller, realm, &claims).await?
    {
        return Err(refuse(app, realm, event, refused, "invalid_token", Some(reason)).await);
    }
    let mut event = event;
    let jti = json::text(&claims, "jti").unwrap_or_default();
    if bound::ACCESS.contains(&kind.as_str()) {
        event.user_id = json::text(&claims, "sub").map(str::to_owned);
        let mut tx = app.db.begin().await?;
        revoked::add(&mut tx, jti, json::number(&claims, "exp") * 1000).await?;
        if let Some(sid) = json::text(&claims, "sid") {
            for offline in [false, true] {
                // Session before part, as everywhere.
                if session::hold(&mut tx, sid, offline).await? {
                    session::detach_exchanged(&mut tx, sid, offline, &client.id).await?;
                }
            }
        }
        events::record(&mut tx, realm, &event.detail("token_id", jti), app.now()).await?;
        return Ok(tx.commit().await?);
    }
    let found = bearer::verify_types(app, caller, realm, token, &["Refresh", "Offline"]).await?;
    let Ok(known) = found else {
        let refused = Refusal::new(200, "invalid_token", "Invalid token");
        return Err(refuse(app, realm, event, refused, "invalid_token", None).await);
    };
    event.user_id = Some(known.user.id.clone());
    event.session_id = known.session_id().map(str::to_owned);
    let event = event
        .detail("refresh_token_type", kind.as_str())
        .detail("revoked_client", client.client_id.as_str())
        .detail("refresh_token_id", jti);
    let mut tx = app.db.begin().await?;
    give_up(&mut tx, realm, &known, kind == "Offline").await?;
    events::record(&mut tx, realm, &event, app.now()).await?;
    Ok(tx.commit().await?)
}

/// Why a proof of a key does not let a token be given up: it is not good, or of another key than the token's. A token that is
/// bound to nothing may be given up with any.
async fn unproved(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    claims: &Doc,
) -> Result<Option<(Refusal, &'static str)>, Stop> {
    let refused = |code, text| Some((Refusal::new(400, code, text), text));
    let Some(sent) = &caller.proofs.dpop else {
        return Ok(refused(dpop::INVALID, "DPoP proof is missing"));
    };
    let key = match dpop::check(app, realm, sent, None).await? {
        Ok(key) => key,
        Err(text) => return Ok(refused(dpop::INVALID, text)),
    };
    let bound = bound::Bound::of(claims).and_then(|bound| bound.jkt);
    Ok(match bound {
        Some(jkt) if jkt != key => refused("invalid_token", "DPoP proof and token binding verification failed"),
        _ => None,
    })
}

/// As Keycloak: the user's consent, the client's part in all their sessions, and sessions that nobody is left in.
async fn give_up(tx: &mut Tx, realm: &Realm, known: &Bearer, offline: bool) -> Result<(), Stop> {
    let (user, client) = (&known.user, &known.client);
    consent::remove(tx, &user.id, &client.id).await?;
    let kinds: &[bool] = if offline { &[false, true] } else { &[false] };
    for &offline in kinds {
        for one in session::of_user(&mut *tx, &realm.id, &user.id, offline).await? {
            // Session before part, as everywhere.
            session::hold(tx, &one.id, offline).await?;
            let took_part = session::detach(tx, &one.id, offline, &client.id).await?;
            session::detach_exchanged(tx, &one.id, offline, &client.id).await?;
            if took_part && session::parts(&mut *tx, &one.id, offline).await?.is_empty() {
                session::remove_one(tx, &realm.id, &one.id, offline).await?;
            }
        }
    }
    Ok(())
}
