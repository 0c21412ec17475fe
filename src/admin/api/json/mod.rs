//! Reading representations as Keycloak reads them: known members only, of their type, with its texts for what is wrong.

mod shape;
mod walk;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde_json::Value;

use super::error::ApiError;
use crate::store::json::Doc;
use shape::Kind;
pub use shape::members;
use walk::parse;

/// The body of a request; its content type is JSON, or not said.
pub struct Body(Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let said = request.headers().get(header::CONTENT_TYPE);
        let kind = said.map(|v| {
            v.to_str()
                .unwrap_or("?")
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        });
        if kind.is_some_and(|k| !k.eq_ignore_ascii_case("application/json") && k != "*/*") {
            return Err(wrong_content_type());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| cannot_parse("invalid_request"))?;
        Ok(Self(bytes))
    }
}

/// 415, as Keycloak says it.
pub fn wrong_content_type() -> ApiError {
    let text = "The content-type header value did not match the value in @Consumes";
    ApiError::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Body {
    /// The document, one of the representations of `shapes.txt`, with its values in the types given there.
    ///
    /// # Errors
    ///
    /// 400 for what is not JSON, has unknown members or values of another type.
    pub fn object(&self, shape: &str) -> Result<Doc, ApiError> {
        match parse(&self.0, &Kind::Object(shape.to_owned()))? {
            Value::Object(doc) => Ok(doc),
            _ => Err(cannot_parse("invalid_request")),
        }
    }

    /// A list of documents, all of one representation.
    ///
    /// # Errors
    ///
    /// As [`Body::object`].
    pub fn list(&self, shape: &str) -> Result<Vec<Doc>, ApiError> {
        let kind = Kind::List(Box::new(Kind::Object(shape.to_owned())));
        match parse(&self.0, &kind)? {
            Value::Array(all) => Ok(all
                .into_iter()
                .filter_map(|v| if let Value::Object(d) = v { Some(d) } else { None })
                .collect()),
            _ => Err(cannot_parse("invalid_request")),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// As [`Body::object`].
    pub fn texts(&self) -> Result<Vec<String>, ApiError> {
        match parse(&self.0, &Kind::List(Box::new(Kind::Text)))? {
            Value::Array(all) => Ok(all.into_iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()),
            _ => Err(cannot_parse("invalid_request")),
        }
    }

    /// A map of texts.
    ///
    /// # Errors
    ///
    /// As [`Body::object`].
    pub fn map(&self) -> Result<Doc, ApiError> {
        match parse(&self.0, &Kind::Map(Box::new(Kind::Text)))? {
            Value::Object(doc) => Ok(doc),
            _ => Err(cannot_parse("invalid_request")),
        }
    }

    /// Any object, whatever its members.
    ///
    /// # Errors
    ///
    /// As [`Body::object`].
    pub fn any(&self) -> Result<Doc, ApiError> {
        match parse(&self.0, &Kind::Map(Box::new(Kind::Any)))? {
            Value::Object(doc) => Ok(doc),
            _ => Err(cannot_parse("invalid_request")),
        }
    }

    /// What was sent, as it is.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Nothing was sent, or `null`.
    pub fn is_empty(&self) -> bool {
        matches!(self.0.trim_ascii(), b"" | b"null")
    }
}

fn cannot_parse(error: &str) -> ApiError {
    ApiError::described(StatusCode::BAD_REQUEST, error, "Cannot parse the JSON")
}
