//! Where a person types the code of a device, and what they are told at the end.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use vestibule_oauth::params::Params;

use super::allowed;
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::login::request::AuthRequest;
use crate::login::session::{self, FlowKind};
use crate::login::web::{open_realm, posted, query};
use crate::login::{address, restart};
use crate::oidc::door;
use crate::page::{self, Caching, Draft, StatusCode};
use crate::protection::{self, Rule, network, per};
use crate::store::client::{self, Client};
use crate::store::device_code::{self, State as DeviceState};
use crate::store::realm::Realm;
use crate::theme::pages::{DeviceUserCode, Info, Severity};
use crate::visitor::Visitor;

type Answer = Result<Response, Error>;

/// How often codes may be typed in one network: there are 25 thousand million, of which few are good at a time.
const TRIES: protection::Limit = per(100, 600);

/// And how often wrongly.
const WRONG: protection::Limit = per(5, 60);

/// `GET /realms/{realm}/device`, and of the device's own endpoint by a browser.
pub async fn get(State(app): State<App>, Path(realm): Path<String>, visitor: Visitor, RawQuery(q): RawQuery) -> Answer {
    enter(&app, &visitor, &realm, &query(q), "user_code").await
}

/// `POST` of the page's form.
pub async fn post(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    enter(&app, &visitor, &realm, &posted(&headers, &body), "device_user_code").await
}

async fn enter(app: &App, visitor: &Visitor, realm: &str, sent: &Params, field: &str) -> Answer {
    let realm = match open(app, visitor, realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(answer),
    };
    match sent.text(field) {
        None => ask(app, visitor, &realm),
        Some(code) => verify(app, visitor, &realm, code).await,
    }
}

/// The realm, if it takes people in.
async fn open(app: &App, visitor: &Visitor, name: &str) -> Result<Result<Arc<Realm>, Response>, Error> {
    let realm = match open_realm(app, visitor, name).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(Err(answer)),
    };
    let refused = if !door::is_secure_enough(&realm, &visitor.caller) {
        Some((StatusCode::FORBIDDEN, "httpsRequiredMessage"))
    } else if !realm.enabled() {
        Some((StatusCode::BAD_REQUEST, "realmNotEnabledMessage"))
    } else {
        None
    };
    Ok(match refused {
        None => Ok(realm),
        Some((status, key)) => Err(Draft::new(app, &realm, visitor, None).error(status, key, &[])?),
    })
}

/// The page that asks for the code.
fn ask(app: &App, visitor: &Visitor, realm: &Realm) -> Answer {
    page(app, visitor, realm, None, StatusCode::OK)
}

/// The same again: the code is not good.
fn again(app: &App, visitor: &Visitor, realm: &Realm, fault: &str) -> Answer {
    page(app, visitor, realm, Some(fault), StatusCode::OK)
}

/// The same again: no code is looked at for so many seconds.
fn later(app: &App, visitor: &Visitor, realm: &Realm, seconds: i64) -> Answer {
    let fault = Some("tooManyUserCodesMessage");
    let mut answer = page(app, visitor, realm, fault, StatusCode::TOO_MANY_REQUESTS)?;
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Ok(answer)
}

fn page(app: &App, visitor: &Visitor, realm: &Realm, fault: Option<&str>, status: StatusCode) -> Answer {
    let mut draft = Draft::new(app, realm, visitor, None);
    draft.caching = Caching::NoStore;
    draft.shell.url.oauth2_device_verification_action =
        format!("{}/device", address::realm_path(&visitor.caller, realm));
    if let Some(fault) = fault {
        draft.message(Severity::Error, fault, &[]);
    }
    draft.answer(status, &DeviceUserCode {})
}

