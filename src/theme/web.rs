//! The door to the static files of themes.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Kind;
use crate::app::App;

/// `GET /resources/{version}/{kind}/{theme}/{path}`. The version changes with the content, so browsers keep it for good.
pub async fn resource(
    State(app): State<App>,
    Path((_version, kind, theme, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
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
