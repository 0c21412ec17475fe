//! The grant of RFC 8628: a device asks whether a person has said yes on another screen, and gets tokens then.

use serde_json::Value;
use vestibule_oauth::error::Refusal;

use super::code;
use super::request::{Request, invalid_grant};
use crate::oidc::code::{CodeRequest, Redeemed};
use crate::oidc::device;
use crate::oidc::door::Stop;
use crate::oidc::tokens::make::Grant;
use crate::store::device_code::{self, DeviceCode, State};
use crate::store::session;

/// The event's code of whatever is wrong with a device code.
const INVALID: &str = "invalid_oauth2_device_code";

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    if !device::allowed(&request.client) {
        let text = "Client not allowed OAuth 2.0 Device Authorization Grant";
        return Err(request.refuse(invalid_grant(text), "not_allowed", Some(text)).await);
    }
    let found = find(request).await?;
    let (session_id, doc) = approved(request, &found).await?;
    let asked = CodeRequest::of_doc(&doc);
    // Only a device that began with a challenge has a verifier: RFC 8628 knows of none, and its code never passes through a
    // browser. Checked before the code is used up: who guesses the verifier must not take it from the device.
    if asked.code_challenge.is_some() || request.params.text("code_verifier").is_some() {
        code::verifier(request, &request.event, &asked).await?;
    }
    let mut tx = request.app.db.begin().await?;
    let first = device_code::take(&mut tx, &found.hash).await?;
    let part = session::part(&mut tx, &session_id, false, &found.client_uuid).await?;
    tx.commit().await?;
    if !first {
        return Err(not_valid(request).await);
    }
    let redeemed = Redeemed {
        session_id: session_id.clone(),
        client_uuid: found.client_uuid,
        request: asked,
        part,
        expired: false,
    };
    let mut event = request.event.clone().detail("code_id", session_id.as_str());
    event.session_id = Some(session_id);
    let person = code::person(request, &event, &redeemed).await?;
    event.user_id = Some(person.1.id.clone());
    code::tokens(request, event, &redeemed, person, Grant::Device).await
}

async fn not_valid(request: &Request) -> Stop {
    let text = "Device code not valid";
    request.refuse(invalid_grant(text), INVALID, None).await
}

/// The request of the device, if it is this client's.
async fn find(request: &Request) -> Result<DeviceCode, Stop> {
    let Some(sent) = request.params.text("device_code") else {
        let text = "Missing parameter: device_code";
        let refused = Refusal::new(400, "invalid_request", text);
        return Err(request.refuse(refused, INVALID, Some(text)).await);
    };
    let (app, realm) = (&request.app, &request.realm);
    match device_code::find(&app.db, &realm.id, &device::hash(sent)).await? {
        Some(found) if found.client_uuid == request.client.id => Ok(found),
        Some(_) => {
            let text = "unauthorized client";
            Err(request.refuse(invalid_grant(text), INVALID, Some(text)).await)
        }
        None => Err(not_valid(request).await),
    }
}

/// Session and request, if the person has said yes. As Keycloak, that somebody still waits is no event.
async fn approved(request: &Request, found: &DeviceCode) -> Result<(String, crate::store::json::Doc), Stop> {
    let (app, realm) = (&request.app, &request.realm);
    if found.expires <= app.now() {
        let refused = Refusal::new(400, "expired_token", "Device code is expired");
        return Err(request.refuse(refused, "expired_oauth2_device_code", None).await);
    }
    let mut tx = app.db.begin().await?;
    let interval = device::interval(realm, &request.client) * 1000;
    let patient = device_code::poll(&mut tx, &found.hash, app.now(), interval).await?;
    tx.commit_lazily().await?;
    if !patient {
        return Err(Refusal::new(400, "slow_down", "Slow down").into());
    }
    match &found.state {
        State::Approved { session_id, code } => Ok((session_id.clone(), code.clone())),
        State::Pending => {
            let text = "The authorization request is still pending";
            Err(Refusal::new(400, "authorization_pending", text).into())
        }
        State::Denied => {
            let refused = Refusal::new(400, "access_denied", "The end user denied the authorization request");
            Err(request.refuse(refused, "access_denied", None).await)
        }
    }
}