/// Opens a tab for the request of the device.
async fn verify(app: &App, visitor: &Visitor, realm: &Arc<Realm>, typed: &str) -> Answer {
    if let Some(wait) = wait(app, visitor, realm).await? {
        return later(app, visitor, realm, wait);
    }
    let typed: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect::<String>()
        .to_ascii_uppercase();
    let found = device_code::by_user_code(&app.db, &realm.id, &typed).await?;
    let Some(found) = found.filter(|found| found.state == DeviceState::Pending) else {
        recorded(app, visitor, realm, None, "invalid_oauth2_user_code").await;
        return match spend(app, realm, tried(visitor, realm, "wrong-user-code", WRONG)).await? {
            None => again(app, visitor, realm, "oauth2DeviceInvalidUserCodeMessage"),
            Some(wait) => later(app, visitor, realm, wait),
        };
    };
    let client = client::by_id(&app.db, &realm.id, &found.client_uuid).await?;
    if found.expires <= app.now() {
        recorded(app, visitor, realm, client.as_deref(), "expired_oauth2_user_code").await;
        return again(app, visitor, realm, "oauth2DeviceExpiredUserCodeMessage");
    }
    let Some(client) = client.filter(|c| c.enabled() && allowed(c)) else {
        let mut draft = Draft::new(app, realm, visitor, None);
        draft.caching = Caching::NoStore;
        let key = "oauth2DeviceAuthorizationGrantDisabledMessage";
        return draft.error(StatusCode::BAD_REQUEST, key, &[]);
    };
    let request: AuthRequest = serde_json::from_str(&found.doc)?;
    let mut session = session::open(app, visitor, realm, &client, request, FlowKind::Browser).await?;
    let cookie = restart::cookie(app, visitor, realm, &client.client_id, &session.request)?;
    session.set_cookies.extend(cookie);
    let cookies = std::mem::take(&mut session.set_cookies);
    session::save(app, &mut session).await?;
    let here = address::here(&visitor.caller, realm, &client, &session);
    Ok(page::redirect(realm, &here, &cookies))
}

/// Seconds to wait, if the visitor's network has tried too often.
async fn wait(app: &App, visitor: &Visitor, realm: &Realm) -> Result<Option<i64>, Error> {
    let wait = protection::foresee(app, &[tried(visitor, realm, "wrong-user-code", WRONG)]).await?;
    match wait {
        None => spend(app, realm, tried(visitor, realm, "user-code", TRIES)).await,
        wait => Ok(wait),
    }
}

fn tried(visitor: &Visitor, realm: &Realm, kind: &str, limit: protection::Limit) -> Rule {
    let network = network::of(visitor.caller.ip).to_string();
    Rule::plain(&realm.id, kind, &network, limit)
}

async fn spend(app: &App, realm: &Realm, rule: Rule) -> Result<Option<i64>, Error> {
    let mut tx = app.db.begin().await?;
    let wait = protection::spend(&mut tx, app, &realm.id, &[rule]).await?;
    tx.commit_lazily().await?;
    Ok(wait)
}

async fn recorded(app: &App, visitor: &Visitor, realm: &Realm, client: Option<&Client>, error: &str) {
    let mut event = events::refusal("OAUTH2_DEVICE_VERIFY_USER_CODE", error);
    event.client_id = client.map(|c| c.client_id.clone());
    event.ip_address = Some(visitor.caller.ip.to_string());
    events::record_alone(app, realm, &event).await;
}

/// Where a tab of a device's request ends; `error`: why it was not granted.
pub fn end_address(visitor: &Visitor, realm: &Realm, error: Option<&str>) -> String {
    let base = format!("{}/device/status", address::realm_url(&visitor.caller, realm));
    match error {
        None => base,
        Some(error) => format!("{base}?{}", vestibule_oauth::params::encode(&[("error", error)])),
    }
}

/// `GET /realms/{realm}/device/status`: it is done, or it is not.
pub async fn status(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Answer {
    let realm = match open(&app, &visitor, &realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(answer),
    };
    let query = query(q);
    let (header, text) = match query.text("error") {
        None => (
            "oauth2DeviceVerificationCompleteHeader",
            "oauth2DeviceVerificationCompleteMessage",
        ),
        Some(error) => (
            "oauth2DeviceVerificationFailedHeader",
            match error {
                "access_denied" => "oauth2DeviceConsentDeniedMessage",
                "expired_token" => "oauth2DeviceExpiredUserCodeMessage",
                _ => "oauth2DeviceVerificationFailedMessage",
            },
        ),
    };
    let mut draft = Draft::new(&app, &realm, &visitor, None);
    draft.caching = Caching::NoStore;
    let info = Info {
        message_header: Some(draft.text(header, &[])),
        skip_link: true,
        ..Info::default()
    };
    draft.info(text, &[], &info)
}
