//! `refresh_token`: RFC 6749 section 6, with rotation and the detection of reuse where the realm revokes refresh tokens.

use serde_json::Value;
use vestibule_oauth::error::Refusal;

use super::request::{Request, invalid_grant};
use super::{answer, consent, exchange, place as places};
use crate::events;
use crate::oidc::door::Stop;
use crate::oidc::session as sessions;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::{self, Grant, Issued, Place, Wanted};
use crate::oidc::tokens::mappers;
use crate::oidc::tokens::refresh::{self as tokens, Refresh};
use crate::oidc::tokens::scope;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::session::{self, Reuse};
use crate::store::user::{self, User};

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    let token = presented(request).await?;
    // First, as in Keycloak: what policies say of a missing proof is said in their words.
    let request = &*request.judged(&request.event, Some(&token.scope)).await?;
    is_theirs(request, &token).await?;
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    let mut event = request.event.clone();
    event.session_id = Some(token.sid.clone());
    event = event
        .detail("refresh_token_id", token.jti.as_str())
        .detail("refresh_token_type", if token.offline { "Offline" } else { "Refresh" });
    let (place, user) = place(request, &event, &token).await?;
    event.user_id = Some(user.id.clone());
    let requested = request.params.text("scope");
    if requested.is_some() {
        // Only names that the client could ask for at all.
        request.scopes(&event).await?;
    }
    let scopes = scope::known(realm, client, &scope::narrow(&token.scope, requested));
    if !consent::is_given(app, realm, client, &user.id, &scopes).await? {
        let text = "Client no longer has requested consent from user";
        let refused = Refusal::new(400, "invalid_scope", text);
        return Err(request.refuse_as(event, refused, "not_allowed", Some(text)).await);
    }
    let part_notes = place.part.doc.get("notes").and_then(Value::as_object);
    let part_notes: Doc = part_notes.cloned().unwrap_or_default();
    let resources = request
        .resources(&event, token.resources.iter().map(String::as_str))
        .await?;
    let notes = place.session.notes.clone();
    let mut context = Context::load(app, realm, client, user, scopes, notes, part_notes).await?;
    context.keep_clients(&token.only);
    if token.offline {
        places::allow_offline(request, &event, &context).await?;
    }
    let rotates = realm.flag("revokeRefreshToken");
    // A token from before the realm began to revoke begins a chain of its own.
    let (chain, generation) = token.chain.clone().unwrap_or_else(|| (token.jti.clone(), 0));
    let wanted = Wanted {
        grant: Grant::Refresh,
        place: Some(&place),
        nonce: None,
        chain: rotates.then(|| (chain.clone(), generation + 1)),
        refresh: client.attribute("use.refresh.tokens") != Some("false"),
        refresh_scope: Some(token.scope.as_str()),
        bound: &request.bound,
        resources: &resources,
        audience: &token.only,
    };
    if !token.only.is_empty() {
        // A role may be gone by which it was for an audience: without any, it would be for all.
        let access = make::access_claims(app, &request.caller, &context, &wanted);
        exchange::available(request, &event, &token.only, &access).await?;
    }
    let issued = make::make(app, &request.caller, &context, &wanted).await?;
    keep(
        request,
        &event,
        &place,
        &issued,
        rotates.then_some((chain.as_str(), generation)),
    )
    .await?;
    Ok(answer::body(realm, client, &issued, Some(&place.session.id)))
}

/// The refresh token, if it is one of this realm and this client.
async fn presented(request: &Request) -> Result<Refresh, Stop> {
    let Some(sent) = request.params.text("refresh_token") else {
        let text = "No refresh token";
        let refused = Refusal::new(400, "invalid_request", text);
        return Err(request.refuse(refused, "invalid_token", Some(text)).await);
    };
    let token = match tokens::read(&request.app, &request.caller, &request.realm, sent) {
        Ok(token) => token,
        Err(refused) => {
            let text = refused.description();
            return Err(request.refuse(invalid_grant(text), "invalid_token", Some(text)).await);
        }
    };
    if token.azp != request.client.client_id {
        let text = "Invalid refresh token. Token client and authorized client don't match";
        return Err(request.refuse(invalid_grant(text), "invalid_token", Some(text)).await);
    }
    Ok(token)
}

