//! Devices without a browser (RFC 8628): they ask here, a person answers on another screen, they fetch tokens.

pub mod verify;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use super::client_auth;
use super::cors;
use super::door::{self, OfRealm, Stop};
use super::policy;
use super::tokens::resource;
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy;
use crate::error::Error;
use crate::events;
use crate::login::address;
use crate::login::request::AuthRequest;
use crate::store::client::Client;
use crate::store::device_code::{self, DeviceCode, State as DeviceState};
use crate::store::event::Event;
use crate::store::json;
use crate::store::realm::Realm;

/// The letters of what people type: none that looks like another, none that makes words.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Whether a client may ask in this way.
pub fn allowed(client: &Client) -> bool {
    client.attribute("oauth2.device.authorization.grant.enabled") == Some("true")
}

/// A number of seconds that a client may set for itself.
fn seconds(realm: &Realm, client: &Client, own: &str, name: &str) -> i64 {
    let own = json::written(client.attribute(own));
    own.filter(|n| *n > 0).unwrap_or_else(|| realm.number(name)).max(1)
}

/// Seconds between two questions of a device.
pub fn interval(realm: &Realm, client: &Client) -> i64 {
    seconds(
        realm,
        client,
        "oauth2.device.polling.interval",
        "oauth2DevicePollingInterval",
    )
}

/// How device codes are kept.
pub fn hash(device_code: &str) -> String {
    b64url(&sha256(device_code.as_bytes()))
}

/// `POST .../protocol/openid-connect/auth/device`
pub async fn post(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let known = client_auth::of_page(&app, &caller, &realm, &headers, &body, "OAUTH2_DEVICE_AUTH").await;
    let (known, params) = match known {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let answer = match begin(&app, &caller, &realm, &known.client, &params).await {
        Ok(body) => {
            let mut answer = door::json_answer(StatusCode::OK, &body);
            let kept = HeaderValue::from_static(crate::page::NO_STORE);
            answer.headers_mut().insert(header::CACHE_CONTROL, kept);
            answer
        }
        Err(stop) => stop.into_response(),
    };
    client_auth::told(answer, &realm, &headers)
}

/// `OPTIONS` of it.
pub async fn preflight(headers: HeaderMap) -> Response {
    cors::preflight(&headers, "POST, OPTIONS")
}

async fn begin(app: &App, caller: &Caller, realm: &Realm, client: &Client, params: &Params) -> Result<Value, Stop> {
    if !allowed(client) {
        let text = "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.";
        return Err(refuse(app, caller, realm, client, ("unauthorized_client", "not_allowed"), text).await);
    }
    if params.duplicate(&["resource"]).is_some() {
        let text = "duplicated parameter";
        return Err(refuse(app, caller, realm, client, ("invalid_request", "invalid_request"), text).await);
    }
    if resource::known(realm, params.all("resource").take(20)).is_err() {
        let codes = ("invalid_target", "invalid_request");
        return Err(refuse(app, caller, realm, client, codes, resource::TEXT).await);
    }
    let mut event = Event::new("OAUTH2_DEVICE_AUTH");
    event.client_id = Some(client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    let issuer = caller.issuer(&realm.name);
    let asked = client_policy::Event::Device(policy::asked(app, caller, &issuer, params));
    policy::judge(app, realm, client, asked, &event).await?;
    let lifespan = seconds(realm, client, "oauth2.device.code.lifespan", "oauth2DeviceCodeLifespan");
    let device_code = crate::random::token();
    let user_code = keep(app, realm, client, params, &device_code, lifespan).await?;
    let shown = format!("{}-{}", &user_code[..4], &user_code[4..]);
    let page = format!("{}/device", address::realm_url(caller, realm));
    Ok(json!({
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={shown}"),
        "expires_in": lifespan,
        "interval": interval(realm, client)
    }))
}

async fn refuse(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    (code, error): (&'static str, &str),
    text: &'static str,
) -> Stop {
    let mut event: Event = events::refusal("OAUTH2_DEVICE_AUTH", error).detail("reason", text);
    event.client_id = Some(client.client_id.clone());
    event.ip_address = Some(caller.ip.to_string());
    events::record_alone(app, realm, &event).await;
    Refusal::new(400, code, text).into()
}

/// Keeps the request; gives what the person is to type. As Keycloak, a scope that the client does not have is no fault: it is
/// left out.
async fn keep(
    app: &App,
    realm: &Realm,
    client: &Client,
    params: &Params,
    device_code: &str,
    lifespan: i64,
) -> Result<String, Error> {
    let hash = hash(device_code);
    // Checked before; a scope is not.
    let resources = resource::known(realm, params.all("resource").take(20)).unwrap_or_default();
    let text = |name: &str| params.heeded(name).map(str::to_owned);
    let request = AuthRequest {
        response_type: "code".to_owned(),
        scope: text("scope"),
        nonce: text("nonce"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
        claims: text("claims"),
        acr_values: text("acr_values"),
        dpop_jkt: text("dpop_jkt"),
        resource: resources,
        device: Some(hash.clone()),
        ..AuthRequest::default()
    };
    let doc = serde_json::to_string(&request)?;
    loop {
        let new = DeviceCode {
            hash: hash.clone(),
            user_code: crate::random::letters(LETTERS, 8),
            client_uuid: client.id.clone(),
            doc: doc.clone(),
            state: DeviceState::Pending,
            expires: app.now() + lifespan * 1000,
        };
        let mut tx = app.db.begin().await?;
        // A code that another device has just now is drawn again.
        if device_code::add(&mut tx, &realm.id, &new).await? {
            tx.commit().await?;
            return Ok(new.user_code);
        }
    }
}
