//! What an organization may be called, with Keycloak's words.

use axum::http::StatusCode;
use serde_json::Value;
use url::Url;

use super::super::error::ApiError;
use super::super::reserved;
use crate::store::json::{Doc, text};

/// The longest name or alias.
const LONGEST: usize = 255;

/// The name that was sent, if it is not blank.
pub(super) fn name(given: &Doc) -> Option<&str> {
    text(given, "name").filter(|n| !n.trim().is_empty())
}

pub(super) fn name_taken() -> ApiError {
    ApiError::conflict("A organization with the same name already exists.")
}

pub(super) fn alias_taken() -> ApiError {
    ApiError::conflict("A organization with the same alias already exists")
}

/// The alias of a new organization: its name, where none was sent.
pub(super) fn alias<'a>(given: &'a Doc, name: &'a str) -> Result<&'a str, ApiError> {
    let alias = match text(given, "alias") {
        Some(alias) => {
            reserved::check_alias(alias)?;
            alias
        }
        None => match reserved::in_alias(name) {
            Some(why) => return Err(ApiError::bad(&format!("Name cannot be used as alias: {why}"))),
            None => name,
        },
    };
    if [alias, name].iter().any(|t| t.chars().count() > LONGEST) {
        return Err(ApiError::bad("Database operation failed"));
    }
    Ok(alias)
}

/// Where people go who accepted an invitation.
pub(super) fn redirect_url(given: &Doc) -> Result<(), ApiError> {
    let Some(address) = text(given, "redirectUrl") else {
        return Ok(());
    };
    // Where addresses are read, line breaks in them are passed over; in a header they would end it.
    let plain = !address.chars().any(char::is_control);
    let known = plain && Url::parse(address).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
    if known {
        Ok(())
    } else {
        Err(ApiError::message(
            StatusCode::BAD_REQUEST,
            "Organization redirect URL is not valid.",
        ))
    }
}

/// Whether it is to be enabled: unless the sender says no.
pub(super) fn is_enabled(given: &Doc) -> bool {
    given.get("enabled").and_then(Value::as_bool) != Some(false)
}
