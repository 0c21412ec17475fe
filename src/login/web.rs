//! The doors of signing in: `/realms/REALM/login-actions/*`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vestibule_oauth::params::{Limits, Params};

use super::entry::{self, Entered, Place};
use super::session::FlowKind;
use super::{Turn, actions, expired, flow};
use crate::app::App;
use crate::consent;
use crate::error::Error;
use crate::oidc::door;
use crate::page::{Caching, Draft};
use crate::registration;
use crate::store::realm::{self, Realm};
use crate::store::user::{self, User};
use crate::visitor::Visitor;

type Answer = Result<Response, Error>;

/// The realm of an address, or the page that says there is none: in the look of realm `master`.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn open_realm(app: &App, visitor: &Visitor, name: &str) -> Result<Result<Arc<Realm>, Response>, Error> {
    if let Some(realm) = realm::by_name(&app.db, name).await? {
        return Ok(Ok(realm));
    }
    let page = match realm::by_name(&app.db, "master").await? {
        Some(master) if visitor.takes_html => crate::page::not_found(app, &master, visitor)?,
        _ => {
            let body = r#"{"error":"Realm does not exist"}"#;
            (
                StatusCode::NOT_FOUND,
                [(header::CONTENT_TYPE, "application/json")],
                body,
            )
                .into_response()
        }
    };
    Ok(Err(page))
}

/// The parameters of an address.
pub fn query(text: Option<String>) -> Params {
    Params::parse(text.unwrap_or_default().as_bytes(), Limits::default()).unwrap_or_default()
}

/// A form, URL-encoded. `None`: this is none.
pub fn form(headers: &HeaderMap, body: &Bytes) -> Option<Params> {
    is(headers, "application/x-www-form-urlencoded").then_some(())?;
    Params::parse(body, Limits::default()).ok()
}

/// The same; what is no form is an empty one, and is told so by the first check.
pub fn posted(headers: &HeaderMap, body: &Bytes) -> Params {
    form(headers, body).unwrap_or_default()
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    sent.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(kind)
}

/// A form, URL-encoded or `multipart/form-data`, which browsers may send as well.
async fn any_form(headers: &HeaderMap, body: Bytes) -> Option<Params> {
    if !is(headers, "multipart/form-data") {
        return form(headers, &body);
    }
    let mut request = Request::new(axum::body::Body::from(body));
    *request.headers_mut() = headers.clone();
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        pairs.push((name, part.text().await.ok()?));
        if pairs.len() > 1000 {
            return None;
        }
    }
    Some(pairs.into_iter().collect())
}

/// `authenticate`, `registration`, `reset-credentials`, `required-action`, `consent`, `restart`.
pub async fn action(
    State(app): State<App>,
    Path((realm, action)): Path<(String, String)>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let realm = match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(answer),
    };
    let place = match action.as_str() {
        "authenticate" => Place::Flow(FlowKind::Browser),
        "registration" => Place::Flow(FlowKind::Registration),
        "reset-credentials" => Place::Flow(FlowKind::ResetCredentials),
        "required-action" => Place::RequiredAction,
        "consent" => Place::Consent,
        "restart" => Place::Restart,
        _ => {
            let mut draft = Draft::new(&app, &realm, &visitor, None);
            draft.caching = Caching::NoStore;
            return draft.error(StatusCode::NOT_FOUND, "pageNotFound", &[]);
        }
    };
    let posts = method == Method::POST;
    if (!posts && place == Place::Consent) || (posts && place == Place::Restart) {
        return Ok(door::wrong_method(method).await);
    }
    let query = query(q);
    let entered = entry::enter(&app, &visitor, &realm, &query, place).await?;
    let (turn, acts) = match entered {
        Entered::Answer(answer) => return Ok(answer),
        Entered::Look(turn) => (turn, false),
        Entered::Act(turn) => (turn, true),
    };
    let mut turn = turn;
    if place == Place::RequiredAction && !acts {
        crate::required_actions::remember_mode(&mut turn, query.text("mode"));
    }
    let sent = if posts { any_form(&headers, body).await } else { None };
    match place {
        Place::Flow(_) if acts && posts => match sent {
            Some(form) => flow::run(turn, Some(&form)).await,
            None => flow::failed(turn, &flow::UNEXPECTED).await,
        },
        Place::Flow(_) => flow::run(turn, None).await,
        Place::RequiredAction => {
            // "Send again" is a link: a GET with the one-time code.
            let form = acts.then(|| sent.unwrap_or_default());
            required_action(turn, form).await
        }
        Place::Consent => consented(turn, sent.unwrap_or_default()).await,
        Place::Restart => entry::restart(turn, query.get("skip_logout") == Some("true")).await,
    }
}

/// Who a tab has proved; nobody, if they were deleted or disabled meanwhile.
async fn proved(turn: &Turn) -> Result<Option<User>, Error> {
    let Some(id) = &turn.session.user_id else {
        return Ok(None);
    };
    let found = user::by_id(&turn.app.db, &turn.realm.id, id).await?;
    Ok(found.filter(|u| u.enabled))
}

async fn required_action(mut turn: Turn, form: Option<Params>) -> Answer {
    if turn.session.note(registration::web::NOTE).is_some() {
        // Nobody yet: the registration waits for the proof of its address.
        return registration::proof::run(turn, form.as_ref()).await;
    }
    match proved(&turn).await? {
        Some(user) => actions::run(turn, user, form.as_ref()).await,
        None => expired::error(turn.notice(), "accountDisabledMessage"),
    }
}

/// The answer of the consent page; its code is in the form. Only a clear yes is one.
async fn consented(mut turn: Turn, form: Params) -> Answer {
    let Some(user) = proved(&turn).await? else {
        return expired::error(turn.notice(), "accountDisabledMessage");
    };
    let code = form.get("code").unwrap_or_default();
    if turn.session.execution.as_deref() != Some(actions::CONSENT) || !turn.session.is_code(code) {
        return expired::page(&mut turn);
    }
    turn.session.code = None;
    match (form.has("accept"), form.has("cancel")) {
        (_, true) => consent::answered(turn, user, false).await,
        (true, false) => consent::answered(turn, user, true).await,
        (false, false) => consent::page(turn, &user).await,
    }
}

/// What an address takes that takes GET and POST.
pub async fn options() -> Response {
    let mut answer = StatusCode::OK.into_response();
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("HEAD, POST, GET, OPTIONS"));
    answer
}
