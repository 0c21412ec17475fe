//! Who looks at a page: a browser with its cookies and its wishes.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::app::App;
use crate::caller::Caller;

/// A browser that asks for a page.
#[derive(Clone)]
pub struct Visitor {
    pub caller: Caller,
    /// Name and value, in the order sent.
    cookies: Vec<(String, String)>,
    pub accept_language: Option<String>,
    /// The language chosen on this very page (`kc_locale`).
    pub kc_locale: Option<String>,
    /// Path and query as they were asked for.
    pub address: String,
    /// The address can be asked for again: nothing was sent with it.
    pub can_repeat: bool,
    /// It takes HTML; programs that ask for JSON only get their errors so.
    pub takes_html: bool,
}

impl Visitor {
    /// A cookie of the request, without the quotes that a value with special characters travels in.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |o| &o.0);
        let text = |name| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let accept = text(header::ACCEPT);
        Ok(Self {
            caller,
            cookies: cookies(&parts.headers),
            accept_language: text(header::ACCEPT_LANGUAGE).map(str::to_owned),
            kc_locale: query_value(uri.query().unwrap_or_default(), "kc_locale"),
            address: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            can_repeat: parts.method.is_safe(),
            takes_html: accept.is_none_or(|a| a.contains("text/html") || a.contains("*/*")),
        })
    }
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let bare = value
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .unwrap_or(value);
        Some((name.to_owned(), bare.to_owned()))
    });
    pairs.take(100).collect()
}

fn query_value(query: &str, name: &str) -> Option<String> {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name)?;
    Some(found.1.into_owned()).filter(|v| !v.is_empty())
}
