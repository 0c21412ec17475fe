//! Backchannel authentication (CIBA): discovery names the endpoint, and no client of this version may use it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use vestibule_oauth::error::Refusal;

use super::door::{self, OfRealm, Stop};
use super::{client_auth, cors};
use crate::app::App;
use crate::caller::Caller;
use crate::events;

/// What a client without the right is told, here and at the token endpoint.
pub const NOT_ALLOWED: &str = "Client not allowed OIDC CIBA Grant";

/// `POST .../protocol/openid-connect/ext/ciba/auth`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = client_auth::of_form(&app, &caller, &realm, &headers, &body, "LOGIN").await;
    let stop = match asked {
        Ok((known, _)) => {
            let (code, text, error) = if known.client.flag("bearerOnly") {
                ("invalid_client", "Bearer-only not allowed", "invalid_client")
            } else {
                ("invalid_grant", NOT_ALLOWED, "not_allowed")
            };
            let mut event = events::refusal("LOGIN", error).detail("reason", text);
            event.client_id = Some(known.client.client_id.clone());
            event.ip_address = Some(caller.ip.to_string());
            events::record_alone(&app, &realm, &event).await;
            Stop::Refused(Refusal::new(401, code, text))
        }
        Err(stop) => stop,
    };
    let mut answer = stop.into_response();
    door::challenge(&mut answer, &realm, &headers);
    answer
}

/// `OPTIONS` of it: pages in browsers have no business here.
pub async fn options() -> Response {
    cors::methods_only("HEAD, POST, OPTIONS")
}
