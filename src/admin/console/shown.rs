//! What forms send, and what pages show of times.

use axum::extract::{Form, FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::clock;

/// A form as it was sent; a name may come more than once.
pub struct Sheet(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Sheet {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let sent = Form::<Vec<(String, String)>>::from_request(request, state).await;
        sent.map(|Form(pairs)| Self(pairs)).map_err(IntoResponse::into_response)
    }
}

impl Sheet {
    /// A field, trimmed; empty if it was not sent.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// All values of a field, or the lines of one that was sent as lines.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        let sent = self.0.iter().filter(|(n, _)| n == name);
        let lines = sent.flat_map(|(_, value)| value.lines());
        lines.map(str::trim).filter(|line| !line.is_empty()).collect()
    }
}

/// An instant (epoch milliseconds), for a page; null for 0.
pub fn instant(millis: i64) -> Value {
    if millis == 0 {
        return Value::Null;
    }
    let iso = clock::iso(millis);
    let text = iso.get(..16).unwrap_or_default().replace('T', " ");
    json!({ "iso": iso, "text": format!("{text} UTC") })
}

/// How long it is until an instant, in the largest unit that fits twice: `{"unit": "days", "count": 29}`; null once it is past.
pub fn left(millis: i64, now: i64) -> Value {
    let seconds = (millis - now) / 1000;
    if seconds <= 0 {
        return Value::Null;
    }
    let (unit, size) = match seconds {
        s if s >= 172_800 => ("days", 86_400),
        s if s >= 7_200 => ("hours", 3_600),
        _ => ("minutes", 60),
    };
    json!({ "unit": unit, "count": (seconds + size - 1) / size })
}
