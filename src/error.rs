//! Failures: we could not answer. Read by the operator, through the log; a client sees constant text.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why the server could not do its work. What a caller did wrong is never here: each flow has its own refusals.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("the database failed: {0}")]
    Storage(Box<dyn std::error::Error + Send + Sync>),
    /// A statement came second: what it builds on, or the name it takes, has changed since it was looked at.
    #[error("overtaken by another request: {0}")]
    Overtaken(Box<dyn std::error::Error + Send + Sync>),
    /// The database does not answer.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// A bounded resource is used up; the caller may come again in a moment.
    #[error("too busy: {0}")]
    Busy(&'static str),
    /// What is stored cannot be understood.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// A key could not be made, opened or used.
    #[error("a key failed: {0}")]
    Key(String),
    /// What a client wants encrypted cannot be, by a fault of its own settings; the text may be told.
    #[error("{0}")]
    NotEncrypted(String),
    /// A page or mail could not be rendered.
    #[error("a page failed: {0}")]
    Page(String),
    /// A mail could not be handed over.
    #[error("mail failed: {0}")]
    Mail(String),
    /// The server is set up wrongly; the text says what to change.
    #[error("{0}")]
    Setup(String),
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::Busy("the database is locked")
            }
            Some(rusqlite::ErrorCode::DiskFull) => Self::Unreachable("the disk is full".into()),
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Overtaken(e.into()),
            _ => Self::Storage(e.into()),
        }
    }
}

/// An error with its causes; the driver's own text is only "db error".
pub(crate) fn in_full(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text
}

impl From<tokio_postgres::Error> for Error {
    fn from(e: tokio_postgres::Error) -> Self {
        let class = e.code().map_or("", |c| &c.code()[..2]);
        // 08 connection, 53 resources, 57 operator intervention: another attempt may succeed. 23 a constraint, 40 a
        // deadlock, 55 a lock: somebody else was faster, and another attempt will see what they did.
        match class {
            _ if e.is_closed() => Self::Unreachable(in_full(&e)),
            "08" | "53" | "57" => Self::Unreachable(in_full(&e)),
            "23" | "40" | "55" => Self::Overtaken(in_full(&e).into()),
            _ => Self::Storage(in_full(&e).into()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Self::Corrupt(e.to_string())
    }
}

impl Error {
    /// 503 if coming again may help, 400 if the client's settings are at fault, else 500.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Busy(_) | Self::Unreachable(_) | Self::Overtaken(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotEncrypted(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Error {
    /// Logs the cause, once, and answers with Keycloak's constant text.
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::NotEncrypted(why) = &self {
            let body = serde_json::json!({ "error": "invalid_request", "error_description": why }).to_string();
            return (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        }
        tracing::error!(status = status.as_u16(), "{self}");
        let body = r#"{"error":"unknown_error","error_description":"For more on this error consult the server log."}"#;
        let mut answer = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}
