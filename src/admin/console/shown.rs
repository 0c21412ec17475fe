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

/// Units of time, by name, in seconds; the largest first.
pub const UNITS: [(&str, i64); 4] = [("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)];

/// A number of seconds as people say it.
pub struct Span {
    count: Option<i64>,
    unit: &'static str,
}

impl Span {
    /// Of a setting; nothing where there is none, or where 0 says so.
    pub fn of(text: &str, zero_is_none: bool) -> Self {
        let count = text.parse::<i64>().ok().filter(|n| *n >= i64::from(zero_is_none));
        let fits = |n: i64| UNITS.into_iter().find(|(_, size)| n % size == 0).unwrap_or(UNITS[3]);
        let (unit, size) = count.map_or(UNITS[0], fits);
        Self {
            count: count.map(|n| n / size),
            unit,
        }
    }

    /// For a page.
    pub fn told(&self) -> Value {
        let value = self.count.map_or_else(String::new, |n| n.to_string());
        json!({ "value": value, "unit": self.unit })
    }

    /// What a form says, in seconds.
    pub fn seconds(count: &str, unit: &str) -> Option<i64> {
        let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        count.parse::<i64>().ok().filter(|n| *n >= 0)?.checked_mul(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_said_in_the_largest_unit_that_fits_and_read_back() {
        for (text, zero_is_none, value, unit) in [
            ("", true, "", "days"),
            ("0", true, "", "days"),
            ("0", false, "0", "days"),
            ("604800", true, "7", "days"),
            ("5400", true, "90", "minutes"),
            ("61", false, "61", "seconds"),
            ("-5", false, "", "days"),
        ] {
            let told = Span::of(text, zero_is_none).told();
            assert_eq!(told, json!({ "value": value, "unit": unit }), "{text}");
            if !value.is_empty() {
                assert_eq!(Span::seconds(value, unit).unwrap().to_string(), text);
            }
        }
        assert!(Span::seconds("-1", "days").is_none() && Span::seconds("1", "years").is_none());
        assert!(Span::seconds("9223372036854775807", "days").is_none());
    }
}
