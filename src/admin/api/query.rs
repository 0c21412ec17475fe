//! Parameters of an address, with Keycloak's answers to bad ones.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;

/// The query of a request.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = parts.uri.query().unwrap_or_default();
        Ok(Self(
            url::form_urlencoded::parse(text.as_bytes()).into_owned().collect(),
        ))
    }
}

impl Query {
    /// The first value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of a parameter.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// A switch, if it is given and not empty.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)
            .filter(|v| !v.is_empty())
            .map(|v| v.eq_ignore_ascii_case("true"))
    }

    /// A whole number. Keycloak finds no such address (404) where it is none.
    ///
    /// # Errors
    ///
    /// [`ApiError::no_such_path`].
    pub fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let parsed = self
            .text(name)
            .filter(|v| !v.is_empty())
            .map(|v| v.parse::<i32>().map(i64::from));
        parsed.transpose().map_err(|_| ApiError::no_such_path())
    }

    /// `first` and `max` as limit and offset; `-1` or nothing given: `most`.
    ///
    /// # Errors
    ///
    /// As [`Query::number`].
    pub fn page(&self, most: i64) -> Result<Page, ApiError> {
        let first = self.number("first")?.unwrap_or(0).max(0);
        let max = self.number("max")?.filter(|m| *m >= 0).unwrap_or(most);
        Ok(Page { first, max })
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub first: i64,
    pub max: i64,
}
