//! Offline sessions: what the scope `offline_access` leaves when the person has gone.

use vestibule_oauth::error::Refusal;

use super::request::Request;
use crate::error::Error;
use crate::oidc::door::Stop;
use crate::oidc::session as sessions;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::Place;
use crate::store::Tx;
use crate::store::event::Event;
use crate::store::session::{self, ClientSession, UserSession};

/// Whether the scopes ask for an offline session.
pub(super) fn is_wanted(context: &Context) -> bool {
    context.scopes.has("offline_access")
}

/// Whether user and client may have one: the role of that name passes.
pub(super) fn is_allowed(context: &Context) -> bool {
    context.passes_role("", "offline_access")
}

/// The refusal where it does not.
pub(super) async fn refuse(request: &Request, event: &Event) -> Stop {
    let text = "Offline tokens not allowed for the user or client";
    let refused = Refusal::new(400, "not_allowed", text);
    request
        .refuse_as(event.clone(), refused, "not_allowed", Some(text))
        .await
}

/// The offline twin of a session and of the client's part in it.
pub(super) fn twin(request: &Request, place: &Place) -> Place {
    let now = request.app.now();
    let mut session = UserSession {
        offline: true,
        last_refresh: now,
        ..place.session.clone()
    };
    session.expires = sessions::expires(&request.realm, &session);
    let part = ClientSession {
        offline: true,
        started: now,
        last_refresh: now,
        ..place.part.clone()
    };
    Place { session, part }
}

/// Keeps it.
pub(super) async fn keep(tx: &mut Tx, place: &Place) -> Result<(), Error> {
    session::create(tx, &place.session).await?;
    session::attach(tx, &place.part).await
}
