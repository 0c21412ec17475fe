//! The doors: `auth`, `registrations`, `forgot-credentials`, by GET and by form.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use vestibule_oauth::params::Params;

use super::begin;
use crate::app::App;
use crate::error::Error;
use crate::login::session::FlowKind;
use crate::login::web::{open_realm, posted, query};
use crate::oidc::door::no_realm;
use crate::registration::api;
use crate::store::realm;
use crate::visitor::Visitor;

type Answer = Result<Response, Error>;

async fn enter(app: &App, visitor: &Visitor, realm: &str, params: &Params, kind: FlowKind) -> Answer {
    match open_realm(app, visitor, realm).await? {
        Ok(realm) => begin(app, visitor, &realm, params, kind).await,
        Err(answer) => Ok(answer),
    }
}

pub async fn auth(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Answer {
    enter(&app, &visitor, &realm, &query(q), FlowKind::Browser).await
}

pub async fn auth_post(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    enter(&app, &visitor, &realm, &posted(&headers, &body), FlowKind::Browser).await
}

/// A page; or, for who takes JSON only, what a form of one's own must ask (contract 3).
pub async fn registrations(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
    headers: HeaderMap,
) -> Answer {
    if api::takes_json(&headers) {
        let Some(realm) = realm::by_name(&app.db, &realm).await? else {
            return Ok(no_realm());
        };
        let query = query(q);
        return api::describe(&app, &visitor.caller, &realm, &headers, query.text("client_id")).await;
    }
    enter(&app, &visitor, &realm, &query(q), FlowKind::Registration).await
}

/// An authorization request by form. JSON on the same address is a registration in itself (design, decision 2).
pub async fn registrations_post(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    if api::is_json(&headers) {
        return match realm::by_name(&app.db, &realm).await? {
            Some(realm) => api::post(&app, &visitor.caller, &realm, &headers, &body).await,
            None => Ok(no_realm()),
        };
    }
    enter(&app, &visitor, &realm, &posted(&headers, &body), FlowKind::Registration).await
}

pub async fn forgot(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Answer {
    enter(&app, &visitor, &realm, &query(q), FlowKind::ResetCredentials).await
}

pub async fn forgot_post(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    enter(
        &app,
        &visitor,
        &realm,
        &posted(&headers, &body),
        FlowKind::ResetCredentials,
    )
    .await
}
