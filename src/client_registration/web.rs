//! The page for people whom an application sends that nobody has approved yet: it says so, and goes on by itself.

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use vestibule_oauth::params::{self, Params};

use crate::app::App;
use crate::error::Error;
use crate::login::web::{open_realm, query};
use crate::page::{Caching, Draft};
use crate::store::client::{self, Client, Standing};
use crate::store::realm::Realm;
use crate::theme::pages::approval::ClientPending;
use crate::visitor::Visitor;

/// Seconds after which the page looks again by itself, where it has no JavaScript to ask in the background.
const PAUSE: u32 = 20;

/// The page in the place of what an authorization request of this client would show.
///
/// # Errors
///
/// Those of pages.
pub fn not_yet(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    client: &Client,
    asked: &Params,
) -> Result<Response, Error> {
    let mut draft = Draft::new(app, realm, visitor, Some(client));
    draft.caching = Caching::NoStore;
    // Until somebody has looked at it, it leads nobody anywhere.
    if let Some(shown) = &mut draft.shell.client {
        shown.base_url.clear();
        shown.attributes.clear();
    }
    if client.standing == Standing::Refused {
        return draft.error(StatusCode::BAD_REQUEST, "clientRefusedMessage", &[]);
    }
    // Whoever asks for no page gets none that waits.
    let without_page = asked
        .text("prompt")
        .is_some_and(|prompt| prompt.split(' ').any(|one| one == "none"));
    if without_page || !visitor.takes_html {
        return draft.error(StatusCode::BAD_REQUEST, "clientPendingMessage", &[]);
    }
    let page = ClientPending {
        client_name: client.display_name().to_owned(),
        address: address(visitor, asked),
        status: format!(
            "{}/waiting?{}",
            path(visitor),
            params::encode(&[("client_id", &client.client_id)])
        ),
        pause: PAUSE,
    };
    draft.answer(StatusCode::OK, &page)
}

/// The same request once more, as an address: also where it came as a form.
fn address(visitor: &Visitor, asked: &Params) -> String {
    if visitor.can_repeat {
        return visitor.address.clone();
    }
    let pairs: Vec<(&str, &str)> = asked.iter().collect();
    format!("{}?{}", path_of(visitor), params::encode(&pairs))
}

/// The path that was asked for, without its query.
fn path_of(visitor: &Visitor) -> &str {
    visitor.address.split('?').next().unwrap_or_default()
}

/// The path of the authorization endpoint, by which of its siblings one came whatever.
fn path(visitor: &Visitor) -> String {
    let parent = path_of(visitor).rsplit_once('/').map_or("", |(parent, _)| parent);
    format!("{parent}/auth")
}

/// `GET .../auth/waiting?client_id=`: whether a client still waits, for the page.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn is_waiting(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Result<Response, Error> {
    let realm = match open_realm(&app, &visitor, &realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(answer),
    };
    let query = query(q);
    let id = query.text("client_id").unwrap_or_default();
    let found = client::by_client_id(&app.db, &realm.id, id).await?;
    let waiting = found.is_some_and(|client| client.standing == Standing::Pending);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, json!({ "waiting": waiting }).to_string()).into_response())
}
