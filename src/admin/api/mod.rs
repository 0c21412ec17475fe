//! Keycloak's Admin REST API: a file per resource.
//!
//! Every file has `routes()`, the addresses of its resource below `/admin`. Handlers take [`auth::Admin`] (who calls, for
//! which realm, with which rights), ask it for a right first, and answer with [`error::Answer`].

pub mod absent;
pub mod answer;
pub mod auth;
pub mod authentication;
pub mod client_description;
pub mod client_policies;
pub mod client_registrations;
pub mod client_scopes;
pub mod clients;
pub mod component_settings;
pub mod components;
pub mod console;
pub mod container;
mod cors;
pub mod dates;
pub mod declared;
pub mod default_client_scopes;
pub mod error;
pub mod events;
mod extensions;
pub mod grants;
pub mod groups;
pub mod identity_providers;
pub mod initial_access;
pub mod json;
pub mod localization;
pub mod organizations;
pub mod others;
mod own_key;
pub mod protocol_mappers;
pub mod query;
pub mod realms;
pub mod record;
mod references;
pub mod representation;
pub mod reserved;
pub mod roles;
pub mod scope_mappings;
pub mod search_terms;
pub mod server_info;
pub mod ui_ext;
pub mod upload;
pub mod users;
pub mod webhooks;
mod who_am_i;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::util::MapRequest;

use crate::app::App;
use error::ApiError;

/// The service below `/admin`. Slashes at the end of addresses do not matter.
pub fn service(app: App) -> MapRequest<Router, fn(Request) -> Request> {
    let router = Router::new()
        // -- realms, users, events: -------------------------------------------------------------------------------
        .merge(realms::routes())
        .merge(users::routes())
        .merge(events::routes())
        .merge(webhooks::routes())
        .merge(console::routes())
        .merge(crate::admin::console::routes())
        // -- clients, roles, groups, scopes, components: ----------------------------------------------------------
        .merge(authentication::routes())
        .merge(clients::routes())
        .merge(client_description::routes())
        .merge(client_policies::routes())
        .merge(client_registrations::routes())
        .merge(client_scopes::routes())
        .merge(default_client_scopes::routes())
        .merge(components::routes())
        .merge(groups::routes())
        .merge(identity_providers::routes())
        .merge(initial_access::routes())
        .merge(localization::routes())
        .merge(organizations::routes())
        .merge(protocol_mappers::routes())
        .merge(roles::routes())
        .merge(scope_mappings::routes())
        .merge(server_info::routes(&app))
        .merge(ui_ext::routes())
        .merge(who_am_i::routes())
        // -- what is not there yet: ---------------------------------------------------------------------------------
        .merge(others::routes())
        .merge(absent::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn(cors::apply))
        .layer(axum::middleware::from_fn(common_headers))
        .with_state(app);
    MapRequest::new(router, without_slash)
}

fn without_slash(mut request: Request) -> Request {
    let uri = request.uri();
    let path = uri.path();
    if path.len() > 1 && path.ends_with('/') {
        let mut text = path.trim_end_matches('/').to_owned();
        if text.is_empty() {
            text.push('/');
        }
        if let Some(query) = uri.query() {
            text = format!("{text}?{query}");
        }
        if let Ok(shorter) = text.parse::<Uri>() {
            *request.uri_mut() = shorter;
        }
    }
    request
}

/// An unknown address. Whoever has no token is not told that it is unknown.
async fn no_such_path(who: Result<auth::Administrator, Response>) -> Response {
    who.map_or_else(|refusal| refusal, |_| ApiError::no_such_path().into_response())
}

async fn wrong_method() -> Response {
    ApiError::error(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed").into_response()
}

/// The headers that Keycloak puts on all of its answers.
async fn common_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry("x-robots-tag")
        .or_insert(HeaderValue::from_static("none"));
    for (name, value) in [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
