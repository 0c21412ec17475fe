//! Which client calls, and the proof of it (RFC 6749 section 2.3, RFC 7523).
//!
//! As Keycloak: a wrong secret is `unauthorized_client`, an unknown or disabled client `invalid_client`, with one text for
//! both. The method that a client is registered with is the only one that counts.

mod assertion;
mod certificate;
pub mod keys;
mod name;
mod presented;
mod secret;

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use crate::alerts;
use crate::app::App;
use crate::caller::Caller;
use crate::client_registration::{cimd, life};
use crate::error::Error;
use crate::events;
use crate::oidc::cors;
use crate::oidc::door::{self, Stop};
use crate::store::client::{Client, Standing};
use crate::store::realm::Realm;
use presented::Presented;

/// A client that proved who it is, as far as it can: a public one cannot.
pub struct Authenticated {
    pub client: Arc<Client>,
}

impl Authenticated {
    /// Keycloak's name of the authenticator, for events.
    pub fn method(&self) -> &str {
        match self.client.text("clientAuthenticatorType") {
            Some("none") | None => "client-secret",
            Some(name) => name,
        }
    }
}

/// Why a client is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub refusal: Refusal,
    /// Keycloak's code in the event.
    pub event_error: &'static str,
    /// Who it says it is.
    pub client_id: Option<String>,
}

/// The text for whatever may not be told apart.
pub const INVALID: &str = "Invalid client or Invalid client credentials";

impl Refused {
    fn new(status: u16, code: &'static str, description: &'static str, event_error: &'static str) -> Self {
        Self {
            refusal: Refusal::new(status, code, description),
            event_error,
            client_id: None,
        }
    }

    /// Nobody, or somebody who is not there.
    fn unknown(event_error: &'static str) -> Self {
        Self::new(401, "invalid_client", INVALID, event_error)
    }

    /// A wrong secret, or none.
    fn credentials() -> Self {
        Self::new(401, "unauthorized_client", INVALID, "invalid_client_credentials")
    }

    /// Nobody has said yes to it so far.
    fn pending() -> Self {
        let text = "Client registration is pending approval";
        Self::new(400, "unauthorized_client", text, "client_disabled")
    }

    /// Something wrong with an assertion.
    fn assertion(description: &'static str) -> Self {
        Self::new(400, "invalid_client", description, "invalid_client_credentials")
    }
}

/// The secret of a `Basic` header.
pub fn secret_of(headers: &HeaderMap) -> Option<String> {
    let presented = presented::read(headers, &Params::default()).ok()?;
    presented.secret.map(|(secret, _)| secret)
}

/// Notes that a public client was used: anybody can name it, so it is when it is given tokens. That this could not be written
/// down takes nobody's tokens away.
pub async fn given(app: &App, realm: &Realm, client: &Client) {
    if client.public()
        && let Err(failed) = life::used(app, realm, client).await
    {
        tracing::warn!("that client {} is used: {failed}", client.client_id);
    }
}

/// Finds out which client calls.
///
/// # Errors
///
/// Those of the database. What the caller did wrong is in the inner result.
pub async fn authenticate(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Result<Authenticated, Refused>, Error> {
    let presented = match presented::read(headers, params) {
        Ok(presented) => presented,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(client_id) = presented.client_id.clone() else {
        return Ok(Err(Refused::unknown("client_not_found")));
    };
    let checked = check(app, caller, realm, &client_id, &presented).await?;
    match &checked {
        // For the others see `given`.
        Ok(client) if !client.public() => life::used(app, realm, client).await?,
        Ok(_) => {}
        // Whoever waits for approval, or was switched off, guesses nothing.
        Err(refused) if refused.event_error == "client_disabled" => {}
        Err(refused) => {
            let is_there = refused.event_error != "client_not_found";
            alerts::failed_login(app, realm, caller.ip, is_there.then_some(&client_id)).await;
        }
    }
    Ok(checked.map(|client| Authenticated { client }).map_err(|mut refused| {
        refused.client_id = Some(client_id);
        refused
    }))
}

/// The same for a form, where a refusal is written down as one of this type of event.
///
/// # Errors
///
/// [`Stop`] with what the caller did wrong, or those of the database.
pub async fn of_form(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    headers: &HeaderMap,
    body: &[u8],
    kind: &str,
) -> Result<(Authenticated, Params), Stop> {
    door::admit(realm, caller)?;
    let params = door::form(headers, body)?;
    match authenticate(app, caller, realm, headers, &params).await? {
        Ok(known) => Ok((known, params)),
        Err(refused) => {
            let mut event = events::refusal(kind, refused.event_error);
            event.client_id = refused.client_id;
            event.ip_address = Some(caller.ip.to_string());
            events::record_alone(app, realm, &event).await;
            Err(refused.refusal.into())
        }
    }
}

/// The same where pages of the client may call, too. Write the answer to it by [`told`].
///
/// # Errors
///
/// The answer: to a client that is not who it says, or to a page that is not the client's.
pub async fn of_page(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    headers: &HeaderMap,
    body: &[u8],
    kind: &str,
) -> Result<(Authenticated, Params), Response> {
    match of_form(app, caller, realm, headers, body, kind).await {
        Ok((known, _)) if !cors::admits(headers, &caller.base, &known.client) => Err(cors::invalid_origin()),
        Ok(found) => Ok(found),
        Err(stop) => Err(told(stop.into_response(), realm, headers)),
    }
}

/// An answer that the page that called may read, and that says how clients authenticate.
pub fn told(mut answer: Response, realm: &Realm, headers: &HeaderMap) -> Response {
    cors::apply_exposing(&mut answer, headers);
    door::challenge(&mut answer, realm, headers);
    answer
}

async fn check(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client_id: &str,
    presented: &Presented,
) -> Result<Result<Arc<Client>, Refused>, Error> {
    let Some(found) = cimd::calling(app, caller, realm, client_id).await? else {
        return Ok(Err(Refused::unknown("client_not_found")));
    };
    let is_pending = found.standing == Standing::Pending;
    if !is_pending && !found.enabled() {
        return Ok(Err(Refused::unknown("client_disabled")));
    }
    if found.text("protocol").is_some_and(|p| p != "openid-connect") {
        return Ok(Err(Refused::new(
            400,
            "invalid_client",
            "Wrong client protocol.",
            "invalid_client",
        )));
    }
    if found.public() {
        return Ok(match presented.assertion {
            None if is_pending => Err(Refused::pending()),
            None => Ok(found),
            Some(_) => Err(Refused::unknown("invalid_client")),
        });
    }
    let proof = match found.text("clientAuthenticatorType").unwrap_or("client-secret") {
        "client-secret" => secret::check(app, &found, presented)?,
        "client-jwt" | "client-secret-jwt" => assertion::check(app, caller, realm, &found, presented).await?,
        "client-x509" => certificate::check(app, caller, &found).await,
        _ => Err(Refused::unknown("invalid_client_credentials")),
    };
    Ok(match proof {
        // Only the application itself is told how it stands.
        Ok(()) if is_pending => Err(Refused::pending()),
        proof => proof.map(|()| found),
    })
}
