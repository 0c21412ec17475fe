//! The management port: health for whoever watches the server.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::store::migrate;

/// `/health`, `/health/live`, `/health/ready`, `/health/started`, with Keycloak's JSON.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/health/live", get(live))
        .route("/health/started", get(live))
        .with_state(app)
}

fn answer(up: bool, checks: &str) -> Response {
    let word = if up { "UP" } else { "DOWN" };
    let status = if up {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = format!("{{\"status\":\"{word}\",\"checks\":[{checks}]}}");
    (status, [("content-type", "application/json")], body).into_response()
}

async fn live() -> Response {
    answer(true, "")
}

async fn ready(State(app): State<App>) -> Response {
    // Whoever asks waits for a second or two at most.
    let asked = tokio::time::timeout(Duration::from_secs(2), migrate::answers(&app.db));
    let up = asked.await.unwrap_or(false);
    let word = if up { "UP" } else { "DOWN" };
    answer(
        up,
        &format!("{{\"name\":\"Database connections health check\",\"status\":\"{word}\"}}"),
    )
}
