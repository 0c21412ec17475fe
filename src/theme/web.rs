//! The door to the static files of themes.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use std::collections::BTreeMap;

use serde_json::json;

use super::Kind;
use crate::app::App;
use crate::error::Error;
use crate::store::realm;

/// `GET /resources/{version}/{kind}/{theme}/{path}`. The version changes with the content, so browsers keep it for good.
pub async fn resource(
    State(app): State<App>,
    Path((_version, kind, theme, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Some(file) = crate::console::web::file(&app, &kind, &theme, &path, &headers).await {
        return file;
    }
    let found = Kind::from_name(&kind).and_then(|kind| app.themes.resource(&theme, kind, &path));
    let Some(resource) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = if app.themes.is_reloading() {
        "no-cache"
    } else {
        "public, max-age=31536000, immutable"
    };
    let about = [
        (header::CONTENT_TYPE, resource.content_type),
        (header::CACHE_CONTROL, kept),
        (header::ETAG, resource.etag.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|v| v.as_bytes() == resource.etag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, resource.bytes.to_vec()).into_response()
}

/// `GET /resources/{realm}/{kind}/{locale}`: all texts of a realm's theme in one language, as Keycloak's pages ask for them.
pub async fn texts(
    State(app): State<App>,
    Path((realm, kind, locale)): Path<(String, String, String)>,
) -> Result<Response, Error> {
    let known = realm::by_name(&app.db, &realm).await?;
    let (Some(realm), Some(kind)) = (known, Kind::from_name(&kind)) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let setting = match kind {
        Kind::Login => "loginTheme",
        Kind::Admin => "adminTheme",
        _ => "accountTheme",
    };
    let theme = realm.text(setting).unwrap_or_default();
    let official = app.console.as_ref().map(|console| console.texts(kind, &locale));
    let built_in = app.themes.texts(theme, kind, &locale);
    let mut all: BTreeMap<&str, &str> = built_in.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let of_console = official.iter().flat_map(|texts| texts.iter());
    all.extend(of_console.map(|(k, v)| (k.as_str(), v.as_str())));
    let own = realm.localization.get(&locale).into_iter().flatten();
    all.extend(own.filter_map(|(key, text)| Some((key.as_str(), text.as_str()?))));
    let list: Vec<_> = all
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let about = [
        (header::CONTENT_TYPE, "application/json;charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((about, serde_json::to_string(&list)?).into_response())
}
