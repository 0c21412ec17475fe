//! `authorization_code`: what the authorization endpoint gave out is exchanged for tokens. RFC 6749 section 4.1.3.

use serde_json::Value;
use vestibule_oauth::error::Refusal;
use vestibule_oauth::pkce::{self, Method, Mismatch};

use super::request::{Request, invalid_grant};
use super::{answer, consent, place};
use crate::events;
use crate::oidc::code::{self as codes, CodeRequest, Redeemed};
use crate::oidc::door::Stop;
use crate::oidc::dpop;
use crate::oidc::session as sessions;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::{self, Grant, Place, Wanted};
use crate::oidc::tokens::scope;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::session::{self, UserSession};
use crate::store::user::{self, User};

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    let Some(value) = request.params.text("code") else {
        let text = "Missing parameter: code";
        let refused = Refusal::new(400, "invalid_request", text);
        return Err(request.refuse(refused, "invalid_code", Some(text)).await);
    };
    let event = with_session(&request.event, value);
    let redeemed = redeem(request, &event, value).await?;
    let (session, user) = person(request, &event, &redeemed).await?;
    let mut event = event;
    event.user_id = Some(user.id.clone());
    right_client(request, &event, &redeemed).await?;
    verifier(request, &event, &redeemed.request).await?;
    tokens(request, event, &redeemed, (session, user), Grant::Code).await
}

/// The tokens for a request that a person has granted.
pub(super) async fn tokens(
    request: &Request,
    event: Event,
    redeemed: &Redeemed,
    (session, user): (UserSession, User),
    grant: Grant,
) -> Result<Value, Stop> {
    let asked = &redeemed.request;
    let request = &*request.judged(&event, asked.scope.as_deref()).await?;
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    if asked.dpop_jkt.is_some() && asked.dpop_jkt != request.bound.jkt {
        let text = "DPoP Proof public key thumbprint does not match dpop_jkt";
        let refused = Refusal::new(400, dpop::INVALID, text);
        return Err(request.refuse_as(event, refused, dpop::INVALID, Some(text)).await);
    }
    let Some(part) = redeemed.part.clone() else {
        return Err(request
            .refuse_as(event, invalid_grant("Code not valid"), "invalid_code", None)
            .await);
    };
    // What was asked for was checked then; a scope that is gone since is left out.
    let scopes = scope::known(realm, client, asked.scope.as_deref().unwrap_or_default());
    if !consent::is_given(app, realm, client, &user.id, &scopes).await? {
        let text = "Client no longer has requested consent from user";
        let refused = Refusal::new(400, "invalid_scope", text);
        return Err(request.refuse_as(event, refused, "not_allowed", Some(text)).await);
    }
    let mut notes = session.notes.clone();
    if let Some(auth_time) = asked.auth_time {
        notes
            .entry("AUTH_TIME")
            .or_insert_with(|| Value::from(auth_time.to_string()));
    }
    let mut part_notes: Doc = asked.notes.clone();
    if let Some(nonce) = &asked.nonce {
        part_notes.insert("nonce".into(), Value::from(nonce.as_str()));
    }
    let resources = request.resources(&event, json::texts(&asked.notes, "resource")).await?;
    let context = Context::load(app, realm, client, user, scopes, notes, part_notes).await?;
    let mut place = Place { session, part };
    let offline = place::wants_offline(&context);
    if offline {
        place::allow_offline(request, &event, &context).await?;
        place = place::offline(request, &place);
    }
    let wanted = Wanted {
        grant,
        place: Some(&place),
        nonce: asked.nonce.as_deref(),
        chain: realm.flag("revokeRefreshToken").then(|| (crate::random::uuid(), 0)),
        refresh: client.attribute("use.refresh.tokens") != Some("false"),
        refresh_scope: None,
        bound: &request.bound,
        resources: &resources,
        audience: &[],
    };
    let issued = make::make(app, &request.caller, &context, &wanted).await?;
    let event = answer::told(&event, &issued);
    if offline {
        let mut tx = app.db.begin().await?;
        // Whoever used the code a second time meanwhile has ended the client's part: these tokens are void like any
        // others of that code.
        let (id, now) = (&place.session.id, app.now());
        if session::refresh_part(&mut tx, id, false, &client.id, now).await? {
            place::keep(&mut tx, &place).await?;
        }
        events::record(&mut tx, realm, &event, app.now()).await?;
        tx.commit().await?;
    } else {
        events::record_alone(app, realm, &event).await;
    }
    Ok(answer::body(realm, client, &issued, Some(&place.session.id)))
}

/// The event of a code names the session that is in it, whatever else is wrong.
fn with_session(event: &Event, value: &str) -> Event {
    let mut event = event.clone();
    let mut parts = value.splitn(3, '.').skip(1);
    if let (Some(sid), Some(_)) = (parts.next(), parts.next()) {
        event.session_id = Some(sid.to_owned());
        event = event.detail("code_id", sid);
    }
    event
}