/// A bound token is used only by who proves the key or shows the certificate.
async fn is_theirs(request: &Request, token: &Refresh) -> Result<(), Stop> {
    if token.bound.jkt.is_some() && token.bound.jkt != request.bound.jkt {
        let text = match request.bound.jkt {
            Some(_) => "DPoP confirmation doesn't match DPoP proof",
            None => "DPoP proof is missing",
        };
        return Err(request.refuse(invalid_grant(text), "invalid_token", Some(text)).await);
    }
    let shown = request.caller.proofs.certificate.as_ref().map(|c| c.thumbprint());
    if token.bound.x5t.is_some() && token.bound.x5t != shown {
        let text = "Client certificate missing, or its thumbprint and one in the refresh token did NOT match";
        let refused = Refusal::new(401, "unauthorized_client", text);
        return Err(request.refuse(refused, "not_allowed", Some(text)).await);
    }
    Ok(())
}

/// The session of the token, the client's part in it and the user, if all of them are still good.
async fn place(request: &Request, event: &Event, token: &Refresh) -> Result<(Place, User), Stop> {
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    let over = if token.offline {
        "Offline session not active"
    } else {
        "Session not active"
    };
    let refuse =
        |text: &'static str| request.refuse_as(event.clone(), invalid_grant(text), "invalid_token", Some(text));
    let Some(found) = session::find(&app.db, &realm.id, &token.sid, token.offline).await? else {
        let gone = if token.offline {
            "Offline user session not found"
        } else {
            over
        };
        return Err(refuse(gone).await);
    };
    if mappers::subject_for(client, &found.user_id) != token.sub || !sessions::is_active(realm, &found, app.now()) {
        return Err(refuse(over).await);
    }
    let Some(user) = user::by_id(&app.db, &realm.id, &found.user_id).await? else {
        return Err(refuse("Unknown user").await);
    };
    if !user.enabled {
        return Err(refuse("User disabled").await);
    }
    let Some(part) = session::part(&app.db, &found.id, found.offline, &client.id).await? else {
        return Err(refuse("Session doesn't have required client").await);
    };
    if !sessions::part_is_active(realm, client, &found, &part, app.now()) {
        return Err(refuse(over).await);
    }
    if token.iat < part.started / 1000 {
        return Err(refuse("refresh token issued before the client session started").await);
    }
    if token.iat < user.not_before.max(json::number(&client.doc, "notBefore")) {
        return Err(refuse("Stale token").await);
    }
    Ok((Place { session: found, part }, user))
}

/// Moves the session on and, where the realm revokes, uses the token up: of any number that come at once, as many are
/// answered as the realm allows. Only then are the new tokens handed out.
async fn keep(
    request: &Request,
    event: &Event,
    place: &Place,
    issued: &Issued,
    used: Option<(&str, i64)>,
) -> Result<(), Stop> {
    let (app, realm) = (&request.app, &request.realm);
    let (session, part) = (&place.session, &place.part);
    let now = app.now();
    let mut moved = session.clone();
    moved.last_refresh = now;
    let mut tx = app.db.begin().await?;
    // Session before part, as everywhere: two transactions that take them in different orders could wait for each other.
    let expires = sessions::expires(realm, &moved);
    let there = session::refresh(&mut tx, &session.id, session.offline, now, expires).await?
        && session::refresh_part(&mut tx, &session.id, session.offline, &part.client_uuid, now).await?;
    if !there {
        drop(tx);
        let text = "Session not active";
        return Err(request
            .refuse_as(event.clone(), invalid_grant(text), "invalid_token", Some(text))
            .await);
    }
    let reuse = match used {
        Some((chain, generation)) => {
            let most = realm.number("refreshTokenMaxReuse").max(0);
            session::use_chain(&mut tx, chain, part, generation, most).await?
        }
        None => Reuse::Good,
    };
    let text = match reuse {
        Reuse::Good => {
            events::record(&mut tx, realm, &told(event, issued), now).await?;
            // That a session was used may be lost with the power; that a token was used up may not.
            if used.is_some() {
                tx.commit().await?;
            } else {
                tx.commit_lazily().await?;
            }
            return Ok(());
        }
        Reuse::Stale => "Stale token",
        Reuse::TooOften => "Maximum allowed refresh token reuse exceeded",
    };
    // Two hold the same token: one of them is a thief. RFC 9700 section 4.14.2.
    session::detach(&mut tx, &session.id, session.offline, &part.client_uuid).await?;
    tx.commit().await?;
    Err(request
        .refuse_as(event.clone(), invalid_grant(text), "invalid_token", Some(text))
        .await)
}

fn told(event: &Event, issued: &Issued) -> Event {
    let mut event = event
        .clone()
        .detail("token_id", issued.access_id.as_str())
        .detail("scope", issued.scope.as_str());
    if let Some(refresh) = &issued.refresh {
        event = event.detail("updated_refresh_token_id", refresh.id.as_str());
    }
    event
}
