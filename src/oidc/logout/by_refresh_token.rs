//! Keycloak's logout from before the standard: an application posts the refresh token of the session that is to end.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use crate::app::App;
use crate::caller::Caller;
use crate::client_policy;
use crate::events;
use crate::oidc::session::{self, Ended};
use crate::oidc::{client_auth, cors, door, policy};
use crate::store::event::Event;
use crate::store::realm::Realm;

/// Ends the session of the refresh token in the form: 204, whether it was over before or not.
pub(super) async fn answer(app: &App, caller: &Caller, realm: &Realm, headers: &HeaderMap, form: &Params) -> Response {
    let mut response = end(app, caller, realm, headers, form).await;
    cors::apply_exposing(&mut response, headers);
    door::challenge(&mut response, realm, headers);
    response
}

async fn end(app: &App, caller: &Caller, realm: &Realm, headers: &HeaderMap, form: &Params) -> Response {
    let known = match client_auth::authenticate(app, caller, realm, headers, form).await {
        Ok(Ok(known)) => known,
        Ok(Err(refused)) => {
            let mut event = events::refusal("LOGOUT", refused.event_error);
            event.client_id = refused.client_id;
            event.ip_address = Some(caller.ip.to_string());
            events::record_alone(app, realm, &event).await;
            return door::refusal(&refused.refusal);
        }
        Err(failed) => return failed.into_response(),
    };
    if !cors::admits(headers, &caller.base, &known.client) {
        return cors::invalid_origin();
    }
    let mut event = Event::new("LOGOUT").detail("client_auth_method", known.method());
    event.client_id = Some(known.client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let issuer = caller.issuer(&realm.name);
    let asked = client_policy::Event::Logout(policy::asked(app, caller, &issuer, form));
    if let Err(stop) = policy::judge(app, realm, &known.client, asked, &event).await {
        return stop.into_response();
    }
    let token = form.text("refresh_token").unwrap_or_default();
    match session::end_by_refresh_token(app, caller, realm, &known.client, token, &event).await {
        Ok(Ended::Yes) => {
            let no_cache = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
            (StatusCode::NO_CONTENT, no_cache).into_response()
        }
        Ok(Ended::Refused(text)) => {
            event.kind = "LOGOUT_ERROR".into();
            event.error = Some("invalid_token".into());
            events::record_alone(app, realm, &event.detail("reason", text)).await;
            door::refusal(&Refusal::new(400, "invalid_grant", text))
        }
        Err(failed) => failed.into_response(),
    }
}