/// Uses the code up. A second use voids what the first one gave.
async fn redeem(request: &Request, event: &Event, value: &str) -> Result<Redeemed, Stop> {
    let app = &request.app;
    let mut tx = app.db.begin().await?;
    let redeemed = codes::redeem(&mut tx, app, &request.realm, value).await?;
    tx.commit().await?;
    match redeemed {
        None => Err(request
            .refuse_as(event.clone(), invalid_grant("Code not valid"), "invalid_code", None)
            .await),
        Some(late) if late.expired => Err(request
            .refuse_as(event.clone(), invalid_grant("Code is expired"), "expired_code", None)
            .await),
        Some(redeemed) => Ok(redeemed),
    }
}

/// Who signed in, if they still are.
pub(super) async fn person(request: &Request, event: &Event, redeemed: &Redeemed) -> Result<(UserSession, User), Stop> {
    let (app, realm) = (&request.app, &request.realm);
    let found = session::find(&app.db, &realm.id, &redeemed.session_id, false).await?;
    let Some(session) = found else {
        let refused = invalid_grant("User session not found");
        return Err(request
            .refuse_as(event.clone(), refused, "user_session_not_found", None)
            .await);
    };
    let Some(user) = user::by_id(&app.db, &realm.id, &session.user_id).await? else {
        return Err(request
            .refuse_as(event.clone(), invalid_grant("User not found"), "user_not_found", None)
            .await);
    };
    if !user.enabled {
        return Err(request
            .refuse_as(event.clone(), invalid_grant("User disabled"), "user_disabled", None)
            .await);
    }
    if !sessions::is_active(realm, &session, app.now()) {
        let refused = invalid_grant("Session not active");
        return Err(request
            .refuse_as(event.clone(), refused, "user_session_not_found", None)
            .await);
    }
    Ok((session, user))
}

/// The code belongs to this client, was asked for with this redirect URI, and the client may still use codes.
async fn right_client(request: &Request, event: &Event, redeemed: &Redeemed) -> Result<(), Stop> {
    let saved = redeemed.request.redirect_uri.as_deref();
    let sent = request.params.get("redirect_uri");
    if saved.is_some() && saved != sent {
        let reason = format!(
            "Parameter 'redirect_uri' did not match originally saved redirect URI used in initial OIDC request. Saved redirectUri: {}, redirectUri parameter: {}",
            saved.unwrap_or_default(),
            sent.unwrap_or("null")
        );
        let refused = invalid_grant("Incorrect redirect_uri");
        return Err(request
            .refuse_as(event.clone(), refused, "invalid_redirect_uri", Some(&reason))
            .await);
    }
    if redeemed.client_uuid != request.client.id {
        let text = "Auth error: Found different client_id in clientSession";
        let refused = invalid_grant(text);
        return Err(request
            .refuse_as(event.clone(), refused, "invalid_client", Some(text))
            .await);
    }
    if !request.client.flag("standardFlowEnabled") {
        let text = "Client not allowed to exchange code";
        let refused = invalid_grant(text);
        return Err(request
            .refuse_as(event.clone(), refused, "invalid_client", Some(text))
            .await);
    }
    Ok(())
}

/// PKCE: the verifier fits the challenge, and there is none without the other. RFC 7636 section 4.6, RFC 9700 section 2.1.1.
pub(super) async fn verifier(request: &Request, event: &Event, asked: &CodeRequest) -> Result<(), Stop> {
    let sent = request.params.text("code_verifier");
    let enforced = request.client.attribute("pkce.code.challenge.method").is_some();
    let (text, error, reason) = match (asked.code_challenge.as_deref(), sent) {
        (None, None) if !enforced => return Ok(()),
        (_, None) => (
            "PKCE code verifier not specified",
            "code_verifier_missing",
            "PKCE code verifier not specified",
        ),
        (None, Some(_)) => (
            "PKCE code verifier specified but challenge not present in authorization",
            "invalid_code_verifier",
            "PKCE code verifier specified but challenge not present in authorization",
        ),
        (Some(challenge), Some(verifier)) => {
            let method = asked.code_challenge_method.as_deref().and_then(Method::parse);
            match pkce::verify(method.unwrap_or(Method::Plain), challenge, verifier) {
                Ok(()) => return Ok(()),
                Err(Mismatch::Malformed) => (
                    "PKCE verification failed: Invalid code verifier",
                    "invalid_code_verifier",
                    "Invalid code verifier",
                ),
                Err(Mismatch::Different) => (
                    "PKCE verification failed: Code mismatch",
                    "pkce_verification_failed",
                    "Code mismatch",
                ),
            }
        }
    };
    Err(request
        .refuse_as(event.clone(), invalid_grant(text), error, Some(reason))
        .await)
}
