//! The doors: `logout` by GET and by form, and the answer to its question.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::{begin, by_refresh_token, confirmed};
use crate::app::App;
use crate::error::Error;
use crate::login::web::{open_realm, posted, query};
use crate::visitor::Visitor;

type Answer = Result<Response, Error>;

pub async fn logout(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Answer {
    match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => begin(&app, &visitor, &realm, &query(q)).await,
        Err(answer) => Ok(answer),
    }
}

/// By form: as by GET; with a refresh token it is an application that ends a session.
pub async fn logout_post(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => {
            let form = posted(&headers, &body);
            if form.has("refresh_token") {
                return Ok(by_refresh_token::answer(&app, &visitor.caller, &realm, &headers, &form).await);
            }
            begin(&app, &visitor, &realm, &form).await
        }
        Err(answer) => Ok(answer),
    }
}

pub async fn confirm(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let form = posted(&headers, &body);
    match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => confirmed(&app, &visitor, &realm, &query(q), &form).await,
        Err(answer) => Ok(answer),
    }
}
