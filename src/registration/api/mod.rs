//! The JSON door of registration (contract 3): the same address as the form's, told apart by `Content-Type`.

mod answer;
mod describe;
mod follow;

pub use describe::describe;
pub use follow::{code, resend, status};

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::record::{Applicant, Source};
use super::sent::{self, Sent, Unreadable};
use super::{Outcome, Refusal, register};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::{cors, door};
use crate::profile::FieldError;
use crate::store::client::{self, Client};
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};
use crate::theme::locale::{self, Offer, Wish};
use answer::{Door, Fault};

/// Whether a request is for this door rather than for the form's.
pub fn is_json(headers: &HeaderMap) -> bool {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// Whether a caller wants the description rather than the page.
pub fn takes_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// `POST`: registers.
///
/// # Errors
///
/// Those of the database, the hash pool and of mails.
pub async fn post(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Error> {
    let mut at = Door {
        app,
        realm,
        locale: language(realm, headers, None),
        headers,
    };
    let sent = match sent::read(body) {
        Ok(Ok(sent)) => sent,
        Ok(Err(errors)) => return Ok(at.refuse(&Fault::Fields(errors))),
        Err(Unreadable(text)) => return Ok(at.refuse(&Fault::Unreadable(text))),
    };
    at.locale = language(realm, headers, sent.locale.as_deref());
    if !door::is_secure_enough(realm, caller) {
        return Ok(at.refuse(&Fault::Https));
    }
    let client = match known_client(app, realm, sent.client_id.as_deref()).await? {
        Ok(client) => client,
        Err(fault) => return Ok(at.refuse(&fault)),
    };
    if !may_call(app, realm, headers, caller, client.as_deref()).await? {
        return Ok(cors::invalid_origin());
    }
    if !realm.enabled() {
        return Ok(at.refuse(&Fault::Disabled));
    }
    if sent.wants_tokens && !client.as_deref().is_some_and(may_get_tokens) {
        return Ok(at.refuse(&Fault::NoTokens));
    }
    answer(&at, caller, &sent, client).await
}

async fn answer(door: &Door<'_>, caller: &Caller, sent: &Sent, client: Option<Arc<Client>>) -> Result<Response, Error> {
    let status_token = crate::random::token();
    let mut details = Doc::new();
    details.insert("auth_method".into(), json!("openid-connect"));
    let applicant = Applicant {
        client: client.clone(),
        scope: None,
        ip: caller.ip.to_string(),
        locale: door.locale.clone(),
        source: Source::Json,
        tab: None,
        status_token: Some(status_token.clone()),
        wants_tokens: sent.wants_tokens,
        invited: None,
        details,
    };
    match register(door.app, caller, door.realm, &applicant, &sent.form).await? {
        Outcome::Registered(user) => {
            let client = client.filter(|_| sent.wants_tokens);
            door.done(caller, user, client, StatusCode::CREATED).await
        }
        Outcome::Waiting(row) => Ok(door.waiting(caller, &row, Some(&status_token))),
        Outcome::Refused(Refusal::Disabled) => Ok(door.refuse(&Fault::Disabled)),
        Outcome::Refused(Refusal::TooMany(seconds)) => Ok(door.refuse(&Fault::TooMany(seconds))),
        Outcome::Refused(Refusal::Unavailable(seconds)) => Ok(door.refuse(&Fault::Unavailable(seconds))),
        Outcome::Refused(Refusal::Denied { field, message }) => Ok(door.refuse(&Fault::Denied { field, message })),
        Outcome::Refused(Refusal::Form(_)) => Ok(door.refuse(&Fault::Proof { sent: sent.has_proof })),
        Outcome::Refused(Refusal::Fields(errors)) => Ok(door.refuse(&Fault::Fields(errors))),
    }
}

/// The application that a program names. It is a claim, not a proof; one that is not there, or does not work, is an error.
async fn known_client(app: &App, realm: &Realm, id: Option<&str>) -> Result<Result<Option<Arc<Client>>, Fault>, Error> {
    let Some(id) = id else {
        return Ok(Ok(None));
    };
    let found = client::by_client_id(&app.db, &realm.id, id).await?;
    Ok(match found.filter(|c| c.enabled()) {
        Some(client) => Ok(Some(client)),
        None => Err(Fault::Fields(vec![FieldError::new(
            "client_id",
            "clientNotFoundMessage",
        )])),
    })
}

/// Whether a page may call and read the answer: one of the application's Web Origins; if it names none, those of any of the
/// realm's; this server itself; or no page at all.
pub(super) async fn may_call(
    app: &App,
    realm: &Realm,
    headers: &HeaderMap,
    caller: &Caller,
    client: Option<&Client>,
) -> Result<bool, Error> {
    let Some(origin) = cors::origin(headers).filter(|o| !cors::is_own(o, &caller.base)) else {
        return Ok(true);
    };
    match client {
        Some(client) => Ok(cors::allowed(origin, client)),
        None => client::any_of_origin(&app.db, &realm.id, origin).await,
    }
}

/// Tokens are for applications that could have asked for them by password, without a secret.
fn may_get_tokens(client: &Client) -> bool {
    client.public() && client.flag("directAccessGrantsEnabled") && !client.flag("consentRequired")
}

/// The language of messages: what the body says, else the browser.
pub(super) fn language(realm: &Realm, headers: &HeaderMap, said: Option<&str>) -> String {
    let supported: Vec<String> = realm.texts("supportedLocales").into_iter().map(str::to_owned).collect();
    let offer = Offer {
        enabled: realm.flag("internationalizationEnabled"),
        supported: &supported,
        default: realm.text("defaultLocale"),
    };
    let accept_language = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    locale::choose(
        offer,
        Wish {
            kc_locale: said,
            accept_language,
            ..Wish::default()
        },
    )
}

/// The answer to `OPTIONS`. A page asks before it says for which application it speaks, so those of all the realm's
/// applications may ask; whether it may register is decided when it does.
pub async fn preflight(
    State(app): State<App>,
    Path(place): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let realm = realm::by_name(&app.db, place.get("realm").map_or("", String::as_str)).await?;
    if let (Some(realm), Some(origin)) = (realm, cors::origin(&headers))
        && client::any_of_origin(&app.db, &realm.id, origin).await?
    {
        return Ok(cors::preflight(&headers, "GET, POST, OPTIONS"));
    }
    Ok((StatusCode::OK, [(header::ALLOW, "HEAD, POST, GET, OPTIONS")]).into_response())
}
