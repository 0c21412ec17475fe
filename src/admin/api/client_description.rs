//! `client-description-converter`: what a description of a client, as applications register themselves with, would make of
//! it.

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use crate::app::App;
use crate::client_registration;

/// The address of the converter.
pub fn routes() -> Router<App> {
    Router::new().route("/realms/{realm}/client-description-converter", post(convert))
}

async fn convert(admin: Admin, body: Bytes) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let described = client_registration::describe_as_client(&body);
    let described = described.ok_or_else(|| ApiError::error(StatusCode::BAD_REQUEST, "Unsupported format"))?;
    answer::json_plain(&described)
}
